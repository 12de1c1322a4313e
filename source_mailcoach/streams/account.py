"""Lists of the account as a whole."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from source_mailcoach.messages.failed_lists import OF_ALL_LISTS, FailedLists
from source_mailcoach.messages.problems import Absent, MailcoachError
from source_mailcoach.streams.base import ListStream, Record, Slice
from source_mailcoach.streams.feed_stream import EventStream, FeedStream
from source_mailcoach.streams.parents import is_usable
from source_mailcoach.sync import clocks
from source_mailcoach.sync.state import Parent
from source_mailcoach.transport.request import Query


class Sends(EventStream):
    """A row for each mail to somebody, of campaigns, automations and transactional mails. Sortable by `sent_at` only.

    A mail that is opened, clicked or bounces moves nothing to sort by, so mails of the engagement window are read
    again each time. One that waits to be sent has no `sent_at` yet, and gets one that is new when it is sent or fails.
    """

    endpoint = "sends"
    primary_key = "uuid"
    cursor_field = "sent_at"
    sort = changes_sort = "-sent_at"
    tie_fields = ("sent_at",)
    since_version = "Mailcoach 6.1"

    def known_before(self, parent: Parent) -> datetime | None:
        known = super().known_before(parent)
        window = clocks.earliest(self.client.server_time) - self.config.engagement_window
        return known and max(min(known, window), self.start or min(known, window))


class Suppressions(FeedStream):
    """Rows never change, and vanish when an address is allowed again. Several can come in the same second."""

    endpoint = "suppressions"
    primary_key = "uuid"
    cursor_field = "created_at"
    sort = changes_sort = "-created_at"
    tie_fields = ("created_at",)
    since_version = "Mailcoach 8"


class Templates(FeedStream):
    """Two templates can have one name."""

    endpoint = "templates"
    primary_key = "uuid"
    cursor_field = "updated_at"
    sort = changes_sort = "-updated_at,name"
    tie_fields = ("updated_at", "name")


class TransactionalMails(EventStream):
    """The log of transactional mails. Rows never change. The `id` to sort by is unique, but is not in the row."""

    endpoint = "transactional-mails"
    primary_key = "uuid"
    cursor_field = "created_at"
    sort = changes_sort = "-created_at,-id"


class TransactionalMailTemplates(ListStream):
    """Without `updated_at`, so an edit shows in a full reading only. The `id` to sort by is not in the row.

    Older servers take it for a mail whose uuid is "templates". They have none (404), or with PostgreSQL, where that is
    no uuid, they fail (500): see `diagnosis`. What such a server answers well is the list of the mails.
    """

    endpoint = "transactional-mails/templates"
    primary_key = "uuid"
    sort = "-id"
    since_version = "Mailcoach 8.14"

    def is_lacking(self) -> bool:
        self.client.fetch(Query("transactional-mails", (("page", 1),)))
        return True


class SubscriberImports(ListStream):
    """Servers before 8.21 ignore any sort in silence. Mailcoach deletes an import a week after it was made."""

    endpoint = "subscriber-imports"
    primary_key = "uuid"
    sort = "-created_at"
    wire: ClassVar[Mapping[str, Any]] = {"email_list_id": {"type": "string"}}
    _failed: FailedLists

    def read_records(self, *args: Any, **kwargs: Any) -> Iterable[Record]:
        """All imports. One whose details cannot be read comes without them; MailcoachError names it at the end."""
        self._failed = FailedLists(self.name, "imports")
        yield from super().read_records(*args, **kwargs)
        if error := self._failed.error():
            raise error

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        """The uuid of the list has two names, by version. Details are a request for each import."""
        record = {field: value for field, value in row.items() if field != "email_list_id"}
        record.setdefault("email_list_uuid", row.get("email_list_id"))
        if self.config.include_import_details and is_usable(uuid := row.get("uuid")):
            try:
                record.update(self._details(Query(f"{self.endpoint}/{uuid}")))
                self._failed.succeeded()
            except MailcoachError as error:
                if error.problem in OF_ALL_LISTS or self._failed.is_end or self.client.is_hopeless:
                    raise
                self._failed.add(uuid, error)
        yield record

    def _details(self, query: Query) -> dict[str, Any]:
        """What only the import itself tells; nothing of one that was deleted since it was listed."""

        def is_deleted(absent: Absent) -> bool:
            self.client.confirm()
            return absent == "row"

        details: dict[str, Any] = {}
        for answer in self.unless_absent(lambda: iter([self.client.fetch(query)]), is_deleted):
            details = answer["data"]
        return self.fit({field: details[field] for field in ("subscribers_csv", "created_at") if field in details})


class AutomationMails(ListStream):
    """Counters and edits move nothing to sort by."""

    endpoint = "automation-mails"
    primary_key = "uuid"
    sort = "name,created_at"
    since_version = "Mailcoach Cloud or a server newer than 8"
