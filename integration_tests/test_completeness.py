"""What a sync tells of its own completeness, and that nothing with holes replaces a whole table."""

import json
from itertools import count
from typing import Any

import pytest

from integration_tests.in_process import BRIEF, read_here
from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, Run, read
from sandbox.world.times import DAY
from source_mailcoach.streams.pages import Pages
from unit_tests.seeds import versions


def completeness(result: Run) -> dict[str, dict[str, Any]]:
    (line,) = [line for line in result.logs("INFO") if line.startswith("completeness: ")]
    found: dict[str, dict[str, Any]] = json.loads(line.removeprefix("completeness: "))
    return found


@pytest.mark.parametrize("version", versions("v6", "v7", "v8", "v9", "v10", "cloud"))
def test_the_last_lines_of_a_sync_say_of_each_stream_what_the_server_counts_and_what_came(version: str) -> None:
    with Sandbox(version=version, campaigns=8, seed=3, opens=20, shuffle_ties=False) as sandbox:
        result = read(sandbox, changes=BRIEF)
        counted = {stream: len(sandbox.truth(stream)) for stream in STREAMS}
    found = completeness(result)
    assert found.keys() == set(STREAMS)
    for stream, content in found.items():
        assert content["emitted"] == len(result.records(stream)), stream
        assert content["missing"] == 0
        assert content["counted"] in (counted[stream], None), stream
    assert {stream for stream, content in found.items() if content["counted"] is None} <= {
        "campaign_click_events",  # the server counts links
        "automation_mails",  # it has none
        "suppressions",
        "transactional_mail_templates",
    }
    table, machine = result.logs("INFO")[-2:]
    assert machine.startswith("completeness: ")
    assert len(table.splitlines()) >= 1 + len(STREAMS)


def test_of_an_incremental_sync_it_says_what_is_known() -> None:
    with Sandbox(campaigns=8, seed=3, opens=20) as sandbox:
        state = read_here(sandbox, ["campaigns", "subscribers"], mode="incremental").state
        result = read_here(sandbox, ["campaigns", "subscribers"], mode="incremental", state=state)
        subscribers, campaigns = (len(sandbox.truth(stream)) for stream in ("subscribers", "campaigns"))
    found = completeness(result)
    emitted = len(result.records("subscribers"))
    assert found["subscribers"] == {"counted": subscribers, "emitted": emitted, "vanished": None, "missing": 0}
    emitted = len(result.records("campaigns"))
    assert found["campaigns"] == {"counted": campaigns, "emitted": emitted, "vanished": 0, "missing": 0}
    assert emitted < campaigns


def test_rows_that_are_deleted_meanwhile_have_vanished_and_are_not_missing() -> None:
    with Sandbox(empty=True) as sandbox:
        owner = sandbox.store.add_email_list("Digest")
        people = [sandbox.store.add_subscriber(owner, f"{number}@example.org") for number in range(40)]

        def delete(_: object) -> None:
            if len(sandbox.requests) == 3:
                sandbox.store.delete_subscriber(people[-1])

        sandbox.on_request = delete
        result = read_here(sandbox, ["subscribers"], {**sandbox.config(), "max_parallel_requests": 1})
    assert result.exit_code == 0
    assert completeness(result)["subscribers"] == {"counted": 39, "emitted": 40, "vanished": 1, "missing": 0}


def of_hidden_rows(mode: str) -> tuple[Run, int]:
    """A database shows equal rows in another order on each page, and some on none."""
    with Sandbox(empty=True, database="postgresql") as sandbox:
        for number in range(400):
            sandbox.store.add_suppression(f"{number}@example.org")
        result = read(sandbox, ["email_lists", "suppressions"], mode=mode)
        missing = 400 - len({record["uuid"] for record in result.records("suppressions")})
    assert missing > 0
    assert completeness(result)["suppressions"]["missing"] == missing
    return result, missing


def test_a_full_refresh_that_lacks_rows_is_incomplete_and_says_how_many() -> None:
    result, missing = of_hidden_rows("full_refresh")
    assert result.exit_code == 1
    assert result.stream_statuses("suppressions")[-1] == "INCOMPLETE"
    assert result.stream_statuses("email_lists")[-1] == "COMPLETE"
    error = result.errors[0]
    assert f"suppressions lacks rows: Mailcoach counts {missing} more rows" in error["message"]
    assert error["failure_type"] == "transient_error"


