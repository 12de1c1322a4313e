"""Runs the connector as its users do: the real entry point, as a process of its own, over real sockets."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from sandbox.sandbox import Sandbox
from sandbox.truth.streams import STREAMS as STREAMS

MAIN = Path(__file__).parent.parent / "main.py"
CORE_STREAMS = (
    "email_lists",
    "campaigns",
    "campaign_clicks",
    "campaign_opens",
    "campaign_unsubscribes",
    "campaign_bounces",
)
"""The lists, the campaigns and what came back of them."""

FULL_REFRESH_ONLY = (
    "email_lists",
    "segments",
    "subscriber_imports",
    "transactional_mail_templates",
    "automation_mails",
)
Message = dict[str, Any]
Changes = Mapping[str, Any]
"""What constants of the connector are in a run, as a fork server makes it: see `ForkServer.start`."""


@dataclass(frozen=True)
class Run:
    """What a run printed and how it ended. Making one asserts that stdout holds messages of the protocol alone."""

    exit_code: int
    stdout: str
    stderr: str

    @cached_property
    def messages(self) -> list[Message]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    def of_type(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[Mapping[str, Any]]:
        records = (message["record"] for message in self.of_type("RECORD"))
        return [record["data"] for record in records if record["stream"] == stream]

    @property
    def state(self) -> list[Message]:
        """The last STATE of each stream, as the platform hands them back."""
        states = (message["state"] for message in self.of_type("STATE"))
        last = {state["stream"]["stream_descriptor"]["name"]: state for state in states}
        return list(last.values())

    def state_of(self, stream: str) -> Mapping[str, Any]:
        """What the last STATE of a stream holds."""
        (state,) = (s["stream"] for s in self.state if s["stream"]["stream_descriptor"]["name"] == stream)
        content: Mapping[str, Any] = state["stream_state"]
        return content

    @property
    def errors(self) -> list[Message]:
        return [m["trace"]["error"] for m in self.of_type("TRACE") if m["trace"]["type"] == "ERROR"]

    @property
    def status(self) -> Message:
        (message,) = self.of_type("CONNECTION_STATUS")
        status: Message = message["connectionStatus"]
        return status

    def stream_statuses(self, stream: str) -> list[str]:
        statuses = [m["trace"]["stream_status"] for m in self.of_type("TRACE") if m["trace"]["type"] == "STREAM_STATUS"]
        return [status["status"] for status in statuses if status["stream_descriptor"]["name"] == stream]

    def logs(self, level: str) -> list[str]:
        return [m["log"]["message"] for m in self.of_type("LOG") if m["log"]["level"] == level]


def start_cold(*command: str, environ: Mapping[str, str], **streams: Any) -> "subprocess.Popen[Any]":
    """Start `main.py` with these arguments; `streams` are `stdout`, `stderr` and `text` of `subprocess.Popen`."""
    arguments = [sys.executable, str(MAIN), *command]
    return subprocess.Popen(arguments, env=environ, stdin=subprocess.DEVNULL, **streams)


# How runs are started. Tests put `ForkServer.start` here, which takes a fortieth of the time.
start: Callable[..., Any] = start_cold


def run(
    *command: str, environ: Mapping[str, str] | None = None, timeout: float = 120, changes: Changes | None = None
) -> Run:
    """Run `main.py` with these arguments; the environment is this process's and `environ`.

    `changes` is for runs that a fork server starts.
    """
    settings: dict[str, Any] = {"changes": changes} if changes else {}
    with (
        tempfile.TemporaryFile("w+") as errors,
        start(
            *command,
            environ={**os.environ, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            **settings,
        ) as process,
    ):
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        try:
            output = process.stdout.read()
            exit_code = process.wait()
        finally:
            watchdog.cancel()
        errors.seek(0)
        result = Run(exit_code, output, errors.read())
    assert exit_code != -signal.SIGKILL, f"it has not ended after {timeout} seconds"
    assert all(isinstance(message, dict) and "type" in message for message in result.messages)
    return result


def check(
    config: Mapping[str, Any], sandbox: Sandbox | None = None, changes: Changes | None = None, **environ: str
) -> Run:
    with inputs(config=config) as paths:
        return run("check", *paths, environ={**(trust(sandbox) if sandbox else {}), **environ}, changes=changes)


def discover(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The streams that the connector offers."""
    with inputs(config=sandbox.config()) as paths:
        (message,) = run("discover", *paths, environ=trust(sandbox)).of_type("CATALOG")
    streams: list[dict[str, Any]] = message["catalog"]["streams"]
    return streams


def read(
    sandbox: Sandbox,
    streams: Iterable[str] = STREAMS,
    config: Mapping[str, Any] | None = None,
    mode: str = "full_refresh",
    state: Sequence[Message] = (),
    changes: Changes | None = None,
    **environ: str,
) -> Run:
    """Read streams from a sandbox, in one sync mode as far as they have it, going on from a state."""
    with inputs(config=config or sandbox.config(), catalog=catalog(streams, mode), state=state) as paths:
        return run("read", *paths, environ={**trust(sandbox), **environ}, changes=changes)


def read_and_kill(sandbox: Sandbox, streams: Iterable[str], mode: str, state: Sequence[Message], lines: int) -> Run:
    """A read, one request at a time, that is killed (SIGKILL) after so many lines of output.

    Exit code -9, or 0 if it had ended before.
    """
    with inputs(config=sandbox.config(max_parallel_requests=1), catalog=catalog(streams, mode), state=state) as paths:
        environ = {**os.environ, **trust(sandbox)}
        with start(
            "read", *paths, environ=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            output = "".join(islice(process.stdout, lines))
            process.kill()
            output += process.stdout.read()
        return Run(process.returncode, output[: output.rindex("\n") + 1], "")


def catalog(streams: Iterable[str], mode: str = "full_refresh") -> dict[str, Any]:
    """A configured catalog that reads these streams in a mode, or in full if they know that alone."""
    configured = []
    for name in streams:
        modes = ["full_refresh"] if name in FULL_REFRESH_ONLY else ["full_refresh", "incremental"]
        stream = {"name": name, "json_schema": {}, "supported_sync_modes": modes}
        chosen = mode if mode in modes else modes[0]
        configured.append({"stream": stream, "sync_mode": chosen, "destination_sync_mode": "append"})
    return {"streams": configured}


def trust(sandbox: Sandbox) -> dict[str, str]:
    """The environment in which the connector may speak to a sandbox."""
    return {"MAILCOACH_TRUSTED_HOSTS": sandbox.trusted_host}


@contextmanager
def inputs(**contents: Mapping[str, Any] | Sequence[Message]) -> Iterator[list[str]]:
    """Writes each content to a file of its own, and gives the arguments that name them: `--config PATH`, …"""
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        for name, content in contents.items():
            path = Path(folder, f"{name}.json")
            path.write_text(json.dumps(content))
            arguments += [f"--{name}", str(path)]
        yield arguments
