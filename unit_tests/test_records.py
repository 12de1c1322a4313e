"""Values are made to fit their declared types, and what cannot be made to fit stays as it came."""

import copy
import json
import random
from datetime import datetime, timezone
from typing import Any

import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_mailcoach.records.drift import Drift
from source_mailcoach.records.fit import RowFit, compile_fit
from unit_tests.seeds import seeds

STREAMS = (
    "email_lists",
    "campaigns",
    "campaign_clicks",
    "campaign_opens",
    "campaign_unsubscribes",
    "campaign_bounces",
)
SCHEMAS: dict[str, dict[str, Any]] = {
    name: dict(ResourceSchemaLoader("source_mailcoach").get_schema(name)) for name in STREAMS
}
FITS = {name: RowFit(schema, {}) for name, schema in SCHEMAS.items()}


def fitted(stream: str, record: dict[str, Any]) -> dict[str, Any]:
    return FITS[stream](copy.deepcopy(record))


def text_of(value: object) -> str:
    """Equal texts mean equal types as well: in Python True is 1 and 1 is 1.0."""
    return json.dumps(value, sort_keys=True)


# Single values ---------------------------------------------------------------------------------------------------

INTEGERS = [
    ("12", 12),
    ("0", 0),
    ("-3", -3),
    (12, 12),
    (0, 0),
    (12.0, 12),
    ("9007199254740993", 9007199254740993),  # more digits than a float holds
    ("12.5", "12.5"),
    (12.5, 12.5),
    ("1e3", "1e3"),
    ("1_000", "1_000"),
    ("many", "many"),
    ("", ""),
    (float("inf"), None),
    (float("nan"), None),
    (1e300, 1e300),
    (2**63 - 1, 2**63 - 1),
    (-(2**63), -(2**63)),
    (2**63, "9223372036854775808"),
    ("9999999999999999999", "9999999999999999999"),
    (10**400, "1" + 400 * "0"),
    ([], []),
    ({}, {}),
]
BOOLEANS = [
    (0, False),
    (1, True),
    ("0", False),
    ("1", True),
    ("true", True),
    ("false", False),
    ("True", True),
    (True, True),
    (False, False),
    (2, 2),
    (-1, -1),
    ("yes", "yes"),
    ("", ""),
    ([], []),
    ({}, {}),
]
STRINGS = [
    ("text", "text"),
    ("", ""),
    ("12", "12"),
    (12, "12"),
    (1.5, "1.5"),
    (True, "true"),
    ({"type": "doc", "text": "grün"}, '{"type": "doc", "text": "grün"}'),
    ([], "[]"),
    ("half \ud83d of one", "half \ufffd of one"),
    ("\ud83d\ude00 whole".encode("utf-16", "surrogatepass").decode("utf-16"), "\U0001f600 whole"),
    ("zero\0", "zero\ufffd"),
    ({"\udc00": ["\0"]}, '{"\ufffd": ["\\u0000"]}'),
]
TIMES = [
    ("2026-01-05T10:00:00.000000Z", "2026-01-05T10:00:00.000000Z"),
    ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
    ("2026-01-05T10:00:00+00:00", "2026-01-05T10:00:00+00:00"),
    ("2026-01-05T10:00:00.123-05:00", "2026-01-05T10:00:00.123-05:00"),
    ("2026-01-05T10:00:00", "2026-01-05T10:00:00Z"),
    ("2026-01-05 10:00:00", "2026-01-05T10:00:00Z"),
    ("2026-01-05 10:00:00.000000", "2026-01-05T10:00:00.000000Z"),
    ("2026-01-05T10:00:00z", "2026-01-05T10:00:00z"),
    ("2026-01-05", "2026-01-05T00:00:00Z"),
    ("2026-01-05 10:00", "2026-01-05T10:00:00Z"),
    ("2026-01-05 10:00:00 UTC", "2026-01-05T10:00:00Z"),
    ("2026-01-05T10:00:00+0200", "2026-01-05T10:00:00+02:00"),
    ("2026-02-30 10:00:00", "2026-02-30 10:00:00"),
    ("2026-02-30T10:00:00.000000Z", "2026-02-30T10:00:00.000000Z"),
    ("-0001-11-30T00:00:00.000000Z", None),
    ("0000-00-00 00:00:00", None),
    ("0000-00-00", None),
    ("05.01.2026 10:00", "05.01.2026 10:00"),
    ("some other words that say nothing", "some other words that say nothing"),
    ("never", "never"),
    ("", None),
    (" ", None),
    (1767607200, "2026-01-05T10:00:00.000000Z"),
    ("1767607200", "2026-01-05T10:00:00.000000Z"),
    (1767607200000, "2026-01-05T10:00:00.000000Z"),
    (1767607200.5, "2026-01-05T10:00:00.500000Z"),
    (20260105, 20260105),
    (True, True),
    (float("nan"), None),
    ({"date": "2026-01-05 10:00:00.000000", "timezone_type": 3, "timezone": "UTC"}, "2026-01-05T10:00:00.000000Z"),
    (
        {"date": "2026-01-05 10:00:00.000000", "timezone_type": 1, "timezone": "+02:00"},
        "2026-01-05T10:00:00.000000+02:00",
    ),
    (
        {"date": "2026-10-25 02:30:00.000000", "timezone_type": 3, "timezone": "Europe/Brussels"},
        {"date": "2026-10-25 02:30:00.000000", "timezone_type": 3, "timezone": "Europe/Brussels"},
    ),
    ({"date": ["x"], "timezone": 3}, {"date": ["x"], "timezone": 3}),
    ({}, {}),
]
OBJECTS = [([], {}), ({}, {}), ({"a": "1"}, {"a": "1"}), ([1], [1]), ("text", "text"), (0, 0)]
NUMBERS: list[tuple[object, object]] = [
    *((2550.5, 2550.5), (2550, 2550), (2550.0, 2550.0), (0, 0), (-0.5, -0.5), (1e-7, 1e-7), (10**25, 10**25)),
    *(("2550.5", 2550.5), ("2550", 2550), ("0.00", 0.0), ("-1.5", -1.5), (True, 1)),
    *((text, text) for text in ("", " 1", "1,5", "1.", ".5", "1.5.5", "1e3", "nan", "inf", "25.5 %", "١.٥")),
    *(([], []), ({}, {})),
]
SINGLE = [
    *(("integer", None, *case) for case in INTEGERS),
    *(("number", None, *case) for case in NUMBERS),
    *(("boolean", None, *case) for case in BOOLEANS),
    *(("string", None, *case) for case in STRINGS),
    *(("string", "date-time", *case) for case in TIMES),
    *(("object", None, *case) for case in OBJECTS),
]


