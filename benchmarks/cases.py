"""The cases: which account, what happens to it between syncs, and what a contender should have delivered by then."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.contenders import (
    CURSOR_VARIANTS,
    LATENCY_VARIANTS,
    MAIN_CONTENDERS,
    NAMES,
    PAGING_VARIANTS,
    Contender,
    Keys,
    Ours,
    Run,
    Sync,
)
from sandbox import Sandbox
from sandbox.connector import STREAMS
from sandbox.truth.streams import PRIMARY_KEYS

SEED = 1
WINDOW = 5.0
LIMIT = 60
HOUR = 3600


@dataclass(frozen=True)
class Sizes:
    """How large the accounts are: campaigns of the syncs, of those that wait, and opens of the one big campaign.

    `limits`: requests, seconds of their window, and campaigns whose first sync takes three windows or more.
    """

    campaigns: int = 200
    waiting: int = 100
    big: int = 200_000
    html_bytes: int = 2_000
    limits: tuple[tuple[int, float, int], ...] = ((5, 1.0, 20), (60, 60.0, 30))


QUICK = Sizes(campaigns=20, waiting=10, big=5_000, limits=((5, 1.0, 3), (10, 2.0, 6)))


@dataclass(frozen=True)
class Result:
    """A row of the table. `lost`: rows that the server has and all syncs so far haven't delivered; `unasked`: rows
    of campaigns that are out of the filter; `row_us`: microseconds of CPU for one row more, free of the start."""

    case: str
    title: str
    contender: str
    rows: int
    lost: int
    unasked: int
    requests: int
    seconds: float
    refused: int
    cpu_seconds: float
    peak_mb: float
    state_bytes: int | None
    failed: bool
    ended: bool
    row_us: float | None = None


def results(sizes: Sizes, bound: float) -> Iterator[Result]:
    """Case by case within each contender's turn at the chain of three syncs, then the cases of one sync."""
    for contender in (*MAIN_CONTENDERS, *PAGING_VARIANTS, *CURSOR_VARIANTS):
        yield from chain(contender, sizes, bound)
    html, few = sizes.html_bytes, sizes.waiting
    for contender in MAIN_CONTENDERS:
        server = account(campaigns=sizes.campaigns, html_bytes=html, shuffle_ties=True)
        yield single("1b", "First sync, equal rows in any order", contender, server, bound)
    for contender in (*MAIN_CONTENDERS, *LATENCY_VARIANTS):
        server = account(campaigns=few, html_bytes=html, latency_ms=100)
        yield single("4", f"{few} campaigns, latency 100 ms", contender, server, bound)
    for contender in MAIN_CONTENDERS:
        few_opens, result = (opens(contender, number, bound) for number in (sizes.big // 100, sizes.big))
        rows, cpu_seconds = result.rows - few_opens.rows, result.cpu_seconds - few_opens.cpu_seconds
        yield replace(result, row_us=cpu_seconds / rows * 1e6 if rows > 0 else None)
    yield from all_streams(sizes, bound)
    limits = ((LIMIT, WINDOW, few), *sizes.limits)
    for case, (limit, window, campaigns) in zip(("5", "9", "9b"), limits, strict=True):
        title = f"{campaigns} campaigns, {limit} requests in {window:g} s"
        for contender in MAIN_CONTENDERS:
            server = account(campaigns=campaigns, html_bytes=html, rate_limit=limit, rate_window_seconds=window)
            yield single(case, title, contender, server, bound, window=window, limit=limit)


def all_streams(sizes: Sizes, bound: float) -> Iterator[Result]:
    """Case 8: all streams, first and again. The peers have those of cases 1 to 5."""
    titles = (("8", f"All {len(STREAMS)} streams, first sync"), ("8b", "All streams again, nothing changed"))
    with account(campaigns=sizes.campaigns, html_bytes=sizes.html_bytes) as server, working(Ours) as contender:
        known: Keys = defaultdict(set)
        for case, title in titles:
            yield one(case, title, contender, Run(server, streams=STREAMS, bound=bound), known)


def opens(kind: type[Contender], number: int, bound: float) -> Result:
    """Case 6: one campaign of so many opens."""
    server = account(version="cloud", campaigns=10, opens=10, big_campaign_opens=number)
    return single(
        "6", f"One campaign of {number:,} opens", kind, server, bound, streams=("campaigns", "campaign_opens")
    )


def account(**arguments: Any) -> Sandbox:
    """The same data each time. Equal rows keep their order, unless the case is about that."""
    return Sandbox(**{"version": "v8", "seed": SEED, "shuffle_ties": False, **arguments})


def chain(kind: type[Contender], sizes: Sizes, bound: float) -> Iterator[Result]:
    """Cases 1 to 3: a first sync, one of an account that rests, and one after 1 % of the campaigns have changed."""
    with account(campaigns=sizes.campaigns, html_bytes=sizes.html_bytes) as server, working(kind) as contender:
        known: Keys = defaultdict(set)
        titles = (
            ("1", f"First sync, {sizes.campaigns} campaigns"),
            ("2", "Again, nothing changed"),
            ("3", "Again, 1 % of the campaigns changed"),
        )
        for case, title in titles[:1] if kind in PAGING_VARIANTS else titles:
            if case == "3":
                change(server, max(1, sizes.campaigns // 100))
            result = one(case, title, contender, Run(server, bound=bound), known)
            if case != "1" or kind not in CURSOR_VARIANTS:
                yield result


def single(case: str, title: str, kind: type[Contender], server: Sandbox, bound: float, **options: Any) -> Result:
    """A case of one sync."""
    with server, working(kind) as contender:
        return one(case, title, contender, Run(server, bound=bound, **options), defaultdict(set))


def one(case: str, title: str, contender: Contender, run: Run, known: Keys) -> Result:
    """One sync, measured; `known` gathers what all syncs of a chain have delivered."""
    run.sandbox.reset_stats()
    sync: Sync = contender.sync(run)
    statuses = [request.status for request in run.sandbox.requests]
    for stream, keys in sync.keys.items():
        known[stream] |= keys
    truth = expected(run.sandbox, run.streams)
    return Result(
        case=case,
        title=title,
        contender=NAMES[type(contender)],
        rows=sync.rows,
        lost=sum(len(truth[stream] - known[stream]) for stream in run.streams),
        unasked=sum(len(keys - truth[stream]) for stream, keys in sync.keys.items()),
        requests=len(statuses),
        seconds=sync.usage.seconds,
        refused=statuses.count(429),
        cpu_seconds=sync.usage.cpu_seconds,
        peak_mb=sync.usage.peak_mb,
        state_bytes=sync.state_bytes,
        failed=sync.usage.exit_code != 0,
        ended=sync.usage.ended,
    )


def expected(sandbox: Sandbox, streams: Sequence[str]) -> Keys:
    """The primary keys of all rows that the server has of what was asked for."""
    truth = {
        stream: {tuple(row[key] for key in PRIMARY_KEYS[stream]) for row in sandbox.truth(stream)} for stream in streams
    }
    if sandbox.big_campaign_uuid:
        big = sandbox.store.campaigns[sandbox.big_campaign_uuid]
        opens = sandbox.store.children(big, "opens")
        truth["campaign_opens"] |= {(big.uuid, group.subscriber.uuid) for group in opens}
    return truth


def change(sandbox: Sandbox, campaigns: int) -> None:
    """An hour later: long-sent campaigns are opened and clicked by somebody new, one bounces, one leaves."""
    store = sandbox.store
    store.advance(HOUR)
    sent = [each for each in store.campaigns.values() if each.status == "sent" and each.email_list]
    for campaign in sorted(sent, key=lambda each: each.sent_at or 0)[:campaigns]:
        people = [who for who in store.subscribers.values() if who.email_list is campaign.email_list]
        events = store.events[campaign.uuid]
        known = {each.subscriber for each in events.opens} | {each.subscriber for each in events.feedback}
        known |= {each.subscriber for each in events.unsubscribes}
        fresh = [who for who in people if who not in known][:5]
        for who in fresh:
            store.add_open(campaign, who)
        store.add_click(campaign, fresh[0], "https://shop.example.com/new")
        store.add_bounce(campaign, fresh[1])
        store.add_unsubscribe(campaign, fresh[2])


@contextmanager
def working(kind: type[Contender]) -> Iterator[Contender]:
    """A contender with a folder of its own, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="mailcoach-bench-"))
    try:
        yield kind(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
