"""How it looks from outside, per version: records with true values, and rows as the server sends them."""
