"""How many random cases the tests try: few in `make test`, and as many times more as the variable SEEDS says."""

import os

TIMES = int(os.environ.get("SEEDS") or 1)


def count(few: int) -> int:
    """Of examples that hypothesis makes."""
    return few * TIMES


def seeds(few: int) -> range:
    """The few are always among them, so a failure comes back."""
    return range(count(few))
