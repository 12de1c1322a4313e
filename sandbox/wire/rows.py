"""Rows of lists and campaigns as the server sends them: the record, plus all that is odd about it in this version."""

from __future__ import annotations

import re
from typing import Any

from sandbox.life.store import Store
from sandbox.wire.records import (
    Row,
    bounce_record,
    campaign_record,
    click_record,
    email_list_record,
    open_record,
    unsubscribe_record,
)
from sandbox.world.entities import BounceGroup, Campaign, EmailList, Link, OpenGroup, Unsubscribe
from sandbox.world.times import wire_time

PHP_INT_MAX = 2**63 - 1


def php_int(text: str) -> int:
    """PHP's `(int)` of a text: its leading digits, read as a float if an exponent follows, else 0."""
    number = re.match(r"\d+(?:e\d+)?", text)
    if number is None:
        return 0
    try:
        return min(PHP_INT_MAX, int(float(number.group())))
    except OverflowError:
        return PHP_INT_MAX


def email_list_row(email_list: EmailList, store: Store) -> Row:
    row = loose(email_list_record(email_list, store), store, email_list.id)
    if store.version.integer_ids:
        row = {"id": email_list.id, "send_welcome_mail": False, **row}
        del row["honeypot_field"]
    return row


def email_list_detail(email_list: EmailList, store: Store) -> Row:
    """The detail counted nobody until 7.2.8."""
    row = email_list_row(email_list, store)
    return row | {"active_subscribers_count": 0} if store.version.number <= 6 else row


def campaign_row(campaign: Campaign, store: Store) -> Row:
    row = loose(campaign_record(campaign, store), store, campaign.id)
    if campaign.email_list is not None:
        row["email_list"] = email_list_row(campaign.email_list, store)
    row["fields"] = row["fields"] or []
    if store.version.integer_ids:
        owner = campaign.email_list
        row = {"id": campaign.id, "email_list_id": owner and owner.id, "track_opens": True, "track_clicks": True, **row}
        for absent in ("email_list_uuid", "template_uuid", "template", "fields"):
            row.pop(absent, None)
    return row


def open_row(group: OpenGroup, campaign: Campaign, store: Store) -> Row:
    subscriber = group.subscriber
    if store.version.integer_ids:
        return {
            "subscriber_id": subscriber.id,
            "subscriber_email_list_id": subscriber.email_list.id,
            "subscriber_email": subscriber.email,
            "open_count": group.opens,
            "first_opened_at": wire_time(group.first),
        }
    row = loose(open_record(group, store), store, subscriber.id)
    row["subscriber_email_list_uuid"] = php_int(subscriber.email_list.uuid)
    return row if store.version.has_last_opened_at else {"uuid": None, **row}


def click_row(link: Link, campaign: Campaign, store: Store) -> Row:
    row = loose(click_record(link, store), store, campaign.id)
    if store.version.integer_ids:
        del row["uuid"]
    return row


def unsubscribe_row(unsubscribe: Unsubscribe, campaign: Campaign, store: Store) -> Row:
    """The only child row that says which campaign it belongs to."""
    row: Row = {"campaign_uuid": campaign.uuid, **unsubscribe_record(unsubscribe)}
    subscriber = row["subscriber"]
    if store.version.empty_attributes_as_list and not subscriber["extra_attributes"]:
        subscriber["extra_attributes"] = []
    if store.version.integer_ids:
        return {"campaign_id": campaign.id, "subscriber_id": unsubscribe.subscriber.id} | {
            key: row[key] for key in ("subscriber_email", "subscriber")
        }
    if store.version.number == 6:
        row["campaign"] = campaign_row(campaign, store)
    return row


def bounce_row(group: BounceGroup, campaign: Campaign, store: Store) -> Row:
    return loose(bounce_record(group), store, group.subscriber.id)


def with_id(row: Row, entity: Any, store: Store) -> Row:
    """v5 knows its rows by an integer."""
    return {"id": entity.id, **row} if store.version.integer_ids else row


def loose(row: Row, store: Store, number: int) -> Row:
    """On old database drivers, every third row: integers as text, booleans as 0 or 1."""
    if not store.version.loose_types or number % 3:
        return row
    return {key: _loose_value(value) for key, value in row.items()}


def _loose_value(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return str(value) if isinstance(value, int) else value
