"""A list that cannot be read hides no other one: not in this sync, and not in a later one."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from integration_tests.in_process import read_here as read
from integration_tests.tables import rows, table
from sandbox import Fault, Sandbox, lost_route
from sandbox.connector import Message, Run
from sandbox.truth.streams import PRIMARY_KEYS
from unit_tests.seeds import combined

PARENT = {"campaign_opens": "campaign_uuid", "campaign_clicks": "campaign_uuid", "subscribers": "email_list_uuid"}
PATH = {"campaign_opens": "opens", "campaign_clicks": "clicks", "subscribers": "subscribers"}
NO_ROW = {"message": "No query results for model [Spatie\\Mailcoach\\Domain\\Campaign\\Models\\Campaign] 1f0a"}
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "a web page": {"html": "<h1>It works!</h1>"},
    "half an answer": {"truncated": True},
    "a cut connection": {"cut": True},
    "a page of another list": {"rewrite": lambda page: {**page, "meta": {**page["meta"], "current_page": 7}}},
    "a row that is not there": {"status": 404, "json": NO_ROW},
}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of waiting takes a millisecond."""
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 1000))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        version="v8", campaigns=12, seed=5, opens=40, html_bytes=50, sent_only=True, lists=4, shuffle_ties=False
    ) as running:
        yield running


def parents(sandbox: Sandbox, stream: str) -> list[str]:
    """Those whose rows a stream has, in the order in which they are read."""
    store = sandbox.store
    kept: Mapping[str, Any] = store.email_lists if stream == "subscribers" else store.campaigns
    return sorted(kept, key=lambda uuid: (kept[uuid].created_at, uuid))


def ill(sandbox: Sandbox, stream: str, *uuids: str, **fault: Any) -> None:
    for uuid in uuids:
        sandbox.add_fault(Fault(path=f"/{uuid}/{PATH[stream]}$", times=None, **(fault or {"status": 500})))


def without(sandbox: Sandbox, stream: str, *uuids: str) -> list[str]:
    return rows(row for row in sandbox.truth(stream) if row[PARENT[stream]] not in uuids)


def asked(sandbox: Sandbox, stream: str) -> set[str]:
    return {request.path.split("/")[-2] for request in sandbox.requests if request.path.endswith(f"/{PATH[stream]}")}


@pytest.mark.parametrize(
    ("stream", "place", "mode"), combined(list(PARENT), [0, 1, -1], ["full_refresh", "incremental"])
)
def test_the_others_come_and_the_next_sync_brings_the_one_that_failed_and_no_other(
    sandbox: Sandbox, stream: str, place: int, mode: str
) -> None:
    failing = parents(sandbox, stream)[place]
    ill(sandbox, stream, failing)
    failed = read(sandbox, [stream], mode=mode)
    assert failed.exit_code == 1
    assert table(stream, failed.records(stream)) == without(sandbox, stream, failing)
    (error,) = failed.errors
    assert failing in error["message"]
    assert "failed with an internal error (500)" in error["message"]
    assert error["failure_type"] == "transient_error"
    assert failed.stream_statuses(stream)[-1] == "INCOMPLETE"

    sandbox.clear_faults()
    sandbox.reset_stats()
    rest = read(sandbox, [stream], mode=mode, state=failed.state)
    assert rest.exit_code == 0
    assert asked(sandbox, stream) == {failing}
    assert table(stream, [*failed.records(stream), *rest.records(stream)]) == rows(sandbox.truth(stream))
    assert "pass" not in rest.state_of(stream)


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_a_list_fails_with_the_others_come(sandbox: Sandbox, name: str) -> None:
    failing = parents(sandbox, "campaign_opens")[4]
    ill(sandbox, "campaign_opens", failing, **FAULTS[name])
    failed = read(sandbox, ["campaign_opens"], mode="incremental")
    assert table("campaign_opens", failed.records("campaign_opens")) == without(sandbox, "campaign_opens", failing)
    assert [failing in error["message"] for error in failed.errors] == [True]


