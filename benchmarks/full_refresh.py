"""What a full refresh costs: requests against the least possible, rows a second, memory, bytes of STATE.

Run it with `python -m benchmarks.full_refresh`. The seconds depend on the machine; requests and bytes do not.
"""

from benchmarks.run import read
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS

COLUMNS = "{:<10}{:>9}{:>7}{:>8}{:>9}{:>8}{:>9}{:>13}"


def main() -> None:
    """200 campaigns with four bodies of 20 KB each, read by the real entry point, with and without shuffled ties."""
    print(COLUMNS.format("ties", "requests", "least", "rows", "seconds", "rows/s", "peak MB", "STATE bytes"))
    for shuffle in (False, True):
        with Sandbox(version="v8", campaigns=200, seed=1, opens=60, html_bytes=20_000, shuffle_ties=shuffle) as sandbox:
            run = read(sandbox)
            ties, least = "shuffled" if shuffle else "stable", sandbox.least_requests(CORE_STREAMS)
            pace, peak = f"{run.rows / run.seconds:.0f}", f"{run.peak_mb:.0f}"
            seconds = f"{run.seconds:.1f}"
            print(COLUMNS.format(ties, run.requests, least, run.rows, seconds, pace, peak, run.state_bytes))


if __name__ == "__main__":
    main()
