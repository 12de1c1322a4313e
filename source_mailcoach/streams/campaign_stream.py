"""Streams of single campaigns: only those are read again of which something can be new."""

from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.http import HttpSubStream

from source_mailcoach.config import Config
from source_mailcoach.streams.base import Record, Slice
from source_mailcoach.streams.campaigns import Campaigns
from source_mailcoach.streams.pass_stream import PassStream
from source_mailcoach.sync import clocks, gate, state
from source_mailcoach.sync.gate import Campaign
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.state import Parent, Scope, State
from source_mailcoach.transport.api import MailcoachClient


class CampaignStream(PassStream, HttpSubStream, ABC):
    """A list below a campaign, whose rows are stamped with what they lack: the campaign and its times.

    `counter` is the campaign's own count of the rows, which can lag behind: good for an estimate. `uncounted` rows can
    come without a recount, and are few once the engagement window is over.
    """

    cursor_field = "campaign_statistics_calculated_at"
    unit = "campaigns"
    counter: ClassVar[str] = ""
    uncounted: ClassVar[bool] = False

    def __init__(self, parent: Campaigns, client: MailcoachClient, config: Config) -> None:
        super().__init__(client, config, parent=parent)
        self.parent: Campaigns = parent

    @property
    def scope(self) -> Scope:
        return self.parent.scope

    def begin(self, mode: state.Mode) -> tuple[State, str | None, Sequence[Parent]]:
        self.parent.renew()
        return self._begin(mode, self._state)

    def _begin(self, mode: state.Mode, saved: Mapping[str, Any]) -> tuple[State, str | None, Sequence[Campaign]]:
        listing = self.parent.listing()
        now = clocks.latest(self.client.server_time)
        reached, reason = state.begin(saved, self.scope, mode, now, listing.cursor, listing.began)
        reached = state.listed(reached, listing.campaigns)
        return reached, reason, state.due(reached, gate.gate(reached, listing, self.config.engagement_window))

    def expected_requests(self, mode: state.Mode, saved: Mapping[str, Any]) -> int:
        _, _, due = self._begin(mode, saved)
        return sum(self.requests_for(campaign.counters.get(self.counter)) for campaign in due)

    def announce(self, per_minute: float) -> None:
        """Campaigns that are done with, or have nothing new, are requests saved."""
        due = {parent.uuid for parent in self._due}
        campaigns = [campaign for campaign in self.parent.listing().campaigns if campaign.was_sent]
        requests = {campaign.uuid: self.requests_for(campaign.counters.get(self.counter)) for campaign in campaigns}
        to_come = sum(requests[uuid] for uuid in due)
        self.progress.saved = sum(requests.values()) - to_come
        self.progress.start(f"{len(due):,} of {len(campaigns):,} campaigns are to be read", to_come, per_minute)

    def known_before(self, parent: Parent) -> datetime | None:
        assert isinstance(parent, Campaign)
        window = self.config.engagement_window if self.uncounted else None
        return gate.early_stop(self._reached, parent, self.config.lookback, window)

    def changed_at(self, row: Record) -> datetime | None:
        return None

    def came(self, page: Page, parent: Parent, newest_first: bool) -> None:
        self._reached = state.saw(self._reached, self.now)

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return f"campaigns/{(stream_slice or {})['campaign_uuid']}/{self.endpoint}"

    def slice_of(self, parent: Parent) -> Slice:
        """Not the campaign itself, which has four HTML bodies."""
        assert isinstance(parent, Campaign)
        return {
            "campaign_uuid": parent.uuid,
            "campaign_sent_at": parent.sent_at,
            "campaign_statistics_calculated_at": parent.statistics_calculated_at,
        }

    def stream_slices(self, *, sync_mode: SyncMode, **more: Any) -> Iterable[Slice]:  # type: ignore[override]
        return PassStream.stream_slices(self, sync_mode=sync_mode, **more)

    def parent_is_gone(self, parent: Parent) -> bool:
        return self.parent.is_gone(parent.uuid)
