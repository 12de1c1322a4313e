"""Says in the log how far a stream has come, so that slow and stuck, idle and broken look different."""

import logging
import time
from collections.abc import Callable

INTERVAL = 30.0  # seconds between two lines of one stream at the least


class Progress:
    """Counts what one reading of a stream has done, and logs it: how much is to come, a line now and then, and the end.

    `unit` is what is counted against the whole ("campaigns" or "pages"), `skipped` those that could not be read, and
    `saved` the requests that were not needed since an earlier sync had the rows, going by Mailcoach's own counts.
    `traffic` tells how many requests the client has sent, and how many of them were further tries.
    """

    def __init__(
        self,
        log: logging.Logger,
        stream: str,
        unit: str,
        traffic: Callable[[], tuple[int, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._stream, self._unit, self._traffic, self._clock = log, stream, unit, traffic, clock
        self._started = self._said = clock()
        self._traffic_before = traffic()
        self.done = self.whole = self.rows = self.skipped = self.saved = 0

    def start(self, what: str, requests: int, per_minute: float) -> None:
        """Log how much is to come, and how long that takes at the limit of the server, infinite if it has none."""
        self._log.info(f"{self._stream}: {what}, about {requests_at(requests, per_minute)}")

    def say(self) -> None:
        """Log a line, unless there was one within the interval."""
        now = self._clock()
        if now - self._said >= INTERVAL:
            self._said = now
            self._log.info(f"{self._counts()}, {self._left(now - self._started)}")

    def finish(self) -> None:
        """Log the last line."""
        more = f"; about {many(self.saved, 'request')} saved, as an earlier sync had these rows" if self.saved else ""
        self._log.info(f"{self._counts()}, finished in {duration(self._clock() - self._started)}{more}")

    def _counts(self) -> str:
        requests, tries = (now - before for now, before in zip(self._traffic(), self._traffic_before, strict=True))
        counts = f"{self._stream}: {self.done:,} of {self.whole:,} {self._unit}"
        counts += f" ({self.skipped:,} left out)" if self.skipped else ""
        counts += f", {many(self.rows, 'row')}, {many(requests, 'request')}"
        return counts + (f" ({tries:,} tried again)" if tries else "")

    def _left(self, elapsed: float) -> str:
        if not self.done:
            return f"{duration(elapsed)} so far"
        return f"about {duration(elapsed * (self.whole - self.done) / self.done)} left at this rate"


def requests_at(requests: int, per_minute: float) -> str:
    """How many requests, and how long they take if the server's limit allows fewer of them a minute."""
    if requests <= per_minute:
        return many(requests, "request")
    time = duration(requests / per_minute * 60)
    return f"{many(requests, 'request')}: {time} at the {per_minute:,.0f} a minute that this server allows"


def many(count: int, what: str) -> str:
    """How many there are: 1 row, 2,009 rows."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length of time for people: 42 seconds, 7 minutes, 3.5 hours."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
