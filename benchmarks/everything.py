"""What it costs to read all streams of each version: requests against the least possible, and again with nothing new.

Run it with `python -m benchmarks.everything`. "Shuffled" is the worst case: the database orders equal rows anew for
each page, and thousands of mails share their seconds.
"""

from sandbox import Sandbox
from sandbox.connector import STREAMS, read
from sandbox.truth.streams import PRIMARY_KEYS

COLUMNS = "{:<8}{:<10}{:>9}{:>9}{:>9}{:>7}{:>8}{:>14}"


def main() -> None:
    """40 campaigns: everything, then an incremental sync of the unchanged account."""
    print(COLUMNS.format("server", "ties", "on it", "missing", "requests", "least", "ratio", "second sync"))
    for version in ("v6", "v7", "v8", "v9", "v10", "cloud"):
        for shuffle in (False, True):
            with Sandbox(version=version, campaigns=40, seed=1, shuffle_ties=shuffle) as sandbox:
                first = read(sandbox, STREAMS, mode="incremental")
                requests, least = len(sandbox.requests), sandbox.least_requests(STREAMS)
                rows = missing = 0
                for stream in STREAMS:
                    key = PRIMARY_KEYS[stream]
                    there = {tuple(row[field] for field in key) for row in sandbox.truth(stream)}
                    missing += len(there - {tuple(row[field] for field in key) for row in first.records(stream)})
                    rows += len(there)
                sandbox.reset_stats()
                read(sandbox, STREAMS, mode="incremental", state=first.state)
                ties, ratio = "shuffled" if shuffle else "stable", f"{requests / least:.2f}"
                print(COLUMNS.format(version, ties, rows, missing, requests, least, ratio, len(sandbox.requests)))


if __name__ == "__main__":
    main()
