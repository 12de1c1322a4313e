"""`make demo`: the four commands of the connector against a sandbox, each as a process of its own.

No account and no Docker are needed. Ends with what each stream brought and what it cost.
"""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from itertools import groupby

from sandbox import Sandbox
from sandbox.connector import Run, check, discover, read, run

FINISHED = re.compile(r"([\d,]+) requests, finished in (.+)$")
SAMPLES = ("campaign_opens", "campaign_clicks", "campaign_bounces")


def main() -> None:
    """Start a sandbox, run spec, check, discover and read, and print the table."""
    with Sandbox(version="v8", campaigns=40, seed=1) as sandbox:
        print(f"A Mailcoach sandbox with 40 campaigns answers at {sandbox.api_base_url}\n")
        (spec,) = run("spec").of_type("SPEC")
        fields = spec["spec"]["connectionSpecification"]
        print(f"spec      {len(fields['properties'])} fields, required: {', '.join(fields['required'])}")
        print(f"check     {check(sandbox.config(), sandbox).status['status']}")
        names = [stream["name"] for stream in discover(sandbox)]
        print(f"discover  {len(names)} streams")

        sandbox.reset_stats()
        started = time.monotonic()
        result = read(sandbox, names)
        requests, seconds = len(sandbox.requests), time.monotonic() - started
        if result.exit_code:
            sys.exit(" ".join(error["message"] for error in result.errors))
        least = sandbox.least_requests(names)
        print(f"read      {requests} requests (the least possible: {least}) in {seconds:.1f} seconds\n")
        report(names, result, sandbox)


def report(names: Iterable[str], result: Run, sandbox: Sandbox) -> None:
    """Print the table of streams and three records."""
    costs = dict(zip(stream_order(result), filter(None, map(FINISHED.search, result.logs("INFO"))), strict=True))
    pages = Counter(request.path.split("/")[-1] for request in sandbox.requests if request.status == 200)
    print(f"{'stream':<24}{'rows':>8}{'on the server':>16}{'pages':>8}{'requests':>10}   took")
    for name in names:
        rows, truth = len(result.records(name)), len(sandbox.truth(name))
        answered = pages[name.removeprefix("campaign_").replace("_", "-")]
        print(f"{name:<24}{rows:>8,}{truth:>16,}{answered:>8}{costs[name][1]:>10}   {costs[name][2]}")
    print("\nThe first record of three of them:")
    for name in SAMPLES:
        print(f"{name}: {json.dumps(result.records(name)[0], ensure_ascii=False)[:300]}")


def stream_order(result: Run) -> list[str]:
    """The names of the streams in the order in which they were read."""
    records = (message["record"]["stream"] for message in result.of_type("RECORD"))
    return [name for name, _ in groupby(records)]


if __name__ == "__main__":
    main()
