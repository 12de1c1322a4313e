"""Runs the connector as its users do: the real entry point, as a process of its own, over real sockets."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.sandbox import Sandbox

MAIN = Path(__file__).parent.parent / "main.py"
STREAMS = (
    "email_lists",
    "campaigns",
    "campaign_clicks",
    "campaign_opens",
    "campaign_unsubscribes",
    "campaign_bounces",
)
Message = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a run printed and how it ended. Making one asserts that stdout holds messages of the protocol alone."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def messages(self) -> list[Message]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    def of_type(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[Mapping[str, Any]]:
        records = (message["record"] for message in self.of_type("RECORD"))
        return [record["data"] for record in records if record["stream"] == stream]

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


def run(*command: str, environ: Mapping[str, str] | None = None, timeout: float = 120) -> Run:
    """Run `main.py` with these arguments; the environment is this process's and `environ`."""
    done = subprocess.run(
        [sys.executable, str(MAIN), *command],
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    result = Run(done.returncode, done.stdout, done.stderr)
    assert all(isinstance(message, dict) and "type" in message for message in result.messages)
    return result


def check(config: Mapping[str, Any], sandbox: Sandbox | None = None, **environ: str) -> Run:
    with inputs(config=config) as paths:
        return run("check", *paths, environ={**(trust(sandbox) if sandbox else {}), **environ})


def discover(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The streams that the connector offers."""
    with inputs(config=sandbox.config()) as paths:
        (message,) = run("discover", *paths, environ=trust(sandbox)).of_type("CATALOG")
    streams: list[dict[str, Any]] = message["catalog"]["streams"]
    return streams


def read(
    sandbox: Sandbox, streams: Iterable[str] = STREAMS, config: Mapping[str, Any] | None = None, **environ: str
) -> Run:
    """Read streams in full from a sandbox."""
    with inputs(config=config or sandbox.config(), catalog=catalog(streams)) as paths:
        return run("read", *paths, environ={**trust(sandbox), **environ})


def catalog(streams: Iterable[str]) -> dict[str, Any]:
    """A configured catalog that reads these streams in full."""
    modes = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    stream = {"json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    return {"streams": [{"stream": {"name": name, **stream}, **modes} for name in streams]}


def trust(sandbox: Sandbox) -> dict[str, str]:
    """The environment in which the connector may speak to a sandbox."""
    return {"MAILCOACH_TRUSTED_HOSTS": sandbox.trusted_host}


@contextmanager
def inputs(**contents: Mapping[str, Any]) -> Iterator[list[str]]:
    """Writes each content to a file of its own, and gives the arguments that name them: `--config PATH`, …"""
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        for name, content in contents.items():
            path = Path(folder, f"{name}.json")
            path.write_text(json.dumps(content))
            arguments += [f"--{name}", str(path)]
        yield arguments
