"""What belongs to an email list: a list for each of them, so at least one request for each."""

from collections.abc import Iterable

from source_mailcoach.streams.facts import Facts, Row
from source_mailcoach.streams.of_email_lists import EmailListStream
from source_mailcoach.sync.times import parse_time


class Subscribers(EmailListStream):
    """Sortable by a unique `id` that rows do not have. A person on two lists is two subscribers.

    Since 8.8 each mail, open and click changes `updated_at`, so after a campaign its whole audience is read again.
    In no version does a tag change it, so `tags` can be out of date until the row changes, or until a full refresh.
    """

    facts = Facts(
        endpoint="email-lists/{email_list_uuid}/subscribers",
        row="subscribers/{uuid}",
        key=("uuid",),
        cursor="updated_at",
        sort="-id",
        changes_sort="-updated_at,-id",
        counter="active_subscribers_count",
        address="email",
        deletions="long",
    )

    def records_of(self, row: Row) -> Iterable[Row]:
        """The API has no status. It is derived from two times."""
        subscribed = "subscribed" if parse_time(row.get("subscribed_at")) else "unconfirmed"
        return ({**row, "status": "unsubscribed" if parse_time(row.get("unsubscribed_at")) else subscribed},)


class Tags(EmailListStream):
    """Two tags of a list can have the same name, if Mailcoach made one of them itself."""

    facts = Facts(
        endpoint="email-lists/{email_list_uuid}/tags",
        key=("uuid",),
        cursor="updated_at",
        sort="-updated_at,name",
        changes_sort="-updated_at,name",
        ties=("updated_at", "name"),
        since="Mailcoach 6.13",
        deletions="short",
    )


class Segments(EmailListStream):
    """Sortable since 6.24.5, but not by `updated_at`. These lists are short, and read whole in each sync."""

    facts = Facts(
        endpoint="email-lists/{email_list_uuid}/segments",
        key=("uuid",),
        sort="-created_at,name",
        short=True,
        since="Mailcoach 6.13 (7.0 is without them)",
    )