@pytest.mark.parametrize(
    ("declared", "form", "wire", "fits"), SINGLE, ids=lambda value: "" if value is None else str(value)[:30]
)
def test_a_value_fits_its_type_or_stays(declared: str, form: str | None, wire: Any, fits: Any) -> None:
    assert text_of(compile_fit({"type": declared, "format": form}, Drift())(wire)) == text_of(fits)
    assert text_of(compile_fit({"type": ["null", declared], "format": form}, Drift())(wire)) == text_of(fits)


@pytest.mark.parametrize("declared", ["integer", "number", "boolean", "string", "object", "array"])
def test_null_stays_null(declared: str) -> None:
    assert compile_fit({"type": ["null", declared]}, Drift())(None) is None


@pytest.mark.parametrize(("value", "told"), [(2550.5, 0), (2550, 0), ("2550.5", 0), ("2550", 0), ("much", 1), ([], 1)])
def test_a_number_with_or_without_a_fraction_is_no_drift(value: Any, told: int) -> None:
    drift = Drift()
    compile_fit({"type": "number"}, drift, "open_rate")(value)
    assert drift.misfits["open_rate"] == told


def test_the_items_of_an_array_are_fitted() -> None:
    fit = compile_fit(
        {"type": "array", "items": {"type": "object", "properties": {"count": {"type": "integer"}}}}, Drift()
    )
    assert fit([{"count": "2"}, [], {"count": None, "more": "3"}, 7]) == [
        {"count": 2},
        {},
        {"count": None, "more": "3"},
        7,
    ]
    assert fit({"0": {"count": "2"}, "3": []}) == [{"count": 2}, {}]  # PHP's array with gaps in its numbering
    assert fit({"a": {"count": "2"}}) == {"a": {"count": "2"}}


