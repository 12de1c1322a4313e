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
from source_mailcoach.messages.words import duration, many, requests_at

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
    """A campaign's own count of its rows. It is as old as `counted_at`."""

    field: str
    rows: int
    sent_at: datetime | None
    counted_at: datetime | None


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


@dataclass(frozen=True)
class ClocksDiffer(Event):
    """Once in a sync: the time of an answer differs from another clock by more than syncs allow for (15 minutes)."""

    server: datetime
    difference: str
    level = INFO
    text = (
        "An answer of Mailcoach's is of {server:%Y-%m-%d %H:%M} UTC, and {difference}. A clock is wrong, or a cache "
        "keeps answers, or a row has a wrong date. No rows are lost by that, but some are read more often."
    )


# What was deleted -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WholeReading(Event):
    """The lists of a stream do not have the rows that are known, so they are read whole to find out which are gone."""

    stream: str
    level = INFO
    text = "{stream}: rows are gone, or have come unnoticed. All are read again to find out which."


@dataclass(frozen=True)
class RowsDeleted(Event):
    """So many tombstones are out."""

    stream: str
    rows: int
    level = INFO

    def __str__(self) -> str:
        return f"{self.stream}: {many(self.rows, 'row')} deleted in Mailcoach, and now marked as deleted."


@dataclass(frozen=True)
class RowsUnsure(Event):
    """Rows seem to be gone, and could not be asked for."""

    stream: str
    rows: int
    error: MailcoachError
    level = WARNING

    def __str__(self) -> str:
        return (
            f"{self.stream}: {many(self.rows, 'row')} may have been deleted. Mailcoach could not be asked, so the next "
            f"sync does that. {self.error.what}"
        )


@dataclass(frozen=True)
class RowsUnnamed(Event):
    """More rows are gone than could be named."""

    stream: str
    rows: int
    level = WARNING

    def __str__(self) -> str:
        return (
            f"{self.stream}: at least {many(self.rows, 'row')} deleted in Mailcoach, more at once than can be named. "
            "They stay in the destination. A full refresh of this stream with overwrite removes them."
        )


# What is missing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListLeftOut(Event):
    """A list has failed, and the next sync asks for it again."""

    stream: str
    name: str
    error: MailcoachError
    level = WARNING
    text = "{name} is left out of {stream} in this sync. {error.what}"


@dataclass(frozen=True)
class ListDeleted(Event):
    """The campaign or email list that a list belongs to was deleted after it had been listed."""

    stream: str
    name: str
    level = WARNING
    text = "{name} was deleted during the sync and is left out of {stream}."


@dataclass(frozen=True)
class EndpointMissing(Event):
    """The server is older than the endpoint, or than what the stream needs of it."""

    stream: str
    since: str
    what: str = "does not have it"
    level = WARNING
    text = "{stream} needs {since}, and this server {what}: no rows are read."


@dataclass(frozen=True)
class RowsMissing(Event):
    """The database hides rows behind others that are equal in the sort. `where`: "campaign_opens of campaign 3f…"."""

    where: str
    rows: int
    level = WARNING
    text = (
        "Mailcoach counts {rows:,} more rows in {where} than it gave in repeated readings. They may be missing from "
        "this sync."
    )


@dataclass(frozen=True)
class RowsUnproved(Event):
    """The list changed so often while it was read that nothing proves that all rows have come."""

    where: str
    level = WARNING
    text = (
        "{where} changed faster than it could be read. Rows may be missing from this sync; a full refresh at a quiet "
        "time brings them."
    )


@dataclass(frozen=True)
class RowsUnusable(Event):
    """Rows came without a usable uuid, so that the lists below them cannot be asked for."""

    stream: str
    rows: int
    level = WARNING

    def __str__(self) -> str:
        return (
            f"{many(self.rows, 'row')} of {self.stream} came without a usable uuid. What lies below cannot be asked "
            "for, and is left out; the rows themselves are kept."
        )


@dataclass(frozen=True)
class Drifted(Event):
    """How rows of a stream differ from its schema, in words."""

    what: str
    level = WARNING
    text = "{what}"
