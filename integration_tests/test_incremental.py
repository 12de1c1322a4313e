"""Syncs that build on one another: what the state keeps, and when it is gone by."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration_tests.in_process import read_here
from integration_tests.tables import assert_all_there, by_key, rows
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, FULL_REFRESH_ONLY, STREAMS, Message, Run
from sandbox.truth.streams import PRIMARY_KEYS

INCREMENTAL = tuple(stream for stream in STREAMS if stream not in FULL_REFRESH_ONLY)
CHILDREN = CORE_STREAMS[2:]


def sync(sandbox: Sandbox, streams: Sequence[str] = STREAMS, state: Sequence[Message] = (), **config: Any) -> Run:
    result = read_here(sandbox, streams, sandbox.config(**config), "incremental", state)
    assert result.exit_code == 0, result.stdout
    return result


def test_a_second_sync_brings_what_has_changed_and_asks_for_little_else() -> None:
    with Sandbox(version="v8", campaigns=30, seed=2, opens=30, html_bytes=50, sent_only=True, in_window=2) as sandbox:
        first = sync(sandbox, CORE_STREAMS)
        assert_all_there(first, sandbox, CORE_STREAMS)
        sandbox.reset_stats()
        idle = sync(sandbox, CORE_STREAMS, first.state)
        children = [request for request in sandbox.requests if request.kind.startswith("campaign_")]
        assert len(children) <= 2 * len(CHILDREN)
        assert len(sandbox.requests) == len(children) + sandbox.least_requests(CORE_STREAMS[:2])

        old = min(sandbox.store.campaigns.values(), key=lambda campaign: campaign.sent_at or 0)
        subscriber = next(s for s in sandbox.store.subscribers.values() if s.email_list is old.email_list)
        sandbox.store.advance(3600)
        sandbox.store.add_open(old, subscriber)
        sandbox.store.add_click(old, subscriber, "https://example.com/new")
        changed = sync(sandbox, CORE_STREAMS, idle.state)
        keys = (old.uuid, subscriber.uuid)
        assert by_key("campaign_opens", changed.records("campaign_opens")).get(keys)
        assert any(row["url"] == "https://example.com/new" for row in changed.records("campaign_clicks"))
        assert old.uuid in {campaign["uuid"] for campaign in changed.records("campaigns")}


def test_a_finished_full_refresh_starts_from_zero_the_next_time() -> None:
    with Sandbox(version="v8", campaigns=6, seed=4, opens=10) as sandbox:
        first = read_here(sandbox)
        assert_all_there(read_here(sandbox, state=first.state), sandbox)


def test_the_state_of_each_stream_has_the_same_size_whatever_there_is() -> None:
    """In the middle of a list too: one request at a time, there is a STATE after each page."""
    sizes: dict[int, dict[str, int]] = {}
    for count in (3, 18):
        with Sandbox(version="v8", campaigns=count, lists=count, seed=4, opens=20, sent_only=True) as sandbox:
            result = sync(sandbox, max_parallel_requests=1)
            states = [message["state"]["stream"] for message in result.of_type("STATE")]
            sizes[count] = {
                stream: max(len(json.dumps(each)) for each in states if each["stream_descriptor"]["name"] == stream)
                for stream in STREAMS
            }
    for stream in STREAMS:
        assert sizes[18][stream] <= sizes[3][stream] + 250  # that of a position in a list that is longer than a page
        assert sizes[18][stream] < 1000


OF_CAMPAIGNS = {stream for stream in STREAMS if stream.startswith("campaign")}


@pytest.mark.parametrize(
    ("change", "reason", "concerns"),
    [
        ({"campaign_status": "all"}, "campaign_status was sent and is now all", OF_CAMPAIGNS),
        (
            {"start_date": "2020-01-01"},
            "start_date was not set and is now 2020-01-01T00:00:00Z",
            OF_CAMPAIGNS | {"sends", "transactional_mails"},
        ),
        ({"prefix": "/elsewhere"}, "api_base_url was", set(INCREMENTAL)),
    ],
)
def test_a_state_of_another_scope_starts_afresh_and_says_why(
    change: dict[str, Any], reason: str, concerns: set[str]
) -> None:
    with Sandbox(version="v8", campaigns=8, seed=4, opens=10, database="postgresql") as sandbox:
        first = sync(sandbox, INCREMENTAL)
        config = dict(change)
        sandbox.settings.prefix = config.pop("prefix", "")
        second = sync(sandbox, INCREMENTAL, first.state, **config)
        status = change.get("campaign_status", "sent")
        assert_all_there(second, sandbox, concerns, campaign_status=status)
        assert [reason in warning for warning in second.logs("WARN")] == [True] * len(concerns)
        assert {name for name in concerns if any(name in warning for warning in second.logs("WARN"))} == concerns


# The answers to the listing of the lists tell the server's time to all streams.
READ_BEFORE = ("email_lists", *INCREMENTAL)


def saved_state(name: str, sandbox: Sandbox) -> list[Message]:
    """A state of integration_tests/, as if it had been made for a sandbox."""
    text = (Path(__file__).parent / name).read_text()
    state: list[Message] = json.loads(text.replace("https://example.mailcoach.app/api", sandbox.api_base_url))
    return state


def test_the_sample_state_is_gone_by() -> None:
    with Sandbox(version="v8", campaigns=30, seed=4, opens=10, html_bytes=50, sent_only=True, in_window=3) as sandbox:
        result = sync(sandbox, READ_BEFORE, saved_state("sample_state.json", sandbox))
        assert result.logs("WARN") == []
        newer = {c["uuid"] for c in sandbox.truth("campaigns") if c["statistics_calculated_at"] >= "2026-10-31T07:45"}
        assert newer <= {campaign["uuid"] for campaign in result.records("campaigns")}
        assert 0 < len(result.records("campaigns")) < 30
        assert {row["campaign_uuid"] for row in result.records("campaign_opens")} <= newer
        for stream in INCREMENTAL:
            assert len(result.records(stream)) < len(sandbox.truth(stream)), stream


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
        first = sync(sandbox, READ_BEFORE, unusable(sandbox))
        assert_all_there(first, sandbox, READ_BEFORE)
        assert len(first.logs("WARN")) == len(INCREMENTAL)
        assert sync(sandbox, READ_BEFORE, first.state).logs("WARN") == []


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_a_server_that_cannot_sort_by_the_last_open_is_asked_once_and_read_whole(version: str) -> None:
    with Sandbox(
        version=version, campaigns=12, seed=4, opens=40, html_bytes=50, sent_only=True, in_window=4
    ) as sandbox:
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
    with Sandbox(version="v8", campaigns=9, seed=4, opens=100, html_bytes=50, sent_only=True, in_window=0) as sandbox:
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
        assert set(PRIMARY_KEYS["campaign_bounces"]) <= result.records("campaign_bounces")[0].keys()


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_bounces_that_no_recount_told_of_come_with_the_next_event_of_their_campaign(version: str) -> None:
    """On v6 and v7 a bounce has nothing counted: after the engagement window, syncs do not look for it."""
    with Sandbox(version=version, campaigns=6, seed=4, opens=30, html_bytes=50, sent_only=True, in_window=0) as sandbox:
        result = sync(sandbox, ["campaign_bounces"])
        old = min(sandbox.store.campaigns.values(), key=lambda campaign: campaign.sent_at or 0)
        audience = [each for each in sandbox.store.subscribers.values() if each.email_list is old.email_list]
        bounced = {row.subscriber for row in sandbox.store.events[old.uuid].feedback}
        late = [each for each in audience if each not in bounced][:25]
        other = max(sandbox.store.campaigns.values(), key=lambda campaign: campaign.sent_at or 0)
        opener = next(each for each in sandbox.store.subscribers.values() if each.email_list is other.email_list)
        for who in late:
            sandbox.store.advance(2 * 24 * 3600)
            sandbox.store.add_bounce(old, who)
            sandbox.store.add_open(other, opener)  # the cursor moves on
            result = sync(sandbox, ["campaign_bounces"], result.state)
            assert (old.uuid, who.uuid, "bounce") not in by_key("campaign_bounces", result.records("campaign_bounces"))
        sandbox.store.add_open(old, audience[0])
        result = sync(sandbox, ["campaign_bounces"], result.state)
        came = {row["subscriber_uuid"] for row in result.records("campaign_bounces")}
        assert {who.uuid for who in late} <= came
        assert len(late) > 15
