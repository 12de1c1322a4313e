"""What there is at the start, invented from a seed."""
