"""In which order a database gives rows, equal ones too. Seen with Laravel on MariaDB and PostgreSQL."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Database = Literal["mysql", "postgresql"]
Ties = Callable[[int], random.Random | None]
"""By what a number of equal rows is mixed for a page; None leaves them as they are."""

MANY = 160
"""So many equal rows on, PostgreSQL has some on no page."""


def kept(equal: int) -> None:
    """The order in which rows were stored, on all pages."""


def anew(rng: random.Random) -> Ties:
    """Another order for each request: worse than any database that was seen."""
    return lambda equal: rng


def of_postgresql(sort: str, number: int, size: int) -> Ties:
    """The same order each time a page is asked for, and another one for the next page.

    PostgreSQL sorts no further than to the end of the page, so where equal rows stand depends on the page and its size.
    One reading repeats some rows and lacks others, and so does each further one like it. Of fewer than `MANY` equal
    rows the reverse sort gives all; of more, some are on no page of either.
    """
    rng = random.Random(f"{sort}/{number}/{size}")
    return lambda equal: rng if equal >= MANY or sort.startswith("-") else None


@dataclass(frozen=True)
class Ordered(Generic[T]):
    """Rows in order, and where each group of equal rows begins."""

    rows: Sequence[T]
    starts: Sequence[int]

    def page(self, number: int, size: int, ties: Ties) -> list[T]:
        """The rows of a page; a database may put equal rows in another order for each.

        Any k places of a shuffled group hold a random sample of k of its rows, so no group is shuffled whole.
        """
        begin, end = min((number - 1) * size, len(self.rows)), min(number * size, len(self.rows))
        found: list[T] = []
        group = bisect_right(self.starts, begin) - 1
        while begin + len(found) < end:
            low = self.starts[group]
            high = self.starts[group + 1] if group + 1 < len(self.starts) else len(self.rows)
            place, until = begin + len(found), min(high, end)
            mixer = ties(high - low)
            places = range(place, until) if mixer is None else mixer.sample(range(low, high), until - place)
            found += [self.rows[place] for place in places]
            group += 1
        return found


class SelfOrdered(Sequence[T]):
    """Rows that know their own orders: too many to be sorted by anybody else."""

    def in_order(self, sorts: Sequence[str]) -> Ordered[T]:
        """By the endpoint's sorts, `-` for descending."""
        raise NotImplementedError
