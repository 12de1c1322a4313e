"""Syncs that build on one another, through the real entry point, with the state handed back as a file."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration_tests.test_read import KEYS, by_key, rows
from sandbox import Sandbox
from sandbox.connector import STREAMS, Message, read, read_and_kill

CHILDREN = STREAMS[2:]


def sync(sandbox: Sandbox, streams: Sequence[str] = STREAMS, state: Sequence[Message] = (), **config: Any) -> Any:
    result = read(sandbox, streams, sandbox.config(**config), "incremental", state)
    assert result.exit_code == 0, result.stdout
    return result


def test_a_second_sync_brings_what_has_changed_and_asks_for_little_else() -> None:
    with Sandbox(version="v8", campaigns=30, seed=2, opens=30, sent_only=True, in_window=2) as sandbox:
        first = sync(sandbox)
        for stream in STREAMS:
            assert rows(first.records(stream)) == rows(sandbox.truth(stream))
        sandbox.reset_stats()
        idle = sync(sandbox, state=first.state)
        children = [request for request in sandbox.requests if request.kind.startswith("campaign_")]
        assert len(children) <= 2 * len(CHILDREN)
        assert len(sandbox.requests) == len(children) + sandbox.least_requests(STREAMS[:2])

        old = min(sandbox.store.campaigns.values(), key=lambda campaign: campaign.sent_at)
        subscriber = next(s for s in sandbox.store.subscribers.values() if s.email_list is old.email_list)
        sandbox.store.advance(3600)
        sandbox.store.add_open(old, subscriber)
        sandbox.store.add_click(old, subscriber, "https://example.com/new")
        changed = sync(sandbox, state=idle.state)
        keys = (old.uuid, subscriber.uuid)
        assert by_key("campaign_opens", changed.records("campaign_opens")).get(keys)
        assert any(row["url"] == "https://example.com/new" for row in changed.records("campaign_clicks"))
        assert old.uuid in {campaign["uuid"] for campaign in changed.records("campaigns")}


@pytest.mark.parametrize(
    ("stream", "mode"), [("campaign_opens", "full_refresh"), *((stream, "incremental") for stream in CHILDREN)]
)
def test_killed_anywhere_it_goes_on_where_it_stopped(stream: str, mode: str) -> None:
    """Of a listing of one page and no other stream, a killed run costs the listing and the page under way."""
    rng = random.Random(f"{stream}{mode}")
    with Sandbox(
        version="v8", campaigns=10, seed=4, opens=60, sent_only=True, shuffle_ties=False, latency_ms=20
    ) as sandbox:
        least, truth = sandbox.least_requests([stream]), by_key(stream, sandbox.truth(stream))
        records: list[Mapping[str, Any]] = []
        state: list[Message] = []
        kills = 0
        while True:
            lines = 12 + rng.randint(0, (least + len(truth)) // 3)
            result = read_and_kill(sandbox, [stream], mode, state, lines)
            records += result.records(stream)
            state = result.state or state
            if result.exit_code == 0:
                break
            kills += 1
        assert kills >= 3
        assert rows(by_key(stream, records).values()) == rows(truth.values())
        # A page of bounces more: the edge of the last one has to be seen again. Links start again with their campaign.
        allowed = {"campaign_bounces": 3, "campaign_clicks": 4}.get(stream, 2)
        assert len(sandbox.requests) <= least + allowed * kills


def test_a_finished_full_refresh_starts_from_zero_the_next_time() -> None:
    with Sandbox(version="v8", campaigns=6, seed=4, opens=20) as sandbox:
        first = read(sandbox)
        second = read(sandbox, state=first.state)
        for stream in STREAMS:
            assert rows(second.records(stream)) == rows(sandbox.truth(stream))


def test_the_state_has_the_same_size_whatever_the_number_of_campaigns() -> None:
    sizes = {}
    for campaigns in (5, 60):
        with Sandbox(version="v8", campaigns=campaigns, seed=4, opens=40, sent_only=True) as sandbox:
            states = [str(message) for message in sync(sandbox).of_type("STATE")]
            sizes[campaigns] = max(map(len, states))
    assert sizes[60] <= sizes[5] + 10
    assert sizes[60] < 1000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"campaign_status": "all"}, "campaign_status was sent and is now all"),
        ({"start_date": "2020-01-01"}, "start_date was not set and is now 2020-01-01T00:00:00Z"),
        ({"prefix": "/elsewhere"}, "api_base_url was"),
    ],
)
def test_a_state_of_another_scope_starts_afresh_and_says_why(change: dict[str, Any], reason: str) -> None:
    with Sandbox(version="v8", campaigns=12, seed=4, opens=10) as sandbox:
        first = sync(sandbox)
        sandbox.settings.prefix = change.pop("prefix", "")
        second = sync(sandbox, state=first.state, **change)
        status = change.get("campaign_status", "sent")
        for stream in STREAMS:
            assert rows(second.records(stream)) == rows(sandbox.truth(stream, campaign_status=status))
        assert [reason in warning for warning in second.logs("WARN")] == [True] * 5


def saved_state(name: str, sandbox: Sandbox) -> list[Message]:
    """A state of integration_tests/, as if it had been made for a sandbox."""
    text = (Path(__file__).parent / name).read_text()
    state: list[Message] = json.loads(text.replace("https://example.mailcoach.app/api", sandbox.api_base_url))
    return state


def test_the_sample_state_is_gone_by() -> None:
    with Sandbox(version="v8", campaigns=30, seed=4, opens=10, sent_only=True, in_window=3) as sandbox:
        result = sync(sandbox, state=saved_state("sample_state.json", sandbox))
        assert result.logs("WARN") == []
        newer = {c["uuid"] for c in sandbox.truth("campaigns") if c["statistics_calculated_at"] >= "2026-10-31T07:45"}
        assert newer <= {campaign["uuid"] for campaign in result.records("campaigns")}
        assert 0 < len(result.records("campaigns")) < 30
        assert {row["campaign_uuid"] for row in result.records("campaign_opens")} <= newer


def unreadable(sandbox: Sandbox) -> list[Message]:
    state = saved_state("sample_state.json", sandbox)
    for message in state:
        message["stream"]["stream_state"].update({"scope": "???", "pass": 7})
    return state


def from_the_future(sandbox: Sandbox) -> list[Message]:
    return saved_state("abnormal_state.json", sandbox)


@pytest.mark.parametrize("unusable", [from_the_future, unreadable])
def test_a_state_that_cannot_be_used_is_a_safe_new_start(unusable: Callable[[Sandbox], list[Message]]) -> None:
    with Sandbox(version="v8", campaigns=6, seed=4, opens=10) as sandbox:
        first = sync(sandbox, state=unusable(sandbox))
        for stream in STREAMS:
            assert rows(first.records(stream)) == rows(sandbox.truth(stream))
        assert len(first.logs("WARN")) == 5
        assert sync(sandbox, state=first.state).logs("WARN") == []


def test_the_start_date_leaves_older_campaigns_out_of_every_stream() -> None:
    with Sandbox(version="v8", campaigns=30, seed=4, opens=10) as sandbox:
        sent = sorted(campaign["sent_at"] for campaign in sandbox.truth("campaigns") if campaign["sent_at"])
        start = sent[len(sent) // 2]
        result = sync(sandbox, start_date=start)
        kept = {c["uuid"] for c in sandbox.truth("campaigns") if (c["sent_at"] or c["created_at"]) >= start}
        assert {campaign["uuid"] for campaign in result.records("campaigns")} == kept
        for stream in CHILDREN:
            truth = [row for row in sandbox.truth(stream) if row["campaign_uuid"] in kept]
            assert rows(result.records(stream)) == rows(truth)


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_a_server_that_cannot_sort_by_the_last_open_is_asked_once_and_read_whole(version: str) -> None:
    with Sandbox(version=version, campaigns=12, seed=4, opens=40, sent_only=True, in_window=4) as sandbox:
        first = sync(sandbox, ["campaign_opens"])
        sandbox.store.advance(3600)
        sandbox.reset_stats()
        second = sync(sandbox, ["campaign_opens"], state=first.state)
        assert [request.status for request in sandbox.requests].count(400) == 1
        campaigns = {row["campaign_uuid"] for row in second.records("campaign_opens")}
        assert campaigns
        truth = [row for row in sandbox.truth("campaign_opens") if row["campaign_uuid"] in campaigns]
        assert rows(second.records("campaign_opens")) == rows(truth)


def test_a_server_that_sorts_by_the_last_open_is_read_no_further_than_rows_are_new() -> None:
    with Sandbox(version="v8", campaigns=9, seed=4, opens=100, sent_only=True, in_window=0) as sandbox:
        first = sync(sandbox, ["campaign_opens"])
        busiest = max(sandbox.store.campaigns.values(), key=lambda c: len(sandbox.store.events[c.uuid].opens))
        opener = sandbox.store.events[busiest.uuid].opens[0].subscriber
        sandbox.store.advance(3600)
        sandbox.store.add_open(busiest, opener)
        sandbox.reset_stats()
        second = sync(sandbox, ["campaign_opens"], state=first.state)
        asked = [request for request in sandbox.requests if busiest.uuid in request.path]
        assert len(asked) == 1
        assert (busiest.uuid, opener.uuid) in by_key("campaign_opens", second.records("campaign_opens"))


def test_deselecting_everything_but_a_child_stream_still_moves_its_state() -> None:
    with Sandbox(version="v8", campaigns=9, seed=4, opens=10) as sandbox:
        result = sync(sandbox, ["campaign_bounces"])
        state = result.state_of("campaign_bounces")
        assert "pass" not in state
        assert datetime.fromisoformat(state["cursor"].replace("Z", "+00:00")) <= datetime.now(timezone.utc) + timedelta(
            days=365
        )
        assert set(KEYS["campaign_bounces"]) <= result.records("campaign_bounces")[0].keys()
