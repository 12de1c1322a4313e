"""Moments: whole seconds since the epoch inside (the database has no finer ones), Laravel's JSON dates on the wire."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import formatdate
from functools import lru_cache

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def epoch(moment: int | str | datetime) -> int:
    """Seconds since the epoch of a number, an ISO 8601 text (UTC unless it says otherwise) or a datetime."""
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace(".000000Z", "Z").replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp())


@lru_cache(10_000)
def wire_time(moment: int) -> str:
    """`2026-01-05T10:00:00.000000Z`"""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def wire_time_or_none(moment: int | None) -> str | None:
    return None if moment is None else wire_time(moment)


def http_time(moment: int) -> str:
    """`Mon, 05 Jan 2026 10:00:00 GMT`"""
    return formatdate(moment, usegmt=True)
