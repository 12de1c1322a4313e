"""The list endpoints of the audience: sorts, filters, default orders."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.endpoints.query import Endpoint, like, nullable, one_of
from sandbox.life.store import Store
from sandbox.world.audience_entities import Segment, SubscriberImport, Suppression, Tag
from sandbox.world.entities import Subscriber

STATUSES = ("unconfirmed", "subscribed", "unsubscribed")


def subscribers_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[Subscriber]:
    """An unknown status or tag filters nothing. `search` looks at addresses alone, whatever the manual says."""
    known = {tag.name for tag in store.tags.values()}
    names = [name for name in query.get("filter[tags]", "").split(",") if name in known]
    every = query.get("filter[tagType]") == "all"

    def has_status(row: Subscriber, value: str) -> bool:
        if value not in STATUSES:
            return True
        if row.unsubscribed_at is not None:
            return value == "unsubscribed"
        return value == ("unconfirmed" if row.subscribed_at is None else "subscribed")

    def is_tagged(row: Subscriber, value: str) -> bool:
        return not names or (all if every else any)(name in row.tags for name in names)

    return Endpoint(
        sorts={
            "created_at": lambda row: row.created_at,
            "updated_at": lambda row: row.updated_at,
            "subscribed_at": lambda row: nullable(row.subscribed_at, store.nulls_first),
            "unsubscribed_at": lambda row: nullable(row.unsubscribed_at, store.nulls_first),
            "email": lambda row: row.email.casefold(),
            "first_name": lambda row: nullable(row.first_name and row.first_name.casefold(), store.nulls_first),
            "last_name": lambda row: nullable(row.last_name and row.last_name.casefold(), store.nulls_first),
            "id": lambda row: row.id,
        },
        filters={
            "search": lambda row, value: like(row.email, value),
            "email": lambda row, value: one_of(row.email, value),
            "status": has_status,
            "tags": is_tagged,
            "tagType": lambda row, value: True,
        },
        default=("-created_at", "-id"),
        since={"filter tags": 6, "filter tagType": 6},
    )


def tags_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[Tag]:
    """`subscriber_count` may be asked for, but isn't selected."""
    return Endpoint(
        sorts={
            "name": lambda row: row.name.casefold(),
            "updated_at": lambda row: row.updated_at,
            "visible_in_preferences": lambda row: row.visible_in_preferences,
            "subscriber_count": lambda row: 0,
        },
        filters={
            "search": lambda row, value: like(row.name, value),
            "type": lambda row, value: one_of(row.type, value),
        },
        default=("name",),
        broken=lambda version: ("subscriber_count",),
    )


def segments_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[Segment]:
    """As since 6.24.5; before, no sort was allowed."""
    return Endpoint(
        sorts={"name": lambda row: row.name.casefold(), "created_at": lambda row: row.created_at},
        filters={"search": lambda row, value: like(row.name, value)},
        default=("name",),
    )


def suppressions_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[Suppression]:
    return Endpoint(
        sorts={"created_at": lambda row: row.created_at},
        filters={
            "search": lambda row, value: like(row.email, value),
            "reason": lambda row, value: one_of(row.reason, value),
        },
        default=(),
    )


def imports_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[SubscriberImport]:
    return Endpoint(
        sorts={"created_at": lambda row: row.created_at, "status": lambda row: row.status},
        filters={
            "email_list_uuid": lambda row, value: one_of(row.email_list.uuid, value),
            "status": lambda row, value: one_of(row.status, value),
        },
        default=(),
        hears=None if store.version.queries_imports else ("filter[email_list_uuid]", "page"),
    )
