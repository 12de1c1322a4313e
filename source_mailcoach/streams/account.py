"""Lists of the account as a whole."""

from collections.abc import Iterable, Iterator
from typing import Any

from airbyte_cdk.models import SyncMode

from source_mailcoach.messages.errors import EndsStream, MailcoachError, NotFound, RowNotFound
from source_mailcoach.messages.failed_lists import FailedLists
from source_mailcoach.streams.absence import unless_absent
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.streams.facts import Facts, Row
from source_mailcoach.streams.listing import is_usable
from source_mailcoach.transport.request import Query


class Sends(MailcoachStream):
    """A row for each mail to somebody, of campaigns, automations and transactional mails. Sortable by `sent_at` only.

    Opens, clicks and bounces of a mail change nothing that could be sorted by, so mails of the engagement window are
    read again each time. A mail that waits has no `sent_at` yet. It gets one when it is sent or fails.
    """

    facts = Facts(
        endpoint="sends",
        key=("uuid",),
        cursor="sent_at",
        sort="-sent_at",
        changes_sort="-sent_at",
        ties=("sent_at",),
        rereads=True,
        starts=True,
        since="Mailcoach 6.1",
    )


class Suppressions(MailcoachStream):
    """Rows never change. They are deleted when an address is allowed again. Several can have the same second."""

    facts = Facts(
        endpoint="suppressions",
        key=("uuid",),
        cursor="created_at",
        sort="-created_at",
        changes_sort="-created_at",
        ties=("created_at",),
        address="email",
        since="Mailcoach 8",
        deletions="short",
    )


class Templates(MailcoachStream):
    """Two templates can have the same name, so rows can be equal in the sort."""

    facts = Facts(
        endpoint="templates",
        key=("uuid",),
        cursor="updated_at",
        sort="-updated_at,name",
        changes_sort="-updated_at,name",
        ties=("updated_at", "name"),
        deletions="short",
    )


class TransactionalMails(MailcoachStream):
    """The log of transactional mails. Rows never change. Sortable by a unique `id` that rows do not have."""

    facts = Facts(
        endpoint="transactional-mails",
        key=("uuid",),
        cursor="created_at",
        sort="-created_at,-id",
        changes_sort="-created_at,-id",
        starts=True,
    )


class TransactionalMailTemplates(MailcoachStream):
    """Rows have no `updated_at`, so the list is read whole. Sortable by an `id` that rows do not have.

    Older servers look for a mail whose uuid is "templates". They do not find it (404), or fail with PostgreSQL, where
    that is no uuid (500): see `diagnosis`. To be sure that such a server works, the list of the mails is asked for.
    """

    facts = Facts(endpoint="transactional-mails/templates", key=("uuid",), sort="-id", since="Mailcoach 8.14")

    def is_lacking(self) -> bool:
        self.client.fetch(Query("transactional-mails", (("page", 1),)))
        return True


class SubscriberImports(MailcoachStream):
    """Servers before 8.21 ignore any sort without an error. Mailcoach deletes an import a week after it was made."""

    facts = Facts(
        endpoint="subscriber-imports",
        key=("uuid",),
        sort="-created_at",
        wire={"email_list_id": {"type": "string"}},
    )
    _failed: FailedLists

    def read_whole(self, sync_mode: SyncMode) -> Iterator[Row]:
        """All imports. One whose details cannot be read comes without them, and MailcoachError names it at the end."""
        self._failed = FailedLists(self.name, "imports")
        yield from super().read_whole(sync_mode)
        if error := self._failed.error():
            raise error

    def records_of(self, row: Row) -> Iterable[Row]:
        """The uuid of the email list has one of two names, by version. Details take a request for each import."""
        record = {field: value for field, value in row.items() if field != "email_list_id"}
        record.setdefault("email_list_uuid", row.get("email_list_id"))
        if self.config.include_import_details and is_usable(uuid := row.get("uuid")):
            try:
                record.update(self._details(Query(f"{self.facts.endpoint}/{uuid}")))
                self._failed.succeeded()
            except MailcoachError as error:
                if isinstance(error, EndsStream) or self._failed.is_end or self.client.is_hopeless:
                    raise
                self._failed.add(uuid, error)
        yield record

    def _details(self, query: Query) -> dict[str, Any]:
        """The fields that only the import itself has, not its list; none if it was deleted after it had been listed."""

        def is_deleted(error: NotFound) -> bool:
            self.client.confirm()
            return isinstance(error, RowNotFound)

        details: dict[str, Any] = {}
        for answer in unless_absent(self.client, lambda: iter([self.client.fetch(query)]), is_deleted):
            details = answer["data"]
        wanted = ("subscribers_csv", "created_at")
        return self.pages.fit({field: details[field] for field in wanted if field in details})


class AutomationMails(MailcoachStream):
    """Changed counters and edits change nothing that could be sorted by, so the list is read whole."""

    facts = Facts(
        endpoint="automation-mails",
        key=("uuid",),
        sort="name,created_at",
        since="Mailcoach Cloud or a server newer than 8",
    )
