"""Tombstones: the records that tell a destination of rows that were deleted in Mailcoach.

A row that seems to be gone (see `sync.tally`) may only have left the listing, or be hidden behind equal ones. So it is
asked for by itself, and a tombstone goes out only if Mailcoach says twice, and answers well for a list each time after
that, that there is no such row (404).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.findings import RowsDeleted, RowsUnnamed, RowsUnsure
from source_mailcoach.streams.absence import denied
from source_mailcoach.streams.facts import Facts, Row
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync.known import uuids_of
from source_mailcoach.sync.tally import Tally
from source_mailcoach.sync.times import sortable

DELETED_AT = "_ab_cdc_deleted_at"
WHEN_DELETED = {
    "type": ["null", "string"],
    "format": "date-time",
    "airbyte_type": "timestamp_with_timezone",
    "description": "When the connector found that the row was deleted in Mailcoach, in UTC. Null for any other row. "
    "Where it is set, the cursor field has the same time, and all else but the identifiers is null.",
}
PROOFS = 100
"""So many rows at the most are asked for in one sync, each of them twice. The others wait for the next one."""
FUTURE = timedelta(days=1)


def with_tombstones(schema: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """The schema of a stream, made to fit its tombstones too."""
    always = {*facts.key, facts.cursor}
    properties = {
        name: declared if name in always or "type" not in declared else {**declared, "type": _or_null(declared["type"])}
        for name, declared in schema["properties"].items()
    }
    return {**schema, "properties": {**properties, DELETED_AT: WHEN_DELETED}}


def _or_null(types: str | list[str]) -> list[str]:
    return ["null", types] if isinstance(types, str) else types


def _named(key: bytes) -> dict[str, str]:
    """The uuids in a key, by the names of their fields."""
    return dict(zip(("uuid", "email_list_uuid"), uuids_of(key), strict=False))


class Tombstones:
    """Asks for the rows of a stream that seem to be gone, and makes the tombstones of those that are.

    `has_left`: whether a row that is there has left the listing for another reason. It is no longer looked for then.
    """

    def __init__(self, pages: Pages, has_left: Callable[[Row], bool] = lambda row: False) -> None:
        self._pages, self._facts = pages, pages.facts
        self._path = pages.facts.row or f"{pages.facts.endpoint}/{{uuid}}"
        self._has_left = has_left

    def saw(self, rows: Sequence[Row], tally: Tally) -> None:
        """Note the latest change of a row: where the database's clock is ahead, it is later than the server's time."""
        until = self._pages.now + FUTURE
        changes = [change for change in map(self._facts.changed_at, rows) if change and change < until]
        if changes and (time := sortable(max(changes).isoformat())):
            tally.latest = max(time, tally.latest or time)

    def of(self, tally: Tally) -> Iterator[Row]:
        """The tombstone of each row that is gone, of those that a tally says seem to be. It is told what came of them.

        If Mailcoach cannot be asked, nothing is lost: the next sync does so.
        """
        if tally.unnamed:
            self._pages.emit(RowsUnnamed(self._pages.stream, tally.unnamed))
        keys = tally.known.gone[:PROOFS]

        def found(key: bytes, answer: Any) -> None:
            has_left = isinstance(answer["data"], dict) and self._has_left(answer["data"])
            tally.is_gone(key) if has_left else tally.is_there(key)

        try:
            gone = denied(self._pages.client, {key: self._path.format_map(_named(key)) for key in keys}, found)
        except MailcoachError as error:
            for key in set(keys).intersection(tally.known.gone):
                tally.stays_unsure(key)
            self._pages.emit(RowsUnsure(self._pages.stream, len(keys), error))
            return
        for key in gone:
            yield self._tombstone(key, tally.latest)
            tally.is_gone(key)
        if gone:
            self._pages.emit(RowsDeleted(self._pages.stream, len(gone)))

    def _tombstone(self, key: bytes, latest: str | None) -> Row:
        """The primary key, the cursor field and DELETED_AT, both of now; all other fields are null."""
        time = max(sortable(self._pages.now.isoformat()) or "", latest or "")
        nulls: Row = dict.fromkeys(sorted(self._pages.fit.fields))
        return {**nulls, **_named(key), self._facts.cursor: time, DELETED_AT: time}
