"""What a connector must have delivered: the exact records of each stream, from the data and not from the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .entities import Campaign, Unsubscribe
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
from .times import wire_time_or_none


def _unsubscribe(unsubscribe: Unsubscribe, store: Store) -> Row:
    record = unsubscribe_record(unsubscribe)
    return record | {"subscriber_unsubscribed_at": record["subscriber"]["unsubscribed_at"]}


CHILD_STREAMS: Mapping[str, tuple[str, Callable[[Any, Store], Row]]] = {
    "campaign_clicks": ("clicks", click_record),
    "campaign_opens": ("opens", open_record),
    "campaign_unsubscribes": ("unsubscribes", _unsubscribe),
    "campaign_bounces": ("bounces", lambda group, store: bounce_record(group)),
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


def stamp(campaign: Campaign) -> Row:
    """What each child record carries of its campaign, as the campaign is now."""
    return {
        "campaign_uuid": campaign.uuid,
        "campaign_sent_at": wire_time_or_none(campaign.sent_at),
        "campaign_statistics_calculated_at": wire_time_or_none(campaign.statistics_calculated_at),
    }


def truth(store: Store, stream: str, campaign_status: str = "sent") -> list[Row]:
    """In no particular order; generated opens are left out. v5 has no records: a connector refuses it."""
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
            stamp(campaign) | record(row, store)
            for campaign in parents(store, campaign_status)
            if kind != "opens" or campaign.uuid not in store.generated
            for row in store.children(campaign, kind)
        ]
