"""What a reading has found out, for a person to know: rows that are missing or deleted, lists that were left out."""

from dataclasses import dataclass
from datetime import datetime
from logging import INFO, WARNING

from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import Event
from source_mailcoach.messages.words import many


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
    """So many lists do not have the rows that are known. They are read whole, once more, to find out which are gone."""

    stream: str
    lists: int
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
