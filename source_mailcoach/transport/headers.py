"""What the headers of an answer say. A header that makes no sense counts as missing: nothing here ever raises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

from source_mailcoach.transport.rate_window import MINUTE

# Ten digits hold any count, and any time in seconds, that a server can mean.
NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")
# A longer text is two dates that a proxy has joined, and one cannot tell which of them is right.
LONGEST_DATE = 40
# Outside of these, adding a day could leave the calendar.
YEARS = range(1970, 2200)
# Python reads the year 0001 as 2001.
YEAR_OF_NO_AGE = re.compile(r" 0\d{3} ")
# A time to reset is one of the calendar from here on, and a number of seconds below.
EPOCH = 1_000_000_000
MOST_ITEMS = 20


def number(header: str | None) -> float | None:
    """A count or a number of seconds, never negative or infinite. None if the header holds anything else."""
    text = (header or "").strip()
    return float(text) if NUMBER.fullmatch(text) else None


@lru_cache(maxsize=4)
def moment(header: str | None) -> datetime | None:
    """A date of HTTP, in UTC; None if the header holds anything else. Many answers of one second have the same."""
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


@dataclass(frozen=True)
class Quota:
    """What an answer says of the server's limit.

    How many requests are left in the window, and, where it tells: of how many, of how many seconds the window is, and
    in how many it ends.
    """

    left: int
    limit: int | None = None
    window: float | None = None
    ends_in: float | None = None


def quota(headers: Mapping[str, str]) -> Quota | None:
    """Of the limit with the least left, if there are several, as where a proxy has its own; None without a limit.

    Laravel has `X-RateLimit-…`. The drafts of the IETF have had `RateLimit-…`, then `RateLimit: limit=100,
    remaining=50, reset=30`, then `RateLimit: "default";r=50;t=30`, with `RateLimit-Policy: "default";q=100;w=60` or
    `100;w=60`. From a cache it is of another time, and says nothing.
    """
    if number(headers.get("Age")):
        return None
    policies = dict(_items(headers.get("RateLimit-Policy")))
    found = [_separate(headers, prefix, policies) for prefix in ("X-RateLimit-", "RateLimit-")]
    items = _items(headers.get("RateLimit"))
    for name, said in items:
        policy = policies.get(name, {})
        found.append(_quota(said.get("r"), policy.get("q"), policy.get("w"), number(said.get("t"))))
    together = {name.partition("=")[0]: name.partition("=")[2] for name, _ in items}
    limit = together.get("limit")
    window = policies.get(limit or "", {}).get("w")
    found.append(_quota(together.get("remaining"), limit, window, number(together.get("reset"))))
    return min((each for each in found if each), key=lambda each: each.left, default=None)


def wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait in `Retry-After`; for a 429 without it, those of its window, or of a minute.

    A date is by the server's clock, which may be an hour from this machine's. So it is compared with `Date`.
    """
    header = headers.get("Retry-After")
    seconds = number(header)
    if seconds is None and (until := moment(header)):
        seconds = max(0.0, (until - _now(headers)).total_seconds())
    if seconds is None and status == 429:
        said = quota(headers)
        return MINUTE if said is None or said.ends_in is None else said.ends_in
    return seconds


def _quota(left: str | None, limit: str | None, window: str | None, ends_in: float | None) -> Quota | None:
    numbers = number(left), number(limit)
    if numbers[0] is None:
        return None
    return Quota(int(numbers[0]), None if numbers[1] is None else int(numbers[1]), number(window), ends_in)


def _separate(headers: Mapping[str, str], prefix: str, policies: Mapping[str, Mapping[str, str]]) -> Quota | None:
    limit = headers.get(f"{prefix}Limit")
    policy = policies.get((limit or "").strip(), {}) if prefix == "RateLimit-" else {}
    ends_in = number(headers.get(f"{prefix}Reset"))
    if ends_in is not None and ends_in >= EPOCH:
        ends_in = max(0.0, ends_in - _now(headers).timestamp())
    return _quota(headers.get(f"{prefix}Remaining"), limit, policy.get("w"), ends_in)


def _items(header: str | None) -> list[tuple[str, Mapping[str, str]]]:
    """The members of a list, each with its parameters: `"default";q=100;w=60, "daily";q=5000;w=86400`."""
    items: list[tuple[str, Mapping[str, str]]] = []
    for item in (header or "").split(",")[:MOST_ITEMS]:
        name, *params = (part.strip() for part in item.split(";"))
        items.append((name.strip('"'), {key: value for key, _, value in (param.partition("=") for param in params)}))
    return items


def _now(headers: Mapping[str, str]) -> datetime:
    """By the server's clock, if it tells."""
    return moment(headers.get("Date")) or datetime.now(timezone.utc)
