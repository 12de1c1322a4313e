"""Rows that are deleted in Mailcoach become tombstones: each of them, no other, however the syncs go.

Each sync is the connector's own `read`, over a real socket, in this process.
"""

import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from jsonschema import Draft7Validator

from integration_tests.in_process import read_here
from sandbox import Fault, Sandbox, lost_route
from sandbox.connector import Run, catalog
from sandbox.life.mutations import Mutator
from sandbox.world.times import DAY, HOUR, MINUTE, epoch
from source_mailcoach import SourceMailcoach
from source_mailcoach.streams.adapter import MailcoachStream
from unit_tests.seeds import combined, count, seeds

STREAMS = ("campaigns", "subscribers", "tags", "suppressions", "templates")
CURSORS = {"suppressions": "created_at"}
DELETED_AT = "_ab_cdc_deleted_at"
MARK = {"deleted_rows": "mark"}


class Destination:
    """Tables as Airbyte's destinations dedupe them: per key the row with the latest cursor, of these the last to come.

    `came` has the keys of all rows that came, `tombstones` those of tombstones. `loose`: those of rows that came after
    the last STATE, of which a sync that is killed then leaves no trace.
    """

    def __init__(self) -> None:
        self.rows: defaultdict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        self.came: set[tuple[str, str]] = set()
        self.tombstones: list[tuple[str, str]] = []
        self.loose: set[tuple[str, str]] = set()
        self.state: dict[str, AirbyteStateMessage] = {}

    def take(self, message: AirbyteMessage) -> None:
        if message.type is Type.RECORD and message.record:
            stream, row = message.record.stream, message.record.data
            table, cursor = self.rows[stream], CURSORS.get(stream, "updated_at")
            key = (stream, row["uuid"])
            self.tombstones += [key] * bool(row.get(DELETED_AT))
            self.loose |= {key} - self.came
            self.came.add(key)
            if row["uuid"] not in table or epoch(row[cursor]) >= epoch(table[row["uuid"]][cursor]):
                table[row["uuid"]] = row
        elif message.type is Type.STATE and message.state and message.state.stream:
            name = message.state.stream.stream_descriptor.name
            self.state[name] = message.state
            self.loose = {key for key in self.loose if key[0] != name}

    @property
    def keys(self) -> set[tuple[str, str]]:
        """Those of the rows that are not marked as deleted."""
        return {
            (name, uuid) for name, rows in self.rows.items() for uuid, row in rows.items() if not row.get(DELETED_AT)
        }


def sync(sandbox: Sandbox, destination: Destination, **options: Any) -> Iterator[AirbyteMessage]:
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog(STREAMS, "incremental"))
    config, state = sandbox.config(page_size=5, **MARK, **options), list(destination.state.values())
    for message in SourceMailcoach().read(logging.getLogger("airbyte"), config, configured, state):
        destination.take(message)
        yield message


def interrupted(messages: Iterator[AirbyteMessage], rng: random.Random) -> bool:
    """Takes messages until the end, or in one of three syncs until somewhere before it, or until the sync fails."""
    lives = rng.choice([rng.randint(1, 150), None, None])
    try:
        return any(number == lives for number, _ in enumerate(messages))
    except AirbyteTracedException:
        return True


def keys_of(sandbox: Sandbox) -> set[tuple[str, str]]:
    return {(stream, row["uuid"]) for stream in STREAMS for row in sandbox.truth(stream)}