@pytest.mark.parametrize("stream", STREAMS)
def test_whichever_stream_lacks_rows_a_full_refresh_of_it_fails(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its rows are those of another stream: single clicks come with the links."""
    endpoint = "campaign_clicks" if stream == "campaign_click_events" else stream

    def hide_one(pages: Pages, *_: object) -> None:
        pages.missing += pages.stream in (stream, endpoint)

    monkeypatch.setattr(Pages, "warn_of_missing", hide_one)
    with Sandbox(version="cloud", campaigns=4, seed=3, opens=5) as sandbox:
        streams = sorted({"email_lists", endpoint, stream})
        result = read_here(sandbox, streams)
        assert result.exit_code == 1
        assert result.of_type("TRACE")
        assert f"{stream} lacks rows" in "".join(each["internal_message"] or "" for each in result.errors)


def test_what_a_listing_lacked_does_not_count_for_the_one_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gaps = [1]

    def hide_one(pages: Pages, *_: object) -> None:
        if pages.stream == "campaigns" and gaps:
            pages.missing += gaps.pop()

    monkeypatch.setattr(Pages, "warn_of_missing", hide_one)
    hours = count(0, 7200)
    monkeypatch.setattr("source_mailcoach.streams.listing.ListingStream.clock", lambda: float(next(hours)))
    with Sandbox(campaigns=4, seed=3, opens=5, sent_only=True) as sandbox:
        result = read_here(sandbox, ["campaigns", "campaign_opens"])
    assert result.stream_statuses("campaigns")[-1] == "INCOMPLETE"
    assert result.stream_statuses("campaign_opens")[-1] == "COMPLETE"


def test_what_was_missing_before_a_sync_was_killed_counts_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def hide_one(pages: Pages, *_: object) -> None:
        pages.missing += 1

    with Sandbox(version="v8", campaigns=6, seed=3, opens=5, sent_only=True) as sandbox:
        with monkeypatch.context() as patch:
            patch.setattr(Pages, "warn_of_missing", hide_one)
            last = sorted(sandbox.store.campaigns.values(), key=lambda campaign: campaign.created_at)[-1]
            broken = Fault(path=f"/campaigns/{last.uuid}/opens$", status=403, times=None)
            sandbox.add_fault(broken)
            state = read_here(sandbox, ["campaign_opens"]).state
        sandbox.clear_faults()
        assert state[0]["stream"]["stream_state"]["pass"]["missing"] == 5
        again = read_here(sandbox, ["campaign_opens"], state=state)
        assert again.exit_code == 1
        assert read_here(sandbox, ["campaign_opens"], state=again.state).exit_code == 0


def test_what_was_missing_in_a_list_before_a_sync_failed_further_down_counts_after_it() -> None:
    with Sandbox(empty=True, database="postgresql") as sandbox:
        for number in range(400):
            sandbox.store.add_suppression(f"{number}@example.org")
        for number in range(60):
            earlier = sandbox.store.now - (1 + number) * DAY
            sandbox.store.add_suppression(f"old-{number}@example.org", created_at=earlier)
        query = {"page": "30", "sort": "-created_at"}
        sandbox.add_fault(Fault(path="/suppressions$", query=query, status=403, times=None))
        failed = read_here(sandbox, ["suppressions"])
        sandbox.clear_faults()
        again = read_here(sandbox, ["suppressions"], state=failed.state)
    rows = [record["uuid"] for run in (failed, again) for record in run.records("suppressions")]
    missing = 460 - len(set(rows))
    assert missing > 0
    assert len(again.records("suppressions")) < 60
    assert again.exit_code == 1
    assert f"Mailcoach counts {missing} more rows" in again.errors[0]["message"]
    assert completeness(again)["suppressions"]["missing"] == missing


def test_an_incremental_sync_that_lacks_rows_warns_since_it_replaces_nothing() -> None:
    result, missing = of_hidden_rows("incremental")
    assert result.exit_code == 0
    assert result.stream_statuses("suppressions")[-1] == "COMPLETE"
    assert [f"counts {missing} more rows in suppressions" in warning for warning in result.logs("WARN")] == [True]


def warnings_of_pruning(result: Run) -> list[str]:
    return [warning for warning in result.logs("WARN") if "has deleted opens" in warning]


def test_what_mailcoach_prunes_is_told_once_with_its_age() -> None:
    with Sandbox(version="v8", campaigns=12, seed=4, opens=20, sent_only=True) as sandbox:
        store, streams = sandbox.store, ["campaign_opens", "campaign_unsubscribes"]
        assert warnings_of_pruning(read_here(sandbox, streams)) == []
        sent = sorted(campaign.sent_at or 0 for campaign in store.campaigns.values())
        before = sent[6]
        for kind in ("opens", "unsubscribes"):
            store.prune(kind, before)
        requests = len(sandbox.requests)
        result = read_here(sandbox, streams)
        assert len(sandbox.requests) - requests <= requests
        pruned = [
            campaign
            for campaign in store.campaigns.values()
            if campaign.statistics.unique_open_count and (campaign.sent_at or 0) < before - DAY
        ]
    (warning,) = warnings_of_pruning(result)
    assert "a full refresh with overwrite would destroy it" in warning
    assert completeness(result)["campaign_opens"]["campaigns"]["pruned"] >= len(pruned) >= 1
