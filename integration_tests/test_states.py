"""How many STATE messages a sync makes: few where the server is fast, and one before each wait."""

import logging
import time
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, ConfiguredAirbyteCatalogSerializer, Type

from integration_tests.in_process import read_here as read
from integration_tests.tables import assert_all_there
from sandbox import Sandbox
from sandbox.connector import catalog
from source_mailcoach import SourceMailcoach


@pytest.fixture
def no_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("source_mailcoach.streams.checkpoint.INTERVAL", 10**9)


def states(result: Any, stream: str) -> list[Any]:
    found = [message["state"]["stream"] for message in result.of_type("STATE")]
    return [state for state in found if state["stream_descriptor"]["name"] == stream]


@pytest.mark.usefixtures("no_second_passes")
@pytest.mark.parametrize("parallel", [2, 4, 16])
def test_on_a_fast_server_there_is_no_state_while_no_second_passes(parallel: int) -> None:
    """Also of many short lists."""
    with Sandbox(version="v8", campaigns=60, seed=4, opens=30, sent_only=True, big_campaign_opens=1500) as sandbox:
        result = read(sandbox, ["campaign_opens"], sandbox.config(max_parallel_requests=parallel), "incremental")
        assert result.exit_code == 0
        assert len(sandbox.requests) > 200
        assert len(states(result, "campaign_opens")) == 1, "at the end"


@pytest.mark.usefixtures("no_second_passes")
def test_one_request_at_a_time_is_waited_for_so_each_page_makes_a_state() -> None:
    with Sandbox(version="v8", campaigns=10, seed=4, opens=60, sent_only=True, shuffle_ties=False) as sandbox:
        result = read(sandbox, ["campaign_opens"], sandbox.config(max_parallel_requests=1), "incremental")
        assert_all_there(result, sandbox, ["campaign_opens"])
        pages = len([request for request in sandbox.requests if request.kind == "campaign_opens"])
        assert len(states(result, "campaign_opens")) == pages


@pytest.mark.usefixtures("no_second_passes")
def test_before_it_waits_for_the_limit_the_state_of_all_rows_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[AirbyteMessage] = []
    before_waits: list[Type] = []

    def sleep(seconds: float, sleep: Any = time.sleep) -> None:
        before_waits.append(messages[-1].type)
        sleep(seconds)

    monkeypatch.setattr("time.sleep", sleep)
    with Sandbox(
        version="v8", campaigns=6, seed=3, opens=100, sent_only=True, rate_limit=9, rate_window_seconds=1
    ) as sandbox:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
        configured = ConfiguredAirbyteCatalogSerializer.load(catalog(["campaign_opens"], "incremental"))
        for message in SourceMailcoach().read(logging.getLogger("airbyte"), sandbox.config(), configured, []):
            messages.append(message)
    assert len(before_waits) >= 3
    assert set(before_waits) == {Type.STATE}


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
def test_streams_that_have_no_state_make_none(mode: str) -> None:
    with Sandbox(version="v8", campaigns=2, seed=4, opens=5, lists=9) as sandbox:
        result = read(sandbox, ["segments"], sandbox.config(max_parallel_requests=1), mode)
        (state,) = states(result, "segments")
        assert state["stream_state"] == {"__ab_no_cursor_state_message": True}
