"""The owner of lists below a campaign. Only campaigns that can have something new are read again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from source_mailcoach.config import Config
from source_mailcoach.messages.events import Announced, Counter, RequestsSaved, RowsExpected
from source_mailcoach.streams.adapter import MailcoachSubStream
from source_mailcoach.streams.campaigns import Campaigns
from source_mailcoach.streams.facts import Slice
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync import clocks, gate, transitions
from source_mailcoach.sync.gate import Campaign
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.state import Mode, Parent, Scope, State
from source_mailcoach.sync.times import parse_time


class OfCampaigns:
    """A list for each campaign that can have something new: see `gate`."""

    unit = "campaigns"
    start_date = None  # of the rows that come, those from before it are kept

    def __init__(self, pages: Pages, config: Config, campaigns: Campaigns) -> None:
        self._pages, self._client, self._facts, self._config = pages, pages.client, pages.facts, config
        self._campaigns = campaigns
        self.scope: Scope = campaigns.scope

    def next_pass(self, saved: Mapping[str, Any], mode: Mode) -> tuple[State, str | None, Sequence[Parent]]:
        self._campaigns.renew()
        return self._next_pass(saved, mode)

    def _next_pass(self, saved: Mapping[str, Any], mode: Mode) -> tuple[State, str | None, Sequence[Campaign]]:
        listing = self._campaigns.listing()
        now = clocks.latest(self._client.server_time)
        reached, reason = transitions.start_pass(saved, self.scope, mode, now, listing.cursor, listing.began)
        reached = transitions.listed(reached, listing.campaigns)
        return reached, reason, transitions.due(reached, gate.gate(reached, listing, self._config.engagement_window))

    def slice_of(self, parent: Parent) -> Slice:
        """Not the campaign itself, which has four HTML bodies."""
        assert isinstance(parent, Campaign)
        return {
            "campaign_uuid": parent.uuid,
            "campaign_sent_at": parent.sent_at,
            "campaign_statistics_calculated_at": parent.statistics_calculated_at,
        }

    def known_before(self, reached: State, parent: Parent) -> datetime | None:
        assert isinstance(parent, Campaign)
        window = self._config.engagement_window if self._facts.uncounted else None
        known = gate.early_stop(reached, parent, self._config.lookback, window)
        before = gate.before_history(parent, parse_time(self._config.start), self._config.lookback)
        return max((time for time in (known, before) if time), default=None)

    def saw(self, reached: State, page: Page, parent: Parent, newest_first: bool) -> State:
        return transitions.saw(reached, self._pages.now)

    def is_gone(self, parent: Parent) -> bool:
        return self._campaigns.is_gone(parent.uuid)

    def counter_of(self, parent: Parent) -> Counter | None:
        assert isinstance(parent, Campaign)
        if not self._facts.counter:
            return None
        sent_at, counted_at = parse_time(parent.sent_at), parse_time(parent.statistics_calculated_at)
        rows = parent.counters.get(self._facts.counter, 0)
        return Counter(self._facts.counter, rows, sent_at, counted_at, parent.has_list)

    def announce(self, reached: State, due: Sequence[Parent]) -> None:
        """Requests for campaigns that are done, or that have nothing new, count as saved."""
        campaigns = [campaign for campaign in self._campaigns.listing().campaigns if campaign.was_sent]
        requests = {campaign.uuid: self._requests_for(campaign) for campaign in campaigns}
        self._pages.emit(RequestsSaved(sum(requests.values()) - sum(requests[parent.uuid] for parent in due)))
        if self._facts.counter:
            self._pages.emit(RowsExpected(sum(self._new_rows_of(reached, parent) for parent in due)))
        what = f"{len(due):,} of {len(campaigns):,} campaigns are to be read"
        to_come = sum(self._requests_to_come(reached, parent) for parent in due)
        self._pages.emit(Announced(self._pages.stream, what, to_come, self._client.budget.per_minute))

    def expected_requests(self, mode: Mode, saved: Mapping[str, Any]) -> int:
        reached, _, due = self._next_pass(saved, mode)
        return sum(self._requests_to_come(reached, parent) for parent in due)

    def _new_rows_of(self, reached: State, parent: Parent) -> int:
        """By Mailcoach's count; where most of a list is known, what is new is taken to be on one page."""
        assert isinstance(parent, Campaign)
        rows: int = parent.counters.get(self._facts.counter, 0)
        return min(rows, self._client.rows_per_page) if self.known_before(reached, parent) else rows

    def _requests_to_come(self, reached: State, parent: Parent) -> int:
        rows = self._new_rows_of(reached, parent) if self._facts.counter else None
        return self._client.requests_for(rows)

    def _requests_for(self, campaign: Campaign) -> int:
        return self._client.requests_for(campaign.counters.get(self._facts.counter))


class CampaignStream(MailcoachSubStream):
    """A list below a campaign. Its rows do not name the campaign, so they are stamped with its uuid and times."""

    parent: Campaigns

    def owner_of_lists(self) -> OfCampaigns:
        return OfCampaigns(self.pages, self.config, self.parent)
