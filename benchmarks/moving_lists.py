"""What it costs to read a list that changes while it is read: requests against the least, rows lost, warnings.

Run it with `python -m benchmarks.moving_lists`. Something happens at every request, every third and every tenth, before
a page is counted or between its count and its rows, in the middle of a full refresh through the real entry point; then
the same on PostgreSQL, where equal rows come in another order on each page.
"""

from typing import Any, get_args

from sandbox.connector import read
from sandbox.moving import CASES, Case, Half, read_while_it_moves

HEAD = ("stream", "happens", "when", "every", "requests", "least", "ratio", "changes", "lost", "warnings")
COLUMNS = "{:<16}{:<28}{:<18}{:>6}{:>10}{:>7}{:>7}{:>9}{:>6}{:>10}"


def main() -> None:
    print(COLUMNS.format(*HEAD))
    for case in CASES:
        for half in get_args(Half):
            for every in (10, 3, 1):
                measure(case, every, half)
    print("PostgreSQL")
    for case in CASES:
        measure(case, 10, "before the count", database="postgresql", shuffle_ties=True)


def measure(case: Case, every: int, half: Half, **options: Any) -> None:
    """Equal rows come in a stable order unless the options say otherwise."""
    got = read_while_it_moves(read, case, every, half, **options)
    found = (every, got.requests, got.least, f"{got.requests / got.least:.2f}", got.changes, got.lost)
    print(COLUMNS.format(case.stream, case.happens, half, *found, len(got.warnings)), flush=True)


if __name__ == "__main__":
    main()
