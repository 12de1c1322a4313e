"""Mailcoach's times: UTC, to the second, as text. Also the times of apps that write dates in their own way."""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r" ?(?:(Z|z|UTC|GMT)|([+-][0-9]{2}):?([0-9]{2}))?"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")
# Seconds or milliseconds since 1970, from 2001 to 2286: fewer or more digits could be anything.
EPOCH = re.compile(r"[1-9][0-9]{9}(?:[0-9]{3})?")
# MySQL's zero date, as MySQL writes it and as PHP turns it into a date.
ZERO = re.compile(r"\s*|0000-00-00.*|-0001-11-30.*")
YEARS = range(1970, 9999)


def parse_time(value: object) -> datetime | None:
    """A time such as 2026-01-05T10:00:00.000000Z, as UTC if it has no zone; None for anything else, or other YEARS."""
    time = _read(value) if isinstance(value, str) else None
    return time if time and time.year in YEARS else None


def format_time(time: datetime) -> str:
    """As Mailcoach writes it, but without the fraction, which is always zero."""
    return time.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def latest(*texts: str | None) -> datetime | None:
    """The latest of some times; None if none of them is one."""
    return max((time for text in texts if (time := parse_time(text))), default=None)


def is_plain(text: str) -> bool:
    """Whether it is a time as Mailcoach writes it, with or without the fraction."""
    if len(text) not in (20, 27) or text[10] != "T" or text[-1] != "Z":
        return False
    try:
        datetime.fromisoformat(text[:-1])
    except ValueError:
        return False
    return True


def sortable(text: object) -> str | None:
    """A time as text that is the same for the same time and sorts by time; None if it is no time."""
    if isinstance(text, str) and len(text) == 27 and is_plain(text):
        return text
    time = parse_time(text)
    if time is None:
        return None
    return time.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def as_time(value: object) -> str | None:
    """A time that is written in another way, as text with a zone; None if it is not certain what it means.

    Apps can override how Laravel writes dates: with a space, as PHP's object of a date, as a number, as a day.
    """
    if isinstance(value, str):
        if time := TIME.fullmatch(value):
            if _read(value) is None:
                return None
            zone = f"{time[6]}:{time[7]}" if time[6] else time[5] if time[5] in ("Z", "z") else "Z"
            fraction = f".{time[4]}" if time[4] else ""
            return f"{time[1]}T{time[2]}:{time[3] or '00'}{fraction}{zone}"
        if DAY.fullmatch(value):
            return as_time(f"{value} 00:00:00")
        return _of_epoch(int(value)) if EPOCH.fullmatch(value) else None
    if isinstance(value, Mapping):
        return _of_php(value)
    return _of_epoch(value) if isinstance(value, (int, float)) else None


def is_zero_date(value: object) -> bool:
    """Whether a text stands for no time at all."""
    return isinstance(value, str) and ZERO.fullmatch(value) is not None


def _read(text: str) -> datetime | None:
    if is_plain(text):
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc)
    time = TIME.fullmatch(text.strip())
    if time is None:
        return None
    fraction = (time[4] or "")[:6].ljust(6, "0")
    zone = f"{time[6]}:{time[7]}" if time[6] else "+00:00"
    try:
        return datetime.fromisoformat(f"{time[1]}T{time[2]}:{time[3] or '00'}.{fraction}{zone}").astimezone(
            timezone.utc
        )
    except (ValueError, OverflowError):
        return None


def _of_epoch(number: float) -> str | None:
    if not 10**9 <= number < 10**10 and not 10**12 <= number < 10**13:
        return None
    seconds = number if number < 10**10 else number / 1000
    return sortable(datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds"))


def _of_php(value: Mapping[Any, Any]) -> str | None:
    """A time of PHP, if its zone is UTC or an offset. In a zone with a name, one hour in autumn has two meanings."""
    date, zone = value.get("date"), value.get("timezone")
    if not isinstance(date, str) or not isinstance(zone, str):
        return None
    if zone in ("UTC", "Z", "GMT"):
        return as_time(date)
    return as_time(f"{date}{zone}") if OFFSET.fullmatch(zone) else None
