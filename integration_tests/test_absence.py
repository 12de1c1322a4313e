"""What is not there is told from what cannot be reached: nothing is passed over for an error."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from integration_tests.in_process import read_here as read
from integration_tests.tables import assert_all_there, rows, table
from sandbox import Fault, Sandbox, lost_route
from sandbox.connector import STREAMS, Run
from unit_tests.seeds import combined

ROW = {"message": "No query results for model [Spatie\\Mailcoach\\Domain\\Campaign\\Models\\Campaign] 1f0a"}
ROUTE = {"message": "The route api/campaigns could not be found."}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(version="v8", campaigns=20, seed=5, opens=12, sent_only=True, lists=4, html_bytes=50) as running:
        yield running


def deleted(result: Run) -> list[str]:
    return [
        warning for warning in result.logs("WARN") if "was deleted during" in warning or "needs Mailcoach" in warning
    ]


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(("after", "mode"), combined([1, 3, 7, 12, 25, 40], ["full_refresh", "incremental"]))
def test_a_proxy_that_loses_its_route_for_a_while_costs_no_campaign(sandbox: Sandbox, after: int, mode: str) -> None:
    fault = sandbox.add_fault(lost_route(0.3, after=after))
    result = read(sandbox, ["campaign_opens", "campaign_bounces"], mode=mode)
    assert fault.struck
    assert deleted(result) == []
    assert_all_there(result, sandbox, ["campaign_opens", "campaign_bounces"])


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("struck", [1, 2, 3, 4, 5])
def test_some_404s_of_a_proxy_in_a_row_cost_no_subscriber(sandbox: Sandbox, struck: int) -> None:
    sandbox.add_fault(lost_route(path="/subscribers$", after=2, times=struck))
    result = read(sandbox, ["subscribers"], mode="incremental")
    assert deleted(result) == []
    assert_all_there(result, sandbox, ["subscribers"])


# What a part of the server can say for some requests, though all is there.
UNTRUE: Mapping[str, Mapping[str, Any]] = {
    "a proxy, as text": {"status": 404, "body": "no such host", "headers": {"Content-Type": "text/plain"}},
    "a web server": {"status": 404, "html": "<html><h1>404 Not Found</h1><hr>nginx</html>"},
    "an API gateway": {"status": 404, "json": {"message": "no Route matched with those values"}},
    "another gateway": {"status": 404, "json": {"message": "Not Found"}},
    "a 404 without a body": {"status": 404, "body": b""},
    "gone": {"status": 410, "html": "<html>Gone</html>"},
    "a firewall": {"status": 403, "html": "<html>Request blocked</html>"},
    "a backend without routes": {"status": 404, "json": ROUTE},
    "a backend with older data": {"status": 404, "json": ROW},
    "a gateway with 200": {"json": {"message": "no Route matched with those values"}},
    "rows without an envelope": {"json": {"data": []}},
    "a web page with 200": {"html": "<h1>It works!</h1>"},
}


@pytest.fixture
def small() -> Iterator[Sandbox]:
    with Sandbox(version="v8", campaigns=6, seed=5, opens=12, sent_only=True, shuffle_ties=False) as running:
        yield running


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize(
    ("name", "stream", "struck"),
    combined(list(UNTRUE), ["campaign_opens", "subscribers", "sends", "suppressions", "tags"], [1, 2]),
)
def test_what_passes_within_a_few_requests_costs_no_row(small: Sandbox, name: str, stream: str, struck: int) -> None:
    """The first that is asked of an endpoint is struck, and one in the middle; but never the first of the sync."""
    path = f"/{stream.rpartition('_')[2]}$"
    for after in (0, 4):
        small.add_fault(Fault(path=path, after=after, times=struck, **UNTRUE[name]))
    result = read(small, ["email_lists", stream], small.config(max_parallel_requests=1))
    assert deleted(result) == []
    assert_all_there(result, small, [stream])


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("name", UNTRUE)
def test_what_does_not_pass_fails_with_the_state_before_it_and_nothing_is_lost(sandbox: Sandbox, name: str) -> None:
    sandbox.add_fault(Fault(path="/opens$", after=8, times=None, **UNTRUE[name]))
    failed = read(sandbox, ["campaign_opens"], mode="incremental")
    assert failed.exit_code == 1
    assert [error["failure_type"] for error in failed.errors] == ["transient_error"]
    assert failed.stream_statuses("campaign_opens")[-1] == "INCOMPLETE"
    assert deleted(failed) == []
    sandbox.clear_faults()
    rest = read(sandbox, ["campaign_opens"], mode="incremental", state=failed.state)
    both = failed.records("campaign_opens") + rest.records("campaign_opens")
    assert table("campaign_opens", both) == rows(sandbox.truth("campaign_opens"))


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("says", [ROUTE, ROW], ids=["route", "row"])
@pytest.mark.parametrize(("stream", "every"), combined(["campaign_opens", "suppressions", "tags"], [2, 3]))
def test_one_of_several_backends_that_is_half_deployed_takes_nothing_away(
    sandbox: Sandbox, stream: str, says: Mapping[str, str], every: int
) -> None:
    """Requests go to the backends in turn."""
    turns = 5 * every
    for _ in range(turns):
        sandbox.add_fault(Fault(path="/api/(?!campaigns$|email-lists$)", after=every - 1, status=404, json=says))
    result = read(sandbox, [stream], sandbox.config(max_parallel_requests=1))
    assert deleted(result) == []
    if result.exit_code == 0:
        assert_all_there(result, sandbox, [stream])
    else:
        assert result.errors[0]["failure_type"] == "transient_error"


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("stream", ["campaign_opens", "subscribers"])
def test_a_server_that_shows_another_database_for_a_while_has_deleted_nothing(sandbox: Sandbox, stream: str) -> None:
    """All its answers agree: no row below, none in the list. But the list shows nothing of what it showed before."""
    other = {"data": [], "links": {}, "meta": {"current_page": 1, "last_page": 1, "total": 0, "per_page": 15}}
    path, listing = ("/opens$", "/campaigns$") if stream == "campaign_opens" else ("/subscribers$", "/email-lists$")
    sandbox.add_fault(Fault(path=path, after=3, times=None, status=404, json=ROW))
    sandbox.add_fault(Fault(path=listing, after=2, times=None, json=other))
    result = read(sandbox, [stream], mode="incremental")
    assert deleted(result) == []
    assert [error["failure_type"] for error in result.errors] == ["transient_error"]


@pytest.mark.parametrize("dear", [False, True], ids=["by the list", "one by one"])
def test_a_deleted_campaign_is_left_out_at_the_cost_of_some_requests(
    sandbox: Sandbox, dear: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dear:
        monkeypatch.setattr("source_mailcoach.streams.listing.DEAR", 1)
    gone = sorted(sandbox.store.campaigns.values(), key=lambda campaign: campaign.created_at)[-3:-1]

    def delete(request: Any) -> None:
        if request.kind == "campaign_opens":
            sandbox.on_request = None
            for campaign in gone:
                sandbox.store.delete_campaign(campaign.uuid)

    expected = sandbox.least_requests(["campaign_opens"])
    sandbox.on_request = delete
    result = read(sandbox, ["campaign_opens"], sandbox.config(max_parallel_requests=1))
    assert len(deleted(result)) == 2
    assert_all_there(result, sandbox, ["campaign_opens"])
    counts = dict.fromkeys((campaign.uuid for campaign in gone), 0)
    for request in sandbox.requests:
        if request.key in counts and request.kind == "campaign_opens":
            counts[request.key] += 1
    assert set(counts.values()) == {3}
    assert len(sandbox.requests) <= expected + 2 * 3 + (2 * 4 if dear else 2 + 1)


@pytest.mark.usefixtures("no_waits")
def test_a_gap_in_the_list_that_is_asked_what_was_deleted_makes_no_sync_fail(sandbox: Sandbox) -> None:
    """A copy of the database that lags counts a new campaign, but neither lists it nor knows its opens."""
    late = sorted(sandbox.store.campaigns.values(), key=lambda campaign: campaign.created_at)[-1].uuid

    def hide(page: Any) -> Any:
        return {**page, "data": [row for row in page["data"] if row["uuid"] != late]}

    sandbox.add_fault(Fault(path=f"/campaigns/{late}/opens$", times=2, status=404, json=ROW))
    listing = Fault(path="/campaigns$", after=sandbox.least_requests(["campaigns"]), times=None, rewrite=hide)
    sandbox.add_fault(listing)
    result = read(sandbox, ["campaign_opens"])
    assert listing.struck
    assert (result.exit_code, deleted(result), result.logs("WARN")) == (0, [], [])
    assert_all_there(result, sandbox, ["campaign_opens"])


def test_an_import_that_is_deleted_after_it_was_listed_keeps_its_row(sandbox: Sandbox) -> None:
    gone = next(iter(sandbox.store.imports))
    config = sandbox.config(include_import_details=True)
    sandbox.add_fault(Fault(path=f"/subscriber-imports/{gone}$", times=None, status=404, json=ROW))
    result = read(sandbox, ["subscriber_imports"], config)
    assert result.exit_code == 0
    assert {row["uuid"] for row in result.records("subscriber_imports")} == set(sandbox.store.imports)


@pytest.mark.usefixtures("hurry")
def test_a_missing_endpoint_is_told_from_a_server_that_is_being_updated() -> None:
    """All its routes are missing for a while, in Mailcoach's own words; the stream's own stays away for ever."""
    with Sandbox(version="v7", campaigns=4, seed=5, opens=4) as sandbox:
        sandbox.add_fault(Fault(after=2, times=None, lasts=0.1, status=404, json=ROUTE))
        result = read(sandbox, ["email_lists", "campaigns", "suppressions", "templates", "campaign_opens"])
        assert [warning.split()[0] for warning in result.logs("WARN")] == ["suppressions"]
        assert_all_there(result, sandbox, ["email_lists", "campaigns", "suppressions", "templates", "campaign_opens"])


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize(
    ("stream", "fault"), combined(STREAMS, [{}, {"json": ROUTE}]), ids=lambda value: value if value in STREAMS else ""
)
def test_a_wrong_base_url_is_told_whoever_says_404(fault: Mapping[str, Any], stream: str) -> None:
    with Sandbox(version="v8", campaigns=1, seed=5, opens=1) as sandbox:
        sandbox.add_fault(Fault(times=None, status=404, **fault) if fault else lost_route())
        result = read(sandbox, [stream])
        assert "There is no Mailcoach API at" in result.errors[0]["message"]
        assert result.errors[0]["failure_type"] == "config_error"
        assert deleted(result) == []
        assert len(sandbox.requests) <= 10
