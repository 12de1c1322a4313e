"""Says in the log how far a stream has come, so that slow and stuck, idle and broken look different."""

import logging
import time
from collections.abc import Callable

INTERVAL = 30.0  # seconds between two lines of one stream at the least


class Progress:
    """Counts what one reading of a stream has done, and logs it: a line now and then, and one at the end.

    `unit` is what is counted against the whole ("campaigns" or "pages"); `requests` tells how many the client has
    sent.
    """

    def __init__(
        self,
        log: logging.Logger,
        unit: str,
        requests: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._unit, self._requests, self._clock = log, unit, requests, clock
        self._started = self._said = clock()
        self._requests_before = requests()
        self.done = 0
        self.whole = 0
        self.rows = 0

    def say(self) -> None:
        """Log a line, unless there was one within the interval."""
        now = self._clock()
        if now - self._said >= INTERVAL:
            self._said = now
            self._log.info(f"{self._counts()}, {self._left(now - self._started)}")

    def finish(self) -> None:
        """Log the last line."""
        self._log.info(f"{self._counts()}, finished in {duration(self._clock() - self._started)}")

    def _counts(self) -> str:
        requests = self._requests() - self._requests_before
        return f"{self.done:,} of {self.whole:,} {self._unit}, {self.rows:,} rows, {requests:,} requests"

    def _left(self, elapsed: float) -> str:
        if not self.done:
            return f"{duration(elapsed)} so far"
        return f"about {duration(elapsed * (self.whole - self.done) / self.done)} left at this rate"


def duration(seconds: float) -> str:
    """A length of time for people: 42 seconds, 7 minutes, 3.5 hours."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
