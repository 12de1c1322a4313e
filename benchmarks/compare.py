"""`make bench`: this connector and its peers, side by side. Prints the table and writes `results.md`.

`results.json` holds the same for `picture.py`, which draws it in the peers' environment.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.cases import QUICK, Result, Sizes, results
from benchmarks.contenders import PEERS_BIN
from benchmarks.table import markdown, plain, verdict

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small account; writes to benchmarks/quick")
    parser.add_argument("--bound", type=float, default=300, help="seconds after which a sync is ended")
    options = parser.parse_args()
    if not (PEERS_BIN / "python").exists():
        sys.exit("The peers' environment is missing: make bench")
    started = time.monotonic()
    found: list[Result] = []
    for result in results(QUICK if options.quick else Sizes(), options.bound):
        found.append(result)
        brief = f"{result.requests:,} requests, {result.seconds:.1f} s, {verdict(result)}"
        print(f"({result.case}) {result.contender}: {brief}", file=sys.stderr, flush=True)
    print(f"\n{plain(found)}\n\n{time.monotonic() - started:.0f} seconds in all")
    folder = HERE / ("quick" if options.quick else "")
    folder.mkdir(exist_ok=True)
    (folder / "results.md").write_text(markdown(found))
    (folder / "results.json").write_text(json.dumps([asdict(result) for result in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
