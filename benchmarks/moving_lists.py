"""What it costs to read a list that changes while it is read: requests against the least, rows lost, warnings.

Run it with `python -m benchmarks.moving_lists`. Something happens before every request, every third and every tenth, in
the middle of a full refresh through the real entry point.
"""

import random
from collections.abc import Callable

from sandbox import Sandbox
from sandbox.connector import read
from sandbox.truth import PRIMARY_KEYS

COLUMNS = "{:<16}{:<28}{:>7}{:>9}{:>7}{:>7}{:>9}{:>7}{:>10}"
Change = Callable[[Sandbox, random.Random], object]


def somebody(sandbox: Sandbox, rng: random.Random) -> str:
    return rng.choice(list(sandbox.store.subscribers))


def new_mail(sandbox: Sandbox, rng: random.Random) -> None:
    sandbox.store.advance(1, schedule=False)
    mail = next(iter(sandbox.store.automation_mails))
    sandbox.store.add_automation_send(mail, sandbox.store.subscribers[somebody(sandbox, rng)])


def new_suppression(sandbox: Sandbox, rng: random.Random) -> None:
    sandbox.store.advance(1, schedule=False)
    sandbox.store.add_suppression(f"{rng.getrandbits(40):x}@example.org")


def lifted_suppression(sandbox: Sandbox, rng: random.Random) -> None:
    if len(sandbox.store.suppressions) > 50:
        sandbox.store.delete_suppression(rng.choice(list(sandbox.store.suppressions)))


def deleted_subscriber(sandbox: Sandbox, rng: random.Random) -> None:
    if len(sandbox.store.subscribers) > 50:
        sandbox.store.delete_subscriber(somebody(sandbox, rng))


def edited_subscriber(sandbox: Sandbox, rng: random.Random) -> None:
    sandbox.store.advance(1, schedule=False)
    sandbox.store.update_subscriber(somebody(sandbox, rng), first_name=f"{rng.getrandbits(20):x}")


def new_open(sandbox: Sandbox, rng: random.Random) -> None:
    sandbox.store.advance(1, schedule=False)
    sent = [each for each in sandbox.store.campaigns.values() if each.status == "sent"]
    campaign = rng.choice([each for each in sent if sandbox.store.campaign_sends(each)])
    sandbox.store.add_open(campaign, rng.choice(list(sandbox.store.campaign_sends(campaign).values())).subscriber)


CASES: list[tuple[str, str, Change]] = [
    ("sends", "a new mail", new_mail),
    ("sends", "a subscriber is deleted", deleted_subscriber),
    ("subscribers", "a subscriber is deleted", deleted_subscriber),
    ("subscribers", "a subscriber is edited", edited_subscriber),
    ("suppressions", "a new address", new_suppression),
    ("suppressions", "an address is lifted", lifted_suppression),
    ("campaign_opens", "an open", new_open),
    ("campaign_opens", "a subscriber is deleted", deleted_subscriber),
]


def main() -> None:
    """30 campaigns, ties in a stable order."""
    print(COLUMNS.format("stream", "happens", "every", "requests", "least", "ratio", "changes", "lost", "warnings"))
    for stream, what, change in CASES:
        for every in (10, 3, 1):
            measure(stream, what, change, every)


def measure(stream: str, what: str, change: Change, every: int) -> None:
    options = {"version": "v8", "campaigns": 30, "seed": 1, "opens": 60, "shuffle_ties": False}
    with Sandbox(**options) as sandbox:  # type: ignore[arg-type]
        rng = random.Random(1)
        for _ in range(400 if stream == "suppressions" else 0):
            new_suppression(sandbox, rng)
        before, least = keys(sandbox, stream), sandbox.least_requests([stream])
        asked = changes = 0

        def live(request: object) -> None:
            nonlocal asked, changes
            asked += 1
            if asked % every == 0:
                change(sandbox, rng)
                changes += 1

        sandbox.on_request = live
        result = read(sandbox, [stream], sandbox.config(max_parallel_requests=1))
        sandbox.on_request = None
        least = max(least, sandbox.least_requests([stream]))
        stays, came = before & keys(sandbox, stream), {key_of(stream, row) for row in result.records(stream)}
        warnings = sum('"WARN"' in line for line in result.stdout.splitlines())
        requests = len(sandbox.requests)
        row = (stream, what, every, requests, least, f"{requests / least:.2f}", changes, len(stays - came), warnings)
        print(COLUMNS.format(*row), flush=True)


def keys(sandbox: Sandbox, stream: str) -> set[tuple[object, ...]]:
    return {key_of(stream, row) for row in sandbox.truth(stream)}


def key_of(stream: str, row: object) -> tuple[object, ...]:
    return tuple(row[field] for field in PRIMARY_KEYS[stream])  # type: ignore[index]


if __name__ == "__main__":
    main()
