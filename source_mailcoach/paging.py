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
        except (KeyError, TypeError, ValueError):
            raise NotAPage from None


GetPage = Callable[[int], Page]


def walk(get: GetPage) -> Iterator[Page]:
    """Every page of a list whose sort is total and newest first.

    No row that exists throughout is lost, whatever is inserted at the front or deleted anywhere meanwhile; rows may
    come twice.
    """
    previous: Page | None = None
    for page in _pages(get):
        repeats = previous and page.rows and (page.rows, page.total) == (previous.rows, previous.total)
        if previous and repeats and page.number != previous.number:
            raise PagingError(f"page {page.number} repeats page {previous.number}")
        yield page
        previous = page


def walk_tied(
    gets: Sequence[GetPage], key: Callable[[Row], Hashable], rounds: int = 30, patience: int = 8
) -> Generator[Page, None, int]:
    """Every page of a list whose sort has ties, each row once.

    `gets` are ways to read the same list, tried in turn: the sort and its reverse, for a database that misplaces
    the same rows each time. The generator returns how many of `meta.total` rows were never seen after `rounds`
    readings, or after `patience` readings in a row that brought nothing new; 0 is the rule.
    """
    seen: set[Hashable] = set()
    missing, idle = 0, 0
    for reading in range(rounds):
        before = len(seen)
        for page in _pages(gets[reading % len(gets)]):
            fresh = {key(row): row for row in page.rows if key(row) not in seen}
            seen.update(fresh)
            yield replace(page, rows=tuple(fresh.values()))
        missing = max(0, page.total - len(seen))
        idle = idle + 1 if len(seen) == before else 0
        if not missing or idle >= patience or (idle and page.last <= 1):
            break
    return missing


def _pages(get: GetPage) -> Iterator[Page]:
    """Pages in order; where the list shrinks between two of them, back by as many rows."""
    number, previous = 1, None
    while True:
        page = get(number)
        if page.number != number:
            raise PagingError(f"page {page.number} came instead of page {number}")
        if page.size < 1 or (previous and page.size != previous.size):
            raise PagingError(f"page {number} has room for {page.size} rows, unlike the page before")
        yield page
        vanished = previous.total - page.total if previous else 0
        if vanished > 0 and number > 1:
            number = max(0, (number - 1) * page.size - vanished) // page.size + 1
        elif number < page.last:
            number += 1
        else:
            return
        previous = page
