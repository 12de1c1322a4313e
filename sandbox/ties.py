"""In which order a database gives rows that are equal in the sort. Seen with Laravel on MariaDB and PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

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
