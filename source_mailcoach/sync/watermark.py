"""The time up to which a reading has surely seen all changes, by the clock that stamps the rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Watermark:
    """The cursor that a reading may leave, and the server's earliest time at any of its pages.

    A change after its page was read gets a later time than the database's clock showed at the earliest page. So the
    cursor must not be later than that, or such changes would be lost. But answers show another clock, that of the web
    server or of a cache. A page of the time T with a row of the time R shows: when the other clock was at T, the
    database's clock was at R or later. So at the earliest page (`began`) it was at R - (T - began) or later. The cursor
    is the latest time that any page shows in this way, and None if no page shows one. However much the clocks differ,
    it is not later than either of them, nor than any row.

    A row from after T (a wrong date, or a database whose clock is ahead) is ignored.
    """

    began: datetime | None = None
    cursor: datetime | None = None

    def after(self, time: datetime, changes: Iterable[datetime | None]) -> "Watermark":
        """The watermark after one more page, by the server's time of it and the times when its rows changed."""
        began = min(time, self.began or time)
        shown = max((change for change in changes if change and change <= time), default=None)
        try:
            reckoned = [
                before and before - (at - began)
                for before, at in ((self.cursor, self.began or time), (shown, time))
                if before
            ]
        except OverflowError:  # a clock that stands at the beginning of the calendar
            reckoned = []
        return Watermark(began, max((reached for reached in reckoned if reached), default=None))
