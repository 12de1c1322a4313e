"""Rows of the audience as the server sends them, with all that is odd about them."""

from __future__ import annotations

from sandbox.life.store import Store
from sandbox.wire.audience_records import (
    import_detail_record,
    import_record,
    segment_record,
    suppression_record,
    tag_record,
)
from sandbox.wire.records import Row, subscriber_record
from sandbox.wire.rows import loose, with_id
from sandbox.world.audience_entities import Segment, SubscriberImport, Suppression, Tag
from sandbox.world.entities import Subscriber


def subscriber_row(subscriber: Subscriber, store: Store) -> Row:
    row = subscriber_record(subscriber)
    if store.version.empty_attributes_as_list and not row["extra_attributes"]:
        row["extra_attributes"] = []
    if store.version.integer_ids:
        del row["email_list_uuid"]
        row["email_list_id"] = subscriber.email_list.id
    return with_id(row, subscriber, store)


def tag_row(tag: Tag, store: Store) -> Row:
    return tag_record(tag)


def segment_row(segment: Segment, store: Store) -> Row:
    return loose(segment_record(segment, store), store, segment.id)


def suppression_row(suppression: Suppression, store: Store) -> Row:
    return suppression_record(suppression)


def import_row(subscriber_import: SubscriberImport, store: Store) -> Row:
    return _import(import_record(subscriber_import), subscriber_import, store)


def import_detail(subscriber_import: SubscriberImport, store: Store) -> Row:
    return _import(import_detail_record(subscriber_import, store), subscriber_import, store)


def _import(row: Row, subscriber_import: SubscriberImport, store: Store) -> Row:
    """Cloud calls the list's uuid `email_list_id`."""
    row = loose(row, store, subscriber_import.id)
    uuid = row.pop("email_list_uuid")
    return with_id(row | {store.version.imports_spelling: uuid}, subscriber_import, store)
