"""What a full refresh costs: requests against the least possible, rows a second, memory, bytes of STATE.

Run it with `python -m benchmarks.full_refresh`. The seconds depend on the machine; requests and bytes do not.
"""

import os
import resource
import subprocess
import sys
import time

from sandbox import Sandbox
from sandbox.connector import MAIN, STREAMS, catalog, inputs, trust

COLUMNS = "{:<10}{:>9}{:>7}{:>8}{:>9}{:>8}{:>9}{:>13}"


def main() -> None:
    """200 campaigns with four bodies of 20 KB each, read by the real entry point, with and without shuffled ties."""
    print(COLUMNS.format("ties", "requests", "least", "rows", "seconds", "rows/s", "peak MB", "STATE bytes"))
    for shuffle in (False, True):
        with Sandbox(version="v8", campaigns=200, seed=1, opens=60, html_bytes=20_000, shuffle_ties=shuffle) as sandbox:
            rows, seconds, state = read(sandbox)
            print(
                COLUMNS.format(
                    "shuffled" if shuffle else "stable",
                    len(sandbox.requests),
                    sandbox.least_requests(STREAMS),
                    rows,
                    f"{seconds:.1f}",
                    f"{rows / seconds:.0f}",
                    f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f}",
                    state,
                )
            )


def read(sandbox: Sandbox) -> tuple[int, float, int]:
    """Records, seconds and bytes of STATE messages of one reading of all streams."""
    records = state = 0
    with inputs(config=sandbox.config(), catalog=catalog(STREAMS)) as paths:
        command = [sys.executable, str(MAIN), "read", *paths]
        started = time.monotonic()
        with subprocess.Popen(command, env={**os.environ, **trust(sandbox)}, stdout=subprocess.PIPE) as process:
            for line in process.stdout or ():
                records += line.startswith(b'{"type":"RECORD"')
                state += len(line) * line.startswith(b'{"type":"STATE"')
        if process.returncode:
            sys.exit("the reading failed")
        return records, time.monotonic() - started, state


if __name__ == "__main__":
    main()
