"""Clicks, by link and one by one, which Mailcoach gives in one answer: it is asked for once if both are read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader

from source_mailcoach.config import Config
from source_mailcoach.records.spool import Spool
from source_mailcoach.streams.base import Record, Slice
from source_mailcoach.streams.campaign_stream import CampaignStream
from source_mailcoach.streams.campaigns import Campaigns
from source_mailcoach.sync.paging import Page, Position
from source_mailcoach.sync.state import Parent
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Query


class CampaignClicks(CampaignStream):
    """A row for each link that was clicked. Sortable by its counters only, which tie and grow while they are read.

    So a campaign's links are always read whole, and checked against their number.
    """

    endpoint = "clicks"
    primary_key = ["campaign_uuid", "uuid"]
    sort = "-unique_click_count,-click_count"
    short = True

    def __init__(self, parent: Campaigns, client: MailcoachClient, config: Config, spool: Spool | None = None) -> None:
        super().__init__(parent, client, config)
        self.spool = spool

    def _pages(
        self, sort: str, parent: Parent, stream_slice: Slice, may_stop: bool
    ) -> Iterator[tuple[Page, Position | None]]:
        for page, position in super()._pages(sort, parent, stream_slice, may_stop):
            if self.spool:
                self.spool.keep(parent.uuid, page.rows)
            yield page, position
        if self.spool:
            self.spool.complete(parent.uuid)


class CampaignClickEvents(CampaignStream):
    """A row for each click. The server sends all clicks of a link within the row of the link, since 7.0."""

    endpoint = "clicks"
    primary_key = "uuid"
    sort = "-unique_click_count,-click_count"
    short = True
    since_version = "Mailcoach 7.0"

    def __init__(self, parent: Campaigns, client: MailcoachClient, config: Config, spool: Spool | None = None) -> None:
        super().__init__(parent, client, config)
        self.spool = spool
        self._has_clicks = False

    def row_schema(self) -> Mapping[str, Any]:
        return ResourceSchemaLoader("source_mailcoach").get_schema("campaign_clicks")

    def _pages(
        self, sort: str, parent: Parent, stream_slice: Slice, may_stop: bool
    ) -> Iterator[tuple[Page, Position | None]]:
        for page, position in self._pages_of_links(sort, parent, stream_slice, may_stop):
            self._has_clicks = self._has_clicks or any("clicks" in row for row in page.rows)
            yield page, position

    def _pages_of_links(
        self, sort: str, parent: Parent, stream_slice: Slice, may_stop: bool
    ) -> Iterator[tuple[Page, Position | None]]:
        if self.spool is None or not self.spool.has(parent.uuid):
            return super()._pages(sort, parent, stream_slice, may_stop)
        pages = enumerate(self.spool.pages(parent.uuid), 1)
        return ((Page(number, number, len(rows), len(rows), rows), None) for number, rows in pages)

    def _pages_to_come(self) -> Iterator[Query]:
        return iter(()) if self.spool else super()._pages_to_come()

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        """A link has no clicks at all before 7.0. What is none, in the place of one, is told and left out."""
        if not self._has_clicks and not self._missing_endpoint:
            self._missing_endpoint = True
            self.logger.warning(
                f"{self.name} needs {self.since_version}, and this server only counts clicks: no rows are read."
            )
        clicks = row.get("clicks") or []
        for click in clicks if isinstance(clicks, list) else [clicks]:
            if isinstance(click, dict) and click:
                self.fit.drift.without_key += not click.get("uuid")
                yield {**click, "link_uuid": row.get("uuid"), "url": row.get("url"), **stream_slice}
            else:
                self.fit.drift.empty += 1
