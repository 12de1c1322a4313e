"""What is known of one of Mailcoach's lists. A stream is such facts, and at most one function for its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from source_mailcoach.sync.times import parse_time

Slice = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that tells one stream from another, but what its rows become (`MailcoachStream.records_of`).

    endpoint      Path below the API's address. {campaign_uuid} or {email_list_uuid} stands for the owner of the list.
    key           The fields of the primary key.
    sort          How the list is read whole, newest first. If the server refuses it, a `short` list is read without.
    cursor        The field that the catalog names as cursor. Empty: the stream is read whole in each sync.
    changes_sort  Puts the latest changes first, so that a list that was read before is read as far as it is new.
                  Without one the list is always read whole.
    changed       Where a row says when it last changed, which `changes_sort` goes by: a field, or a path with dots.
                  Empty: in the cursor.
    comes_late    A row can come in first and have an old time. A page is known only if all of its rows are old.
    ties          Fields, a time first: rows that are equal in all of them are equal in both sorts.
    short         The list is read until as many rows have come as it has, in whatever order. Its keys stay in memory.
    since         Which Mailcoach has the endpoint, if not all of them have. A 404 is a warning then.
    counter       The owner's own count of the rows. It can lag behind: good for an estimate.
    uncounted     Rows can come in without a recount of the campaign. They are few once the engagement window is over.
    rereads       Rows change without a sign. Those of the engagement window are read again in each sync.
    starts        The start date leaves out older rows.
    unwanted      Fields that the server sends and records do not have.
    wire          The schemas of fields that the server's rows have and records do not have, or not so.
    filters       Parameters of each request, with the same placeholders as the endpoint.
    """

    endpoint: str
    key: tuple[str, ...]
    sort: str
    cursor: str = ""
    changes_sort: str | None = None
    changed: str = ""
    comes_late: bool = False
    ties: tuple[str, ...] = ()
    short: bool = False
    since: str = ""
    counter: str = ""
    uncounted: bool = False
    rereads: bool = False
    starts: bool = False
    unwanted: tuple[str, ...] = ()
    wire: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)

    def changed_at(self, row: Row) -> datetime | None:
        """The time of a row's latest change; None if the row does not say."""
        return parse_time(value_at(row, self.changed or self.cursor))

    def all_older(self, rows: Sequence[Row], before: datetime) -> bool:
        """Whether all rows after these, by `changes_sort`, changed before a time: the last one says so."""
        times = [self.changed_at(row) for row in (rows if self.comes_late else rows[-1:])]
        return bool(times) and all(time is not None and time < before for time in times)


def value_at(row: Row, path: str) -> Any:
    """The value in a field, or by a path with dots in a field of an object; None if there is none."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
