"""Numbers and lengths of time as people say them."""


def requests_at(requests: int, per_minute: float) -> str:
    """How many requests, and how long they take if the server's limit allows fewer of them a minute."""
    if requests <= per_minute:
        return many(requests, "request")
    time = duration(requests / per_minute * 60)
    return f"{many(requests, 'request')}: {time} at the {per_minute:,.0f} a minute that this server allows"


def many(count: int, what: str) -> str:
    """How many there are: 1 row, 2,009 rows."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length of time for people: 42 seconds, 7 minutes, 3.5 hours."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
