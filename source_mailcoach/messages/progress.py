"""Logs how far a stream has come, so that one can tell slow from stuck and idle from broken."""

import logging
import time
from collections.abc import Callable

from source_mailcoach.messages.events import (
    Event,
    ListRead,
    PageRead,
    ReadingEnded,
    ReadingStarted,
    RequestsSaved,
    RequestStarted,
    Retried,
)
from source_mailcoach.messages.findings import ListDeleted, ListLeftOut, WholeReading
from source_mailcoach.messages.words import duration, many

INTERVAL = 30.0  # seconds between two lines of one stream at the least


class Progress:
    """Counts what the stream that is being read has done, and logs it: a line now and then, and the last one.

    It listens to the events of a sync, which reads one stream after another.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._start(ReadingStarted("", "", 0))

    def _start(self, reading: ReadingStarted) -> None:
        self._stream, self._unit, self._whole = reading.stream, reading.unit, reading.whole
        self._started = self._said = self._clock()
        self._done = self._rows = self._skipped = self._saved = self._requests = self._retries = 0

    def __call__(self, event: Event) -> None:
        match event:
            case ReadingStarted():
                self._start(event)
            case RequestStarted():
                self._requests += 1
            case Retried():
                self._retries += 1
            case RequestsSaved():
                self._saved += event.requests
            case PageRead():
                self._rows += event.rows
                if self._unit == "pages":
                    self._done, self._whole = event.number, event.last
                self._say()
            case ListRead():
                self._done += self._unit != "pages"
            case ListLeftOut() | ListDeleted():
                self._skipped += 1
            case WholeReading():
                self._whole += event.lists
            case ReadingEnded():
                self._finish()

    def _say(self) -> None:
        """Log a line, unless there was one within the interval."""
        now = self._clock()
        if now - self._said >= INTERVAL:
            self._said = now
            self._log.info(f"{self._counts()}, {self._left(now - self._started)}")

    def _finish(self) -> None:
        more = f"; about {many(self._saved, 'request')} saved, as an earlier sync had these rows" if self._saved else ""
        self._log.info(f"{self._counts()}, finished in {duration(self._clock() - self._started)}{more}")

    def _counts(self) -> str:
        counts = f"{self._stream}: {self._done:,} of {self._whole:,} {self._unit}"
        counts += f" ({self._skipped:,} left out)" if self._skipped else ""
        counts += f", {many(self._rows, 'row')}, {many(self._requests, 'request')}"
        return counts + (f" ({self._retries:,} tried again)" if self._retries else "")

    def _left(self, elapsed: float) -> str:
        if not self._done:
            return f"{duration(elapsed)} so far"
        return f"about {duration(elapsed * (self._whole - self._done) / self._done)} left at this rate"
