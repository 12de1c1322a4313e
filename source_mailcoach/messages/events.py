"""What happens in a sync, as typed events: the one way from the client and the streams to whoever tells of it.

    client, streams  --emit-->  Events  -->  the log    a line for each event that has one
                                        -->  Progress   counts, a line now and then, and the last one
                                        -->  Forecast   a line before the first list is read

Whatever else wants to know of them is one more function in `listeners`. Events are emitted by the thread that reads,
never by those beside it that send requests: a log line of theirs could tear a record in two. None holds a token, a row
or an answer. Errors are no events: they are raised (see `errors`), and end a list, a stream or the sync.
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
"""Seconds: waits that are longer are told in the log, so that slow and stuck look different."""


@dataclass(frozen=True)
class Event:
    """`text` is its line in the log, with its fields filled in. One that has no `level` has no line."""

    level: ClassVar[int] = logging.NOTSET
    text: ClassVar[str] = ""

    def __str__(self) -> str:
        return self.text.format(**vars(self))


Listener = Callable[[Event], None]


class Events:
    """Hands each event of a sync to all who listen, at once and in their order."""

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
    """It is under way; further tries are requests too."""

    path: str
    params: Mapping[str, Any]
    level = DEBUG
    text = "GET {path} {params}"


@dataclass(frozen=True)
class Retried(Event):
    """A request has failed, and is worth another try, after the wait that follows."""

    error: MailcoachError


@dataclass(frozen=True)
class Waiting(Event):
    """Nothing happens for so many seconds from now on. `why` is what the time stands behind: "Trying again"."""

    seconds: float
    why: str
    level = INFO

    def __str__(self) -> str:
        return f"{self.why} in {duration(self.seconds)}."


@dataclass(frozen=True)
class ThreadsLacking(Event):
    """Once: the machine has a limit, and requests go one after another."""

    level = WARNING
    text = "This machine lets no more threads start: some requests cannot overlap, and take longer."


# A stream -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PassStarting(Event):
    """A stream is about to look for what it has to read, at a server that allows so many requests a minute."""

    per_minute: float


@dataclass(frozen=True)
class ReadAgain(Event):
    """A stored state could not be used, for a reason. `what` is "of opens is", or "campaigns are"."""

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
    """A pass that was not finished goes on."""

    stream: str
    level = INFO
    text = "{stream} goes on where the sync before has stopped."


@dataclass(frozen=True)
class Announced(Event):
    """How much is to come, in words and in requests, at a server that allows so many of them a minute."""

    stream: str
    what: str
    requests: int
    per_minute: float
    level = INFO

    def __str__(self) -> str:
        return f"{self.stream}: {self.what}, about {requests_at(self.requests, self.per_minute)}"


@dataclass(frozen=True)
class RequestsSaved(Event):
    """They were not needed, since an earlier sync had the rows, going by Mailcoach's own counts."""

    requests: int


@dataclass(frozen=True)
class PageRead(Event):
    """All rows of a page are out; `rows` of them were new, or wanted."""

    number: int
    last: int
    rows: int


@dataclass(frozen=True)
class ListRead(Event):
    """A list was read to its end, or was not there."""


@dataclass(frozen=True)
class ReadingEnded(Event):
    """Not after an error that has ended the stream."""


@dataclass(frozen=True)
class ClocksDiffer(Event):
    """Once in a sync: the time of an answer differs by more than what a sync can make up for without reading more."""

    server: datetime
    difference: str
    level = INFO
    text = (
        "An answer of Mailcoach's is of {server:%Y-%m-%d %H:%M} UTC, and {difference}. A clock is wrong, or a cache "
        "keeps answers, or a row has a wrong date. No rows are lost by that, but some are read more often."
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
    """What a list belongs to was deleted since it was listed."""

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
    """The database hides rows behind others that are equal in the sort. `where` is "campaign_opens of campaign 3f…"."""

    where: str
    rows: int
    level = WARNING
    text = (
        "Mailcoach counts {rows:,} more rows in {where} than it gave in repeated readings. They may be missing from "
        "this sync."
    )


@dataclass(frozen=True)
class RowsUnproved(Event):
    """The list changed while it was read, more often than it could be read anew."""

    where: str
    level = WARNING
    text = (
        "{where} changed faster than it could be read. Rows may be missing from this sync; a full refresh at a quiet "
        "time brings them."
    )


@dataclass(frozen=True)
class RowsUnusable(Event):
    """No list below a row can be asked for if its uuid is none."""

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
    """What the rows of a stream hold beyond its schema, in words."""

    what: str
    level = WARNING
    text = "{what}"
