"""What a reading has seen of its list, to recognize rows on a later page. Pure logic, for `reader`."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from source_mailcoach.sync.paging import Page, Position, Row, fingerprint

RECENT, ROWS = 64, 5000
"""For how many pages keys are kept, and for how many rows at most."""
MARKS = 8
"""How many rows before a position are noted, so that a later sync finds it again."""


@dataclass(frozen=True)
class Order:
    """What is known of the order of a list. `key` is the primary key of a row.

    `time` is the time by which the list is sorted, newest first, if rows show it. `tied` is the same for rows that are
    equal in the sort; None if no two are. With `tied` and without `time` the whole list counts as equal rows. That is
    for short lists only, because all of their keys are kept. `moves`: a row that changes goes to the front.
    """

    key: Callable[[Row], Hashable]
    time: Callable[[Row], str | None] | None = None
    tied: Callable[[Row], Hashable] | None = None
    moves: bool = False

    @property
    def is_one_run(self) -> bool:
        return self.tied is not None and self.time is None

    def key_of(self, row: Row) -> int:
        """The key as a number: a million of them take 80 MB, as text twice that."""
        return hash(self.key(row))

    def keys(self, page: Page) -> Sequence[int]:
        return page.keys(self.key_of)


class Trail:
    """The latest rows, each with its place and the length of the list at that time, and the settled rows.

    `position` is after the last settled row. `top` is the time of the list's first row when the reading began. Rows
    without a time do not count for it: some databases put them first.
    """

    def __init__(self, order: Order, position: Position | None) -> None:
        self.order, self.position = order, position if position and position.rows else None
        self.top = position.top if position else None
        self._came: OrderedDict[int, tuple[int, int] | None] = OrderedDict()
        self._settled: OrderedDict[int, None] = OrderedDict()

    def __contains__(self, key: int) -> bool:
        return key in self._came

    def see_top(self, page: Page) -> None:
        """Take the top from the first page that shows a time."""
        if self.top is None and (time := self.order.time):
            self.top = next((at for row in page.rows if (at := time(row)) is not None), None)

    def add(self, page: Page) -> None:
        for place, key in self._places(page):
            self._came[key] = place, page.total
            self._came.move_to_end(key)
        _forget_oldest(self._came, min(ROWS, RECENT * page.size))

    def forget_places(self) -> None:
        """Forget where rows were, since the list is read again from another page: their old places say nothing now."""
        self._came = OrderedDict.fromkeys(self._came)

    def settle(self, page: Page, position: Position | None) -> None:
        """Note that no row is missing up to the end of a page."""
        self.position = position or self.position
        self._settled.update(dict.fromkeys(self.order.keys(page)))
        _forget_oldest(self._settled, min(ROWS, RECENT * page.size))

    def position_after(self, page: Page) -> Position | None:
        """The place after a page of a list without equal rows."""
        if not page.rows:
            return None
        end = (page.number - 1) * page.size + len(page.rows)
        marks = tuple(fingerprint(self.order.key(row)) for row in page.rows[-MARKS:])
        since = self.order.time(page.rows[-1]) if self.order.time else None
        return Position(end, page.total, page.size, since, marks, self.top)

    def reached_by(self, page: Page, before: tuple[Page, Position | None] | None) -> Position | None:
        """Where to go on after a page, given the page before it and the place after that, in a list without equal rows.

        What was read before the page is sure. The page itself is if the next request finds nothing lost.
        """
        end = (page.number - 1) * page.size + len(page.rows)
        if before is None:
            return Position(0, page.total, page.size, None, (), self.top, end) if page.number == 1 else None
        page_before, position = before
        if position is None or page_before.size != page.size:
            return None
        rows = min(end, max(0, position.rows + page.total - page_before.total))
        return replace(position, rows=rows, total=page.total, ahead=end - rows)

    def shows_settled(self, page: Page) -> bool:
        """Whether a page shows rows from before the position. What follows them then follows the position."""
        if self.position is None:
            return False
        if self.order.time and any(is_newer(self.order.time(row), self.position.since) for row in page.rows):
            return True
        if self.order.tied:
            return False
        marks = self.position.marks
        return any(
            self.order.key_of(row) in self._settled or fingerprint(self.order.key(row)) in marks for row in page.rows
        )

    def rows_before(self, page: Page) -> int:
        """How many rows at the beginning of a page lie before the position, going by their times."""
        time, position = self.order.time, self.position
        if position is None or time is None:
            return 0
        return next((i for i, row in enumerate(page.rows) if not is_newer(time(row), position.since)), len(page.rows))

    def shifts(self, page: Page) -> set[int]:
        """By how many places known rows have moved back, apart from what the growth of the list explains."""
        known = ((place, then) for place, key in self._places(page) if (then := self._came.get(key)))
        return {place - place_then - (page.total - total_then) for place, (place_then, total_then) in known}

    def is_pushed(self, page: Page) -> bool:
        """Whether a row on a page is further back than when it came."""
        return any(place > (self._came.get(key) or (place, 0))[0] for place, key in self._places(page))

    def _places(self, page: Page) -> list[tuple[int, int]]:
        return list(enumerate(self.order.keys(page), (page.number - 1) * page.size))


def is_newer(time: str | None, since: str | None) -> bool:
    """Whether a row comes before another, newest first. False without a time: their place depends on the database."""
    return time is not None and (since is None or time > since)


def _forget_oldest(rows: OrderedDict[int, Any], most: int) -> None:
    while len(rows) > most:
        rows.popitem(last=False)
