"""The facts about one of Mailcoach's lists. A stream is such facts, and at most one function for its rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from source_mailcoach.sync.times import parse_time

Slice = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that makes one stream differ from another, except what becomes of its rows (`MailcoachStream.records_of`).

    endpoint      Path below the API's address. {campaign_uuid} or {email_list_uuid} stands for the owner of the list.
    row           Path of one row, with {uuid} for its own, if it is not below that of the list.
    key           The fields of the primary key.
    sort          How the list is read whole, newest first. If the server refuses it, a `short` list is read without.
    cursor        The field that the catalog names as cursor. Empty: the stream is read whole in each sync.
    changes_sort  A sort with the latest changes first. A list that was read before is read by it, up to known rows.
                  Without one the list is always read whole.
    changed       Where a row has the time of its last change, by which `changes_sort` sorts: a field, or a path with
                  dots. Empty: in the cursor field.
    comes_late    A new row at the front can have an old time: a page counts as known only if all its rows are old.
    ties          Fields, a time first: rows that are equal in all of them are equal in both sorts.
    short         The list is read until as many rows have come as it has, in whatever order. Its keys stay in memory.
    since         Which Mailcoach has the endpoint, if not all of them have. A 404 is a warning then.
    counter       The owner's own count of the rows. It can lag behind: good for an estimate.
    uncounted     Rows can come in while Mailcoach does not count the campaign again. After the engagement window
                  they are few.
    rereads       Rows change, and nothing shows it. Those of the engagement window are read again in each sync.
    deletions     Rows that vanish were deleted, and get a tombstone if wanted. The list is "long", or "short": then it
                  is read whole as soon as one has vanished. Empty: they can have been pruned, or the platform replaces
                  the table.
    starts        The start date of the configuration leaves out older rows.
    address       The field with the address of a person, whose domain goes out as `email_domain`.
    unwanted      Fields that the server sends and that are removed from the records.
    wire          The schemas of fields that only the server's rows have, or that have another type in them.
    filters       Parameters of each request, with the same placeholders as the endpoint.
    """

    endpoint: str
    key: tuple[str, ...]
    sort: str
    cursor: str = ""
    changes_sort: str | None = None
    changed: str = ""
    row: str = ""
    comes_late: bool = False
    ties: tuple[str, ...] = ()
    short: bool = False
    since: str = ""
    counter: str = ""
    uncounted: bool = False
    rereads: bool = False
    deletions: Literal["", "short", "long"] = ""
    starts: bool = False
    address: str = ""
    unwanted: tuple[str, ...] = ()
    wire: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)

    def changed_at(self, row: Row) -> datetime | None:
        """The time of a row's latest change; None if the row does not say."""
        return parse_time(value_at(row, self.changed or self.cursor))

    def newest(self, rows: Iterable[Row]) -> datetime | None:
        """The time of the latest change that these rows tell of."""
        return max(filter(None, map(self.changed_at, rows)), default=None)

    def all_older(self, rows: Sequence[Row], before: datetime) -> bool:
        """Whether all rows after these, by `changes_sort`, changed before a time. Mostly the last of these tells."""
        times = [self.changed_at(row) for row in (rows if self.comes_late else rows[-1:])]
        return bool(times) and all(time is not None and time < before for time in times)


def value_at(row: Row, path: str) -> Any:
    """The value in a field, or by a path with dots in a field of an object; None if there is none."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
