"""What recipients did with a campaign: a request and more for each campaign that was sent."""

from abc import ABC
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.http import HttpSubStream

from source_mailcoach import problems
from source_mailcoach.api import MailcoachClient
from source_mailcoach.paging import Page
from source_mailcoach.problems import MailcoachError
from source_mailcoach.streams.base import MailcoachStream, Record, Slice
from source_mailcoach.streams.campaigns import Campaigns


class CampaignStream(MailcoachStream, HttpSubStream, ABC):
    """A list below a campaign. Its rows are stamped with `campaign_uuid`, which most of them lack."""

    unwanted: ClassVar[tuple[str, ...]] = ()
    since: ClassVar[str] = ""

    def __init__(self, parent: Campaigns, client: MailcoachClient, page_size: int) -> None:
        super().__init__(client, page_size, parent=parent)
        self.parent: Campaigns = parent
        self.missing_endpoint = False

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return f"campaigns/{(stream_slice or {})['campaign_uuid']}/{self.endpoint}"

    def stream_slices(self, *_: Any, **__: Any) -> Iterable[Slice]:
        """One slice a campaign, holding nothing but its uuid: the record has four HTML bodies."""
        campaigns = [campaign for campaign in self.parent.index() if campaign.can_have_engagement]
        self.progress = self.start_progress("campaigns")
        self.progress.whole = len(campaigns)
        for campaign in campaigns:
            if self.missing_endpoint:
                break
            yield {"campaign_uuid": campaign.uuid}
            self.progress.done += 1
        self.progress.finish()

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Record]:
        """The records of one campaign; none, and a warning, if the server has no such list."""
        campaign = stream_slice or {}
        try:
            yield from self.records(campaign)
        except MailcoachError as error:
            if error.problem is not problems.NOT_FOUND:
                raise
            self._explain_not_found(campaign["campaign_uuid"])

    def count(self, page: Page) -> None:
        self.progress.rows += len(page.rows)

    def _explain_not_found(self, campaign_uuid: str) -> None:
        """404 means a campaign deleted since it was listed, or an endpoint that this server does not have yet."""
        if self.parent.exists(campaign_uuid):
            self.missing_endpoint = True
            self.logger.warning(f"This Mailcoach has no {self.endpoint} of campaigns{self.since}: no rows are read.")
        else:
            self.logger.warning(f"Campaign {campaign_uuid} was deleted during the sync and is left out of {self.name}.")

    def record(self, row: Record, stream_slice: Slice) -> Record:
        return {
            **{field: value for field, value in row.items() if field not in self.unwanted},
            "campaign_uuid": stream_slice["campaign_uuid"],
        }

    @property
    def row_key(self) -> list[str]:
        return [field for field in super().row_key if field != "campaign_uuid"]


class CampaignClicks(CampaignStream):
    """A row for each link that was clicked. Sortable by its counters only, which tie and grow while they are read."""

    endpoint = "clicks"
    primary_key = ["campaign_uuid", "uuid"]
    sorts = ("-unique_click_count,-click_count", "unique_click_count,click_count")


class CampaignOpens(CampaignStream):
    """A row for each subscriber who opened. `first_opened_at` never changes, and an email is once on a list."""

    endpoint = "opens"
    primary_key = ["campaign_uuid", "subscriber_uuid"]
    sorts = ("-first_opened_at,email",)
    unwanted = ("uuid",)  # v6 and v7 send it, always null

    def record(self, row: Record, stream_slice: Slice) -> Record:
        """Up to v8 the list's uuid is cast to an integer, which leaves 845 or 0 of it: no list is found by that."""
        list_uuid = row.get("subscriber_email_list_uuid")
        fixed = {"subscriber_email_list_uuid": list_uuid if isinstance(list_uuid, str) else None}
        return super().record({**row, **fixed}, stream_slice)


class CampaignUnsubscribes(CampaignStream):
    """A row for each subscriber who left by this campaign. The `id` to sort by is unique, but is not in the row."""

    endpoint = "unsubscribes"
    primary_key = ["campaign_uuid", "subscriber_uuid"]
    sorts = ("-id",)
    unwanted = ("campaign",)  # v6 repeats the whole campaign, with all of its HTML, in every row


class CampaignBounces(CampaignStream):
    """A row for each subscriber and type of bounce. Types of one subscriber may share the second in which they came."""

    endpoint = "bounces"
    primary_key = ["campaign_uuid", "subscriber_uuid", "type"]
    sorts = ("-created_at,email,bounce_count", "created_at,-email,-bounce_count")
    since = ", which came with version 6.24"
