"""Clicks by link, and one by one. Mailcoach gives both in one answer, which is asked for once if both are read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader

from source_mailcoach.config import Config
from source_mailcoach.records.spool import Spool
from source_mailcoach.streams.campaigns import Campaigns
from source_mailcoach.streams.facts import Facts, Row, Slice
from source_mailcoach.streams.of_campaigns import CampaignStream
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync.paging import Page
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Query


class KeptPages(Pages):
    """Pages of links that are kept on disk as they are read, for the stream of the single clicks."""

    spool: Spool | None = None

    def whole_list(self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple) -> Iterator[Page]:
        campaign, missing = stream_slice["campaign_uuid"], self.missing
        for page in super().whole_list(sort, stream_slice, then):
            if self.spool:
                self.spool.keep(campaign, page.rows)
            yield page
        if self.spool and self.missing == missing:
            self.spool.complete(campaign)


class PagesWithClicks(Pages):
    """Pages of links with their clicks: from disk if they are kept there, else from the server.

    `has_clicks`: whether any link came with the field `clicks`. Before 7.0 none does.
    """

    spool: Spool | None = None
    has_clicks = False
    counts_records = False

    def whole_list(self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple) -> Iterator[Page]:
        campaign = stream_slice["campaign_uuid"]
        if self.spool and self.spool.has(campaign):
            kept = enumerate(self.spool.pages(campaign), 1)
            pages: Iterable[Page] = (Page(number, number, len(rows), len(rows), rows) for number, rows in kept)
        else:
            pages = super().whole_list(sort, stream_slice, then)
        for page in pages:
            self.has_clicks = self.has_clicks or any("clicks" in row for row in page.rows)
            yield page


class CampaignClicks(CampaignStream):
    """A row for each link that was clicked. Sortable by its counters only.

    Counters of several links can be equal, and they grow while the list is read. So a campaign's links are always read
    whole, until as many have come as Mailcoach counts.
    """

    facts = Facts(
        endpoint="campaigns/{campaign_uuid}/clicks",
        key=("campaign_uuid", "uuid"),
        cursor="campaign_statistics_calculated_at",
        sort="-unique_click_count,-click_count",
        short=True,
    )
    pages_type = KeptPages
    pages: KeptPages

    def __init__(self, parent: Campaigns, client: MailcoachClient, config: Config, spool: Spool | None = None) -> None:
        super().__init__(parent, client, config)
        self.pages.spool = spool


class CampaignClickEvents(CampaignStream):
    """A row for each click. The server sends all clicks of a link within the row of the link, since 7.0."""

    facts = Facts(
        endpoint="campaigns/{campaign_uuid}/clicks",
        key=("uuid",),
        cursor="campaign_statistics_calculated_at",
        sort="-unique_click_count,-click_count",
        short=True,
        since="Mailcoach 7.0",
    )
    pages_type = PagesWithClicks
    pages: PagesWithClicks

    def __init__(self, parent: Campaigns, client: MailcoachClient, config: Config, spool: Spool | None = None) -> None:
        super().__init__(parent, client, config)
        self.pages.spool = spool
        self.pages.asks_ahead = spool is None

    def row_schema(self) -> Mapping[str, Any]:
        return ResourceSchemaLoader("source_mailcoach").get_schema("campaign_clicks")

    def records_of(self, row: Row) -> Iterable[Row]:
        """Before 7.0 links have no clicks: the stream ends with a warning. What is no click is counted and left out."""
        if not self.pages.has_clicks and self.passes:
            self.passes.end_as_lacking("only counts clicks")
        clicks = row.get("clicks") or []
        for click in clicks if isinstance(clicks, list) else [clicks]:
            if isinstance(click, dict) and click:
                self.pages.fit.drift.without_key += not click.get("uuid")
                yield {**click, "link_uuid": row.get("uuid"), "url": row.get("url")}
            else:
                self.pages.fit.drift.empty += 1
