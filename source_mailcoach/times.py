"""Mailcoach's times: UTC, to the second, as text."""

from datetime import datetime, timezone


def parse_time(text: str | None) -> datetime | None:
    """A time such as 2026-01-05T10:00:00.000000Z; UTC if it names no zone, None if it is none at all."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def format_time(time: datetime) -> str:
    """As Mailcoach writes it, but without the fraction, which is always zero."""
    return time.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def latest(*texts: str | None) -> datetime | None:
    """The latest of some times; None if none of them is one."""
    return max((time for text in texts if (time := parse_time(text))), default=None)
