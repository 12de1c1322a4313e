"""A new version of Mailcoach is noticed: what the schema does not foresee is counted, kept, and told once a field."""

from typing import Any

import orjson

from source_mailcoach.records.drift import Drift
from source_mailcoach.records.fit import RowFit

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


def fitted(*records: dict[str, Any]) -> tuple[list[dict[str, Any]], Drift]:
    fit = RowFit(SCHEMA, {"renamed": {}})
    return [fit(record) for record in records], fit.drift


def test_unknown_fields_and_values_of_other_types_are_counted_and_kept() -> None:
    first = {"uuid": "a", "count": "many", "new": 1, "owner": {"name": {"first": "Ada"}, "age": 36}, "tags": [1, "x"]}
    second = {"uuid": "b", "new": None, "sent": "perhaps", "owner": [1]}
    (first, second), drift = fitted(first, second)
    assert drift.unknown == {"new": 2, "owner.age": 1}
    assert drift.misfits == {"count": 1, "owner.name": 1, "tags": 1, "sent": 1, "owner": 1}
    assert first["owner"] == {"name": '{"first": "Ada"}', "age": 36}
    assert (first["count"], second["sent"], second["owner"], first["tags"]) == ("many", "perhaps", [1], ["1", "x"])


def test_what_every_version_sends_in_its_own_way_is_no_drift() -> None:
    _, drift = fitted(
        {"uuid": "a", "count": "12", "sent": 1, "owner": [], "anything": {"city": "Ghent"}, "tags": {"0": "x"}},
        {"uuid": "b", "count": None, "sent": None, "owner": None, "anything": None, "tags": None, "renamed": [1]},
    )
    assert not drift.unknown
    assert not drift.misfits


def test_is_told_once_for_each_field() -> None:
    _, drift = fitted(*({"uuid": "a", "new": 1, "count": "many"} for _ in range(1200)))
    first, second = list(drift.report("opens")), list(drift.report("opens"))
    assert second == []
    assert [str(event) for event in first] == [
        "Mailcoach sent a field that is not in the schema: new, in 1,200 records. It is kept.",
        "Mailcoach sent values of another type than the schema has for count, in 1,200 records. "
        "They are made to fit where that is sure to be right, and else kept as they came.",
    ]


def test_what_a_database_refuses_is_replaced_with_one_warning() -> None:
    (record,), drift = fitted({"uuid": "a\udc00", "anything": {"\ud800": ["\0", "fine"]}, "new\0": "é"})
    assert record == {"uuid": "a\ufffd", "anything": {"\ufffd": ["\ufffd", "fine"]}, "new\ufffd": "é"}
    assert not drift.misfits
    drift.unknown.clear()
    assert [str(event) for event in drift.report("opens")] == [
        "Mailcoach sent 4 texts of a field's name, anything, uuid with characters that databases refuse (halves of a "
        "character, or zero): U+FFFD stands in place of each."
    ]


def test_null_is_drift_where_the_schema_has_none() -> None:
    _, drift = fitted({"uuid": None, "count": None, "tags": [None]})
    assert drift.misfits == {"uuid": 1, "tags": 1}


def test_what_no_number_holds_is_counted_once() -> None:
    (record,), drift = fitted({"count": 2**70, "anything": {"x": float("inf"), "y": -(2**64)}})
    assert record == {"count": str(2**70), "anything": {"x": None, "y": str(-(2**64))}}
    assert drift.misfits == {"count": 1, "anything": 2}


def test_a_value_that_is_nested_too_deeply_for_a_serializer_is_kept_as_text() -> None:
    deep: Any = "bottom"
    for _ in range(500):
        deep = [deep]
    (record,), drift = fitted({"anything": {"deep": deep}, "new": [[[1]]]})
    assert "bottom" in orjson.dumps(record).decode()
    assert drift.misfits == {"anything": 1}
    assert record["new"] == [[[1]]]
