"""A fork of the warm process is to the connector what a process is that was started for it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.fork_server import Forked, ForkServer

# Tells all that a program can find of how it was started, and then does what it is told.
PROBE = """
import source_mailcoach.entrypoint, atexit, json, os, signal, sys, tempfile, threading, time
from source_mailcoach.transport import api
streams = [[s.fileno(), s.encoding, s.errors, s.line_buffering, s.write_through, s is original] for s, original in
           ((sys.stdin, sys.__stdin__), (sys.stdout, sys.__stdout__), (sys.stderr, sys.__stderr__))]
print(json.dumps({
    "name": __name__,
    "arguments": sys.argv,
    "path": sys.path[0],
    "environ": dict(os.environ),
    "folder": os.getcwd(),
    "temporary": tempfile.gettempdir(),
    "timezone": time.tzname,
    "streams": streams,
    "stdin": sys.stdin.read(),
    "descriptors": [n for n in sorted(map(int, os.listdir("/proc/self/fd"))) if os.path.exists(f"/proc/self/fd/{n}")],
    "handlers": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "wakeup": signal.set_wakeup_fd(-1),
    "group": os.getpgid(0),
    "session": os.getsid(0),
    "threads": len(os.listdir("/proc/self/task")),
    "main thread": threading.current_thread() is threading.main_thread(),
    "tries": api.CHECK.tries,
}), flush=True)
atexit.register(print, "the end")
if sys.argv[1:] == ["hang"]:
    time.sleep(60)
if sys.argv[1:] == ["fail"]:
    raise ValueError("failed")
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("probe") / "probe.py"
    path.write_text(PROBE)
    return path


@pytest.fixture(scope="module")
def server(probe: Path) -> Iterator[ForkServer]:
    server = ForkServer(probe)
    yield server
    server.close()


def start(server: ForkServer, *command: str, environ: Mapping[str, str] = os.environ, **more: Any) -> Forked:
    return server.start(*command, environ=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def found(output: str) -> Any:
    return json.loads(output.splitlines()[0])


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_it_finds_what_a_process_finds(
    server: ForkServer, probe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "LANG", "LC_"))}
    environ = {**kept, "TZ": "Asia/Tokyo", "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": unbuffered}
    with start(server, "3", environ=environ) as forked:
        of_fork = forked.stdout.read() if forked.stdout else ""
        assert forked.wait() == 3
    cold = subprocess.run(
        [sys.executable, str(probe), "3"],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found(of_fork) == found(cold.stdout)
    assert of_fork.splitlines()[1:] == cold.stdout.splitlines()[1:] == ["the end"]


def test_one_run_leaves_nothing_to_the_next(server: ForkServer) -> None:
    outputs = []
    for _ in range(2):
        with start(server, "0") as run:
            assert run.stdout
            outputs.append(run.stdout.read())
            assert run.wait() == 0
    assert outputs[0] == outputs[1]


def test_an_exception_ends_it_as_it_ends_a_process(server: ForkServer) -> None:
    with start(server, "fail") as run:
        assert run.stderr
        assert run.stderr.read().endswith("ValueError: failed\n")
        assert run.wait() == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_is_told_as_such(server: ForkServer, number: signal.Signals) -> None:
    with start(server, "hang") as run:
        assert run.stdout
        run.stdout.readline()
        assert run.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(0.01)
        run.send_signal(number)
        assert run.wait(60) == run.poll() == -number


def test_a_signal_from_another_thread_ends_a_wait(server: ForkServer) -> None:
    with start(server, "hang") as run:
        killer = threading.Timer(0.1, run.kill)
        killer.start()
        assert run.wait() == -signal.SIGKILL
        killer.join()
        run.kill()  # for nothing


def test_what_a_test_changes_is_so_in_that_run_alone(server: ForkServer) -> None:
    tries = []
    for changes in (None, {"source_mailcoach.transport.api.CHECK": {"tries": 77}}, None):
        with start(server, "0", changes=changes) as run:
            assert run.stdout
            tries.append(found(run.stdout.read())["tries"])
    assert tries[1] == 77
    assert tries[0] == tries[2] != 77


def test_nothing_runs_on_when_the_server_is_closed(probe: Path) -> None:
    server = ForkServer(probe)
    with start(server, "hang") as run:
        assert run.stdout
        run.stdout.readline()
        server.close()
        assert run.stdout.read() == "", "whoever held the other end is gone"
        with pytest.raises(RuntimeError, match="the fork server has ended"):
            run.wait()
        run.returncode = -signal.SIGKILL
