"""However many requests overlap: the same rows, the same order, the same states in the end, and the limit kept."""

import json
import math
import random
import re
import time
from typing import Any

import pytest

from integration_tests.in_process import read_here as read
from integration_tests.tables import rows
from sandbox import Fault, Sandbox
from sandbox.connector import CORE_STREAMS, STREAMS, Run
from sandbox.connector import read as read_as_a_user
from sandbox.server.limits import LimitHeaders
from sandbox.server.requests_log import Request


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


@pytest.mark.parametrize(("limit", "seconds", "campaigns"), [(5, 1, 3), (40, 4, 14)])
def test_a_lone_client_of_a_limited_server_sees_no_429_whatever_its_window(
    limit: int, seconds: int, campaigns: int
) -> None:
    with Sandbox(
        campaigns=campaigns, seed=3, opens=20, sent_only=True, rate_limit=limit, rate_window_seconds=seconds
    ) as sandbox:
        result = read_as_a_user(sandbox, CORE_STREAMS)
        assert result.exit_code == 0
        assert {request.status for request in sandbox.requests} == {200}
        windows = requests_by_window([request.time for request in sandbox.requests], seconds)
        assert len(windows) > 2
        assert max(windows) == limit, "of some windows all is used"
        assert rows(result.records("campaign_opens")) == rows(sandbox.truth("campaign_opens"))


@pytest.mark.parametrize("headers", ["fraction", "date", "ietf", "ietf-items"])
def test_however_a_limit_is_told_it_is_kept(headers: LimitHeaders) -> None:
    """Of the smallest limit one request goes beyond, at the most; another client of the user takes its share."""
    with Sandbox(
        campaigns=3,
        seed=3,
        opens=20,
        sent_only=True,
        rate_limit=4,
        rate_window_seconds=1,
        rate_limit_headers=headers,
    ) as sandbox:
        sandbox.limiter.take()
        result = read(sandbox, ["campaigns", "campaign_opens"])
        assert result.exit_code == 0
        statuses = [request.status for request in sandbox.requests]
        assert statuses.count(429) <= (0 if headers == "ietf-items" else 1)
        assert len(statuses) > 4


def test_a_limit_that_changes_in_the_middle_is_kept_from_then_on() -> None:
    with Sandbox(campaigns=3, seed=3, opens=20, sent_only=True, rate_limit=8, rate_window_seconds=1) as sandbox:

        def change(request: Request) -> None:
            if len(sandbox.requests) == 12:
                sandbox.limiter.limit = 4

        sandbox.on_request = change
        assert read(sandbox, CORE_STREAMS).exit_code == 0
        assert [request.status for request in sandbox.requests].count(429) <= 4, "those that were under way"


def requests_by_window(times: list[float], seconds: float) -> list[int]:
    """How many requests each window had, the first of which opens it."""
    windows: list[int] = []
    ends = -math.inf
    for at in sorted(times):
        if at >= ends:
            ends = at + seconds
            windows.append(0)
        windows[-1] += 1
    return windows


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
