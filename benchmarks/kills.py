"""What a kill (SIGKILL) costs a sync of all streams: requests beyond those of a sync that is left alone.

Run it with `python -m benchmarks.kills`. Each round kills one sync at a random line, and lets the next one finish. What
is asked for again is mostly what every sync asks for at its start: the lists that are read whole, and listings.
"""

import random
from collections import Counter
from collections.abc import Mapping
from statistics import median

from sandbox import Sandbox
from sandbox.connector import STREAMS, Message, read, read_and_kill
from sandbox.server.requests_log import Request

ROUNDS = 15


def pages_of(requests: list[Request]) -> Counter[tuple[str, str]]:
    """How often each page of each list was asked for."""
    return Counter((request.path, str(request.query.get("page"))) for request in requests)


def one_round(seed: int, alone: Counter[tuple[str, str]]) -> tuple[int, int]:
    """Requests beyond those of a sync alone, and of them pages of lists that are continued."""
    with account() as sandbox:
        lines = random.Random(seed).randint(40, 1200)
        killed = read_and_kill(sandbox, STREAMS, "incremental", [], lines)
        state: Mapping[str, Message] = {each["stream"]["stream_descriptor"]["name"]: each for each in killed.state}
        read(sandbox, mode="incremental", state=list(state.values()))
        again = pages_of(list(sandbox.requests)) - alone
    below = sum(count for (path, _), count in again.items() if path.count("/") > 2)
    return sum(again.values()), below


def account() -> Sandbox:
    return Sandbox(version="v8", campaigns=10, seed=4, opens=20, sent_only=True, shuffle_ties=False)


def main() -> None:
    with account() as sandbox:
        read(sandbox, mode="incremental")
        alone = pages_of(list(sandbox.requests))
    costs = [one_round(seed, alone) for seed in range(ROUNDS)]
    print(f"a sync left alone: {sum(alone.values())} requests")
    for name, values in zip(("requests a kill", "of them below a list"), zip(*costs, strict=True), strict=True):
        print(f"{name}: median {median(values)}, most {max(values)}")


if __name__ == "__main__":
    main()