@pytest.mark.parametrize("schema", [{}, {"type": []}, {"type": "null"}, {"type": ["string", "integer"]}])
def test_without_a_single_type_nothing_is_changed(schema: dict[str, Any]) -> None:
    assert compile_fit(schema, Drift())("12") == "12"


# Records of the wire ---------------------------------------------------------------------------------------------

LIST = {"uuid": "l", "requires_confirmation": 1, "active_subscribers_count": "7", "created_at": "2026-01-05 10:00:00"}
FITTED_LIST = {
    "uuid": "l",
    "requires_confirmation": True,
    "active_subscribers_count": 7,
    "created_at": "2026-01-05T10:00:00Z",
}
QUIRKS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("email_lists", LIST, FITTED_LIST),
    ("campaigns", {"open_count": "12", "open_rate": "2550"}, {"open_count": 12, "open_rate": 2550}),
    ("campaigns", {"fields": [], "utm_tags": "0"}, {"fields": {}, "utm_tags": False}),
    ("campaigns", {"fields": {"body": {"x": []}}}, {"fields": {"body": {"x": []}}}),
    ("campaigns", {"structured_html": {"a": 1}}, {"structured_html": '{"a": 1}'}),
    ("campaigns", {"email_list": LIST}, {"email_list": FITTED_LIST}),
    ("campaigns", {"email_list": None, "template": None}, {"email_list": None, "template": None}),
    ("campaign_opens", {"open_count": "2", "subject": "12"}, {"open_count": 2, "subject": "12"}),
    (
        "campaign_clicks",
        {"click_count": "3", "clicks": [{"uuid": "c", "created_at": "2026-01-05 10:00:00"}]},
        {"click_count": 3, "clicks": [{"uuid": "c", "created_at": "2026-01-05T10:00:00Z"}]},
    ),
    (
        "campaign_unsubscribes",
        {"subscriber": {"uuid": "s", "extra_attributes": [], "tags": []}},
        {"subscriber": {"uuid": "s", "extra_attributes": {}, "tags": []}},
    ),
    (
        "campaign_unsubscribes",
        {"subscriber": {"extra_attributes": {"age": "12", "x": []}}},
        {"subscriber": {"extra_attributes": {"age": "12", "x": []}}},
    ),
    ("campaign_bounces", {"bounce_count": "1", "type": "bounce"}, {"bounce_count": 1, "type": "bounce"}),
]


@pytest.mark.parametrize(("stream", "wire", "record"), QUIRKS)
def test_a_row_of_the_wire_becomes_a_record_of_its_schema(
    stream: str, wire: dict[str, Any], record: dict[str, Any]
) -> None:
    assert text_of(fitted(stream, wire)) == text_of(record)
    Draft7Validator(SCHEMAS[stream]).validate(fitted(stream, wire))


def test_a_missing_field_is_not_invented() -> None:
    assert fitted("campaigns", {}) == {}


# Any record ------------------------------------------------------------------------------------------------------

