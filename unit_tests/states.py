"""Campaigns and states of them, for the tests of how far a stream has come."""

from datetime import datetime, timedelta, timezone
from typing import Any

from source_mailcoach.sync.gate import Campaign, Listing, gate
from source_mailcoach.sync.state import Mode, Scope, State
from source_mailcoach.sync.times import format_time, latest
from source_mailcoach.sync.transitions import due, start_pass

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
WEEK, DAY, HOUR, MINUTE = timedelta(days=7), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SCOPE: Scope = {"api_base_url": "https://news.example.com/api", "campaign_status": "sent", "start_date": None}
SORT = "-first_opened_at,email"


def time(ago: timedelta) -> str:
    return (NOW - ago).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def campaign(name: str, sent: timedelta | None = 60 * DAY, counted: timedelta | None = None, **more: Any) -> Campaign:
    fields: dict[str, Any] = {"created_at": time(100 * DAY), "status": "sent", **more}
    sent_at, counted_at = (None if ago is None else time(ago) for ago in (sent, counted))
    return Campaign(uuid=name, **fields, sent_at=sent_at, statistics_calculated_at=counted_at)


def listing(*campaigns: Campaign) -> Listing:
    newest = latest(*(found.statistics_calculated_at for found in campaigns))
    return Listing(campaigns, NOW, format_time(newest) if newest else None)


def start(stored: dict[str, Any], scope: Scope, mode: Mode, found: Listing) -> tuple[State, str | None]:
    return start_pass(stored, scope, mode, found.time, found.cursor)


def due_names(state: State, *campaigns: Campaign, window: timedelta = WEEK) -> list[str]:
    return [found.uuid for found in due(state, gate(state, listing(*campaigns), window))]


SINCE = State(SCOPE, time(HOUR))
