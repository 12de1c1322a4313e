"""Breaks the core of the connector in small ways, one at a time, and prints those that no unit test notices.

`python -m scripts.mutants [PART OF A FILE NAME]`. The edits stand in mutants.txt: a line with a file and the tests that
guard it, then pairs of what is there (`- `) and what is put in its place (`+ `). It takes a quarter of an hour or more.
Exit code 1 if one survives, or no longer fits the code.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from scripts.checkout import copy_checkout

EDITS = Path(__file__).with_suffix(".txt")
LONGEST = 600  # seconds: an edit that makes a test read without end is noticed too


@dataclass(frozen=True)
class Mutant:
    """One edit of a file, and the tests that should fail by it."""

    file: str
    tests: tuple[str, ...]
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}\n- {self.old}\n+ {self.new}".replace("\n", "\n    ")


def parse(text: str) -> Iterator[Mutant]:
    """The edits of a text. Of several lines, each has the sign of its own."""
    file, old, new = "", "", ""
    tests: tuple[str, ...] = ()
    for line in [*text.splitlines(), ""]:
        sign, rest = line[:2], line[2:]
        if new and sign != "+ ":
            yield Mutant(file, tests, old, new)
            old = new = ""
        if sign == "- ":
            old += f"\n{rest}" if old else rest
        elif sign == "+ ":
            new += f"\n{rest}" if new else rest
        elif line and not line.startswith("#"):
            file, *names = line.split()
            tests = tuple(names)


def survives(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests pass in a copy of the checkout that has the edit; the copy is as before afterwards."""
    file = folder / mutant.file
    text = file.read_text()
    file.write_text(text.replace(mutant.old, mutant.new))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests]
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "SEEDS": "5"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(text)
    return ended.returncode == 0


def main(arguments: Sequence[str]) -> int:
    mutants = [mutant for mutant in parse(EDITS.read_text()) if not arguments or arguments[0] in mutant.file]
    wrong = [mutant for mutant in mutants if Path(mutant.file).read_text().count(mutant.old) != 1]
    for mutant in wrong:
        print(f"Fits in no place, or in several: {mutant}")
    if wrong:
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        copies: Queue[Path] = Queue()
        for number in range(os.cpu_count() or 1):
            copies.put(copy_checkout(Path(temporary) / str(number)))

        def tried(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return survives(mutant, copy)
            finally:
                copies.put(copy)

        survivors = 0
        with ThreadPoolExecutor(copies.qsize()) as pool:
            for mutant, survived in zip(mutants, pool.map(tried, mutants), strict=True):
                if survived:
                    survivors += 1
                    print(f"Survives: {mutant}", flush=True)
    print(f"{len(mutants)} mutants, {survivors} of them survive")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
