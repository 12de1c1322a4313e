"""How Mailcoach is asked: one client for a sync, requests that overlap, the budget of requests, what an error means."""
