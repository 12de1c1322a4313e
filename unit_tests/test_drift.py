"""A new version of Mailcoach is noticed: what the schema does not foresee is counted, kept, and told once a field."""

import logging
from typing import Any

import pytest

from source_mailcoach.records import SchemaTransformer

SCHEMA: dict[str, Any] = {
    "properties": {
        "uuid": {"type": "string"},
        "count": {"type": ["null", "integer"]},
        "sent": {"type": ["null", "boolean"]},
        "owner": {"type": ["null", "object"], "properties": {"name": {"type": ["null", "string"]}}},
        "anything": {"type": ["null", "object"]},
        "tags": {"type": ["null", "array"], "items": {"type": "string"}},
    }
}


def transformed(*records: dict[str, Any]) -> SchemaTransformer:
    transformer = SchemaTransformer(SCHEMA)
    for record in records:
        transformer.transform(record, SCHEMA)
    return transformer


def test_unknown_fields_and_values_of_other_types_are_counted_and_kept() -> None:
    first = {"uuid": "a", "count": "many", "new": 1, "owner": {"name": {"first": "Ada"}, "age": 36}, "tags": [1, "x"]}
    second = {"uuid": "b", "new": None, "sent": "perhaps", "owner": [1]}
    drift = transformed(first, second).drift
    assert drift.unknown == {"new": 2, "owner.age": 1}
    assert drift.misfits == {"count": 1, "owner.name": 1, "tags": 1, "sent": 1, "owner": 1}
    assert first["owner"] == {"name": '{"first": "Ada"}', "age": 36}
    assert (first["count"], second["sent"], second["owner"], first["tags"]) == ("many", "perhaps", [1], ["1", "x"])


def test_what_every_version_sends_in_its_own_way_is_no_drift() -> None:
    drift = transformed(
        {"uuid": "a", "count": "12", "sent": 1, "owner": [], "anything": {"city": "Ghent"}, "tags": {"0": "x"}},
        {"uuid": "b", "count": None, "sent": None, "owner": None, "anything": None, "tags": None},
    ).drift
    assert not drift.unknown
    assert not drift.misfits


def test_is_told_once_for_each_field(caplog: pytest.LogCaptureFixture) -> None:
    drift = transformed(*({"uuid": "a", "new": 1, "count": "many"} for _ in range(1200))).drift
    for _ in range(2):
        drift.report(logging.getLogger("airbyte.test"))
    assert caplog.messages == [
        "Mailcoach sent a field that is not in the schema: new, in 1,200 records. It is kept.",
        "Mailcoach sent values of another type than the schema has for count, in 1,200 records. "
        "They are kept as they came.",
    ]