streams = st.sampled_from(STREAMS)
# What every database holds: what it does not is replaced, see below.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
integers = st.integers(-(2**63), 2**63 - 1)
scalars = (
    st.none()
    | st.booleans()
    | integers
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.from_regex(r"[0-9T: Zz+.-]{19,27}", fullmatch=True)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def with_fields(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON under the names that the schema knows, at every level, among other names."""
    known = {
        name: values | (with_fields(field) if "properties" in field else values)
        for name, field in schema.get("properties", {}).items()
    }
    others = st.dictionaries(texts, values, max_size=2)
    return st.builds(lambda extra, fields: {**extra, **fields}, others, st.fixed_dictionaries({}, optional=known))


def valid(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What the schema allows."""
    declared = schema["type"]
    kinds = {declared} if isinstance(declared, str) else set(declared)
    options = [st.none()] if "null" in kinds else []
    (kind,) = kinds - {"null"}
    if kind == "object":
        fields = {name: valid(field) for name, field in schema.get("properties", {}).items()}
        unknown = st.dictionaries(texts.filter(lambda name: name not in fields), values, max_size=2)
        known = st.fixed_dictionaries({}, optional=fields)
        return st.one_of(*options, st.builds(lambda extra, record: {**extra, **record}, unknown, known))
    if kind == "array":
        return st.one_of(*options, st.lists(valid(schema["items"]), max_size=3))
    if schema.get("format") == "date-time":
        ends = st.sampled_from(["Z", "+00:00", "-05:30", ".000000Z", ".123+02:00"])
        times = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc))
        return st.one_of(*options, st.builds(lambda time, end: f"{time:%Y-%m-%dT%H:%M:%S}{end}", times, ends))
    kinds_of_scalars = {"string": texts, "integer": integers, "boolean": st.booleans()}
    return st.one_of(*options, kinds_of_scalars[kind])


any_record = streams.flatmap(lambda name: st.tuples(st.just(name), with_fields(SCHEMAS[name])))
valid_record = streams.flatmap(lambda name: st.tuples(st.just(name), valid(SCHEMAS[name])))


@given(any_record)
def test_fitting_never_fails_and_a_second_time_changes_nothing(case: tuple[str, dict[str, Any]]) -> None:
    stream, record = case
    once = fitted(stream, record)
    assert text_of(fitted(stream, once)) == text_of(once)


@given(any_record)
def test_fields_that_the_schema_does_not_know_are_left_alone_and_none_comes_or_goes(
    case: tuple[str, dict[str, Any]],
) -> None:
    stream, record = case
    after = fitted(stream, record)
    unknown = record.keys() - SCHEMAS[stream]["properties"].keys()
    assert list(after) == list(record)
    assert text_of({name: after[name] for name in unknown}) == text_of({name: record[name] for name in unknown})


@given(valid_record)
def test_a_record_that_is_valid_already_is_left_alone(case: tuple[str, dict[str, Any]]) -> None:
    stream, record = case
    assert text_of(fitted(stream, record)) == text_of(record)


# Values as they should be take a shorter way -----------------------------------------------------------------------


VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        7,
        2**63 - 1,
        -(2**63),
        2**63,
        -(2**63) - 1,
        1.0,
        2.5,
        1e300,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        "a",
        "12",
        "1.5",
        "true",
        "0",
        "ä",
        "\0",
        "a\0",
        "\ud800",
        "€\0",
        [],
        ["a"],
        ["\0"],
        {},
        {"a": "\0"},
        {"0": 1},
    ),
    *("2026-01-05T10:00:00Z", "2026-01-05T10:00:00.000000Z", "2026-02-30T10:00:00Z", "2026-01-05 10:00:00"),
    *("2026-01-05T10:00:00+00:00", "0000-00-00 00:00:00", "2026-W01-1T10:00:000Z", 1767607200),
]
KINDS = ("string", "integer", "number", "boolean", "object", "array", "odd")


def any_schema(chance: random.Random) -> dict[str, Any]:
    types = chance.sample([*KINDS, "null"], chance.choice((0, 1, 1, 1, 2, 2, 2, 3)))
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
    return {**schema, **({"format": "date-time"} if chance.random() < 0.5 else {})}


@pytest.mark.parametrize("seed", seeds(20))
def test_in_a_row_a_value_becomes_what_it_becomes_alone(seed: int) -> None:
    chance = random.Random(seed)
    properties = {f"field{number}": any_schema(chance) for number in range(200)}
    row = {name: chance.choice(VALUES) for name in properties}
    alone = Drift()
    expected = {name: compile_fit(schema, alone, name)(row[name]) for name, schema in properties.items()}
    fit = RowFit({"properties": properties}, {})
    assert text_of(fit(row)) == text_of(expected)
    assert (fit.drift.misfits, fit.drift.unprintable) == (alone.misfits, alone.unprintable)
