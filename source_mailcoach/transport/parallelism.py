"""How many requests may be under way at a time: as many as a server bears without getting slower. Pure: told the time.

A small server has a few PHP workers, which also answer its people and count opens and clicks. More requests than it has
free workers wait in its queue, and everybody else's behind them: nothing gets faster, and they get slower. On a distant
server most of a request's time is the way, and each further request under way is so much time saved. Only trying tells
the one from the other.

So *rounds* of some answers each are compared: one with few requests under way and, right after it, one with at least
twice as many. If those were hardly slower, that many are allowed, and more are tried. If they were, they had to queue,
and as many are allowed as would not have to. While all stays as it is this is tried again from time to time.

- A server whose time does not depend on us is asked `most` at a time after some 60 answers. To compare again from time
  to time costs about a tenth of the pace.
- One of *k* workers is asked by about *k* at a time. More are under way only in the rounds that try it. Another
  client's request then waits for a worker a quarter to a third of the time that its own work takes, in the median.
  Where there is one worker only, already a single request of ours makes it wait for half of that time.
- Requests of the same kinds are compared, in rounds that follow each other. So an endpoint that is slow, or a server
  that is slower at night, is not taken for a queue. A round that had not enough to ask for proves nothing.
- Answers that vary much by themselves can look like a queue. Then fewer are allowed for some rounds, never below
  START for long.
- `SLACK` more time is none: the threads of this process wait for each other for so long.

If the server, or a proxy in front of it, gives requests up (502, 503, 504, a time-out), half as many are allowed at
once: asked by as many again it would give up as many again.
"""

import math
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from statistics import median

START = 4
"""Requests under way at first: the fewest that are compared are half of them."""
TOLERANCE = 1.2
"""Times as long as with half as many under way, and no longer, may a request take."""
SLACK = 0.005
"""Seconds that do not count: for so long a thread of Python may wait for another."""
CALM = 8
"""Rounds after which more are tried, if that was too many the last time, or if all are allowed."""
MORE = 1.4
"""Times as many have to have been under way in the other round."""
ENOUGH = 6
"""Answers in each of two rounds, of the same kinds, by which they can be compared."""


@dataclass
class Round:
    """Answers to requests that were asked while `allowed` might be under way; `since`: monotonic.

    The first of them count for nothing: they needed new connections, or found the queue that was left by the round
    before.
    """

    allowed: int
    since: float
    skipped: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first_asked: float = math.inf
    last_answered: float = -math.inf

    def add(self, kind: str, asked_at: float, answered_at: float) -> None:
        if asked_at < self.since:
            return
        if self.skipped < self.allowed:
            self.skipped += 1
            return
        self.seconds[kind].append(answered_at - asked_at)
        self.first_asked = min(self.first_asked, asked_at)
        self.last_answered = max(self.last_answered, answered_at)

    @property
    def is_over(self) -> bool:
        return sum(map(len, self.seconds.values())) >= max(8, 2 * self.allowed)

    @property
    def under_way(self) -> float:
        """How many were under way in the mean: fewer than allowed if there is too little to ask for."""
        return sum(map(sum, self.seconds.values())) / (self.last_answered - self.first_asked)


def slowdown(few: Round, many: Round) -> float | None:
    """How many times as long as with few under way a request takes with many; None if the rounds do not show it.

    If several kinds were asked for, each counts as often as both rounds have it.
    """
    kinds = {kind: min(len(few.seconds[kind]), len(many.seconds[kind])) for kind in few.seconds.keys() & many.seconds}
    count = sum(kinds.values())
    if count < ENOUGH or many.under_way < MORE * few.under_way:
        return None
    before = sum(times * median(few.seconds[kind]) for kind, times in kinds.items())
    after = sum(times * (median(many.seconds[kind]) - SLACK) for kind, times in kinds.items())
    return after / before


class Parallelism:
    """`allowed` is from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._halved_at = -math.inf
        start = min(START, most)
        self._search = self._rounds(start, step=start, calm=0 if start < most else CALM)
        self._round = Round(next(self._search), -math.inf)

    @property
    def allowed(self) -> int:
        return self._round.allowed

    def answered(self, kind: str, asked_at: float, answered_at: float, now: float) -> None:
        """A good answer has come, to a request of one kind, and is taken in now."""
        self._round.add(kind, asked_at, answered_at)
        if self._round.is_over:
            self._round = Round(self._search.send(self._round), now)

    def overloaded(self, asked_at: float, now: float) -> None:
        """A request was given up. Those that were under way together are given up together, which is one overload."""
        if asked_at >= self._halved_at:
            self._halved_at = now
            self._search = self._rounds(max(1, self.allowed // 2), step=1, calm=CALM)
            self._round = Round(next(self._search), now)

    def _rounds(self, good: int, step: int, calm: int) -> Generator[int, Round, None]:
        """Gives how many are allowed in each round, and is sent the round when it is over.

        `good` have turned out well, `step` more are tried next, after so many `calm` rounds.
        """
        while True:
            for _ in range(calm):
                yield good
            tried = min(self._most, good + step)
            few = yield max(1, tried // 2)
            many = yield tried
            times = slowdown(few, many)
            if times is None:
                calm = 1
            elif times <= TOLERANCE:
                good, step = tried, min(2 * step, tried)
                calm = 0 if good < self._most else CALM
            else:
                good = max(1, int(tried / times))
                step = max(1, good // 4)
                calm = 0 if 1 < good <= few.allowed else CALM
