"""Lists that are sorted by a time which many rows share. Pure logic, as `paging`."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from source_mailcoach.paging import PATIENCE, ROUNDS, STANDSTILL, GetPage, Key, Page, PagingError, Position, Row


@dataclass
class _Run:
    """Neighbours that are equal in the sort: their value, the index of the first, and the indexes and keys that came.

    It is whole with as many distinct rows as indexes: a row that is missing leaves its place to one that comes twice.
    That is so while nothing moves: when the total changes, it has to be read again, and when it shrinks, its rows
    count anew, lest a deleted one make up for one that is missing. On a single page it is whole anyway.
    """

    value: tuple[Any, ...]
    first: int
    total: int
    pages: int = 0
    moved: bool = False
    places: set[int] = field(default_factory=set)
    counted: set[Hashable] = field(default_factory=set)
    seen: set[Hashable] = field(default_factory=set)

    def notice(self, total: int) -> None:
        if total < self.total:
            self.counted.clear()
        self.moved = self.moved or total != self.total
        self.total = total

    @property
    def missing(self) -> int:
        """How many rows of it have not come, at the least."""
        return 0 if self.pages < 2 else max(len(self.places) - len(self.counted), int(self.moved))

    def take(self, key: Hashable) -> bool:
        """Take in a row of the run by its key; whether it is new."""
        is_new = key not in self.seen
        self.counted.add(key)
        self.seen.add(key)
        return is_new


def walk_runs(
    gets: tuple[GetPage, GetPage],
    value: Callable[[Row], tuple[Any, ...]],
    key: Key,
    start: Position | None = None,
    missed: Callable[[int], None] = lambda rows: None,
) -> Iterator[tuple[Page, Position | None]]:
    """As `walk`, for a sort in which rows can be equal, and in which rows without a time can come in at the end.

    `gets` read the list by the sort and by its reverse; `value` is what a row has in the sort, a time first, and `key`
    its primary key. A new total says little here, so whenever there is one the walk goes back to a page that shows
    where the run of equal rows begins in which it is. Positions are such places. `missed` is told how many rows of
    a run the server never gave.
    """
    runs: list[_Run] = []  # the last one is still open

    total: int | None = None
    grew = shrank = False

    def watch(get: GetPage) -> GetPage:
        def watched(number: int) -> Page:
            nonlocal total, grew, shrank
            page = get(number)
            grew, shrank = grew or page.total > (total or page.total), shrank or page.total < (total or 0)
            total = page.total
            for run in runs:
                run.notice(total)
            return page

        return watched

    forth, back = map(watch, gets)
    number = start.rows // start.size + 1 if start else 1
    since, lost = start.since if start else None, start is not None
    retries = 0
    while True:
        page = forth(number)
        if page.number != number or page.size < 1:
            raise PagingError(f"page {page.number} of {page.size} rows came instead of page {number}")
        # Where rows keep coming, one try has to do, or the walk would never get on.
        if shrank or (grew and not retries):
            lost, retries = True, retries + 1
        if retries > STANDSTILL:
            raise PagingError(f"the rows before page {number} keep vanishing")
        grew = shrank = False
        if lost:
            del runs[-1:]
            if number > 1 and not any(_is_newer(value(row)[0], since) for row in page.rows):
                number -= 1
                continue
            lost = False
        else:
            retries = 0
        fresh = []
        for place, row in enumerate(page.rows, (page.number - 1) * page.size):
            if not runs or value(row) != runs[-1].value:
                runs.append(_Run(value(row), place, page.total))
            runs[-1].pages += not runs[-1].places or place % page.size == 0
            runs[-1].places.add(place)
            fresh += [row] if runs[-1].take(key(row)) else []
        done = page.number >= page.last
        while len(runs) > (not done):
            run = runs[0]
            for rows in _rest_of_run(run, (forth, back), page.size, value, key, missed):
                yield replace(page, rows=rows), Position(run.first, run.total, page.size, run.value[0])
            runs.pop(0)
        page = replace(page, rows=fresh)
        if done:
            yield page, None
            return
        since = runs[-1].value[0] if runs else since
        yield page, Position(runs[-1].first if runs else 0, page.total, page.size, since)
        number += 1


def _is_newer(time: str | None, since: str | None) -> bool:
    """Whether a row comes before another, newest first. Where rows without a time stand, the database decides."""
    return time is not None and (since is None or time > since)


def _rest_of_run(
    run: _Run,
    gets: tuple[GetPage, GetPage],
    size: int,
    value: Key,
    key: Key,
    missed: Callable[[int], None],
) -> Iterator[Sequence[Row]]:
    """The rows of a run that its places did not show. The reverse sort helps where the same rows hide each time."""
    idle = 0
    for attempt in range(ROUNDS):
        if not run.missing or idle >= PATIENCE:
            break
        forth = attempt % 2 == 1
        places, fresh, counted, run.moved = set(), [], len(run.counted), False
        for page in _around(gets[0 if forth else 1], _page_of(run, size, forth), run.value, value):
            for place, row in enumerate(page.rows, (page.number - 1) * page.size):
                if value(row) == run.value:
                    places.add(place if forth else page.total - 1 - place)
                    fresh += [row] if run.take(key(row)) else []
        if places:
            run.first, run.places = min(places), places
        idle = idle + 1 if len(run.counted) == counted else 0
        yield tuple(fresh)
    if run.missing:
        missed(run.missing)


def _page_of(run: _Run, size: int, forth: bool) -> int:
    return max(0, run.first if forth else run.total - 1 - run.first) // size + 1


def _around(get: GetPage, number: int, wanted: Hashable, value: Key) -> Iterator[Page]:
    """The pages of a run, read anew, from one on that shows some of it; none if rows have moved it too far away."""
    for offset in (0, 1, -1, 2, -2, 3, -3):
        first = last = get(max(1, number + offset))
        if any(value(row) == wanted for row in first.rows):
            break
    else:
        return
    yield first
    while first.number > 1 and first.rows and value(first.rows[0]) == wanted:
        first = get(first.number - 1)
        yield first
    while last.number < last.last and last.rows and value(last.rows[-1]) == wanted:
        last = get(last.number + 1)
        yield last
