"""What is read is what there is, row for row, whatever the server's version and however it shuffles."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, read

VERSIONS = ("v6", "v7", "v8", "cloud")
KEYS = {
    "email_lists": ("uuid",),
    "campaigns": ("uuid",),
    "campaign_clicks": ("campaign_uuid", "uuid"),
    "campaign_opens": ("campaign_uuid", "subscriber_uuid"),
    "campaign_unsubscribes": ("campaign_uuid", "subscriber_uuid"),
    "campaign_bounces": ("campaign_uuid", "subscriber_uuid", "type"),
}


def rows(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Records in an order of their own. The protocol's serializer leaves out fields of a record that are null."""
    present = ({field: value for field, value in record.items() if value is not None} for record in records)
    return sorted(json.dumps(record, sort_keys=True) for record in present)


def by_key(stream: str, records: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(record[field] for field in KEYS[stream]): record for record in records}


@pytest.mark.parametrize("version", VERSIONS)
def test_reads_exactly_the_rows_that_there_are(version: str) -> None:
    with Sandbox(version=version, campaigns=24, seed=7, opens=30) as sandbox:
        result = read(sandbox)
        assert result.exit_code == 0, result.stdout
        for stream in STREAMS:
            truth = sandbox.truth(stream)
            assert truth
            assert rows(result.records(stream)) == rows(truth), stream
            assert result.stream_statuses(stream) == ["STARTED", "RUNNING", "COMPLETE"]
        assert sandbox.token not in result.stdout + result.stderr


def test_costs_the_least_possible_requests_when_nothing_is_shuffled() -> None:
    with Sandbox(version="v8", campaigns=24, seed=7, opens=30, shuffle_ties=False) as sandbox:
        assert read(sandbox).exit_code == 0
        assert len(sandbox.requests) == sandbox.least_requests(STREAMS)


@pytest.mark.parametrize("order", [STREAMS, tuple(reversed(STREAMS)), ("campaign_opens", "campaign_clicks")])
def test_lists_the_campaigns_once_whichever_stream_comes_first(order: tuple[str, ...]) -> None:
    with Sandbox(version="v8", campaigns=24, seed=7, opens=5, shuffle_ties=False) as sandbox:
        assert read(sandbox, order).exit_code == 0
        assert len([r for r in sandbox.requests if r.path.endswith("/campaigns")]) == sandbox.least_requests(
            ["campaigns"]
        )


@pytest.mark.parametrize("status", ["sent", "scheduled", "draft", "all"])
def test_reads_the_campaigns_of_the_chosen_status_and_what_belongs_to_them(status: str) -> None:
    with Sandbox(version="v8", campaigns=40, seed=3, opens=5) as sandbox:
        streams = ("campaigns", "campaign_opens")
        result = read(sandbox, streams, sandbox.config(campaign_status=status))
        for stream in streams:
            assert rows(result.records(stream)) == rows(sandbox.truth(stream, campaign_status=status))
        if status in ("scheduled", "draft"):
            assert not any(request.path.endswith("/opens") for request in sandbox.requests)


def test_an_empty_account_is_read_without_rows_and_without_errors() -> None:
    with Sandbox(version="v8", empty=True) as sandbox:
        result = read(sandbox)
        assert result.exit_code == 0
        assert result.of_type("RECORD") == []
        assert len(sandbox.requests) == 2


def test_asks_for_the_page_size_of_the_configuration_and_goes_by_the_one_it_gets() -> None:
    with Sandbox(version="cloud", campaigns=24, seed=7, opens=30, shuffle_ties=False) as sandbox:
        result = read(sandbox, ["campaign_opens"], sandbox.config(page_size=7))
        assert rows(result.records("campaign_opens")) == rows(sandbox.truth("campaign_opens"))
        assert {request.query["per_page"] for request in sandbox.requests} == {"7"}


def test_a_prefix_before_api_and_a_trailing_slash_work() -> None:
    with Sandbox(version="v8", campaigns=4, seed=1, prefix="/mailcoach") as sandbox:
        result = read(sandbox, ["campaigns"], sandbox.config(api_base_url=sandbox.api_base_url + "/"))
        assert rows(result.records("campaigns")) == rows(sandbox.truth("campaigns"))


@pytest.mark.parametrize("parallel", [1, 4, 16])
def test_rows_deleted_and_inserted_while_paging_lose_nothing_that_stays(parallel: int) -> None:
    """Also when the server answers requests that overlap in another order than they were made."""
    turns = random.Random(0)
    with Sandbox(version="v8", campaigns=6, seed=5, opens=120) as sandbox:
        before = sandbox.truth("campaign_opens")
        openers: defaultdict[str, list[str]] = defaultdict(list)
        for opened in before:
            openers[opened["campaign_uuid"]].append(opened["subscriber_uuid"])

        def churn(request: Any) -> None:
            """For each page, three who opened vanish, from anywhere, and one of them comes back as the newest."""
            sandbox.settings.latency_ms = turns.uniform(0, 20)
            campaign = request.path.split("/")[-2]
            if request.path.endswith("/opens") and len(openers[campaign]) > 60:
                gone = [openers[campaign].pop(index) for index in (-1, 20, 0)]
                for subscriber in gone:
                    sandbox.store.delete_open(campaign, subscriber)
                sandbox.store.add_open(campaign, gone[0])

        sandbox.on_request = churn
        result = read(sandbox, ["campaign_opens"], sandbox.config(max_parallel_requests=parallel))
        stayed = by_key("campaign_opens", sandbox.truth("campaign_opens")).keys() - {
            key for key in by_key("campaign_opens", before) if key[1] not in openers[key[0]]
        }
        assert len(stayed) < len(before) - 30
        assert stayed <= by_key("campaign_opens", result.records("campaign_opens")).keys()


