"""What recipients did with a campaign: a request and more for each campaign that was sent."""

from datetime import datetime
from typing import Any

from source_mailcoach.paging import Page
from source_mailcoach.streams.base import Record, Slice
from source_mailcoach.streams.campaign_stream import CampaignStream
from source_mailcoach.times import parse_time


class CampaignClicks(CampaignStream):
    """A row for each link that was clicked. Sortable by its counters only, which tie and grow while they are read.

    So a campaign's links are always read whole, and checked against their number.
    """

    endpoint = "clicks"
    primary_key = ["campaign_uuid", "uuid"]
    sorts = ("-unique_click_count,-click_count", "unique_click_count,click_count")


class CampaignOpens(CampaignStream):
    """A row for each subscriber who opened. `first_opened_at` never changes, and an email is once on a list.

    A repeated open moves `last_opened_at` only. Servers before 8.6 cannot sort by it.
    """

    endpoint = "opens"
    primary_key = ["campaign_uuid", "subscriber_uuid"]
    sorts = ("-first_opened_at,email",)
    changes_sort = "-last_opened_at,email"
    unwanted = ("uuid",)  # v6 and v7 send it, always null

    def changed_at(self, row: Record) -> datetime | None:
        return parse_time(row.get("last_opened_at"))

    def record(self, row: Record, stream_slice: Slice) -> dict[str, Any]:
        """Up to v8 the list's uuid is cast to an integer, which leaves 845 or 0 of it: no list is found by that."""
        list_uuid = row.get("subscriber_email_list_uuid")
        fixed = {"subscriber_email_list_uuid": list_uuid if isinstance(list_uuid, str) else None}
        return {**super().record(row, stream_slice), **fixed}


class CampaignUnsubscribes(CampaignStream):
    """A row for each subscriber who left by this campaign. The `id` to sort by is unique, but is not in the row.

    Neither is the time of the event: the nearest is the subscriber's own, which is null after a new subscription and
    later after another unsubscribe.
    """

    endpoint = "unsubscribes"
    primary_key = ["campaign_uuid", "subscriber_uuid"]
    sorts = ("-id",)
    changes_sort = "-id"
    unwanted = ("campaign",)  # v6 repeats the whole campaign, with all of its HTML, in every row

    def changed_at(self, row: Record) -> datetime | None:
        return parse_time((row.get("subscriber") or {}).get("unsubscribed_at"))

    def rest_is_known(self, page: Page, before: datetime) -> bool:
        """One old time proves nothing here: a complaint that is reported late has a new id and an old time."""
        times = [self.changed_at(row) for row in page.rows]
        return bool(times) and all(time is not None and time < before for time in times)

    def record(self, row: Record, stream_slice: Slice) -> dict[str, Any]:
        unsubscribed_at = (row.get("subscriber") or {}).get("unsubscribed_at")
        return {**super().record(row, stream_slice), "subscriber_unsubscribed_at": unsubscribed_at}


class CampaignBounces(CampaignStream):
    """A row for each subscriber and type of bounce. Types of one subscriber may share the second in which they came.

    `created_at` is the first of its kind for the subscriber: a repeated bounce moves nothing.
    """

    endpoint = "bounces"
    primary_key = ["campaign_uuid", "subscriber_uuid", "type"]
    sorts = ("-created_at,email,bounce_count",)
    changes_sort = "-created_at,email,bounce_count"
    may_tie = True
    since_version = ", which came with version 6.24"

    def changed_at(self, row: Record) -> datetime | None:
        return parse_time(row.get("created_at"))
