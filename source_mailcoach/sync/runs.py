"""Rows that are equal in the sort. Pure logic, for `reader`.

A database may give equal rows in another order for each page, so that some come twice and others not at all. A *run* is
all neighbors that are equal. On a single page it is whole. On several it is whole once it has as many distinct rows as
places; else it is read again, by the reverse sort too, which brings rows that the sort hides. A short list without a
sort to go by is one run as a whole, and has as many places as the server counts.

What that costs: each further reading of a run takes its pages and up to two more. If nothing moves, a database either
mixes equal rows anew for each page: then `IDLE_READINGS` in a row without a new row make it improbable that one is
missing still. Or it repeats the same order, and rows that are on no page in either direction cannot be had (seen with
PostgreSQL, from some 160 equal rows on). That shows when a reading gives the same rows in the same places as the one
before it in its direction. The more rows a run has, the less can that be chance: it counts as one reading for each row
but the first. So runs of nine rows and more end with two further readings, and two rows, one on either side of a page's
end, are looked for eight times. While rows vanish all the time, `NOISY` readings are enough.

Rows without a time have not happened yet, and come when they get one. They are looked for all the same, but with the
first reading during which something moves the run is left, and none of them is said to be missing.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from source_mailcoach.sync.paging import Page, Row

ROUNDS, IDLE_READINGS, NOISY = 30, 8, 4
LONG = 3  # pages

GetPage = Callable[[int], Page]
Value = Callable[[Row], Hashable]


@dataclass
class Run:
    """Rows that are equal in `value`: their places (from `first` up to `end`), and the keys of those that have come.

    `total` is the length of the list when they were counted. `waits` is whether its rows have no time yet, `sure`
    whether nothing moved while its places were seen, `moved` whether a further reading found them elsewhere. `orders`
    are digests of the rows in order, by direction. `seen` says of each key in which `count` it came last, and `counted`
    how many have come in the present one: a million keys take some 75 MB.
    """

    value: Hashable
    waits: bool
    first: int
    end: int
    total: int
    pages: int = 0
    sure: bool = True
    moved: bool = False
    lost: int = 0
    seen: dict[int, int] = field(default_factory=dict)
    count: int = 0
    counted: int = 0
    orders: dict[bool, int] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """How many of its rows have not come, at the least."""
        if self.pages < 2:
            return 0
        return max(self.end - self.first - self.counted, int(not self.sure))

    def add(self, key: int) -> bool:
        """Take in a row by its key; whether it is new."""
        came = self.seen.get(key)
        if came != self.count:
            self.seen[key] = self.count
            self.counted += 1
        return came is None

    def count_anew(self) -> None:
        """A row vanished, maybe one of those that came: it would make up for one that is missing."""
        self.count, self.counted = self.count + 1, 0

    def see_total(self, page: Page) -> None:
        """A page is about to be taken in: do fewer rows exist than when those so far were counted?"""
        if page.total < self.total or page.is_short:
            self.count_anew()
        self.total = page.total


class Runs:
    """The runs of a list, page after page. `value` is what rows are equal in, `time` the time that it begins with.

    Without a time, the whole list is one run.
    """

    def __init__(self, value: Value, time: Callable[[Row], str | None] | None) -> None:
        self.value, self.time = value, time
        self.open: Run | None = None
        self._before: Run | None = None
        self._reorders = False

    def feed(self, page: Page, keys: Sequence[int], known: int, calm: bool) -> tuple[list[bool], list[Run]]:
        """Take in the next page, but for its first rows that are `known`; `calm`: nothing moved since the one before.

        Returns which of the others are new to their run, and the runs that have come to their end.
        """
        is_new: list[bool] = []
        closed: list[Run] = []
        begin = (page.number - 1) * page.size
        if self.time is None and self.open:
            self.open.see_total(page)
        index = known
        while index < len(page.rows):
            value = self.value(page.rows[index])
            following = index + 1
            while following < len(page.rows) and self.value(page.rows[following]) == value:
                following += 1
            if self.open is None or self.open.value != value:
                closed += self.close()
                self.open = self._opened(value, page, index)
            run = self.open
            run.pages += 1
            run.sure = run.sure and (calm or run.pages == 1)
            run.end = max(run.end, begin + following)
            mine = keys[index:following]
            run.orders[True] = run.orders.get(True, 0) ^ digest_of(page.number, mine)
            is_new += map(run.add, mine)
            index = following
        if self.time is None and self.open:
            self.open.first, self.open.end = 0, page.total
        return is_new, closed

    def _opened(self, value: Hashable, page: Page, index: int) -> Run:
        place = (page.number - 1) * page.size + index
        time = self.time(page.rows[index]) if self.time else None
        run = Run(value, self.time is not None and time is None, place, place, page.total)
        if self._before and self._before.value == value:
            run.seen, run.count, self._before = self._before.seen, self._before.count, None
            run.count_anew()
        return run

    def close(self) -> list[Run]:
        """The run that is open, which ends here."""
        self._reorders = self._reorders or bool(self.open and self.open.end - self.open.first > self.open.counted)
        return [self.open] if self.open else []

    def is_proved(self, pushed: int, page: Page) -> bool:
        """Whether so many rows have come in at the front if the page after this one begins with its last ones.

        Where the database gives equal rows in another order on each page, those can be on both though the list has
        grown elsewhere. A row from before the open run cannot.
        """
        if not self._reorders or self.open is None:
            return True
        return pushed > sum(1 for row in page.rows if self.value(row) == self.open.value)

    def pushed(self, rows: int) -> None:
        """So many rows came in at the front of the list. Where the open run ends now, the next page shows."""
        if self.open:
            self.open.first += rows

    @property
    def is_long(self) -> bool:
        """Whether the open run began so far back that it is cheaper to read it again once, at its end."""
        return self.open is not None and self.open.pages > LONG

    def doubt(self) -> None:
        """Rows of the open run may have been lost."""
        if self.open:
            self.open.count_anew()
            self.open.sure = False

    def restart(self) -> None:
        """What has not come to its end is read again from its beginning."""
        self._before, self.open = self.open, None


def digest_of(number: int, keys: Sequence[int]) -> int:
    """Of the rows of a run on one page, in their order. Those of its pages are joined by ^, however they come."""
    return hash((number, tuple(keys)))


def complete(
    run: Run, gets: tuple[GetPage, GetPage], size: int, runs: Runs, key: Callable[[Row], int]
) -> Iterator[Page]:
    """Further readings of a run, by the reverse sort and by the sort in turn: pages with what is new of it.

    `size` is that of the pages. `run.lost` tells afterwards how many rows are known to be missing still.
    """
    idle = noisy = 0
    span = (run.total, run.first, run.end) if run.sure else None
    for attempt in range(ROUNDS):
        if not run.missing or idle >= IDLE_READINGS or noisy >= (1 if run.waits else NOISY):
            break
        forth = attempt % 2 == 1
        counted, digest, places, totals = run.counted, 0, set(), set()
        start = (run.first if forth else max(0, run.total - run.end)) // size + 1
        for page in _pages_of(run, gets[0 if forth else 1], start, runs.value):
            run.see_total(page)
            if runs.time is None:
                run.end = page.total
            totals.add(page.total)
            begin = (page.number - 1) * page.size
            mine = [(place, row) for place, row in enumerate(page.rows, begin) if runs.value(row) == run.value]
            keys = [key(row) for _, row in mine]
            digest ^= digest_of(page.number, keys)
            edges = mine[:1] + mine[-1:]
            places |= {place if forth else page.total - 1 - place for place, _ in edges}
            yield replace(page, rows=[row for row_key, (_, row) in zip(keys, mine, strict=True) if run.add(row_key)])
        if runs.time is not None and places:
            run.first, run.end = min(places), max(places) + 1
        now = (run.total, run.first, run.end)
        quiet = len(totals) == 1 and span in (None, now)
        run.sure = quiet or runs.time is None
        run.moved = run.moved or not quiet
        span = now
        noisy += not quiet
        evidence = max(1, run.end - run.first - 1) if run.orders.get(forth) == digest else 1
        idle = idle + evidence if quiet and run.counted == counted else 0
        run.orders[forth] = digest
    run.lost = run.missing if idle >= IDLE_READINGS and not run.waits else 0


def _pages_of(run: Run, get: GetPage, number: int, value: Value) -> Iterator[Page]:
    """The pages of a run, from one on that shows some of it; none if rows have moved it too far away."""
    for offset in (0, 1, -1, 2, -2, 3, -3):
        first = last = get(max(1, number + offset))
        if any(value(row) == run.value for row in first.rows):
            break
    else:
        return
    yield first
    while first.number > 1 and first.rows and value(first.rows[0]) == run.value:
        first = get(first.number - 1)
        yield first
    while last.number < last.last and last.rows and value(last.rows[-1]) == run.value:
        last = get(last.number + 1)
        yield last
