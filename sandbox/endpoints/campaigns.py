"""The list endpoints of email lists, of campaigns and below a campaign: sorts, filters, default orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.endpoints.query import Endpoint, like, one_of
from sandbox.life.store import Store
from sandbox.wire.records import Row, unique_clicks
from sandbox.wire.rows import bounce_row, click_row, open_row, unsubscribe_row
from sandbox.world.entities import BounceGroup, Campaign, EmailList, Link, OpenGroup, Subscriber, Unsubscribe, in_scope
from sandbox.world.versions import Version

COUNTER_SORTS = ("unique_open_count", "unique_click_count", "unsubscribe_rate", "sent_to_number_of_subscribers")


def _by_status(campaign: Campaign, value: str) -> bool:
    """A status that the filter doesn't know changes nothing: all campaigns come back."""
    return in_scope(campaign, value) if value in ("sent", "scheduled", "draft") else True


def _by_sent(version: Version) -> Callable[[Campaign], Any]:
    """Read downwards: unscheduled drafts first, then by date."""

    def key(campaign: Campaign) -> tuple[bool, int]:
        touched = campaign.last_modified_at if version.number <= 6 else campaign.updated_at
        moments = (campaign.scheduled_at, campaign.sent_at, touched)
        unscheduled = campaign.status == "draft" and campaign.scheduled_at is None
        return unscheduled, next(moment for moment in moments if moment is not None)

    return key


def _search_subscriber(unsubscribe: Unsubscribe, value: str) -> bool:
    who: Subscriber = unsubscribe.subscriber
    return any(like(text, value) for text in (who.email, who.first_name, who.last_name))


def email_lists_endpoint(store: Store) -> Endpoint[EmailList]:
    """The exact `name` filter came with 8.11.3."""
    return Endpoint(
        sorts={
            "name": lambda row: row.name.casefold(),
            "created_at": lambda row: row.created_at,
            "active_subscribers_count": store.active_subscribers,
        },
        filters={
            "search": lambda row, value: like(row.name, value),
            "name": lambda row, value: one_of(row.name, value),
        },
        default=("name",),
        since={"filter name": 8},
    )


def campaigns_endpoint(store: Store) -> Endpoint[Campaign]:
    """The counters left the campaigns' table in v7; their sorts are still allowed and break."""
    return Endpoint(
        sorts={
            "name": lambda row: row.name.casefold(),
            "email_list_id": lambda row: row.email_list.id if row.email_list else 0,
            "sent": _by_sent(store.version),
            "unique_open_count": lambda row: row.statistics.unique_open_count,
            "unique_click_count": lambda row: row.statistics.unique_click_count,
            "unsubscribe_rate": lambda row: (
                row.statistics.unsubscribe_count / max(1, row.sent_to_number_of_subscribers)
            ),
            "sent_to_number_of_subscribers": lambda row: row.sent_to_number_of_subscribers,
        },
        filters={
            "search": lambda row, value: like(row.name, value),
            "status": _by_status,
            "email_list_id": lambda row, value: row.email_list is not None and one_of(str(row.email_list.id), value),
            "emailList.uuid": lambda row, value: row.email_list is not None and one_of(row.email_list.uuid, value),
            "contentItem.template.uuid": lambda row, value: one_of(row.template_uuid, value),
        },
        default=("-sent",),
        since={"filter emailList.uuid": 8, "filter contentItem.template.uuid": 8},
        broken=lambda version: () if version.counters_on_campaign else COUNTER_SORTS,
    )


OPENS: Endpoint[OpenGroup] = Endpoint(
    sorts={
        "email": lambda row: row.subscriber.email.casefold(),
        "open_count": lambda row: row.opens,
        "first_opened_at": lambda row: row.first,
        "last_opened_at": lambda row: row.last,
    },
    filters={"search": lambda row, value: like(row.subscriber.email, value)},
    default=("-first_opened_at",),
    since={"sort last_opened_at": 8},
)

CLICKS: Endpoint[Link] = Endpoint(
    sorts={"unique_click_count": unique_clicks, "click_count": lambda row: len(row.clicks)},
    filters={"search": lambda row, value: like(row.url, value)},
    default=("-unique_click_count",),
)

UNSUBSCRIBES: Endpoint[Unsubscribe] = Endpoint(
    sorts={"created_at": lambda row: row.at, "id": lambda row: row.id},
    filters={"search": _search_subscriber},
    default=("-created_at", "-id"),
)

BOUNCES: Endpoint[BounceGroup] = Endpoint(
    sorts={
        "email": lambda row: row.subscriber.email.casefold(),
        "bounce_count": lambda row: row.bounces,
        "created_at": lambda row: row.first,
    },
    filters={
        "search": lambda row, value: like(row.subscriber.email, value),
        "type": lambda row, value: one_of(row.type, value),
    },
    default=("-created_at",),
)


@dataclass(frozen=True)
class Child:
    """An endpoint under a campaign."""

    endpoint: Endpoint[Any]
    row: Callable[[Any, Campaign, Store], Row]


CHILDREN = {
    "opens": Child(OPENS, open_row),
    "clicks": Child(CLICKS, click_row),
    "unsubscribes": Child(UNSUBSCRIBES, unsubscribe_row),
    "bounces": Child(BOUNCES, bounce_row),
}
