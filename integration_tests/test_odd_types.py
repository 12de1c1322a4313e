"""Rows with values that no version of Mailcoach sends: each is kept, what does not fit is told, the sync goes on."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader
from jsonschema import Draft7Validator

from integration_tests.in_process import read_here
from integration_tests.tables import by_key
from sandbox import Fault, Sandbox
from sandbox.connector import CORE_STREAMS, STREAMS, Run
from sandbox.truth.streams import PRIMARY_KEYS
from unit_tests.seeds import combined, count

DEEP: Any = "bottom"
for _ in range(20):
    DEEP = {"in": [DEEP]}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 3.7, 1e300, 2**70, -(2**64), float("nan"), float("inf"), 1763632800),
    *("", "text", "12", "yesterday", "0000-00-00 00:00:00", "-0001-11-30T00:00:00.000000Z", "2025-11-20 10:00:00"),
    *("2025-11-20T10:00:00+02:00", "2025-11-20T10:00:00.123456789Z", "half \ud83d", "zero\0", "9" * 30, "SENT "),
    *([], {}, [1], [None], ["text"], {"1": "x"}, {"a": {"b": []}}, {"\udc00": 1}, DEEP),
    {"date": "2025-11-20 10:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
]
KEYS = {"uuid", "subscriber_uuid", "type", "campaign_uuid"}
# What the connector makes from other fields.
DERIVED = {"status", "email_list", "subscriber_unsubscribed_at", "campaign_sent_at", "url", "email_list_uuid"}
DERIVED |= {"campaign_statistics_calculated_at", "subscriber_email_list_uuid", "email_domain"}


ACCOUNTS = [("v6", 1), ("v8", 3), ("cloud", 5), ("v7", 2), ("v8", 4)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        version="v8", campaigns=4, seed=3, opens=8, sent_only=True, html_bytes=50, shuffle_ties=False
    ) as running:
        yield running


def rewrite_rows(sandbox: Sandbox, change: Callable[[dict[str, Any]], Any], path: str = "") -> None:
    """Serve each row of the lists whose path matches as a function changes it."""

    def rewrite(payload: Any) -> Any:
        if isinstance(payload.get("data"), list):
            payload["data"] = [change(row) for row in payload["data"]]
        return payload

    sandbox.add_fault(Fault(path=path, times=None, rewrite=rewrite))


def good(run: Run) -> Run:
    """It ended well, and printed JSON that every program can read."""
    assert run.exit_code == 0, run.errors
    assert not run.errors
    assert not run.stdout.count("There was an error during the serialization")
    for line in run.stdout.splitlines():
        json.loads(line, parse_constant=pytest.fail).keys()
        line.encode()
    return run


def told(run: Run) -> set[str]:
    """The fields that the log names as not fitting."""
    return {line.split(" has for ")[1].split(", in ")[0] for line in run.logs("WARN") if " has for " in line}


@pytest.mark.parametrize(("account", "mode"), combined(ACCOUNTS[: count(3)], ["full_refresh", "incremental"]))
def test_any_value_in_any_field_costs_no_row_and_is_told(account: tuple[str, int], mode: str) -> None:
    version, seed = account
    odd_fields: defaultdict[str, set[str]] = defaultdict(set)

    def change(row: dict[str, Any]) -> dict[str, Any]:
        # A row that is read twice is as odd as it was.
        name = next((str(row[key]) for key in ("uuid", "subscriber_uuid") if row.get(key)), "") + str(row.get("type"))
        rng = random.Random(f"{seed}/{name}")
        if rng.random() < 0.4:
            field = rng.choice(sorted(row.keys() - KEYS - {"clicks", "data"}))
            row[field] = rng.choice(ODD)
            odd_fields[name].add(field)
        return row

    with Sandbox(
        version=version, campaigns=6, seed=seed, opens=8, sent_only=True, html_bytes=50, shuffle_ties=False
    ) as sandbox:
        rewrite_rows(sandbox, change)
        run = good(read_here(sandbox, mode=mode))
        if mode == "incremental":
            good(read_here(sandbox, mode=mode, state=run.state))
        fields = told(run)
        assert len(fields) > 20
        for stream in STREAMS:
            truth, found = by_key(stream, sandbox.truth(stream)), by_key(stream, run.records(stream))
            assert truth.keys() == found.keys(), stream
            for key, row in truth.items():
                name = row.get("uuid") or row.get("subscriber_uuid") or ""
                spoilt = odd_fields[str(name) + str(row.get("type"))] | DERIVED
                if stream != "campaign_click_events":
                    assert known(row, spoilt) == known(found[key], spoilt), stream
            validator = Draft7Validator(ResourceSchemaLoader("source_mailcoach").get_schema(stream))
            for record in found.values():
                for error in validator.iter_errors(record):
                    assert {".".join(str(part) for part in error.path if isinstance(part, str))} <= fields, error


def known(row: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field not in without and value is not None}


EXAMPLES: list[tuple[str, str, str, Any]] = [
    ("campaigns", "/campaigns$", "updated_at", 1763632800),
    ("campaigns", "/campaigns$", "updated_at", {"date": "2025-11-20 10:00:00.000000", "timezone": "UTC"}),
    ("campaigns", "/campaigns$", "status", {"value": "sent"}),
    ("campaigns", "/campaigns$", "statistics_calculated_at", "-0001-11-30T00:00:00.000000Z"),
    ("campaign_clicks", "/clicks$", "clicks", [None]),
    ("campaign_clicks", "/clicks$", "clicks", "many"),
    ("campaign_clicks", "/clicks$", "clicks", {"a": 1}),
    ("campaign_unsubscribes", "/unsubscribes$", "subscriber", "gone"),
    ("campaign_unsubscribes", "/unsubscribes$", "subscriber", [1]),
    ("campaign_bounces", "/bounces$", "created_at", ["2025"]),
    ("campaign_opens", "/opens$", "last_opened_at", {}),
    ("sends", "/sends$", "sent_at", 12),
    ("tags", "/tags$", "updated_at", True),
    ("email_lists", "/email-lists$", "active_subscribers_count", 10**400),
]


@pytest.mark.parametrize(("example", "mode"), combined(EXAMPLES, ["incremental", "full_refresh"]))
def test_one_odd_row_is_kept_and_told(sandbox: Sandbox, example: tuple[str, str, str, Any], mode: str) -> None:
    stream, path, field, value = example
    done: list[Any] = []

    def change(row: dict[str, Any]) -> dict[str, Any]:
        key = row.get("uuid") or row.get("subscriber_uuid")
        done.extend([key] if not done else [])
        return row | {field: value} if key == done[0] else row

    rewrite_rows(sandbox, change, path)
    run = good(read_here(sandbox, dict.fromkeys((*CORE_STREAMS, stream)), mode=mode))
    assert by_key(stream, run.records(stream)).keys() == by_key(stream, sandbox.truth(stream)).keys()
    assert field in told(run)


def test_a_list_with_gaps_in_its_numbering_is_a_list(sandbox: Sandbox) -> None:
    def gaps(rows: list[Any]) -> dict[str, Any]:
        return {str(number * 2 + 1): row for number, row in enumerate(rows)}

    def rewrite(payload: Any) -> Any:
        for row in payload["data"]:
            row.update({"clicks": gaps(row["clicks"])} if row.get("clicks") else {})
        return payload | {"data": gaps(payload["data"]) or []}

    sandbox.add_fault(Fault(times=None, rewrite=rewrite))
    run = good(read_here(sandbox))
    for stream in STREAMS:
        assert by_key(stream, run.records(stream)).keys() == by_key(stream, sandbox.truth(stream)).keys(), stream
    assert not told(run)


@pytest.mark.parametrize(
    ("value", "parents"),
    combined([None, "", 12, True, {"a": 1}, "a/b", "../campaigns", "a?b", "half \ud800"], ["email_lists", "campaigns"]),
)
def test_a_parent_without_a_usable_uuid_is_kept_and_what_lies_below_it_said_to_be_missing(
    sandbox: Sandbox, parents: str, value: Any
) -> None:
    path = f"/{parents.replace('_', '-')}$"
    first = sandbox.truth(parents)[0]["uuid"]
    rewrite_rows(sandbox, lambda row: row | {"uuid": value} if row["uuid"] == first else row, path)
    below = ("subscribers", "tags") if parents == "email_lists" else ("campaign_opens", "campaign_sends")
    run = good(read_here(sandbox, [parents, *below]))
    assert len(run.records(parents)) == len(sandbox.truth(parents))
    assert [line for line in run.logs("WARN") if "usable uuid" in line] == [
        f"1 row of {parents} came without a usable uuid. What lies below cannot be asked for, and is left out; the "
        "rows themselves are kept."
    ]
    field = "email_list_uuid" if parents == "email_lists" else "campaign_uuid"
    for stream in below:
        expected = {key for key, row in by_key(stream, sandbox.truth(stream)).items() if row[field] != first}
        assert by_key(stream, run.records(stream)).keys() == expected


@pytest.mark.parametrize(
    ("nothing", "stream"),
    combined(
        [None, "text", 5, [], {}, ["x"]],
        ["email_lists", "subscribers", "campaigns", "campaign_opens", "sends", "templates"],
    ),
)
def test_a_row_that_is_none_is_told(sandbox: Sandbox, stream: str, nothing: Any) -> None:
    path = {"email_lists": "/email-lists$", "campaign_opens": "/opens$"}.get(stream, f"/{stream}$")

    def rewrite(payload: Any) -> Any:
        return payload | {"data": [nothing, *payload["data"][1:]]} if len(payload["data"]) > 1 else payload

    sandbox.add_fault(Fault(path=path, times=None, rewrite=rewrite))
    run = good(read_here(sandbox, dict.fromkeys((*CORE_STREAMS, stream))))
    assert any("with nothing in it that could be kept" in line for line in run.logs("WARN"))


@pytest.mark.parametrize("path", ["/subscribers$", "/opens$", "/templates$", "/suppressions$"])
def test_rows_without_a_key_are_kept_each_and_told(sandbox: Sandbox, path: str) -> None:
    kept = {"/opens$": "subscriber_uuid"}.get(path, "uuid")
    rewrite_rows(sandbox, lambda row: {field: value for field, value in row.items() if field != kept}, path)
    run = good(read_here(sandbox))
    stream = {"/opens$": "campaign_opens"}.get(path, path[1:-1])
    texts = [json.dumps(record, sort_keys=True) for record in run.records(stream)]
    assert len(set(texts)) == len(sandbox.truth(stream))
    assert any(f"of {stream} without the primary key" in line for line in run.logs("WARN"))
    assert kept in PRIMARY_KEYS[stream]


def test_times_of_other_zones_and_fractions_compare_as_times(sandbox: Sandbox) -> None:
    """All times of the server are two hours ahead and say so; a change is found again by them."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        for field, value in row.items():
            if field.endswith("_at") and isinstance(value, str):
                hour = int(value[11:13])
                later = f"{value[:11]}{hour + 2:02}{value[13:19]}.5+02:00"
                row[field] = later if hour < 22 else value
        return row

    rewrite_rows(sandbox, change)
    first = good(read_here(sandbox, mode="incremental"))
    sandbox.store.advance(3600)
    who = next(iter(sandbox.store.subscribers.values()))
    sandbox.store.update_subscriber(who, first_name="Renamed")
    second = good(read_here(sandbox, mode="incremental", state=first.state))
    assert (who.uuid,) in by_key("subscribers", second.records("subscribers"))
    assert len(second.records("subscribers")) < len(sandbox.truth("subscribers"))
    assert not told(first)
