"""How much of a limit's budget a sync uses over several windows, and how often it is refused.

`python -m benchmarks.rate_windows`, about seven minutes. The limit of an hour is waited out by a clock of its own, the
others by the real connector at a server over sockets, which answers after 20 ms: each sync has more to read than the
windows allow, and is ended after them.
"""

import os
import random
import tempfile
import time

from sandbox import Sandbox
from sandbox.connector import catalog, inputs, start_cold, trust
from source_mailcoach.transport.budget import RateBudget
from unit_tests.limited_server import LimitedServer, run

LIMITS = ((5, 1, 20), (40, 4, 8), (60, 60, 3), (300, 60, 2))
LONGEST = 60  # seconds: a longer window is simulated


def measured(limit: int, seconds: int, windows: int) -> tuple[int, int]:
    """Requests that were answered in so many windows, and those that were refused."""
    with (
        Sandbox(
            campaigns=10,
            lists=1,
            latency_ms=20,
            rate_limit=limit,
            rate_window_seconds=seconds,
            big_campaign_opens=50_000,
        ) as sandbox,
        tempfile.TemporaryFile() as nowhere,
        inputs(config=sandbox.config(), catalog=catalog(["campaign_opens"])) as paths,
    ):
        process = start_cold("read", *paths, environ={**os.environ, **trust(sandbox)}, stdout=nowhere, stderr=nowhere)
        while not sandbox.requests:
            time.sleep(0.01)
        ends = sandbox.requests[0].time + windows * seconds
        time.sleep(max(0.0, ends - time.monotonic()))
        process.kill()
        process.wait()
        statuses = [request.status for request in sandbox.requests if request.time < ends]
        return statuses.count(200), statuses.count(429)


def simulated(limit: int, seconds: int, windows: int) -> tuple[int, int]:
    server, rng = LimitedServer(limit, seconds), random.Random(1)
    run(RateBudget(), server, windows * seconds, lambda: (rng.uniform(0.02, 0.03), rng.uniform(0.02, 0.03)))
    return len(server.accepted), len(server.refused)


def main() -> None:
    for limit, seconds, windows in (*LIMITS, (1000, 3600, 3)):
        how = measured if seconds <= LONGEST else simulated
        used, refused = how(limit, seconds, windows)
        share = used / limit / windows
        print(
            f"{limit:5} in {seconds:4} s, {windows:2} windows, {how.__name__}: {share:.1%}, {refused} refused",
            flush=True,
        )


if __name__ == "__main__":
    main()
