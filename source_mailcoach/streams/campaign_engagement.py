"""What became of a campaign among its recipients: a request and more for each campaign that was sent."""

from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, ClassVar

from source_mailcoach.streams.base import Record, Slice
from source_mailcoach.streams.campaign_stream import CampaignStream
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.times import parse_time


class CampaignOpens(CampaignStream):
    """A row for each subscriber who opened. `first_opened_at` never changes, and an email is once on a list.

    A repeated open moves `last_opened_at` only. Servers before 8.6 cannot sort by it.
    """

    endpoint = "opens"
    primary_key = ["campaign_uuid", "subscriber_uuid"]
    sort = "-first_opened_at,email"
    changes_sort = "-last_opened_at,email"
    counter = "unique_open_count"
    unwanted = ("uuid",)  # v6 and v7 send it, always null
    wire: ClassVar[Mapping[str, Any]] = {"uuid": {}, "subscriber_email_list_uuid": {}}

    def changed_at(self, row: Record) -> datetime | None:
        return parse_time(row.get("last_opened_at"))

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        """Up to v8 the list's uuid is cast to an integer, which leaves 845 or 0 of it: no list is found by that."""
        list_uuid = row.get("subscriber_email_list_uuid")
        for record in super().records_of(row, stream_slice):
            yield {**record, "subscriber_email_list_uuid": list_uuid if isinstance(list_uuid, str) else None}


class CampaignUnsubscribes(CampaignStream):
    """A row for each subscriber who left by this campaign. The `id` to sort by is unique, but is not in the row.

    Neither is the time of the event: the nearest is the subscriber's own, which is null after a new subscription and
    later after another unsubscribe. Those of a split test's second variant do not have the campaign counted.
    """

    endpoint = "unsubscribes"
    primary_key = ["campaign_uuid", "subscriber_uuid"]
    sort = "-id"
    changes_sort = "-id"
    counter = "unsubscribe_count"
    uncounted = True
    unwanted = ("campaign",)  # v6 repeats the whole campaign, with all of its HTML, in every row
    wire: ClassVar[Mapping[str, Any]] = {"campaign": {}}

    def changed_at(self, row: Record) -> datetime | None:
        return parse_time(_unsubscribed_at(row))

    def rest_is_known(self, page: Page, before: datetime) -> bool:
        """One old time proves nothing here: a complaint that is reported late has a new id and an old time."""
        times = [self.changed_at(row) for row in page.rows]
        return bool(times) and all(time is not None and time < before for time in times)

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        for record in super().records_of(row, stream_slice):
            yield {**record, "subscriber_unsubscribed_at": _unsubscribed_at(row)}


def _unsubscribed_at(row: Record) -> Any:
    subscriber = row.get("subscriber")
    return subscriber.get("unsubscribed_at") if isinstance(subscriber, dict) else None


class CampaignBounces(CampaignStream):
    """A row for each subscriber and type of bounce. Types of one subscriber may share the second in which they came.

    `created_at` is the first of its kind for the subscriber: a repeated bounce moves nothing. On v6 and v7 none has the
    campaign counted, nor does one of a split test's second variant.
    """

    endpoint = "bounces"
    primary_key = ["campaign_uuid", "subscriber_uuid", "type"]
    sort = "-created_at,email,bounce_count"
    changes_sort = "-created_at,email,bounce_count"
    counter = "bounce_count"
    uncounted = True
    tie_fields = ("created_at", "subscriber_email", "bounce_count")
    since_version = "Mailcoach 6.24"

    def changed_at(self, row: Record) -> datetime | None:
        return parse_time(row.get("created_at"))


class CampaignSends(CampaignStream):
    """The mails of a campaign, with what each recipient did: `sends`, for the campaigns in scope alone.

    Opens and clicks of a mail move nothing to sort by, so a campaign's mails are always read whole.
    """

    endpoint = "sends"
    primary_key = ["campaign_uuid", "uuid"]
    sort = "-sent_at"
    tie_fields = ("sent_at",)
    counter = "sent_to_number_of_subscribers"
    since_version = "Mailcoach 6.1"

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return self.endpoint

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        campaign = (stream_slice or {})["campaign_uuid"]
        return {
            "filter[campaign_uuid]": campaign,
            **super().request_params(stream_state, stream_slice, next_page_token),
        }