def test_an_answer_that_is_too_large_is_a_failure_of_the_configuration(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = parents(sandbox, "campaign_clicks")[4]
    monkeypatch.setattr("source_mailcoach.transport.api.LARGEST_ANSWER", 1_000_000)
    ill(sandbox, "campaign_clicks", failing, body="x" * 2_000_000)
    failed = read(sandbox, ["campaign_clicks", "campaign_click_events"], mode="incremental")
    assert table("campaign_clicks", failed.records("campaign_clicks")) == without(sandbox, "campaign_clicks", failing)
    assert [error["failure_type"] for error in failed.errors] == ["config_error"] * 2
    assert all("Leave this stream out" in error["message"] for error in failed.errors)


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
def test_a_list_that_fails_after_many_pages_goes_on_there(sandbox: Sandbox, mode: str) -> None:
    """Also when it fails in several syncs in a row, and whatever comes in meanwhile."""
    stream, store = "campaign_opens", sandbox.store
    failing = max(store.campaigns, key=lambda uuid: len(store.events[uuid].opens))
    assert len(store.events[failing].opens) > 45
    ill(sandbox, stream, failing, status=500, query={"page": "3"})
    config = sandbox.config(max_parallel_requests=1)
    records: list[Mapping[str, Any]] = []
    state: list[Message] = []
    for number in range(4):
        if number == 3:
            sandbox.clear_faults()
        sandbox.reset_stats()
        result = read(sandbox, [stream], config, mode, state)
        assert result.exit_code == (number < 3)
        records += result.records(stream)
        state = result.state
        pages = [request.query["page"] for request in sandbox.requests if failing in request.path]
        assert (pages[0] == "1") is (number == 0)
        store.advance(3600)
        known = {row.subscriber for row in store.events[failing].opens}
        who = next(each for each in store.subscribers.values() if each not in known)
        store.add_open(store.campaigns[failing], who)
    if mode == "incremental":
        for _ in range(2):
            result = read(sandbox, [stream], config, mode, state)
            records, state = records + result.records(stream), result.state
        seen = {tuple(row[field] for field in PRIMARY_KEYS[stream]) for row in records}
        assert seen == {tuple(row[field] for field in PRIMARY_KEYS[stream]) for row in sandbox.truth(stream)}


def test_a_list_that_always_fails_costs_its_own_tries_and_delays_no_other(sandbox: Sandbox) -> None:
    stream = "campaign_opens"
    campaigns = parents(sandbox, stream)
    ill(sandbox, stream, campaigns[5])
    state = read(sandbox, [stream], mode="incremental").state
    for changed in (*campaigns[:3], *campaigns[-3:]):
        sandbox.store.advance(40 * 24 * 3600)
        known = {row.subscriber for row in sandbox.store.events[changed].opens}
        who = next(each for each in sandbox.store.subscribers.values() if each not in known)
        sandbox.store.add_open(sandbox.store.campaigns[changed], who)
        came: set[Any] = set()
        for _ in range(2):  # the first of all closes the pass that was left open
            sandbox.reset_stats()
            result = read(sandbox, [stream], mode="incremental", state=state)
            assert [campaigns[5] in error["message"] for error in result.errors] == [True]
            assert len([request for request in sandbox.requests if campaigns[5] in request.path]) == 6
            assert len(asked(sandbox, stream)) <= 3
            came |= {(row["campaign_uuid"], row["subscriber_uuid"]) for row in result.records(stream)}
            state = result.state
        assert (changed, who.uuid) in came


def test_many_that_fail_are_counted_and_three_of_them_named(sandbox: Sandbox) -> None:
    campaigns = parents(sandbox, "campaign_opens")
    ill(sandbox, "campaign_opens", *campaigns[::2])
    failed = read(sandbox, ["campaign_opens"], mode="incremental")
    assert table("campaign_opens", failed.records("campaign_opens")) == without(
        sandbox, "campaign_opens", *campaigns[::2]
    )
    assert f"6 campaigns ({campaigns[0]}, {campaigns[2]}, {campaigns[4]} and 3 more)" in failed.errors[0]["message"]


def test_five_in_a_row_are_the_end_of_the_stream_and_later_syncs_go_on_behind_them(sandbox: Sandbox) -> None:
    """So an ill server costs no more than these, and five lists that always fail hide nothing for ever."""
    stream = "campaign_opens"
    campaigns = parents(sandbox, stream)
    ill(sandbox, stream, *campaigns[2:8])
    failed = read(sandbox, [stream], sandbox.config(max_parallel_requests=1), "incremental")
    assert "stopped at so many in a row" in failed.errors[0]["message"]
    assert asked(sandbox, stream) == set(campaigns[:7])
    second = read(sandbox, [stream], mode="incremental", state=failed.state)
    both = [*failed.records(stream), *second.records(stream)]
    assert table(stream, both) == without(sandbox, stream, *campaigns[2:8])
    third = read(sandbox, [stream], mode="incremental", state=second.state)
    assert third.exit_code == 1
    assert third.state_of(stream)["cursor"], "the next pass brings what has changed in all others"
    sandbox.clear_faults()
    last = read(sandbox, [stream], mode="incremental", state=third.state)
    assert last.exit_code == 0
    assert table(stream, [*both, *last.records(stream)]) == rows(sandbox.truth(stream))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=401), "refused the API token"),
        (Fault(status=403), "does not let it read"),
        (Fault(rate_limited=True, retry_after=0), "allows no more requests"),
    ],
    ids=["the token", "the permission", "the limit"],
)
def test_what_concerns_all_lists_ends_the_stream_at_once(
    sandbox: Sandbox, fault: Fault, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_mailcoach.transport.budget.MINUTE", 0.1)  # the budget goes by a real clock
    failing = parents(sandbox, "campaign_opens")[3]
    fault.path, fault.times = f"/{failing}/opens$", None
    sandbox.add_fault(fault)
    failed: Run = read(sandbox, ["campaign_opens"], sandbox.config(max_parallel_requests=1), "incremental")
    assert says in failed.errors[0]["message"]
    assert failing not in failed.errors[0]["message"]
    assert asked(sandbox, "campaign_opens") == set(parents(sandbox, "campaign_opens")[:4])


def test_a_proxy_that_loses_its_route_to_all_lists_for_good_ends_the_stream_with_the_state_before(
    sandbox: Sandbox,
) -> None:
    sandbox.add_fault(lost_route(path="/opens$", after=9))
    failed = read(sandbox, ["campaign_opens"], mode="incremental")
    assert [error["failure_type"] for error in failed.errors] == ["transient_error"]
    sandbox.clear_faults()
    rest = read(sandbox, ["campaign_opens"], mode="incremental", state=failed.state)
    both = [*failed.records("campaign_opens"), *rest.records("campaign_opens")]
    assert table("campaign_opens", both) == rows(sandbox.truth("campaign_opens"))


@pytest.mark.parametrize("place", [0, -1], ids=["first", "last"])
def test_an_import_whose_details_cannot_be_read_comes_without_them_and_hides_no_other(
    sandbox: Sandbox, place: int
) -> None:
    failing = list(sandbox.store.imports)[place]
    sandbox.add_fault(Fault(path=f"/subscriber-imports/{failing}$", times=None, status=500))
    result = read(sandbox, ["subscriber_imports"], sandbox.config(include_import_details=True))
    assert result.exit_code == 1
    assert f"1 import ({failing})" in result.errors[0]["message"]
    came, truth = result.records("subscriber_imports"), sandbox.truth("subscriber_imports", include_import_details=True)
    assert {row["uuid"] for row in came} == {row["uuid"] for row in truth}
    whole = [row for row in came if row["uuid"] != failing]
    assert rows(whole) == rows(row for row in truth if row["uuid"] != failing)
    assert any(row["subscribers_csv"] for row in truth)
