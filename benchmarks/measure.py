"""A process and what it took: seconds, CPU seconds, peak memory, and whether it had to be ended."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.run import peak_mb

GLANCE = 0.05


@dataclass(frozen=True)
class Usage:
    """CPU seconds are user and system of the process and its children; memory is the process's peak in megabytes."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    exit_code: int
    ended: bool


def measure(
    command: Sequence[str], environ: Mapping[str, str], stdout: Path, stderr: Path, bound: float, folder: Path
) -> Usage:
    """Run a command in a folder; it is killed after `bound` seconds. Its output waits in files for whoever reads it."""
    started, peak, ended = time.monotonic(), 0.0, False
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder
        )
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, peak_mb(process.pid) or 0)
            if not ended and time.monotonic() - started > bound:
                process.kill()
                ended = True
            time.sleep(GLANCE)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    return Usage(seconds, usage.ru_utime + usage.ru_stime, peak, process.returncode, ended)
