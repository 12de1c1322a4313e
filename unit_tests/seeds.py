"""How many cases the tests try: few in `make test`, and more of them as the variable SEEDS says."""

import itertools
import os
from collections.abc import Sequence
from typing import Any

TIMES = int(os.environ.get("SEEDS") or 1)


def count(few: int) -> int:
    """Of examples that hypothesis makes."""
    return few * TIMES


def seeds(few: int) -> range:
    """The few are always among them, so a failure comes back."""
    return range(count(few))


def versions(*every: str) -> tuple[str, ...]:
    """Of versions of Mailcoach that differ in little: the oldest, the usual one and Cloud if few cases are tried."""
    return every if TIMES > 1 else tuple(version for version in every if version in ("v6", "v8", "cloud"))


def combined(*axes: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Cases, each a value of every axis: all combinations; if few are tried, each value of each axis at least once."""
    if TIMES > 1:
        return list(itertools.product(*axes))
    longest = max(map(len, axes))
    return [tuple(axis[number % len(axis)] for axis in axes) for number in range(longest)]
