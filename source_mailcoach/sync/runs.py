"""Rows that are equal in the sort. Pure logic, for `reader`.

A database may give equal rows in another order for each page, so that some come twice and others not at all. A *run* is
all neighbors that are equal. On a single page all of it has come. On several pages all has come once there are as many
different rows as places. Otherwise the run is read again, also by the reverse sort, which brings rows that the sort
hides. A short list that has no sort to go by is a single run, with as many places as the server counts rows.

Each further reading of a run costs its pages and up to two more. When to stop depends on the database:

- If it mixes equal rows anew for each page, `IDLE_READINGS` readings in a row without a new row make it improbable that
  one is still missing.
- If it repeats the same order, some rows may be on no page in either direction, and cannot be read (seen with
  PostgreSQL, from some 160 equal rows on). Then a reading gives the same rows in the same places as the last one in the
  same direction. In a long run that is hardly chance, so such a reading counts as many times as the run has rows, less
  one. Runs of nine rows and more end after two further readings. Two rows, one on either side of a page's end, are
  looked for eight times.
- If rows are deleted all the time, `NOISY` readings are enough.

Rows without a time have not happened yet, and are read when they get one. They are looked for as well, but only up to
the first reading during which something moves, and none of them is reported as missing.
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

    `total` is the length of the list when they were counted. `waits`: its rows have no time yet. `sure`: nothing moved
    while its places were seen. `moved`: a further reading found it elsewhere. `orders` has digests of the rows in their
    order, one for each direction. Rows are counted anew after each deletion: `count` is the number of that count,
    `seen` in which count each key came last, and `counted` how many have come in the present one. A million keys take
    some 75 MB.
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
        """Take in a row by its key, and tell whether it is new."""
        came = self.seen.get(key)
        if came != self.count:
            self.seen[key] = self.count
            self.counted += 1
        return came is None

    def count_anew(self) -> None:
        """Count again after a deletion: the deleted row may have been counted, and would hide that one is missing."""
        self.count, self.counted = self.count + 1, 0

    def see_total(self, page: Page) -> None:
        """Before a page is taken in: if the list has become shorter, count its rows again."""
        if page.total < self.total or page.is_short:
            self.count_anew()
        self.total = page.total


class Runs:
    """The runs of a list, page after page. Rows with the same `value` are equal; `time` is the first part of it.

    Without a time, the whole list is one run.
    """

    def __init__(self, value: Value, time: Callable[[Row], str | None] | None) -> None:
        self.value, self.time = value, time
        self.open: Run | None = None
        self._before: Run | None = None
        self._reorders = False

    def feed(self, page: Page, keys: Sequence[int], known: int, calm: bool) -> tuple[list[bool], list[Run]]:
        """Take in the next page without its first `known` rows. `calm`: nothing moved since the page before it.

        Returns which of the other rows are new to their run, and the runs that have ended.
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
        """The run that is open, if any: it ends here."""
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
        """Note that so many rows came in at the front. They move the open run back; the next page shows its end."""
        if self.open:
            self.open.first += rows

    @property
    def is_long(self) -> bool:
        """Whether the open run has so many pages that going back costs more than reading it again once, at its end."""
        return self.open is not None and self.open.pages > LONG

    def doubt(self) -> None:
        """Note that rows of the open run may have been lost."""
        if self.open:
            self.open.count_anew()
            self.open.sure = False

    def restart(self) -> None:
        """Note that the open run is read again from its beginning."""
        self._before, self.open = self.open, None


def digest_of(number: int, keys: Sequence[int]) -> int:
    """A digest of the rows of a run on one page, in their order. Digests of pages are joined by ^, in any order."""
    return hash((number, tuple(keys)))


def complete(
    run: Run, gets: tuple[GetPage, GetPage], size: int, runs: Runs, key: Callable[[Row], int]
) -> Iterator[Page]:
    """Read a run again, in turn by the reverse sort and by the sort: pages with those of its rows that are new.

    `size` is the number of rows per page. Afterwards `run.lost` tells how many rows are known to be missing.
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
    """The pages of a run, around one near `number` that shows some of it; none if it has moved too far away."""
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
