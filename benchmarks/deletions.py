"""What it costs to learn of deletions: requests of syncs with and without, bytes of state, deletions told and not told.

Run it with `python -m benchmarks.deletions`; `--rows 100000` says how long the one long list is. All syncs go through
the connector's real entry point, and subscribers are read again every seven days at most, as by default.
"""

import argparse
import json
import random
from collections.abc import Sequence
from contextlib import closing

from sandbox import Sandbox, connector
from sandbox.connector import Message, Run, catalog, inputs, run, trust
from sandbox.fork_server import ForkServer
from sandbox.life.mutations import Mutator
from sandbox.world.times import DAY, MINUTE

STREAMS = ("campaigns", "subscribers", "tags", "suppressions", "templates")
DELETED_AT = "_ab_cdc_deleted_at"
HEAD = ("sync", "requests", "rows", "tombstones", "state bytes", "page's state")
COLUMNS = "{:<52}{:>10}{:>9}{:>12}{:>13}{:>14}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows: int = parser.parse_args().rows
    with closing(ForkServer()) as server:
        connector.start = server.start
        one_of_many(rows)
        lively_accounts()


class Syncs:
    """Incremental syncs of an account, one after another, each of them a line."""

    def __init__(self, sandbox: Sandbox, streams: Sequence[str], deleted_rows: str) -> None:
        self._sandbox, self._streams = sandbox, streams
        self._config = sandbox.config(deleted_rows=deleted_rows)
        self._state: list[Message] = []

    def sync(self, what: str = "") -> Run:
        self._sandbox.reset_stats()
        configured = catalog(self._streams, "incremental")
        with inputs(config=self._config, catalog=configured, state=self._state) as paths:
            result = run("read", *paths, environ=trust(self._sandbox), timeout=3600)
        assert result.exit_code == 0, result.stdout
        self._state = result.state
        if what:
            rows = [row for stream in self._streams for row in result.records(stream)]
            marked = sum(bool(row.get(DELETED_AT)) for row in rows)
            states = [len(json.dumps(each["state"])) for each in result.of_type("STATE")]
            largest = max(states[:-1], default=0) if len(self._streams) == 1 else 0
            saved = max(len(json.dumps(each)) for each in result.state)
            line = (what, f"{len(self._sandbox.requests):,}", f"{len(rows):,}", marked, f"{saved:,}", f"{largest:,}")
            print(COLUMNS.format(*line), flush=True)
        return result


def one_of_many(rows: int) -> None:
    """A list of so many subscribers, one of whom is deleted; the state of a page is that of the largest on the way."""
    print(COLUMNS.format(*HEAD))
    for deleted_rows in ("ignore", "mark"):
        with Sandbox(version="v8", empty=True) as sandbox:
            store = sandbox.store
            owner = store.add_email_list("All")
            for number in range(rows):
                store.add_subscriber(owner, f"reader{number}@example.org")
                store.now += MINUTE
            syncs = Syncs(sandbox, ("subscribers",), deleted_rows)
            syncs.sync(f"{deleted_rows}: the first, {rows:,} subscribers")
            store.advance(DAY)
            syncs.sync(f"{deleted_rows}: nothing happened")
            uuids = list(store.subscribers)
            store.delete_subscriber(uuids[len(uuids) // 3])
            store.advance(DAY)
            syncs.sync(f"{deleted_rows}: one was deleted, the next day")
            store.advance(7 * DAY)
            syncs.sync(f"{deleted_rows}: seven days later")
            for uuid in uuids[-200:-100]:
                store.delete_subscriber(uuid)
            store.advance(7 * DAY)
            syncs.sync(f"{deleted_rows}: a hundred more were deleted")
            store.advance(7 * DAY)
            syncs.sync(f"{deleted_rows}: nothing happened")


def lively_accounts() -> None:
    """A month of an account in which something happens all the time, also during syncs, a sync a day."""
    print(("\n{:<10}" + "{:>10}" * 4).format("version", "deleted", "told", "false", "not told"))
    for version in ("v6", "v7", "v8", "v9", "v10", "cloud"):
        with Sandbox(version=version, campaigns=10, opens=10, html_bytes=50) as sandbox:
            figures = a_month(sandbox, random.Random(version))
        print(("{:<10}" + "{:>10}" * 4).format(version, *figures), flush=True)


def a_month(sandbox: Sandbox, rng: random.Random) -> tuple[int, int, int, int]:
    """How many of the rows that came were deleted, how many of them are told, how many others, and how many not."""
    mutator, syncs = Mutator(sandbox.store, rng), Syncs(sandbox, STREAMS, "mark")
    came: set[tuple[str, str]] = set()
    told: set[tuple[str, str]] = set()

    def live(_: object) -> None:
        if rng.random() < 0.05:
            mutator.mutate()

    for day in range(32):
        is_quiet = day >= 30
        for _ in range(0 if is_quiet else 20):
            mutator.mutate()
        sandbox.on_request = None if is_quiet else live
        result = syncs.sync()
        for stream in STREAMS:
            for row in result.records(stream):
                (told if row.get(DELETED_AT) else came).add((stream, row["uuid"]))
        sandbox.store.advance(8 * DAY if is_quiet else DAY)
    there = {(stream, row["uuid"]) for stream in STREAMS for row in sandbox.truth(stream)}
    gone = came - there
    return len(gone), len(told & gone), len(told & there), len(gone - told)


if __name__ == "__main__":
    main()
