"""What a run of equal rows takes in memory: a million mails of one second, or waiting without a time.

Run it with `python -m benchmarks.memory_of_a_run`. Pages come from a plain function, so nothing but the run is held.
The peak of resident memory is that of a process of its own for each size of page; `tracemalloc` then names the lines.
"""

import os
import subprocess
import sys
import tracemalloc
import uuid
from collections.abc import Iterator

from benchmarks.run import peak_mb
from source_mailcoach.sync.paging import Page, Row
from source_mailcoach.sync.runs import Run, Runs, complete
from source_mailcoach.sync.trail import Order

ROWS = 1_000_000
ORDER = Order(lambda row: (row["uuid"],), lambda row: str(row["sent_at"]), lambda row: row["sent_at"])


def page(number: int, size: int) -> Page:
    begin = (number - 1) * size
    rows: list[Row] = [
        {"uuid": str(uuid.UUID(int=place * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128)), "sent_at": "2026-11-01"}
        for place in range(begin, min(begin + size, ROWS))
    ]
    return Page(number, -(-ROWS // size), ROWS, size, rows)


def first_reading(runs: Runs, size: int) -> Run:
    for number in range(1, -(-ROWS // size) + 1):
        current = page(number, size)
        runs.feed(current, ORDER.keys(current), 0, True)
    assert runs.open
    return runs.open


def steps(size: int) -> Iterator[str]:
    """What is held after each step."""
    assert ORDER.tied
    runs = Runs(ORDER.tied, ORDER.time)
    run = first_reading(runs, size)
    yield "the run was read once"
    run.count_anew()
    yield "a row vanished meanwhile"
    get = (lambda number: page(number, size)), (lambda number: page(number, size))
    again = complete(run, get, size, runs, ORDER.key_of)
    while next(again).number < -(-ROWS // size):
        pass
    yield "and at the end of the second reading"


def measure(size: int) -> None:
    before = peak_mb(os.getpid()) or 0
    for step in steps(size):
        more = (peak_mb(os.getpid()) or 0) - before
        print(f"pages of {size:>5,}: {step:<40}{more:>6.0f} MB more", flush=True)


def where(size: int) -> None:
    """The lines that hold most of it at the end."""
    tracemalloc.start()
    for step in steps(size):
        print(step)
        for line in tracemalloc.take_snapshot().statistics("lineno")[:4]:
            frame = line.traceback[0]
            print(f"    {line.size / 1e6:>6.1f} MB  {frame.filename.rpartition('/')[2]}:{frame.lineno}")


def main() -> None:
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
        return
    for size in (15, 1000):
        subprocess.run([sys.executable, "-m", "benchmarks.memory_of_a_run", str(size)], check=True)
    where(1000)


if __name__ == "__main__":
    main()
