"""What a row costs in CPU, beside the class-based peer that reads the same pages: microseconds, and the ratio.

Run it with `python -m benchmarks.row_cost`. Both read a big campaign and a small one in turn; the difference is free of
what a process takes to start. Seconds are those of the process alone (user and system). The machine changes from one
minute to the next, so each ratio is of two runs one after the other, and the middle one of them counts.

Cloud gives pages as long as a client asks for, which the peer loses after the first page, as it follows `links.next`.
Self-hosted servers give both of them 15 rows.
"""

import statistics
import sys
from collections.abc import Iterator

from benchmarks.cases import account, working
from benchmarks.contenders import PEERS, Contender, Ours, Plain, Run
from sandbox import Sandbox

ROWS, FEW, ROUNDS = 15_000, 1_000, 9
COLUMNS = "{:>7}{:>7}{:>18}{:>18}{:>7}"


class Bare(Plain):
    """In this environment, so that both go through the same CDK."""

    def command(self, run: Run) -> list[str]:
        return [sys.executable, str(PEERS / "plain" / "main.py")]


def main() -> None:
    """For each kind of server some rounds, and the median of their ratios."""
    print(COLUMNS.format("version", "round", "ours, µs a row", "plain, µs a row", "ratio"))
    for version in ("cloud", "v8"):
        print(f"{version}, median of the ratios: {statistics.median(ratios(version)):.2f}")


def ratios(version: str) -> Iterator[float]:
    """Of each round, which is printed."""
    with opens(version, ROWS) as big, opens(version, FEW) as small:
        for number in range(1, ROUNDS + 1):
            ours, plain = (row_cost(kind, big, small) for kind in (Ours, Bare))
            row = version, number, f"{ours:.1f}", f"{plain:.1f}", f"{ours / plain:.2f}"
            print(COLUMNS.format(*row), flush=True)
            yield ours / plain


def opens(version: str, number: int) -> Sandbox:
    """An account with little but one campaign of so many opens."""
    return account(version=version, campaigns=1, opens=1, big_campaign_opens=number)


def row_cost(kind: type[Contender], big: Sandbox, small: Sandbox) -> float:
    """Microseconds of CPU for one row more."""
    with working(kind) as contender:
        few = contender.sync(Run(small, streams=("campaign_opens",)))
    with working(kind) as contender:
        many = contender.sync(Run(big, streams=("campaign_opens",)))
    if few.usage.exit_code or many.usage.exit_code:
        sys.exit("a reading failed")
    return (many.usage.cpu_seconds - few.usage.cpu_seconds) / (many.rows - few.rows) * 1e6


if __name__ == "__main__":
    main()
