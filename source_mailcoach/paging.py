"""Which page of a list comes next, and when to stop. Pure logic: it is given `get` and knows no HTTP.

Mailcoach pages by number over SQL OFFSET, so rows move between pages while they are read. Three ways to read a list:

- `walk`: the sort is total, newest first. New rows then land before the position that has been reached and push
  others back (a repeat, which is free), so only deletions can pull unread rows past it, and `meta.total` shows how
  many at the most. Oldest first would hide deletions behind new rows at the end, which keep the total up.
- `walk_runs`, in `paging_runs`: newest first too, but rows can be equal in the sort, and the database may order them
  anew for each page. Each run of equal rows is read again until it is whole.
- `walk_tied`: a short list without a sort to go by. It is read until as many distinct rows have been seen as
  `meta.total` counts.

All of that holds for pages that are asked for one after another; `in_order` keeps it true for requests that overlap.
"""

from collections import deque
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
            if isinstance(data, dict) and data and all(key.isdecimal() for key in data):
                data = list(data.values())  # PHP writes a list with gaps in its numbering as an object
            # A row can be broken, but where no row is an object, something else than Mailcoach answers.
            if not isinstance(data, list) or (data and not any(isinstance(row, dict) or row is None for row in data)):
                raise NotAPage
            number, last, total = int(meta["current_page"]), int(meta["last_page"]), int(meta["total"])
            return cls(number, last, total, int(meta["per_page"]), data)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise NotAPage from None


@dataclass(frozen=True)
class Position:
    """How far a walk has come: how many rows from the front on are read, of how many, by pages of which size.

    `since` is the time of the next row, where rows can be equal in the sort.
    A later sync can go on from here, though rows have come and gone meanwhile and pages have another size.
    """

    rows: int
    total: int
    size: int
    since: str | None = None


GetPage = Callable[[int], Page]
Key = Callable[[Row], Hashable]

# Requests in a row that bring a walk no further, before it gives up.
STANDSTILL = 40
# Readings of a list or of a run, and readings in a row that bring nothing new, before its rows are given up.
ROUNDS, PATIENCE = 30, 8


def walk(get: GetPage, start: Position | None = None) -> Iterator[tuple[Page, Position | None]]:
    """Every page from `start` on of a list whose sort is total and newest first, with the position after it.

    The position is None after the last page. No row that exists throughout is lost, whatever is inserted at the
    front or deleted anywhere meanwhile; rows may come twice.
    """
    position = start or Position(0, 0, 1)
    number, furthest, standstill = position.rows // position.size + 1, position.rows, 0
    lost = 0  # rows that vanished and have not come back: pages from a cache can count to and fro for ever
    previous: Page | None = None
    while True:
        page = get(number)
        if page.number != number or page.size < 1:
            raise PagingError(f"page {page.number} of {page.size} rows came instead of page {number}")
        twin = previous and page.rows and page == replace(previous, number=previous.number + 1)
        if twin and get(number - 1).rows == page.rows and get(number).rows == page.rows:
            raise PagingError(f"page {number} has the rows of page {number - 1}")
        previous = page
        vanished = max(0, position.total - page.total)
        rows = _certainly_read(max(0, position.rows - vanished), page)
        returned = min(lost, max(0, page.total - position.total))
        furthest, lost = furthest - vanished + returned, lost + vanished - returned
        standstill = 0 if rows > furthest else standstill + 1
        furthest = max(furthest, rows)
        if standstill > STANDSTILL:
            raise PagingError(f"the rows before page {number} keep vanishing")
        position = Position(rows, page.total, page.size)
        number = rows // page.size + 1
        done = number > page.last
        yield page, None if done else position
        if done:
            return


def _certainly_read(before: int, page: Page) -> int:
    """How many rows from the front on are read with this page, where it was `before` without it."""
    joins = (page.number - 1) * page.size <= before
    return max(before, page.number * page.size) if joins else before


def reverse_of(sort: str) -> str:
    """The sort that lists the rows from the last to the first; `-` is for descending."""
    return ",".join(field[1:] if field.startswith("-") else f"-{field}" for field in sort.split(","))


def walk_tied(
    gets: Sequence[GetPage], key: Key, rounds: int = ROUNDS, patience: int = PATIENCE
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
        for page, _ in walk(gets[reading % len(gets)]):
            fresh = {key(row): row for row in page.rows if key(row) not in seen}
            seen.update(fresh)
            yield replace(page, rows=tuple(fresh.values()))
        missing = max(0, page.total - len(seen))
        idle = idle + 1 if len(seen) == before else 0
        if not missing or idle >= patience or (idle and page.last <= 1):
            break
    return missing


# Asks for a page, with those that follow it under way up to a last one. Tells, too, whether it was under way already.
Ask = Callable[[int, int], tuple[Page, bool]]
# Pages back in which rows are looked for that were pushed to a later page.
RECENT = 4


def in_order(ask: Ask, forget: Callable[[], None], key: Key | None = None) -> GetPage:
    """`get` over requests that overlap, as good as if each page had been asked for after the one before it.

    A server can answer page 3 before page 2, and if a row came in between at the front, the one at the edge is on
    neither. While nothing moves, overlap is safe: from a page that was asked for alone, rows can only be pushed back
    before they are pulled, and that shows as a row on two pages (`key`, None where equal rows repeat anyway) or in
    the total. What was asked for meanwhile is then thrown away (`forget`), and one page at a time read for a while.
    """
    recent: deque[tuple[Page, set[Hashable]]] = deque(maxlen=RECENT)
    quiet, needed = 0, 1

    def get(number: int) -> Page:
        nonlocal quiet, needed
        if recent and number != recent[-1][0].number + 1:
            forget()
            recent.clear()
            quiet = 0
        page, early = ask(number, recent[-1][0].last if recent and quiet >= needed else 0)
        keys = {key(row) for row in page.rows} if key else set()
        quiet += 1
        if recent and (page.total != recent[-1][0].total or not all(keys.isdisjoint(known) for _, known in recent)):
            forget()
            quiet, needed = 0, 2 * needed
            if early:
                page, _ = ask(number, 0)
                keys = {key(row) for row in page.rows} if key else set()
        recent.append((page, keys))
        return page

    return get
