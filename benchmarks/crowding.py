"""What another client of a small server feels of a sync: one of four workers, each of which takes 50 ms for a request.

Run it with `python -m benchmarks.crowding`. The sandbox lets requests wait until a worker is free, as php-fpm does;
the other client asks for one page at a time, five times a second. By default the connector finds out how many requests
the server bears; then 4 and 16 are under way whatever happens, for comparison.
"""

import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import requests

from benchmarks.contenders import HERE, Ours, Run
from sandbox import Sandbox
from sandbox.server.replies import Reply
from sandbox.server.requests_log import Request

WORKERS, WORK = 4, 0.05
OTHER = "/login"
COLUMNS = "{:<22}{:>12}{:>9}{:>10}{:>12}{:>10}{:>10}"


class OursAlways(Ours):
    """With so many requests under way, whatever happens."""

    parallel = 16

    def command(self, run: Run) -> list[str]:
        return [sys.executable, str(HERE / "always.py")]

    def config(self, run: Run) -> dict[str, Any]:
        return {**super().config(run), "max_parallel_requests": self.parallel}


class OursAlwaysFour(OursAlways):
    parallel = 4


class Small(Sandbox):
    """A sandbox with few workers. `asked` tells when each request of the API came, and how many it found there."""

    def __init__(self) -> None:
        super().__init__(campaigns=150, shuffle_ties=False)
        self.asked: list[tuple[float, int]] = []
        self._here = 0
        self._workers = ThreadPoolExecutor(WORKERS)  # those who wait have their turn in order
        self._answer = self._server.reply
        self._server.reply = self._reply  # type: ignore[method-assign]

    def _reply(self, request: Request) -> Reply:
        if request.path != OTHER:
            self.asked.append((time.monotonic(), self._here))
        self._here += 1
        self._workers.submit(time.sleep, WORK).result()
        self._here -= 1
        return self._answer(request)

    def stop(self) -> None:
        super().stop()
        self._workers.shutdown()


@contextmanager
def other_client(server: Small) -> Iterator[dict[float, float]]:
    """The seconds that each of its requests takes while the block runs, by when it was sent."""
    took: dict[float, float] = {}
    over, rng = threading.Event(), random.Random(1)

    def ask() -> None:
        with requests.Session() as session:
            while not over.wait(rng.uniform(0.1, 0.3)):
                sent = time.monotonic()
                session.get(f"http://{server.trusted_host}{OTHER}", timeout=60).raise_for_status()
                took[sent] = time.monotonic() - sent

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def measure(kind: type[Ours], name: str, alone: float) -> None:
    """Only the time from the sync's first request to its last one counts, not that of its start."""
    server = Small()
    with server, tempfile.TemporaryDirectory() as folder:
        with other_client(server) as took:
            sync = kind(Path(folder)).sync(Run(server))
        if sync.usage.exit_code:
            sys.exit("The sync has failed.")
        first, last = server.asked[0][0], server.asked[-1][0]
        found = f"{median(here for _, here in server.asked):.0f}"
        seconds = [took[sent] for sent in took if first <= sent <= last]
        show(name, seconds, alone, f"{len(server.asked):,}", f"{last - first:.1f}", found)


def show(name: str, seconds: Sequence[float], alone: float, *rest: str) -> None:
    slow = sorted(seconds)[len(seconds) * 95 // 100]
    print(
        COLUMNS.format(
            name, f"{median(seconds) * 1000:.0f} ms", f"{median(seconds) / alone:.2f}", f"{slow * 1000:.0f} ms", *rest
        ),
        flush=True,
    )


def main() -> None:
    print(COLUMNS.format("under way", "other client", "times", "95 %", "requests", "seconds", "found"))
    server = Small()
    with server, other_client(server) as took:
        time.sleep(20)
    seconds = list(took.values())
    alone = median(seconds)
    show("no sync", seconds, alone, "", "", "")
    for kind, name in ((Ours, "by default"), (OursAlwaysFour, "always 4"), (OursAlways, "always 16")):
        measure(kind, name, alone)


if __name__ == "__main__":
    main()
