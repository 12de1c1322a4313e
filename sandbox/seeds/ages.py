"""When the campaigns of an account were made and sent, and which moments tie."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sandbox.world.times import DAY, HOUR, MINUTE
from sandbox.world.versions import DEFAULT_PAGE_SIZE


def usual_ages(rng: random.Random, now: int, campaigns: int) -> Iterator[tuple[int, int]]:
    """`(created, sent)`, oldest first: one of more than a year ago, then one every five days, or more to a day."""
    gap = min(5 * DAY, 300 * DAY // max(1, campaigns))
    for index in range(campaigns):
        created = now - (370 * DAY if index == 0 else (campaigns - index) * gap) - rng.randrange(HOUR)
        yield created, min(created + rng.randrange(10 * MINUTE, max(10 * MINUTE + 1, gap // 2)), now - 120)


def settled_ages(rng: random.Random, now: int, campaigns: int, in_window: int) -> Iterator[tuple[int, int]]:
    """The last `in_window` were sent in the last six days, the others from 400 to 30 days ago, all evenly spread."""
    old = campaigns - in_window
    for index in range(campaigns):
        if index < old:
            sent = now - 30 * DAY - (old - index) * 370 * DAY // old
        else:
            sent = now - (campaigns - index) * (6 * DAY - HOUR) // in_window
        yield sent - rng.randrange(10 * MINUTE, HOUR), sent


def tied_at_borders(number: int) -> int:
    """A rank for the row in this place: the place, but the two rows on each side of a page's border share one."""
    border = round(number / DEFAULT_PAGE_SIZE) * DEFAULT_PAGE_SIZE
    return border - 2 if border and -2 <= number - border <= 1 else number
