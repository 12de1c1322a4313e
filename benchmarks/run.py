"""One read of the connector as a process of its own, measured."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, MAIN, Message, catalog, inputs, trust


@dataclass
class Measured:
    """What a read printed and took. Bytes are those of STATE messages, memory is the peak in megabytes."""

    rows: int = 0
    seconds: float = 0
    state_messages: int = 0
    state_bytes: int = 0
    peak_mb: float = 0
    requests: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def states(self) -> list[Message]:
        return list(self.state.values())


def read(
    sandbox: Sandbox, mode: str = "full_refresh", state: Sequence[Message] = (), streams: Sequence[str] = CORE_STREAMS
) -> Measured:
    """Read streams of a sandbox; ends the benchmark if the connector fails."""
    result = Measured()
    sandbox.reset_stats()
    with inputs(config=sandbox.config(), catalog=catalog(streams, mode), state=state) as paths:
        command = [sys.executable, str(MAIN), "read", *paths]
        started = time.monotonic()
        with subprocess.Popen(command, env={**os.environ, **trust(sandbox)}, stdout=subprocess.PIPE) as process:
            watch = threading.Thread(target=_watch_memory, args=(process.pid, result))
            watch.start()
            for line in process.stdout or ():
                result.rows += line.startswith(b'{"type":"RECORD"')
                if line.startswith(b'{"type":"STATE"'):
                    result.state_messages += 1
                    result.state_bytes += len(line)
                    message = json.loads(line)["state"]
                    result.state[message["stream"]["stream_descriptor"]["name"]] = message
        watch.join()
        if process.returncode:
            sys.exit("the reading failed")
    result.seconds = time.monotonic() - started
    result.requests = len(sandbox.requests)
    return result


def peak_mb(pid: int) -> float | None:
    """The most memory that a process has held so far, in megabytes, as the kernel keeps it; None once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    peak = next((line for line in lines if line.startswith("VmHWM")), None)
    return int(peak.split()[1]) / 1024 if peak else None


def _watch_memory(pid: int, result: Measured) -> None:
    while (peak := peak_mb(pid)) is not None:
        result.peak_mb = max(result.peak_mb, peak)
        time.sleep(0.05)