@pytest.mark.parametrize(
    ("version", "database", "seed"),
    combined(("v6", "v7", "v8", "v9", "v10", "cloud"), ("mysql", "postgresql"), seeds(2)),
)
def test_after_a_while_the_table_holds_what_mailcoach_holds(
    version: str, database: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows come, change and go between and during syncs, some of which are killed, or lose the way to the server."""
    monkeypatch.setattr(logging.getLogger("airbyte"), "disabled", True)
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 100))
    rng = random.Random(f"{version} {database} {seed}")
    with Sandbox(version=version, campaigns=6, seed=seed, opens=5, html_bytes=50, database=database) as sandbox:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
        sandbox.settings.clock_ahead = rng.choice([0, 0, 20 * MINUTE, -20 * MINUTE, 3 * HOUR])
        mutator, destination = Mutator(sandbox.store, rng), Destination()
        untraced: set[tuple[str, str]] = set()
        for _ in range(count(4)):
            for _ in range(rng.randint(0, 30)):
                mutator.mutate()
            sandbox.on_request = lambda _: mutator.mutate() if rng.random() < 0.1 else None
            for _ in range(50):
                if rng.random() < 0.3:
                    sandbox.add_fault(lost_route(rng.uniform(0.01, 0.2), after=rng.randint(0, 60)))
                if not interrupted(sync(sandbox, destination), rng):
                    break
                untraced |= destination.loose
            sandbox.on_request = None
            sandbox.clear_faults()
            sandbox.store.advance(rng.choice([HOUR, DAY, 8 * DAY]))
            assert not keys_of(sandbox).intersection(destination.tombstones)
        for _ in range(2):
            sandbox.store.advance(8 * DAY)
            list(sync(sandbox, destination))
        assert destination.keys - untraced == keys_of(sandbox) - untraced
        assert keys_of(sandbox) <= destination.keys
        assert destination.tombstones


# One account, sync by sync --------------------------------------------------------------------------------------


def read(sandbox: Sandbox, before: Run | None = None, streams: Iterable[str] = STREAMS, **options: Any) -> Run:
    """The next sync, an hour after the one before."""
    sandbox.store.advance(HOUR)
    sandbox.reset_stats()
    config = sandbox.config(**{**MARK, **options})
    result = read_here(sandbox, streams, config, "incremental", before.state if before else ())
    assert result.exit_code == 0, result.stdout
    return result


def tombstones(result: Run, stream: str) -> list[str]:
    return [row["uuid"] for row in result.records(stream) if row.get(DELETED_AT)]


def asked_for(sandbox: Sandbox, kind: str) -> list[str | None]:
    """The keys of rows of a kind that were asked for by themselves."""
    return [request.key for request in sandbox.requests if request.kind == kind]


@pytest.fixture
def quiet_account() -> Iterator[Sandbox]:
    with Sandbox(campaigns=8, opens=5, shuffle_ties=False) as sandbox:
        yield sandbox


def test_while_nothing_is_deleted_marking_costs_no_request(quiet_account: Sandbox) -> None:
    needed = {}
    for deleted_rows in ("ignore", "mark"):
        first = read(quiet_account, deleted_rows=deleted_rows)
        requests = len(quiet_account.requests)
        second = read(quiet_account, first, deleted_rows=deleted_rows)
        needed[deleted_rows] = (requests, len(quiet_account.requests), len(second.records("subscribers")))
    assert needed["mark"] == needed["ignore"]


def test_without_it_nothing_is_told_and_the_schemas_are_as_ever(quiet_account: Sandbox) -> None:
    first = read(quiet_account, deleted_rows="ignore")
    quiet_account.store.delete_campaign(next(c for c in quiet_account.store.campaigns.values() if c.status == "sent"))
    second = read(quiet_account, first, deleted_rows="ignore")
    assert not any(tombstones(second, stream) for stream in STREAMS)
    assert all("known" not in state["stream"]["stream_state"] for state in second.state)


def test_each_stream_says_which_rows_are_gone_and_its_tombstones_fit_its_schema(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    first = read(quiet_account)
    gone: dict[str, Any] = {
        "campaigns": next(each for each in store.campaigns.values() if each.status == "sent"),
        "subscribers": next(iter(store.subscribers.values())),
        "tags": next(iter(store.tags.values())),
        "suppressions": next(iter(store.suppressions.values())),
        "templates": next(iter(store.templates.values())),
    }
    owners = {stream: row.email_list.uuid for stream, row in gone.items() if stream in ("subscribers", "tags")}
    store.delete_campaign(gone["campaigns"])
    store.delete_subscriber(gone["subscribers"])
    store.delete_tag(gone["tags"])
    store.delete_suppression(gone["suppressions"])
    store.delete_template(gone["templates"])
    store.advance(8 * DAY)
    second = read(quiet_account, first)
    schemas = {stream.name: stream.get_json_schema() for stream in streams_of(quiet_account, **MARK)}
    for stream, row in gone.items():
        (tombstone,) = (each for each in second.records(stream) if each.get(DELETED_AT))
        cursor = CURSORS.get(stream, "updated_at")
        found = tombstone[DELETED_AT]
        owner = {"email_list_uuid": owners[stream]} if stream in owners else {}
        assert tombstone == {"uuid": row.uuid, **owner, cursor: found, DELETED_AT: found}
        assert epoch(found) == store.now
        full = {**dict.fromkeys(schemas[stream]["properties"]), **tombstone}
        Draft7Validator(schemas[stream]).validate(full)
    third = read(quiet_account, second)
    assert not any(tombstones(third, stream) for stream in STREAMS)


def streams_of(sandbox: Sandbox, **options: Any) -> list[MailcoachStream]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
        return SourceMailcoach().streams(sandbox.config(**options))


def test_the_five_streams_have_the_field_and_no_other_stream_has_it(quiet_account: Sandbox) -> None:
    for options, marked in (({}, set()), ({"deleted_rows": "ignore"}, set()), (MARK, set(STREAMS))):
        schemas = {stream.name: stream.get_json_schema() for stream in streams_of(quiet_account, **options)}
        assert {name for name, schema in schemas.items() if DELETED_AT in schema["properties"]} == marked


def test_subscribers_are_read_again_no_more_often_than_every_so_many_days(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    result = read(quiet_account, streams=["subscribers"])
    read_whole = []
    for day in range(21):
        store.advance(DAY - HOUR)
        store.delete_subscriber(next(iter(store.subscribers)))
        result = read(quiet_account, result, ["subscribers"])
        if tombstones(result, "subscribers"):
            read_whole.append(day)
    assert read_whole == [6, 13, 20]


def test_with_zero_days_subscribers_are_never_read_again(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    first = read(quiet_account, streams=["subscribers"], reconcile_days=0)
    store.delete_subscriber(next(iter(store.subscribers)))
    store.advance(400 * DAY)
    second = read(quiet_account, first, ["subscribers"], reconcile_days=0)
    assert not tombstones(second, "subscribers")
    assert len(second.records("subscribers")) < len(store.subscribers)


def test_a_campaign_that_leaves_the_scope_is_asked_for_once_and_is_no_deletion(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    first = read(quiet_account, streams=["campaigns"])
    left = next(each for each in store.campaigns.values() if each.status == "sent")
    store.set_status(left, "cancelled")
    second = read(quiet_account, first, ["campaigns"])
    assert asked_for(quiet_account, "campaign") == [left.uuid]
    third = read(quiet_account, second, ["campaigns"])
    assert asked_for(quiet_account, "campaign") == []
    assert not tombstones(second, "campaigns") + tombstones(third, "campaigns")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/campaigns/[^/]+$", status=500, times=None),
        Fault(path="/campaigns/[^/]+$", status=403, times=None),
        Fault(path="/campaigns/[^/]+$", status=401, times=None),
        Fault(path="/campaigns/[^/]+$", status=404, body=b"<html>Not Found</html>", times=None),
        Fault(path="/campaigns/[^/]+$", cut=True, times=None),
    ],
    ids=["500", "403", "401", "404 of a proxy", "cut"],
)
@pytest.mark.usefixtures("no_waits")
def test_a_proof_that_fails_tells_nothing_and_loses_nothing(quiet_account: Sandbox, fault: Fault) -> None:
    store = quiet_account.store
    first = read(quiet_account, streams=["campaigns"])
    gone = next(each for each in store.campaigns.values() if each.status == "sent")
    store.delete_campaign(gone)
    quiet_account.add_fault(fault)
    second = read(quiet_account, first, ["campaigns"])
    assert not tombstones(second, "campaigns")
    assert any("campaigns: 1 row may have been deleted." in line for line in second.logs("WARN"))
    quiet_account.clear_faults()
    assert tombstones(read(quiet_account, second, ["campaigns"]), "campaigns") == [gone.uuid]


def test_a_tombstone_is_later_than_its_row_though_the_clock_of_the_database_is_ahead() -> None:
    with Sandbox(campaigns=6, opens=5) as sandbox:
        store, destination = sandbox.store, Destination()
        sandbox.settings.clock_ahead = -3 * HOUR
        gone = next(each for each in store.campaigns.values() if each.status == "sent")
        store.advance(HOUR)
        gone.updated_at = store.now
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
            list(sync(sandbox, destination))
            store.delete_campaign(gone)
            store.advance(MINUTE)
            list(sync(sandbox, destination))
        assert destination.tombstones == [("campaigns", gone.uuid)]
        assert destination.keys == keys_of(sandbox)


def test_switched_on_later_it_reads_all_once_and_switched_off_it_forgets(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    first = read(quiet_account, deleted_rows="ignore")
    second = read(quiet_account, first)
    assert len(second.records("subscribers")) == len(store.subscribers)
    store.delete_tag(next(iter(store.tags.values())))
    off = read(quiet_account, second, deleted_rows="ignore")
    assert not tombstones(off, "tags")
    assert all("known" not in state["stream"]["stream_state"] for state in off.state)
    again = read(quiet_account, second)
    assert len(tombstones(again, "tags")) == 1
    assert len(again.records("subscribers")) < len(store.subscribers)


def test_what_goes_with_an_email_list_is_told_too(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    first = read(quiet_account)
    email_list = next(iter(store.email_lists.values()))
    gone = {who.uuid for who in store.entities_of(email_list, "subscribers")}
    tags = {tag.uuid for tag in store.entities_of(email_list, "tags")}
    store.delete_email_list(email_list)
    store.advance(8 * DAY)
    second = read(quiet_account, first)
    assert set(tombstones(second, "subscribers")) == gone
    assert set(tombstones(second, "tags")) == tags
    of_list = [row["email_list_uuid"] for row in second.records("subscribers") if row.get(DELETED_AT)]
    assert set(of_list) == {email_list.uuid}


def test_more_than_can_be_named_is_one_warning_with_the_number_and_the_cure(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    owner = next(iter(store.email_lists.values()))
    many = [store.add_subscriber(owner, f"many{number}@example.org") for number in range(400)]
    store.advance(HOUR)
    result = read(quiet_account, streams=["subscribers"])
    for who in many:
        store.delete_subscriber(who)
    warnings = []
    for _ in range(3):
        store.advance(8 * DAY)
        result = read(quiet_account, result, ["subscribers"])
        warnings += [line for line in result.logs("WARN") if "deleted" in line]
    (warning,) = warnings
    assert "400 rows" in warning
    assert "full refresh" in warning
    store.delete_subscriber(gone := next(iter(store.subscribers)))
    store.advance(8 * DAY)
    assert tombstones(read(quiet_account, result, ["subscribers"]), "subscribers") == [gone]


def test_of_very_many_rows_one_sync_proves_a_hundred_and_the_next_one_the_others(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    owner = next(iter(store.email_lists.values()))
    many = [store.add_subscriber(owner, f"many{number}@example.org").uuid for number in range(130)]
    store.advance(HOUR)
    first = read(quiet_account, streams=["subscribers"])
    for uuid in many:
        store.delete_subscriber(uuid)
    store.advance(8 * DAY)
    second = read(quiet_account, first, ["subscribers"])
    assert len(tombstones(second, "subscribers")) == 100
    assert len(asked_for(quiet_account, "subscriber")) == 200
    third = read(quiet_account, second, ["subscribers"])
    assert set(tombstones(second, "subscribers") + tombstones(third, "subscribers")) == set(many)


def test_the_state_of_a_page_is_small_while_the_first_sync_runs_and_bounded_later() -> None:
    with Sandbox(campaigns=2, opens=5, rate_limit=10_000) as sandbox:
        owner = next(iter(sandbox.store.email_lists.values()))
        for number in range(2000):
            sandbox.store.add_subscriber(owner, f"many{number}@example.org")
            sandbox.store.now += MINUTE
        first = read(sandbox, streams=["subscribers"], max_parallel_requests=1)
        *of_pages, last = (len(json.dumps(message["state"])) for message in first.of_type("STATE"))
        assert len(of_pages) > 100
        assert max(of_pages) < 1500
        sandbox.store.advance(8 * DAY)
        for uuid in list(sandbox.store.subscribers)[:50]:
            sandbox.store.delete_subscriber(uuid)
        second = read(sandbox, first, ["subscribers"], max_parallel_requests=1)
        assert len(tombstones(second, "subscribers")) == 50
        states = [len(json.dumps(message["state"])) for message in second.of_type("STATE")]
        assert last < 16_000
        assert max(states) < 16_000


def test_a_reading_of_all_subscribers_goes_on_at_the_page_where_it_was_stopped(quiet_account: Sandbox) -> None:
    store = quiet_account.store
    owner = next(iter(store.email_lists.values()))
    for number in range(600):
        store.add_subscriber(owner, f"many{number}@example.org")
        store.now += MINUTE
    first = read(quiet_account, streams=["subscribers"])
    store.delete_subscriber(next(iter(store.subscribers)))
    store.advance(8 * DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILCOACH_TRUSTED_HOSTS", quiet_account.trusted_host)
        configured = ConfiguredAirbyteCatalogSerializer.load(catalog(["subscribers"], "incremental"))
        destination, kept = Destination(), [AirbyteStateMessageSerializer.load(dict(each)) for each in first.state]
        config = quiet_account.config(**MARK, max_parallel_requests=1)
        messages = SourceMailcoach().read(logging.getLogger("airbyte"), config, configured, kept)
        for message in messages:
            destination.take(message)
            if len(destination.came) > 300:
                break
        state = list(destination.state.values())
        quiet_account.reset_stats()
        for message in SourceMailcoach().read(logging.getLogger("airbyte"), config, configured, state):
            destination.take(message)
    assert len(destination.came) == len(store.subscribers)
    assert len(quiet_account.requests) < 40
