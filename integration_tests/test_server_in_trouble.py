"""A server that fails in one place, everywhere, or never answers: each costs what it must, and nothing more."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from integration_tests.in_process import read_here
from integration_tests.tables import rows
from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, read
from source_mailcoach.transport.api import SYNC
from source_mailcoach.transport.parallelism import START

OTHERS = ("email_lists", "subscribers", "campaigns", "campaign_bounces", "suppressions", "templates")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A second of waiting takes a millisecond. Gives the waits of the connector, in seconds."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        threading.Event().wait(seconds / 1000)

    monkeypatch.setattr("source_mailcoach.transport.overlap.time.sleep", sleep)
    return waits


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(version="v8", campaigns=8, seed=4, opens=20, sent_only=True, shuffle_ties=False) as running:
        yield running


TROUBLES: dict[str, dict[str, Any]] = {
    "503 of Mailcoach": {"status": 503},
    "503 of a load balancer": {"status": 503, "html": "<html><h1>503 Service Unavailable</h1></html>"},
    "502": {"status": 502},
    "504": {"status": 504},
    "no answer": {"empty_reply": True},
    "half an answer": {"cut": True},
    "500": {"status": 500},
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
@pytest.mark.parametrize("path", ["/opens$", "/email-lists$"])
def test_one_endpoint_that_always_fails_costs_its_own_streams_alone(
    sandbox: Sandbox, hurry: list[float], trouble: dict[str, Any], path: str
) -> None:
    failing = {"/opens$": ["campaign_opens"], "/email-lists$": ["email_lists", "subscribers"]}[path]
    sandbox.add_fault(Fault(path=path, times=None, **trouble))
    result = read_here(sandbox, ["campaign_opens", *OTHERS])
    assert result.exit_code == 1
    for stream in {*OTHERS, "campaign_opens"} - {*failing}:
        assert rows(result.records(stream)) == rows(sandbox.truth(stream)), stream
    assert [error["message"].count("http://127.0.0.1") for error in result.errors] == [1] * len(failing)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_a_server_that_is_gone_in_the_middle_costs_the_patience_of_one_stream_and_two_tries(
    sandbox: Sandbox, hurry: list[float], trouble: dict[str, Any]
) -> None:
    gone = sandbox.add_fault(Fault(times=None, after=20, **trouble))
    result = read_here(sandbox, STREAMS, sandbox.config(max_parallel_requests=1))
    assert result.exit_code == 1
    assert len(result.errors) == 1
    assert gone.struck == SYNC.tries + 2
    assert sum(hurry) < 31 + 2


def test_what_is_never_answered_keeps_nobody_when_something_else_has_failed() -> None:
    """A real process: neither the stream, nor the next one, nor the end of the interpreter wait for the answers."""
    with Sandbox(version="v8", campaigns=1, seed=4, opens=200, sent_only=True, shuffle_ties=False) as sandbox:
        sandbox.add_fault(Fault(path="/opens$", query={"page": "4"}, status=422, stall=1))
        ahead = [
            sandbox.add_fault(Fault(path="/opens$", query={"page": str(page)}, stall=100, times=None))
            for page in range(5, 4 + START)
        ]
        result = read(sandbox, ["campaign_opens", "tags"])
        assert result.exit_code == 1
        assert [fault.struck for fault in ahead] == [1] * len(ahead)
        assert [request.status for request in sandbox.requests].count(0) == len(ahead)
        assert rows(result.records("tags")) == rows(sandbox.truth("tags"))
        assert len(result.errors) == 2, "of the stream, and of the sync"
        assert result.stderr == ""


def test_without_threads_a_sync_is_complete(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def start_no_sender(thread: threading.Thread) -> None:
        if thread.name == "mailcoach":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_no_sender)
    result = read_here(sandbox, STREAMS)
    assert result.exit_code == 0
    for stream in STREAMS:
        assert rows(result.records(stream)) == rows(sandbox.truth(stream)), stream
    assert len([line for line in result.logs("WARN") if "threads" in line]) == 1
