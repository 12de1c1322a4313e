"""Which campaigns and pages are read, and what happens when the server fails or changes meanwhile."""

import random
from collections import defaultdict
from typing import Any

import pytest

from integration_tests.in_process import BRIEF, read_here
from integration_tests.tables import by_key, rows, table
from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, read


@pytest.mark.parametrize("status", ["sent", "scheduled", "draft", "all"])
def test_reads_the_campaigns_of_the_chosen_status_and_what_belongs_to_them(status: str) -> None:
    with Sandbox(version="v8", campaigns=40, seed=3, opens=5) as sandbox:
        streams = ("campaigns", "campaign_opens")
        result = read_here(sandbox, streams, sandbox.config(campaign_status=status))
        for stream in streams:
            assert rows(result.records(stream)) == rows(sandbox.truth(stream, campaign_status=status))
        if status in ("scheduled", "draft"):
            assert not any(request.path.endswith("/opens") for request in sandbox.requests)


def test_an_empty_account_is_read_without_rows_and_without_errors() -> None:
    with Sandbox(version="v8", empty=True) as sandbox:
        result = read(sandbox, changes=BRIEF)
        assert result.exit_code == 0
        assert result.of_type("RECORD") == []
        assert len(sandbox.requests) == sandbox.least_requests(STREAMS)


def test_asks_for_the_page_size_of_the_configuration_and_goes_by_the_one_it_gets() -> None:
    with Sandbox(version="cloud", campaigns=24, seed=7, opens=30, shuffle_ties=False) as sandbox:
        result = read_here(sandbox, ["campaign_opens"], sandbox.config(page_size=7))
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
        result = read_here(sandbox, ["campaign_opens"], sandbox.config(max_parallel_requests=parallel))
        stayed = by_key("campaign_opens", sandbox.truth("campaign_opens")).keys() - {
            key for key in by_key("campaign_opens", before) if key[1] not in openers[key[0]]
        }
        assert len(stayed) < len(before) - 30
        assert stayed <= by_key("campaign_opens", result.records("campaign_opens")).keys()


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


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("name", FAULTS)
def test_a_passing_failure_costs_no_row(name: str) -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20) as sandbox:
        sandbox.add_fault(FAULTS[name])
        result = read_here(sandbox, ["campaign_opens"])
        assert result.exit_code == 0, result.stdout
        assert rows(result.records("campaign_opens")) == rows(sandbox.truth("campaign_opens"))


def test_one_failing_stream_does_not_stop_the_others_and_the_exit_code_says_so() -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=5) as sandbox:
        sandbox.add_fault(Fault(path="/clicks$", status=403, times=None))
        result = read(sandbox, changes=BRIEF)
        assert result.exit_code == 1
        assert "does not let it read" in result.errors[0]["message"]
        assert result.errors[0]["stream_descriptor"]["name"] == "campaign_clicks"
        failed = {stream for stream in STREAMS if result.stream_statuses(stream)[-1] == "INCOMPLETE"}
        assert failed == {"campaign_clicks", "campaign_click_events"}
        for stream in set(STREAMS) - failed:
            assert table(stream, result.records(stream)) == rows(sandbox.truth(stream)), stream


def test_says_how_far_it_has_come() -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20, shuffle_ties=False) as sandbox:
        result = read(sandbox, ["campaigns", "campaign_opens"])
        lines = [line for line in result.logs("INFO") if "finished in" in line]
        campaigns = len(result.records("campaigns"))
        assert lines[0].startswith(f"campaigns: 1 of 1 pages, {campaigns} rows, 1 request,")
        opens = len(result.records("campaign_opens"))
        requests = sandbox.least_requests(["campaign_opens"]) - sandbox.least_requests(["campaigns"])
        counts = f"{campaigns} of {campaigns} campaigns, {opens} rows, {requests} requests"
        assert lines[1].startswith(f"campaign_opens: {counts}")


def test_says_once_and_before_the_first_pass_how_much_the_sync_has_to_do() -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20, shuffle_ties=False) as sandbox:
        streams = ["campaigns", "campaign_opens", "campaign_bounces"]
        result = read(sandbox, streams)
        told = [line for line in result.logs("INFO") if "This sync takes" in line or "are to be read" in line]
        requests = sandbox.least_requests(streams) - sandbox.least_requests(["campaigns"])
        assert told[0].startswith(f"This sync takes about {requests} requests")
        assert [line.partition(":")[0] for line in told[1:]] == ["campaign_opens", "campaign_bounces"]


def test_debug_logs_do_not_show_the_token() -> None:
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        result = read(sandbox, ["email_lists"], LOG_LEVEL="debug")
        assert result.exit_code == 0
        assert "GET email-lists" in result.stdout
        assert sandbox.token not in result.stdout + result.stderr
