"""What a connector must have delivered: the exact records of each stream, from the data and not from the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .entities import Campaign
from .records import (
    Row,
    bounce_record,
    campaign_record,
    click_record,
    email_list_record,
    open_record,
    unsubscribe_record,
)
from .store import Store

CHILD_STREAMS: dict[str, tuple[str, Callable[[Any, Campaign, Store], Row]]] = {
    "campaign_clicks": ("clicks", click_record),
    "campaign_opens": ("opens", open_record),
    "campaign_unsubscribes": ("unsubscribes", unsubscribe_record),
    "campaign_bounces": ("bounces", bounce_record),
}
STREAMS = ("email_lists", "campaigns", *CHILD_STREAMS)
CAMPAIGN_STATUSES = ("sent", "scheduled", "draft", "all")


def in_scope(campaign: Campaign, campaign_status: str) -> bool:
    """`sent` is sending too; `scheduled` is a draft with a date; cancelled and paused are in `all` alone."""
    if campaign_status not in CAMPAIGN_STATUSES:
        raise ValueError(f"{campaign_status} is none of {', '.join(CAMPAIGN_STATUSES)}")
    if campaign_status == "sent":
        return campaign.status in ("sending", "sent")
    if campaign_status == "all":
        return True
    return campaign.status == "draft" and (campaign.scheduled_at is not None) == (campaign_status == "scheduled")


def campaigns_in_scope(store: Store, campaign_status: str) -> list[Campaign]:
    with store.lock:
        return [campaign for campaign in store.campaigns.values() if in_scope(campaign, campaign_status)]


def parents(store: Store, campaign_status: str) -> list[Campaign]:
    """The campaigns whose children are read: those in scope that aren't drafts, scheduled ones included."""
    return [campaign for campaign in campaigns_in_scope(store, campaign_status) if campaign.status != "draft"]


def truth(store: Store, stream: str, campaign_status: str = "sent") -> list[Row]:
    """In no particular order. v5 has no records: a connector refuses it."""
    if stream not in STREAMS:
        raise ValueError(f"{stream} is none of {', '.join(STREAMS)}")
    if store.version.integer_ids:
        raise ValueError("v5 is there to be recognized; it has no records")
    with store.lock:
        if stream == "email_lists":
            return [email_list_record(email_list, store) for email_list in store.email_lists.values()]
        if stream == "campaigns":
            return [campaign_record(campaign, store) for campaign in campaigns_in_scope(store, campaign_status)]
        kind, record = CHILD_STREAMS[stream]
        return [
            record(row, campaign, store)
            for campaign in parents(store, campaign_status)
            for row in store.children(campaign, kind)
        ]
