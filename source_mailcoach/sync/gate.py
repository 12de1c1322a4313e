"""What a pass may leave out because earlier passes have seen it: whole campaigns, and rows of a list. Pure.

Of the campaigns in the listing, the *gate* lets three kinds through: those that Mailcoach has counted again since the
last finished pass, those sent within the engagement window, and those that are pending (see `transitions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from source_mailcoach.sync.state import Parent, State
from source_mailcoach.sync.times import parse_time

# Mailcoach may be counting while the campaigns are listed. The time of that count is then a little before the listing.
GATE_MARGIN = timedelta(minutes=15)


@dataclass(frozen=True)
class Campaign(Parent):
    """What is known of a campaign from the listing. `has_list`: its email list is there, and its people with it."""

    status: str
    sent_at: str | None = None
    statistics_calculated_at: str | None = None
    has_list: bool = True
    counters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def was_sent(self) -> bool:
        """Drafts, and scheduled campaigns are drafts too, went to nobody: there is nothing below them to read."""
        return self.status != "draft"


@dataclass(frozen=True)
class Listing:
    """The campaigns in scope. `time`: when they were listed, at the earliest. The rest: see `Watermark`."""

    campaigns: Sequence[Campaign]
    time: datetime
    cursor: str | None = None
    began: str | None = None


def gate(state: State, listing: Listing, window: timedelta) -> list[Campaign]:
    """The campaigns that can have something new since the last finished pass."""
    return [
        campaign
        for campaign in listing.campaigns
        if campaign.was_sent
        and (state.pending_of(campaign) or _can_be_new(campaign, state.cursor, listing.time, window))
    ]


def _can_be_new(campaign: Campaign, cursor: str | None, now: datetime, window: timedelta) -> bool:
    since, counted = parse_time(cursor), parse_time(campaign.statistics_calculated_at)
    if since is None or counted is None or counted >= since - GATE_MARGIN:
        return True
    sent = parse_time(campaign.sent_at)
    return bool(window) and (sent is None or sent >= now - window)


def early_stop(
    state: State, campaign: Campaign, lookback: timedelta, window: timedelta | None = None
) -> datetime | None:
    """The time before which rows of a campaign are known already; None if all of it has to be read.

    A campaign that was not yet sent when the last pass began may never have been read: it can have been paused, and so
    out of scope, after its first rows came. `window` is given for events that do not make Mailcoach count again. After
    the engagement window nobody looks for these until another event causes a count: only rows from before its end, less
    the lookback, are known.
    """
    since, sent = parse_time(_since(state, campaign)), parse_time(campaign.sent_at)
    if since is None or sent is None or sent >= since - GATE_MARGIN:
        return None
    return min(since, sent + window if window else since) - lookback


def before_history(campaign: Campaign, start: datetime | None, lookback: timedelta) -> datetime | None:
    """The time before which rows of a campaign are not wanted; None if all are, as of one that is not older than that.

    The lookback is for rows whose own time lies before that of rows further down.
    """
    began = parse_time(campaign.sent_at or campaign.created_at)
    return start - lookback if start and began and began < start else None


def seen_before(state: State, parent: Parent) -> datetime | None:
    """The time before which the last finished pass saw all rows of a list that tell when they changed.

    None if there was none, or if the list is read whole for another reason.
    """
    if state.running and state.running.whole:
        return None
    since = parse_time(_since(state, parent))
    return since and since - GATE_MARGIN


def _since(state: State, parent: Parent) -> str | None:
    pending = state.pending_of(parent)
    return pending.since if pending else state.cursor
