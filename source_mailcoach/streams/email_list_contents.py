"""What belongs to an email list: a request and more for each list."""

from collections.abc import Iterable
from typing import Any

from source_mailcoach.streams.base import Record, Slice
from source_mailcoach.streams.feed_stream import EmailListStream
from source_mailcoach.sync.times import parse_time


class Subscribers(EmailListStream):
    """The `id` to sort by is unique, but is not in the row. A person on two lists is two subscribers.

    Since 8.8 each mail, open and click moves `updated_at`: after a campaign its whole audience comes again. Attaching
    a tag moves it in no version, so `tags` can be out of date until the row changes, or until a full refresh.
    """

    endpoint = "subscribers"
    primary_key = "uuid"
    cursor_field = "updated_at"
    sort = "-id"
    changes_sort = "-updated_at,-id"
    rows_are_counted = True

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        """The API has no status: it follows from two times."""
        subscribed = "subscribed" if parse_time(row.get("subscribed_at")) else "unconfirmed"
        status = "unsubscribed" if parse_time(row.get("unsubscribed_at")) else subscribed
        for record in super().records_of(row, stream_slice):
            yield {**record, "status": status}


class Tags(EmailListStream):
    """Two tags of a list can have one name, if Mailcoach made one of them itself."""

    endpoint = "tags"
    primary_key = "uuid"
    cursor_field = "updated_at"
    sort = changes_sort = "-updated_at,name"
    tie_fields = ("updated_at", "name")
    since_version = "Mailcoach 6.13"


class Segments(EmailListStream):
    """Sortable since 6.24.5, but not by `updated_at`: lists of segments are short, and read whole in each sync."""

    endpoint = "segments"
    primary_key = "uuid"
    cursor_field: list[str] = []
    is_resumable = False
    sort = "-created_at,name"
    short = True
    since_version = "Mailcoach 6.13 (7.0 is without them)"
