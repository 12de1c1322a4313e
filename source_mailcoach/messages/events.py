"""What happens in a sync, as typed events. Client and streams emit them; whatever tells the user of it listens.

    client, streams  --emit-->  Events  -->  the log    a line for each event that has one
                                        -->  Progress   counts, a line now and then, and the last one
                                        -->  Forecast   a line before the first list is read
                                        -->  Statuses, Estimates   what the platform shows

Only the thread that reads emits events, never a thread that sends requests: its log line could tear a record in two. No
event holds a token, a row or an answer. Errors are not events: they are raised, and end a list, a stream or the sync.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from logging import DEBUG, INFO, WARNING
from typing import Any, ClassVar

from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.words import duration, requests_at

SILENT_WAIT = 5.0
"""Seconds. Longer waits are logged, so that one can see the difference between slow and stuck."""


@dataclass(frozen=True)
class Event:
    """`text` is its line in the log, with the fields filled in. An event without a `level` has no line."""

    level: ClassVar[int] = logging.NOTSET
    text: ClassVar[str] = ""

    def __str__(self) -> str:
        return self.text.format(**vars(self))


Listener = Callable[[Event], None]


class Events:
    """Hands each event of a sync to all listeners, at once and in their order. A listener is a function."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = [log]

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)


def log(event: Event) -> None:
    """The listener that writes the log."""
    is_short = isinstance(event, Waiting) and event.seconds < SILENT_WAIT
    if event.level and not is_short:
        logging.getLogger("airbyte").log(event.level, "%s", event)


# Requests -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RequestStarted(Event):
    """A request has been started. Each further try counts as a request, too."""

    path: str
    params: Mapping[str, Any]
    level = DEBUG
    text = "GET {path} {params}"


@dataclass(frozen=True)
class Retried(Event):
    """A request has failed and is tried again, after the wait that follows."""

    error: MailcoachError


@dataclass(frozen=True)
class Waiting(Event):
    """Nothing happens for so many seconds. `why` begins the line, which ends in their number: "Trying again".

    `for_limit`: the wait is for the server's limit of requests.
    """

    seconds: float
    why: str
    for_limit: bool = False
    level = INFO

    def __str__(self) -> str:
        return f"{self.why} in {duration(self.seconds)}."


@dataclass(frozen=True)
class Waited(Event):
    """The wait that was announced last is over."""


@dataclass(frozen=True)
class ThreadsLacking(Event):
    """Emitted once: the machine starts no more threads, so requests go one after another."""

    level = WARNING
    text = "This machine lets no more threads start: some requests cannot overlap, and take longer."


# A stream -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StreamStarted(Event):
    """The first event of a stream. Those that follow are of this stream, or of lists that it needs."""

    stream: str


@dataclass(frozen=True)
class PassStarting(Event):
    """A stream is about to find out what it has to read. The server allows `per_minute` requests a minute."""

    per_minute: float


@dataclass(frozen=True)
class ReadAgain(Event):
    """A stored state could not be used, for a reason. `what` fits into `text`: "of opens is", or "campaigns are"."""

    what: str
    reason: str
    level = WARNING
    text = "All {what} read again: {reason}."


@dataclass(frozen=True)
class ReadingStarted(Event):
    """From here to ReadingEnded everything is of one stream.

    `unit` is what is counted against the `whole`: "campaigns", "email lists", or "pages", which tell their number.
    """

    stream: str
    unit: str
    whole: int


@dataclass(frozen=True)
class Resumed(Event):
    """A stream continues a pass that an earlier sync did not finish."""

    stream: str
    level = INFO
    text = "{stream} goes on where the sync before has stopped."


@dataclass(frozen=True)
class Announced(Event):
    """How much a stream will read, in words and in requests. The server allows `per_minute` requests a minute."""

    stream: str
    what: str
    requests: int
    per_minute: float
    level = INFO

    def __str__(self) -> str:
        return f"{self.stream}: {self.what}, about {requests_at(self.requests, self.per_minute)}"


@dataclass(frozen=True)
class RowsExpected(Event):
    """About so many rows will be read in all, by Mailcoach's own counts."""

    rows: int


@dataclass(frozen=True)
class RequestsSaved(Event):
    """So many requests were not needed, because an earlier sync had the rows. Reckoned by Mailcoach's own counts."""

    requests: int


@dataclass(frozen=True)
class PageRead(Event):
    """All rows of a page are out: `rows` records, of some `size` in bytes, from the `came` rows that were new.

    `before` it stand so many rows of the list, of `total` in all; 0 if the reading may stop before its end.
    """

    number: int
    last: int
    rows: int
    before: int = 0
    came: int = 0
    total: int = 0
    size: int = 0


@dataclass(frozen=True)
class ListRead(Event):
    """A list was read to its end, or was not there."""


@dataclass(frozen=True)
class RowsUnchanged(Event):
    """So many rows of a list that is read whole have not changed, or are out of scope. They are not emitted."""

    rows: int


@dataclass(frozen=True)
class Counter:
    """A campaign's own count of its rows. It is as old as `counted_at`. `has_list`: its email list was not deleted."""

    field: str
    rows: int
    sent_at: datetime | None
    counted_at: datetime | None
    has_list: bool = True


@dataclass(frozen=True)
class ListCompared(Event):
    """A list was read. In the end the server counted `total` rows in it, and `vanished` fewer than it had before.

    `is_whole`: from its first row to its last, and not only as far as it was new, or where an earlier sync had stopped.
    `newest` is the latest change that a row of its first page tells of.
    """

    total: int
    vanished: int
    is_whole: bool
    newest: datetime | None = None
    counter: Counter | None = None


@dataclass(frozen=True)
class ReadingEnded(Event):
    """A stream is read to its end. Not emitted if an error has ended it."""
