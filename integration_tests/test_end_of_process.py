"""However a process ends, each message is out whole or not at all, no STATE without its rows, and the parent sees why.

PyAirbyte ends connectors early as a matter of course, and takes 0 and -15 (SIGTERM) alone for good.
"""

import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pytest

from integration_tests.tables import rows, table
from sandbox import Fault, Sandbox, connector
from sandbox.connector import MAIN, Message, Run, catalog, inputs, read, trust
from unit_tests.seeds import count

BUFFERING = {"buffered": {"PYTHONUNBUFFERED": ""}, "unbuffered": {"PYTHONUNBUFFERED": "1"}}
CONFIG = {"api_base_url": "https://news.example.com/api", "api_token": "token-of-nobody"}
LAST_WORDS = "Ended by SIGTERM. The next sync goes on from the last state."
IMPATIENT = {"source_mailcoach.output.GRACE": 0.5}
LONGEST = 120  # seconds, after which a test fails instead of waiting on


@pytest.fixture(params=list(BUFFERING.values()), ids=list(BUFFERING))
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return {**os.environ, **request.param}


def until(condition: Callable[[], bool], every: float = 0.05) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end
        time.sleep(every)


@contextmanager
def started(environ: Mapping[str, str], *command: str, pipe_size: int = 0, **settings: Any) -> Iterator["Process"]:
    """A command of the connector that runs, with a small pipe for its stdout if need be, and is gone in the end."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with connector.start(*command, environ=environ, **streams, **settings) as process:
        watchdog = threading.Timer(LONGEST, process.kill)
        watchdog.start()
        try:
            if pipe_size:
                fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, pipe_size)
            yield Process(process)
        finally:
            process.kill()
            watchdog.cancel()


class Process:
    def __init__(self, process: Any) -> None:
        self.process = process
        self.stdout: IO[bytes] = process.stdout
        self.stderr: IO[bytes] = process.stderr
        self.seen = b""

    def lines(self, number: int) -> bytes:
        self.seen += b"".join(islice(self.stdout, number))
        return self.seen

    def wait_for(self, text: bytes) -> None:
        """Until a line of its output holds this."""
        for line in self.stdout:
            self.seen += line
            if text in line:
                return

    def wait_until_stuck(self) -> None:
        """Until its pipe is full, and it waits for someone to read."""
        held = [0]

        def same_as_before() -> bool:
            held.append(self.unread())
            return held[-1] == held[-2] != 0

        until(same_as_before, every=0.5)

    def unread(self) -> int:
        return int.from_bytes(fcntl.ioctl(self.stdout, 0x541B, bytes(4)), sys.byteorder)  # FIONREAD

    def terminate(self) -> None:
        self.process.terminate()

    def end(self) -> Run:
        """All of its output, and its end. Making the run asserts nothing; `whole` does."""
        self.seen += self.stdout.read()
        errors = self.stderr.read().decode()
        return Run(self.process.wait(), self.seen.decode(), errors)


def whole(run: Run) -> Run:
    assert run.stdout == "" or run.stdout.endswith("\n")
    assert all("type" in json.loads(line) for line in run.stdout.splitlines())
    assert run.stderr == ""
    return run


@pytest.mark.parametrize(("command", "times"), [("spec", 8), ("discover", 20)])
def test_ended_at_any_moment_it_ends_by_sigterm_or_has_done_its_work(
    command: str, times: int, environ: Mapping[str, str]
) -> None:
    rng = random.Random(command)
    with inputs(config=CONFIG) as paths:
        arguments = (command, *(paths if command == "discover" else ()))
        with started(environ, *arguments) as process:
            begun = time.monotonic()
            assert whole(process.end()).exit_code == 0
        takes = time.monotonic() - begun

        def end_after(seconds: float) -> Run:
            with started(environ, *arguments) as process:
                time.sleep(seconds)
                process.terminate()
                return whole(process.end())

        with ThreadPoolExecutor(2) as pool:
            ends = list(pool.map(end_after, [takes * rng.uniform(0.05, 1.5) for _ in range(times)]))
    assert {run.exit_code for run in ends} <= {0, -signal.SIGTERM}
    assert -signal.SIGTERM in {run.exit_code for run in ends}
    for run in ends:
        done = run.of_type("SPEC") + run.of_type("CATALOG")
        assert done or run.exit_code == -signal.SIGTERM


def test_ended_as_soon_as_its_answer_is_there(environ: Mapping[str, str]) -> None:
    """As PyAirbyte does it: the interpreter is shutting down then, or is just about to."""
    with inputs(config=CONFIG) as paths:
        for delay in (0, 0.01, 0.05):
            with started(environ, "discover", *paths) as process:
                process.wait_for(b'"CATALOG"')
                time.sleep(delay)
                process.terminate()
                assert whole(process.end()).exit_code in (0, -signal.SIGTERM)


@pytest.mark.usefixtures("cold")
@pytest.mark.parametrize("milliseconds", [200, 0, 100, 300][: count(2)])
def test_ended_during_the_imports(milliseconds: int, environ: Mapping[str, str]) -> None:
    with inputs(config=CONFIG) as paths, started(environ, "discover", *paths) as process:
        time.sleep(milliseconds / 1000)
        process.terminate()
        run = whole(process.end())
        assert (run.exit_code, run.of_type("CATALOG")) == (-signal.SIGTERM, [])


@contextmanager
def reading(
    environ: Mapping[str, str], *, pipe_size: int = 0, changes: Mapping[str, Any] | None = None, **setup: Any
) -> Iterator[tuple[Sandbox, Process]]:
    with Sandbox(version="v8", **{"campaigns": 10, "seed": 4, "opens": 100, "sent_only": True, **setup}) as sandbox:
        content = {"config": sandbox.config(), "catalog": catalog(["campaigns", "campaign_opens"], "incremental")}
        with (
            inputs(**content) as paths,
            started({**environ, **trust(sandbox)}, "read", *paths, pipe_size=pipe_size, changes=changes) as process,
        ):
            yield sandbox, process


@pytest.mark.parametrize("signals", [1, 2])
def test_with_a_full_pipe_that_nobody_reads_it_ends_all_the_same(signals: int, environ: Mapping[str, str]) -> None:
    with reading(environ, pipe_size=4096, changes=IMPATIENT) as (_, process):
        process.wait_until_stuck()
        for _ in range(signals):
            process.terminate()
        assert process.process.wait(LONGEST) == -signal.SIGTERM
        whole(process.end())


def test_with_a_full_pipe_that_is_read_again_it_says_its_last_words(environ: Mapping[str, str]) -> None:
    with reading(environ, pipe_size=4096) as (_, process):
        process.wait_until_stuck()
        process.terminate()
        run = whole(process.end())
    assert run.exit_code == -signal.SIGTERM
    assert run.logs("INFO")[-1] == LAST_WORDS


def test_a_message_larger_than_the_pipe_is_given_up_when_nobody_reads(environ: Mapping[str, str]) -> None:
    with (
        inputs(config=CONFIG) as paths,
        started(environ, "discover", *paths, pipe_size=4096, changes=IMPATIENT) as process,
    ):
        process.wait_until_stuck()
        process.terminate()
        assert process.process.wait(LONGEST) == -signal.SIGTERM


@pytest.mark.parametrize("lines", [0, 1, 5])
def test_a_closed_stdout_ends_it_as_sigterm_does_and_without_a_word(lines: int, environ: Mapping[str, str]) -> None:
    with reading(environ) as (_, process):
        process.lines(lines)
        process.stdout.close()
        assert process.process.wait(LONGEST) == -signal.SIGTERM
        assert process.stderr.read() == b""


def test_a_disk_that_is_full_is_told_on_stderr(environ: Mapping[str, str]) -> None:
    with (
        Path("/dev/full").open("w") as full,
        connector.start("spec", environ=environ, stdout=full, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.wait(LONGEST) == 1
        assert process.stderr.read() == "The messages cannot be written to stdout: No space left on device.\n"


def test_ended_while_it_waits_for_an_answer_what_it_has_read_is_out(environ: Mapping[str, str]) -> None:
    answered = threading.Event()
    with reading(environ) as (sandbox, process):
        sandbox.on_request = lambda request: "/opens" in request.path and answered.wait(LONGEST)
        process.wait_for(b"are to be read")
        until(lambda: any("/opens" in request.path for request in sandbox.requests))
        process.terminate()
        run = whole(process.end())
        answered.set()
        assert run.exit_code == -signal.SIGTERM
        assert rows(run.records("campaigns")) == rows(sandbox.truth("campaigns"))
        assert run.state_of("campaigns")


def test_ended_while_it_waits_for_the_rate_limit_what_it_has_read_is_out(environ: Mapping[str, str]) -> None:
    with reading(environ) as (sandbox, process):
        sandbox.add_fault(Fault(path="/opens$", rate_limited=True, retry_after=50, times=None))
        process.wait_for(b"The limit of requests is used up")
        assert rows(whole(Run(0, process.seen.decode(), "")).records("campaigns")) == rows(sandbox.truth("campaigns"))
        process.terminate()
        run = whole(process.end())
        assert run.exit_code == -signal.SIGTERM
        assert run.logs("INFO")[-1] == LAST_WORDS


def test_interrupted_from_the_keyboard_it_ends_by_sigint(environ: Mapping[str, str]) -> None:
    with reading(environ, latency_ms=100) as (_, process):
        process.wait_for(b'"RECORD"')
        process.process.send_signal(signal.SIGINT)
        run = whole(process.end())
    assert run.exit_code == -signal.SIGINT
    assert run.logs("INFO")[-1] == LAST_WORDS.replace("SIGTERM", "SIGINT")


def test_ended_again_and_again_in_the_middle_of_its_output_nothing_is_missing(environ: Mapping[str, str]) -> None:
    """A pipe of a page makes each write wait for the reader, so that most ends come in the middle of one."""
    rng = random.Random(7)
    stream, stopped = "campaign_opens", 0
    records: list[Mapping[str, Any]] = []
    state: list[Message] = []
    with Sandbox(version="v8", campaigns=8, seed=4, opens=60, sent_only=True, latency_ms=5) as sandbox:
        truth = sandbox.truth(stream)
        while stopped < 30:
            content: dict[str, Any] = {
                "config": sandbox.config(),
                "catalog": catalog([stream], "incremental"),
                "state": state,
            }
            with (
                inputs(**content) as paths,
                started({**environ, **trust(sandbox)}, "read", *paths, pipe_size=4096) as process,
            ):
                process.lines(15 + rng.randint(0, len(truth) // 2))
                process.terminate()
                run = whole(process.end())
            records += run.records(stream)
            state = run.state or state
            if run.exit_code == 0:
                break
            assert run.exit_code == -signal.SIGTERM
            assert run.logs("INFO")[-1] == LAST_WORDS
            stopped += 1
        assert stopped >= 3
        assert table(stream, records) == rows(truth)


def test_ended_on_a_fast_server_the_state_of_all_pages_that_are_out_is_out_too(environ: Mapping[str, str]) -> None:
    """Whatever was read since the last STATE, which is there once a second only."""
    stream, pages = "campaign_opens", 400
    with Sandbox(version="v8", campaigns=0, lists=1, seed=4, big_campaign_opens=15 * pages) as sandbox:
        content = {"config": sandbox.config(), "catalog": catalog([stream], "incremental")}
        with inputs(**content) as paths, started({**environ, **trust(sandbox)}, "read", *paths) as process:
            process.lines(1200)
            process.terminate()
            run = whole(process.end())
        assert run.exit_code == -signal.SIGTERM
        kinds = [message["type"] for message in run.messages]
        assert kinds[-2:] == ["STATE", "LOG"]
        rows_before, _, size, _, _, ahead, *_ = run.state_of(stream)["pass"]["position"]
        under_way = size
        assert len(run.records(stream)) - under_way <= rows_before + ahead <= len(run.records(stream))
        reread = read(sandbox, [stream], sandbox.config(max_parallel_requests=1), "incremental", run.state)
        asked = [int(request.query["page"]) for request in sandbox.requests if request.kind == stream]
        assert reread.exit_code == 0
        assert len(asked) <= pages + 16, "but for what was under way, no page is asked for again"


@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run(["unshare", "--pid", "--fork", "true"], check=False).returncode != 0,
    reason="needs the right to make a PID namespace",
)
def test_as_the_first_process_of_a_container_it_exits_with_143() -> None:
    """Signals have no default action there: without a handler SIGTERM would do nothing."""
    with inputs(config=CONFIG) as paths:
        for seconds in (0.0, 0.3):
            command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, str(MAIN), "discover", *paths]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as outer:
                try:
                    inner = first_that_handles_sigterm(outer.pid)
                    time.sleep(seconds)
                    os.kill(inner, signal.SIGTERM)
                    outer.communicate(timeout=LONGEST)
                finally:
                    outer.kill()
                assert outer.returncode == 128 + signal.SIGTERM


def first_that_handles_sigterm(parent: int) -> int:
    """The child of a process, once it has a handler."""
    bit = 1 << (signal.SIGTERM - 1)
    while True:
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{child}/status").read_text())
            if caught and int(caught[1], 16) & bit:
                return int(child)
        time.sleep(0.01)
