"""A server that is too old for a stream: no rows, one warning that names the version, and all the rest as ever."""

import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from integration_tests.in_process import read_here as read
from integration_tests.tables import assert_all_there
from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS
from sandbox.world.versions import VERSIONS

SINCE = {
    "tags": "6.13",
    "segments": "6.13",
    "campaign_click_events": "7.0",
    "campaign_bounces": "6.24",
    "campaign_sends": "6.1",
    "sends": "6.1",
    "suppressions": "Mailcoach 8,",
    "transactional_mail_templates": "8.14",
    "automation_mails": "newer than 8",
}
LACKING: Mapping[str, tuple[str, set[str], set[str]]] = {
    "6.0": (
        "v6",
        {"tags", "segments", "bounces", "sends"},
        set(SINCE),
    ),
    "6.27": (
        "v6",
        set(),
        {"campaign_click_events", "suppressions", "transactional_mail_templates", "automation_mails"},
    ),
    "7.0": (
        "v7",
        {"segments"},
        {"segments", "suppressions", "transactional_mail_templates", "automation_mails"},
    ),
    "8.13": ("v8", {"transactional_mail_templates"}, {"transactional_mail_templates", "automation_mails"}),
    "8 without tags": ("v8", {"tags"}, {"tags", "automation_mails"}),
}


@pytest.mark.parametrize("name", LACKING)
def test_streams_that_the_server_lacks_have_no_rows_and_one_warning_each(name: str) -> None:
    version, without, lacking = LACKING[name]
    with Sandbox(
        version=version, campaigns=8, seed=5, opens=10, html_bytes=50, without=without, shuffle_ties=False
    ) as sandbox:
        result = read(sandbox)
        assert_all_there(result, sandbox)
        warnings = {warning.split()[0]: warning for warning in result.logs("WARN")}
        assert len(result.logs("WARN")) == len(warnings)
        assert warnings.keys() == lacking
        assert all(SINCE[stream] in warnings[stream] for stream in lacking)
        assert not any(result.records(stream) for stream in lacking)


@pytest.mark.parametrize("stream", sorted(SINCE.keys() - {"campaign_click_events", "automation_mails"}))
def test_a_stream_that_the_server_lacks_costs_few_requests_and_comes_whole_after_an_upgrade(stream: str) -> None:
    """Three for the endpoint, one that shows that the API is there, and those for the parents."""
    endpoint = {"campaign_sends": "sends"}.get(stream, stream)
    with Sandbox(version="v8", campaigns=8, seed=5, opens=10, without={endpoint}, shuffle_ties=False) as sandbox:
        first = read(sandbox, [stream], mode="incremental")
        assert first.exit_code == 0
        assert first.records(stream) == []
        assert ["needs Mailcoach" in warning for warning in first.logs("WARN")] == [True]
        assert len(sandbox.requests) <= 5
        sandbox.settings.without = ()
        second = read(sandbox, [stream], mode="incremental", state=first.state)
        assert_all_there(second, sandbox, [stream])
        assert second.logs("WARN") == []


def test_that_clicks_have_no_events_shows_by_the_first_that_come_and_after_an_upgrade_all_events_do() -> None:
    with Sandbox(version="v6", campaigns=12, seed=5, opens=10, sent_only=True, shuffle_ties=False) as sandbox:
        first = read(sandbox, ["campaign_click_events"], mode="incremental")
        assert ["7.0" in warning for warning in first.logs("WARN")] == [True]
        assert len(sandbox.requests) == sandbox.least_requests(["campaign_click_events"])
        sandbox.store.version = VERSIONS["v8"]
        sandbox.store.advance(60 * 24 * 3600, schedule=False)
        second = read(sandbox, ["campaign_click_events"], mode="incremental", state=first.state)
        assert_all_there(second, sandbox, ["campaign_click_events"])
        assert second.records("campaign_click_events")


