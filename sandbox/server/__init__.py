"""How it is answered: HTTP, replies, the rate limit, the log of requests, and misbehaviour on order."""
