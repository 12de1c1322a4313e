"""Rows that moved to the front of a list while it was read, and so past the reader. Pure logic, for `reader`."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.trail import Order, is_newer


class CatchUp:
    """Finds these rows at the end of a reading, in a list whose rows show the time by which it is sorted.

    `unproved`: they came faster than they could be read, so some may be missing.
    """

    def __init__(self, order: Order) -> None:
        assert order.time
        self._key_of, self._time = order.key_of, order.time
        self._first_run: set[int] = set()
        self.unproved = False

    def note(self, page: Page, top: str | None) -> None:
        """Note which rows of a page have the time `top`: rows that move to the front later can have the same time."""
        self._first_run.update(self._key_of(row) for row in page.rows if self._time(row) == top)

    def newcomers(self, get: Callable[[int], Page], top: str | None, most: int) -> Iterator[Page]:
        """Pages with the rows that are newer than `top`, the time of the first row when the reading began.

        If they fill several pages, more can come while these are read. So the search is repeated until one page has
        them all, or nothing new comes. It takes at most `most` requests.
        """
        known = self._first_run
        number, newest, beside, came = 1, top, set[int](), 0
        for _ in range(most):
            page = get(number)
            rows = [(row, self._key_of(row), at) for row in page.rows if (at := self._time(row)) is not None]
            if number == 1:
                newest, beside, came = None, set(), 0
            newest = newest or next((at for _, _, at in rows), None)
            beside.update(key for _, key, at in rows if at == newest)
            new = [row for row, key, at in rows if is_newer(at, top) or (at == top and key not in known)]
            came += len(new)
            yield replace(page, rows=new)
            if number < page.last and all(at == top or is_newer(at, top) for _, _, at in rows):
                number += 1
            elif number == 1 or not came:
                return
            else:
                number, top, known = 1, newest, beside | (known if newest == top else set())
        self.unproved = True
