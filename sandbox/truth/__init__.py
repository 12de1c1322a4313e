"""What a connector must have delivered, and the fewest requests that can do it."""