@pytest.mark.parametrize("stream", STREAMS)
def test_a_wrong_base_url_is_told_from_a_missing_endpoint_whichever_stream_is_read_alone(stream: str) -> None:
    with Sandbox(version="v8", campaigns=2, seed=5, opens=4) as sandbox:
        wrong = sandbox.api_base_url.removesuffix("/api") + "/wrong/api"
        result = read(sandbox, [stream], sandbox.config(api_base_url=wrong))
        assert result.exit_code == 1
        assert result.errors[0]["failure_type"] == "config_error"
        assert "There is no Mailcoach API at" in result.errors[0]["message"]
        assert result.stream_statuses(stream)[-1] == "INCOMPLETE"


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_segments_are_read_without_a_sort_where_the_server_refuses_any(version: str) -> None:
    """Before 6.24.5. It is tried once in a sync."""
    with Sandbox(version=version, campaigns=2, seed=5, opens=4, lists=4, without_sorts={"segments"}) as sandbox:
        result = read(sandbox, ["segments"])
        assert_all_there(result, sandbox, ["segments"])
        assert result.logs("WARN") == []
        assert [request.status for request in sandbox.requests].count(400) == 1


def test_older_servers_that_ignore_the_sort_of_imports_are_read_whole() -> None:
    with Sandbox(version="v7", campaigns=2, seed=5, opens=4) as sandbox:
        for _ in range(40):
            sandbox.store.add_import(next(iter(sandbox.store.email_lists.values())))
        assert_all_there(read(sandbox, ["subscriber_imports"]), sandbox, ["subscriber_imports"])


NO_UUID = Fault(path="/transactional-mails/templates$", status=500, times=None)


def test_what_postgresql_takes_for_a_broken_uuid_is_a_missing_endpoint_as_elsewhere() -> None:
    """Three requests for the endpoint, and one for the list of the mails, which such a server answers."""
    with Sandbox(version="v8", campaigns=2, seed=5, opens=4) as sandbox:
        sandbox.add_fault(replace(NO_UUID))
        result = read(sandbox, ["transactional_mails", "transactional_mail_templates"])
        assert_all_there(result, sandbox, ["transactional_mails"])
        assert result.records("transactional_mail_templates") == []
        assert ["8.14" in warning for warning in result.logs("WARN")] == [True]
        asked = [request.kind for request in sandbox.requests]
        assert asked.count("transactional_mail_templates") == 3
        assert asked.count("transactional_mails") == sandbox.least_requests(["transactional_mails"]) + 1


@pytest.mark.parametrize("times", [1, 2])
def test_templates_of_transactional_mails_that_failed_for_a_moment_come_whole(times: int) -> None:
    with Sandbox(version="v8", campaigns=2, seed=5, opens=4) as sandbox:
        sandbox.add_fault(replace(NO_UUID, times=times))
        result = read(sandbox, ["transactional_mail_templates"])
        assert_all_there(result, sandbox, ["transactional_mail_templates"])
        assert result.logs("WARN") == []


def test_a_server_that_fails_for_the_list_of_the_mails_too_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 1000))
    with Sandbox(version="v8", campaigns=2, seed=5, opens=4) as sandbox:
        sandbox.add_fault(replace(NO_UUID, path="/transactional-mails"))
        result = read(sandbox, ["email_lists", "transactional_mail_templates"])
        assert [error["failure_type"] for error in result.errors] == ["transient_error"]
        assert "internal error (500)" in result.errors[0]["message"]
        assert result.logs("WARN") == []


def test_templates_that_fail_after_they_have_answered_are_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 1000))
    with Sandbox(version="v8", campaigns=2, seed=5, opens=4) as sandbox:
        for number in range(40):
            sandbox.store.add_transactional_mail_template(f"Letter {number}")
        sandbox.add_fault(replace(NO_UUID, query={"page": "2"}))
        result = read(sandbox, ["transactional_mail_templates"])
        assert [error["failure_type"] for error in result.errors] == ["transient_error"]
        assert result.logs("WARN") == []
