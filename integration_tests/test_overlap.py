"""However many requests overlap: the same rows, the same order, the same states in the end, and the limit kept."""

import json
import logging
import random
import re
import time
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer

from integration_tests.in_process import read_here as read
from integration_tests.tables import rows
from sandbox import Fault, Sandbox
from sandbox.connector import CORE_STREAMS, STREAMS, Run, catalog
from source_mailcoach import SourceMailcoach


def output(result: Run) -> list[str]:
    """RECORD messages, but for the times at which they were emitted, and the last STATE of each stream."""
    kept = result.of_type("RECORD")
    for message in kept:
        message["record"].pop("emitted_at")
    return [json.dumps(message) for message in [*kept, *result.state]]


def unsteady(seed: int) -> Any:
    """A hook that lets some answers take their time, up to 4 ms in a hurry, each another."""
    rng = random.Random(seed)
    return lambda _: time.sleep(rng.choice([0, 0, rng.random() * 0.2]))


@pytest.mark.usefixtures("hurry")
def test_the_output_is_the_same_to_the_byte_whatever_the_overlap() -> None:
    outputs, idle = [], []
    for parallel in (1, 4, 16):
        with Sandbox(
            version="v8", campaigns=8, seed=3, opens=40, lists=1, html_bytes=50, sent_only=True, shuffle_ties=False
        ) as sandbox:
            sandbox.on_request = unsteady(parallel)
            for fault in (
                {"status": 500},
                {"cut": True},
                {"truncated": True},
                {"rate_limited": True, "retry_after": 1},
            ):
                sandbox.add_fault(Fault(path="/(opens|clicks)$", after=parallel + 7 * len(fault), **fault))
            config = sandbox.config(max_parallel_requests=parallel)
            first = read(sandbox, STREAMS, config, "incremental")
            assert first.exit_code == 0
            outputs.append(output(first))
            second = read(sandbox, STREAMS, config, "incremental", first.state)
            idle.append(output(second))
    assert strip_port(outputs[0]) == strip_port(outputs[1]) == strip_port(outputs[2])
    assert strip_port(idle[0]) == strip_port(idle[1]) == strip_port(idle[2])


def strip_port(lines: list[str]) -> list[str]:
    """Each sandbox has a port of its own, which is in the scope of the states."""
    return [re.sub(r"127\.0\.0\.1:\d+", "sandbox", line) for line in lines]


def test_no_request_is_made_that_is_not_used() -> None:
    with Sandbox(version="v8", campaigns=10, seed=3, opens=40, sent_only=True, shuffle_ties=False) as sandbox:
        first = read(sandbox, STREAMS, sandbox.config(max_parallel_requests=16), "incremental")
        assert len(sandbox.requests) == sandbox.least_requests(STREAMS)
        sandbox.reset_stats()
        alone = read(sandbox, STREAMS, sandbox.config(max_parallel_requests=1), "incremental", first.state)
        needed = len(sandbox.requests)
        sandbox.reset_stats()
        read(sandbox, STREAMS, sandbox.config(max_parallel_requests=8), "incremental", first.state)
        scans = len(alone.of_type("STATE"))
        assert len(sandbox.requests) - needed <= scans, "a scan that stops early wastes at most one request in the mean"


def test_a_lone_client_of_a_limited_server_sees_no_429(monkeypatch: pytest.MonkeyPatch) -> None:
    """With windows of a second on both sides, in this process: the connector goes by Mailcoach's minute."""
    monkeypatch.setattr("source_mailcoach.transport.budget.WINDOW", 1.0)
    monkeypatch.setattr("source_mailcoach.transport.budget.MARGIN", 0.02)
    with Sandbox(
        version="v8", campaigns=12, seed=3, opens=40, sent_only=True, rate_limit=25, rate_window_seconds=1
    ) as sandbox:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
        configured = ConfiguredAirbyteCatalogSerializer.load(catalog(CORE_STREAMS))
        messages = list(SourceMailcoach().read(logging.getLogger("airbyte"), sandbox.config(), configured, []))
        assert {request.status for request in sandbox.requests} == {200}
        assert len(sandbox.requests) > 3 * 25
        opens = [m.record.data for m in messages if m.record and m.record.stream == "campaign_opens"]
        assert len(opens) == len(sandbox.truth("campaign_opens"))


def test_an_error_under_way_shows_where_reading_in_order_meets_it_with_the_state_before_it() -> None:
    with Sandbox(version="v8", campaigns=10, seed=4, opens=60, sent_only=True, shuffle_ties=False) as sandbox:
        truth = sandbox.truth("campaign_opens")
        sandbox.add_fault(Fault(path="/opens$", status=403, after=40, times=None))
        config = sandbox.config(max_parallel_requests=8)
        failed = read(sandbox, ["campaign_opens"], config, "incremental")
        assert failed.exit_code == 1
        assert failed.records("campaign_opens")
        sandbox.clear_faults()
        rest = read(sandbox, ["campaign_opens"], config, "incremental", failed.state)
        both = failed.records("campaign_opens") + rest.records("campaign_opens")
        assert rows(both) == rows(truth), "no row twice and none lost"
