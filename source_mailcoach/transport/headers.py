"""What the headers of an answer say. A header that makes no sense counts as missing: nothing here ever raises."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

# Ten digits hold any count, and any time in seconds, that a server can mean.
NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")
# A longer text is two dates that a proxy has joined, and one cannot tell which of them is right.
LONGEST_DATE = 40
# Outside of these, adding a day could leave the calendar.
YEARS = range(1970, 2200)
# Python reads the year 0001 as 2001.
YEAR_OF_NO_AGE = re.compile(r" 0\d{3} ")
WINDOW = 60.0  # seconds, of Laravel's limit


def number(header: str | None) -> float | None:
    """A count or a number of seconds, never negative or infinite. None if the header holds anything else."""
    text = (header or "").strip()
    return float(text) if NUMBER.fullmatch(text) else None


def moment(header: str | None) -> datetime | None:
    """A date of HTTP, in UTC; None if the header holds anything else."""
    text = (header or "").strip()
    if len(text) > LONGEST_DATE or YEAR_OF_NO_AGE.search(text):
        return None
    try:
        time = parsedate_to_datetime(text)
        time = time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return time if time.year in YEARS else None


def made_at(headers: Mapping[str, str]) -> datetime | None:
    """The server's time when it made an answer. A cache passes on the old `Date`, and adds how old it is as `Age`."""
    date = moment(headers.get("Date"))
    return date and date - timedelta(seconds=number(headers.get("Age")) or 0)


def remaining(headers: Mapping[str, str]) -> int | None:
    """How many requests are left in the window; None if the server does not limit them."""
    left = number(headers.get("X-RateLimit-Remaining"))
    return None if left is None else int(left)


def wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait in `Retry-After`; for a 429 without it, its window of a minute.

    A date is by the server's clock, which may be an hour from this machine's. So it is compared with `Date`.
    """
    header = headers.get("Retry-After")
    seconds = number(header)
    if seconds is None and (until := moment(header)):
        now = moment(headers.get("Date")) or datetime.now(timezone.utc)
        seconds = max(0.0, (until - now).total_seconds())
    return WINDOW if seconds is None and status == 429 else seconds
