"""A server that counts requests as Laravel does, and clients of it, by a clock that takes no time."""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from source_mailcoach.transport.budget import Permit, RateBudget
from source_mailcoach.transport.headers import Quota

Latency = Callable[[], tuple[float, float]]
"""Seconds of one request to the server, and back."""


@dataclass
class LimitedServer:
    """The first request opens a window of so many seconds; the one after the last is refused.

    With `whole_seconds` its cache drops the fractions of times, so a window ends up to a second early. The wait that
    a refusal tells has none in any case, as Laravel's. `refusing` is the limit that a refusal names, if it is another
    one. `taken` and `opened` are those of a window that runs at the
    start.
    """

    limit: int
    window: float = 60.0
    whole_seconds: bool = False
    refusing: int | None = None
    taken: int = 0
    opened: float = -1e9
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def ends(self) -> float:
        return (math.floor(self.opened) if self.whole_seconds else self.opened) + self.window

    def take(self, now: float) -> Quota | float:
        """What is left, or the seconds of a refusal."""
        if now >= self.ends():
            self.opened, self.taken = now, 0
        if self.taken >= self.limit:
            self.refused.append(now)
            return float(max(0, math.floor(self.opened) + self.window - math.floor(now)))
        self.taken += 1
        self.accepted.append(now)
        return Quota(self.limit - self.taken, self.limit)


def run(
    budget: RateBudget,
    server: LimitedServer,
    seconds: float,
    latency: Latency,
    parallel: int = 4,
    begin: float = 0.0,
    pace: Callable[[float], float] = lambda now: 0.0,
    meanwhile: Callable[[float], None] = lambda now: None,
) -> None:
    """One client for so many seconds, who always has something to ask, so many seconds after the last as `pace` says.

    `meanwhile` is called whenever something happens, for what else befalls the server.
    """
    now, end, last = begin, begin + seconds, -math.inf
    events: list[tuple[float, int, bool, Permit, float]] = []  # when, in which order, whether it is an arrival
    answers: dict[int, Quota | float] = {}
    under_way = number = 0
    while now < end:
        meanwhile(now)
        while events and events[0][0] <= now:
            at, order, arrives, permit, back = heapq.heappop(events)
            if arrives:
                answers[order] = server.take(at)
                heapq.heappush(events, (at + back, order, False, permit, back))
                continue
            under_way -= 1
            answer = answers.pop(order)
            if isinstance(answer, Quota):
                permit.answered(at, answer)
            else:
                permit.refused(at, answer, Quota(0, server.refusing or server.limit))
        wait = budget.wait(now)
        if wait == 0 and under_way < parallel and now >= last + pace(now):
            there, back = latency()
            number, under_way, last = number + 1, under_way + 1, now
            heapq.heappush(events, (now + there, number, True, budget.start(now), back))
            continue
        coming = [event[0] for event in events[:1]]
        if wait:
            coming.append(now + wait)
        if now < last + pace(now):
            coming.append(last + pace(now))
        now = max(now + 1e-6, min(coming, default=now + 1))
