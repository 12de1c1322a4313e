"""The records of the audience per version, as `records.py` has those of campaigns."""

from __future__ import annotations

from sandbox.life.store import Store
from sandbox.wire.records import Row, subscriber_record
from sandbox.world.audience_entities import Segment, SubscriberImport, Suppression, Tag
from sandbox.world.entities import Subscriber
from sandbox.world.times import wire_time


def subscriber_with_status(subscriber: Subscriber) -> Row:
    """The status isn't on the wire: it follows from the two moments."""
    if subscriber.unsubscribed_at is not None:
        status = "unsubscribed"
    else:
        status = "unconfirmed" if subscriber.subscribed_at is None else "subscribed"
    return subscriber_record(subscriber) | {"status": status}


def tag_record(tag: Tag) -> Row:
    """Type and visibility are never told."""
    return {
        "uuid": tag.uuid,
        "name": tag.name,
        "email_list_uuid": tag.email_list.uuid,
        "created_at": wire_time(tag.created_at),
        "updated_at": wire_time(tag.updated_at),
    }


def segment_record(segment: Segment, store: Store) -> Row:
    record: Row = {
        "uuid": segment.uuid,
        "name": segment.name,
        "email_list_uuid": segment.email_list.uuid,
        "created_at": wire_time(segment.created_at),
        "updated_at": wire_time(segment.updated_at),
    }
    if store.version.tells_segments:
        record |= {
            "all_positive_tags_required": segment.all_positive_tags_required,
            "all_negative_tags_required": segment.all_negative_tags_required,
            "positive_tags": segment.positive_tags,
            "negative_tags": segment.negative_tags,
        }
    return record


def suppression_record(suppression: Suppression) -> Row:
    return {
        "uuid": suppression.uuid,
        "email": suppression.email,
        "reason": suppression.reason,
        "created_at": wire_time(suppression.created_at),
        "updated_at": wire_time(suppression.updated_at),
    }


def import_record(subscriber_import: SubscriberImport) -> Row:
    return {
        "uuid": subscriber_import.uuid,
        "status": subscriber_import.status,
        "email_list_uuid": subscriber_import.email_list.uuid,
        "subscribe_unsubscribed": subscriber_import.subscribe_unsubscribed,
        "unsubscribe_others": subscriber_import.unsubscribe_others,
        "replace_tags": subscriber_import.replace_tags,
        "imported_subscribers_count": subscriber_import.imported_subscribers_count,
        "error_count": subscriber_import.error_count,
    }


def import_detail_record(subscriber_import: SubscriberImport, store: Store) -> Row:
    """The row of the list, and what only the detail tells: the file, and since v8 the time."""
    record = import_record(subscriber_import) | {"subscribers_csv": subscriber_import.subscribers_csv}
    if store.version.number >= 8:
        record["created_at"] = wire_time(subscriber_import.created_at)
    return record
