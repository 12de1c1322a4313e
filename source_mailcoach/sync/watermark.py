"""Up to which time a reading has surely seen what changed, by the clock that stamps the rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Watermark:
    """The cursor that a reading may leave, and the server's earliest time at any of its pages.

    What changes after its page was read has a later stamp than the database's clock showed at the earliest page, so
    the cursor must not lie beyond that. The answers tell another clock, the web server's or a cache's. But a page of
    the time T with a row of the time R shows that the database's clock was at R or beyond when the other was at T, and
    so that it was at R - (T - began) or beyond at the earliest page. The cursor is the latest that any page shows, and
    None where none shows any. However far the clocks are apart, it is beyond neither of them, nor beyond any row.

    A row from after T (a wrong date, or a database whose clock is ahead) shows nothing, and does no harm either.
    """

    began: datetime | None = None
    cursor: datetime | None = None

    def after(self, time: datetime, changes: Iterable[datetime | None]) -> "Watermark":
        """With one more page: the server's time of it, and when its rows changed."""
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
