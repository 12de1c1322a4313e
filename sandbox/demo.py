"""`make demo`: the four commands of the connector against a sandbox, each as a process of its own.

No account and no Docker are needed. Ends with what each stream brought and what it cost.
"""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable

from sandbox import Request, Sandbox
from sandbox.connector import Run, check, discover, read, run
from sandbox.truth.streams import endpoint_of

FINISHED = re.compile(r"([\d,]+) requests?, finished in (.+)$")
SAMPLES = ("subscribers", "campaign_opens", "campaign_click_events", "sends")


def main() -> None:
    """Start a sandbox, run spec, check, discover and read, and print the table."""
    with Sandbox(version="v8", campaigns=40, seed=1, shuffle_ties=False) as sandbox:
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
    """Print the table of streams and four records. Streams of one endpoint show its pages both."""
    finished = costs(result)
    pages = Counter(asked_for(request) for request in sandbox.requests if request.status == 200)
    print(f"{'stream':<30}{'rows':>8}{'on the server':>16}{'pages':>8}{'requests':>10}   took")
    for name in names:
        rows, truth = len(result.records(name)), len(sandbox.truth(name))
        endpoint = name if name == "campaign_sends" else endpoint_of(name)
        requests, took = finished.get(name, ("-", "-"))
        print(f"{name:<30}{rows:>8,}{truth:>16,}{pages[endpoint]:>8}{requests:>10}   {took}")
    print("\nThe first record of four of them:")
    for name in SAMPLES:
        print(f"{name}: {json.dumps(result.records(name)[0], ensure_ascii=False)[:300]}")


def asked_for(request: Request) -> str:
    """The kind of endpoint, where the sends of one campaign are a kind of their own."""
    of_campaign = request.kind == "sends" and "filter[campaign_uuid]" in request.query
    return "campaign_sends" if of_campaign else request.kind


def costs(result: Run) -> dict[str, tuple[str, str]]:
    """The requests and the time that each stream took, by the last line that it logged."""
    found: dict[str, tuple[str, str]] = {}
    stream = ""
    for message in result.messages:
        if message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            stream = message["trace"]["stream_status"]["stream_descriptor"]["name"]
        elif message["type"] == "LOG" and (match := FINISHED.search(message["log"]["message"])):
            found[stream] = (match[1], match[2])
    return found


if __name__ == "__main__":
    main()
