"""Which page of a list comes next, and when to stop. Pure logic: it is given `get` and knows no HTTP.

Mailcoach pages by number over SQL OFFSET, so rows move between pages while they are read. Two kinds of lists:

- `walk`: the sort is total, newest first. New rows then land before the position that has been reached and push
  others back (a repeat, which is free), so only deletions can pull unread rows past it, and `meta.total` shows how
  many at the most. Oldest first would hide deletions behind new rows at the end, which keep the total up.
- `walk_tied`: the endpoint has no total sort, and the database may order equal rows differently for each page. Such
  a list is read until as many distinct rows have been seen as `meta.total` counts.
"""

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Row = Mapping[str, Any]


class PagingError(Exception):
    """The server sent a page that cannot be right; going on could loop for ever or lose rows."""


class NotAPage(ValueError):
    """JSON that is not one page of a list of Mailcoach's."""


@dataclass(frozen=True)
class Page:
    """One page: its number (from 1), the last page's number, rows in all, rows per page, and its own rows."""

    number: int
    last: int
    total: int
    size: int
    rows: Sequence[Row]

    @classmethod
    def from_payload(cls, payload: object) -> "Page":
        """Read Laravel's envelope `{"data": […], "meta": {…}}`; raise NotAPage for anything else.

        The size in force is `meta.per_page`: self-hosted servers give 15 rows whatever was asked for. `links` is left
        alone: its URLs drop sort and filter, and name a host that the server made up.
        """
        try:
            data, meta = payload["data"], payload["meta"]  # type: ignore[index]
            if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
                raise NotAPage
            number, last, total = int(meta["current_page"]), int(meta["last_page"]), int(meta["total"])
            return cls(number, last, total, int(meta["per_page"]), data)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise NotAPage from None


@dataclass(frozen=True)
class Position:
    """How far a walk has come: how many rows from the front on are read, of how many, by pages of which size.

    A later sync can go on from here, though rows have come and gone meanwhile and pages have another size.
    """

    rows: int
    total: int
    size: int


GetPage = Callable[[int], Page]
Key = Callable[[Row], Hashable]

# Requests in a row that bring a walk no further, before it gives up. Each try at a tie takes two.
STANDSTILL = 40


def walk(get: GetPage, start: Position | None = None, key: Key | None = None) -> Iterator[tuple[Page, Position | None]]:
    """Every page from `start` on of a list whose sort is total and newest first, with the position after it.

    The position is None after the last page. No row that exists throughout is lost, whatever is inserted at the
    front or deleted anywhere meanwhile; rows may come twice. With a `key`, rows that tie at the edge of two pages are
    noticed, as one of them comes on both: give it for a sort that does not change and that few rows share. The
    position then lies a page back, so that whoever goes on there sees the edge as well.
    """
    position = start or Position(0, 0, 1)
    number, furthest, standstill = position.rows // position.size + 1, position.rows, 0
    previous: Page | None = None
    while True:
        page = get(number)
        if page.number != number or page.size < 1:
            raise PagingError(f"page {page.number} of {page.size} rows came instead of page {number}")
        vanished = max(0, position.total - page.total)
        rows = _certainly_read(max(0, position.rows - vanished), page)
        if key and previous and previous.number == number - 1 and _ties(previous, page, key):
            rows = (previous.number - 1) * page.size
        furthest -= vanished
        standstill = 0 if rows > furthest else standstill + 1
        furthest = max(furthest, rows)
        if standstill > STANDSTILL:
            raise PagingError(f"page {number} repeats rows of the page before")
        previous, position = page if key else None, Position(rows, page.total, page.size)
        number = rows // page.size + 1
        done = number > page.last
        yield page, None if done else replace(position, rows=rows - page.size) if key else position
        if done:
            return


def _certainly_read(before: int, page: Page) -> int:
    """How many rows from the front on are read with this page, where it was `before` without it."""
    joins = (page.number - 1) * page.size <= before
    return max(before, page.number * page.size) if joins else before


def _ties(previous: Page, page: Page, key: Key) -> bool:
    """Whether rows are on two pages that follow each other, more of them than new ones at the front explain."""
    both = {key(row) for row in previous.rows} & {key(row) for row in page.rows}
    return len(both) > max(0, page.total - previous.total)


def walk_tied(gets: Sequence[GetPage], key: Key, rounds: int = 30, patience: int = 8) -> Generator[Page, None, int]:
    """Every page of a list whose sort has ties, each row once.

    `gets` are ways to read the same list, tried in turn: the sort and its reverse, for a database that misplaces
    the same rows each time. The generator returns how many of `meta.total` rows were never seen after `rounds`
    readings, or after `patience` readings in a row that brought nothing new; 0 is the rule.
    """
    seen: set[Hashable] = set()
    missing, idle = 0, 0
    for reading in range(rounds):
        before = len(seen)
        for page, _ in walk(gets[reading % len(gets)]):
            fresh = {key(row): row for row in page.rows if key(row) not in seen}
            seen.update(fresh)
            yield replace(page, rows=tuple(fresh.values()))
        missing = max(0, page.total - len(seen))
        idle = idle + 1 if len(seen) == before else 0
        if not missing or idle >= patience or (idle and page.last <= 1):
            break
    return missing
