"""What is read is what there is, row for row, in every stream of every version, however the server shuffles."""

import pytest

from integration_tests.in_process import BRIEF, read_here
from integration_tests.tables import assert_all_there, rows, table
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, STREAMS, discover, read
from sandbox.truth.streams import PRIMARY_KEYS
from unit_tests.seeds import versions

VERSIONS = versions("v6", "v7", "v8", "v9", "v10", "cloud")


@pytest.mark.parametrize("version", VERSIONS)
def test_reads_exactly_the_rows_that_there_are(version: str) -> None:
    with Sandbox(version=version, campaigns=12, seed=7, opens=15, html_bytes=50) as sandbox:
        result = read(sandbox, changes=BRIEF)
        assert_all_there(result, sandbox)
        for stream in STREAMS:
            statuses = ["STARTED", "RUNNING", "COMPLETE"] if sandbox.truth(stream) else ["STARTED", "COMPLETE"]
            assert result.stream_statuses(stream) == statuses, stream
        assert all(map(sandbox.truth, CORE_STREAMS))
        lacking = [stream for stream in STREAMS if not sandbox.truth(stream)]
        assert sorted(warning.split()[0] for warning in result.logs("WARN")) == sorted(lacking)
        assert sandbox.token not in result.stdout + result.stderr


def test_discovers_the_streams_in_their_order_with_their_primary_keys() -> None:
    with Sandbox(version="v8", empty=True) as sandbox:
        found = {stream["name"]: stream["source_defined_primary_key"] for stream in discover(sandbox)}
        assert tuple(found) == STREAMS
        assert found == {stream: [[field] for field in fields] for stream, fields in PRIMARY_KEYS.items()}
        assert sandbox.requests == []


@pytest.mark.parametrize("version", versions("v6", "v7", "v8", "cloud"))
def test_costs_the_least_possible_requests_when_nothing_is_shuffled(version: str) -> None:
    with Sandbox(version=version, campaigns=8, seed=7, opens=30, html_bytes=50, shuffle_ties=False) as sandbox:
        result = read_here(sandbox)
        assert len(sandbox.requests) == sandbox.least_requests(STREAMS)
        for stream in STREAMS:
            assert rows(result.records(stream)) == rows(sandbox.truth(stream)), "no row comes twice"


@pytest.mark.parametrize("version", versions("v6", "v7", "v8", "cloud"))
def test_the_details_of_imports_cost_a_request_each_and_only_if_they_are_wanted(version: str) -> None:
    with Sandbox(version=version, campaigns=2, seed=7, opens=2, shuffle_ties=False) as sandbox:
        result = read_here(sandbox, ["subscriber_imports"], sandbox.config(include_import_details=True))
        assert_all_there(result, sandbox, ["subscriber_imports"], include_import_details=True)
        assert any(record.get("subscribers_csv") for record in result.records("subscriber_imports"))
        least = sandbox.least_requests(["subscriber_imports"], include_import_details=True)
        assert len(sandbox.requests) == least > len(sandbox.truth("subscriber_imports"))


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
def test_the_start_date_leaves_out_older_campaigns_with_all_below_and_older_single_mails(mode: str) -> None:
    """Mails that wait stand after the oldest in MySQL's order, where nobody looks: they come when they are sent."""
    with Sandbox(version="v8", campaigns=16, seed=4, opens=10) as sandbox:
        sent = sorted(campaign["sent_at"] for campaign in sandbox.truth("campaigns") if campaign["sent_at"])
        start = sent[-4]
        result = read_here(sandbox, STREAMS, sandbox.config(start_date=start), mode)
        assert_all_there(result, sandbox, set(STREAMS) - {"sends"}, start_date=start)
        sends = [send for send in sandbox.truth("sends", start_date=start) if send["sent_at"]]
        assert table("sends", result.records("sends")) == rows(sends)
        for stream in ("campaigns", "campaign_opens", "campaign_sends", "sends", "transactional_mails"):
            assert 0 < len(sandbox.truth(stream, start_date=start)) < len(sandbox.truth(stream))


def test_mails_before_the_start_date_are_not_even_asked_for() -> None:
    with Sandbox(version="v8", campaigns=16, seed=4, opens=10, sent_only=True, shuffle_ties=False) as sandbox:
        start = sorted(send["sent_at"] or "" for send in sandbox.truth("sends"))[-20]
        config = sandbox.config(start_date=start, max_parallel_requests=1)
        for stream in ("sends", "transactional_mails"):
            sandbox.reset_stats()
            read_here(sandbox, [stream], config)
            pages = len(sandbox.truth(stream, start_date=start)) // 15 + 1
            assert len(sandbox.requests) <= pages + 1 < sandbox.least_requests([stream]), stream


@pytest.mark.parametrize("version", ["v8", "cloud"])
def test_mails_that_wait_are_read_where_the_database_sorts_nulls_first(version: str) -> None:
    """PostgreSQL, in descending order; MySQL puts them last."""
    with Sandbox(version=version, campaigns=12, seed=7, opens=20, database="postgresql") as sandbox:
        assert any(send["sent_at"] is None for send in sandbox.truth("campaign_sends"))
        streams = ["sends", "campaign_sends"]
        first = read_here(sandbox, streams, mode="incremental")
        assert_all_there(first, sandbox, streams)
        sandbox.store.advance(3600)
        for campaign in [each for each in sandbox.store.campaigns.values() if each.status == "sending"]:
            sandbox.store.finish_sends(campaign)
        sent = {send.uuid for send in sandbox.store.sends() if send.sent_at == sandbox.store.now}
        assert sent
        second = read_here(sandbox, ["sends"], mode="incremental", state=first.state)
        assert sent <= {send["uuid"] for send in second.records("sends")}