def test_a_campaign_deleted_after_it_was_listed_is_left_out_with_one_warning() -> None:
    with Sandbox(version="v8", campaigns=12, seed=5, opens=10) as sandbox:
        gone = sandbox.truth("campaign_opens")[0]["campaign_uuid"]

        def delete(request: Any) -> None:
            if request.path.endswith("/opens"):
                sandbox.on_request = None
                sandbox.store.delete_campaign(gone)

        sandbox.on_request = delete
        result = read(sandbox, ["campaigns", "campaign_opens"])
        assert result.exit_code == 0
        assert rows(result.records("campaign_opens")) == rows(sandbox.truth("campaign_opens"))
        assert [gone in warning for warning in result.logs("WARN")] == [True]


def test_a_server_without_the_bounces_endpoint_gives_none_with_one_warning() -> None:
    with Sandbox(version="v6", campaigns=12, seed=5, opens=10, without={"bounces"}) as sandbox:
        result = read(sandbox, ["campaign_bounces", "campaign_unsubscribes"])
        assert result.exit_code == 0
        assert result.records("campaign_bounces") == []
        assert ["6.24" in warning for warning in result.logs("WARN")] == [True]
        assert len([request for request in sandbox.requests if request.path.endswith("/bounces")]) == 1
        assert rows(result.records("campaign_unsubscribes")) == rows(sandbox.truth("campaign_unsubscribes"))


def test_version_5_is_refused_by_name() -> None:
    with Sandbox(version="v5", campaigns=4, seed=1) as sandbox:
        result = read(sandbox, ["campaigns"])
        assert result.exit_code == 1
        assert "version 5" in result.errors[0]["message"]
        assert result.errors[0]["failure_type"] == "config_error"


FAULTS = {
    "429 with Retry-After": Fault(path="/opens$", rate_limited=True, retry_after=1, after=2, times=2),
    "500": Fault(path="/opens$", status=500, after=2, times=2),
    "503 with Retry-After": Fault(path="/opens$", status=503, headers={"Retry-After": "1"}, after=2),
    "a cut connection": Fault(path="/opens$", cut=True, after=2, times=2),
    "an answer that breaks off": Fault(path="/opens$", truncated=True, after=2),
    "no answer": Fault(path="/opens$", empty_reply=True, after=2),
    "a web page of a proxy": Fault(path="/opens$", status=502, body="<html>Bad Gateway</html>", after=2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_passing_failure_costs_no_row(name: str) -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20) as sandbox:
        sandbox.add_fault(FAULTS[name])
        result = read(sandbox, ["campaign_opens"])
        assert result.exit_code == 0, result.stdout
        assert rows(result.records("campaign_opens")) == rows(sandbox.truth("campaign_opens"))


def test_one_failing_stream_does_not_stop_the_others_and_the_exit_code_says_so() -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20) as sandbox:
        sandbox.add_fault(Fault(path="/clicks$", status=403, times=None))
        result = read(sandbox)
        assert result.exit_code == 1
        assert result.stream_statuses("campaign_clicks")[-1] == "INCOMPLETE"
        assert "does not let it read" in result.errors[0]["message"]
        assert result.errors[0]["stream_descriptor"]["name"] == "campaign_clicks"
        for stream in set(STREAMS) - {"campaign_clicks"}:
            assert rows(result.records(stream)) == rows(sandbox.truth(stream))


def test_says_how_far_it_has_come() -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20, shuffle_ties=False) as sandbox:
        result = read(sandbox, ["campaigns", "campaign_opens"])
        lines = [line for line in result.logs("INFO") if "finished in" in line]
        campaigns = len(result.records("campaigns"))
        assert lines[0].startswith(f"1 of 1 pages, {campaigns} rows, 1 requests")
        opens = len(result.records("campaign_opens"))
        requests = sandbox.least_requests(["campaign_opens"]) - sandbox.least_requests(["campaigns"])
        assert lines[1].startswith(f"{campaigns} of {campaigns} campaigns, {opens} rows, {requests} requests")


def test_debug_logs_do_not_show_the_token() -> None:
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        result = read(sandbox, ["email_lists"], LOG_LEVEL="debug")
        assert result.exit_code == 0
        assert "GET email-lists" in result.stdout
        assert sandbox.token not in result.stdout + result.stderr
