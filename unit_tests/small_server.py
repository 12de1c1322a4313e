"""A model, on a virtual clock, of a server with some workers, of the way to it, and of others who use it too."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from statistics import median

from source_mailcoach.transport.parallelism import Parallelism

Work = Callable[[random.Random, str, float], float]


class Fixed(Parallelism):
    """As many under way as are given, whatever happens."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self._always = allowed

    @property
    def allowed(self) -> int:
        return self._always


class Model:
    """A sync of so many `requests` runs when it is made; all times are in seconds.

    Requests wait in line for one of the `workers` and take it for `work(rng, kind, time)`; our way there and back takes
    `way` in all, `connecting` more for each new connection. Somebody else asks once in each `others` in the mean (0:
    nobody). `kind` tells what the request of a number asks for. We have at most `ahead` under way at a time.
    """

    def __init__(
        self,
        parallelism: Parallelism,
        work: Work,
        *,
        workers: int = 10**6,
        requests: int = 1500,
        seed: int = 1,
        way: float = 0.0,
        others: float = 0.0,
        connecting: float = 0.0,
        ahead: int = 99,
        kind: Callable[[int], str] = lambda number: "opens",
    ) -> None:
        self.parallelism = parallelism
        self.allowed: list[int] = []  # after each answer
        self.times: list[float] = []  # of each answer
        self.waited: list[float] = []  # by somebody else for each answer
        self._work, self._rng, self._free = work, random.Random(seed), workers
        self._line: deque[tuple[str, float]] = deque()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order, self._now = count(), 0.0
        self._requests, self._way, self._connecting, self._ahead, self._kind = requests, way, connecting, ahead, kind
        self._started = self._under_way = self._connections = 0
        self._others = others
        if others:
            self._at(self._rng.expovariate(1 / others), self._other_asks)
        self._ask()
        while len(self.times) < requests:
            self._now, _, happens = heapq.heappop(self._events)
            happens()

    @property
    def seconds(self) -> float:
        return self.times[-1]

    @property
    def others_median(self) -> float:
        return median(self.waited)

    def _at(self, time: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), happens))

    def _ask(self) -> None:
        while self._under_way < min(self.parallelism.allowed, self._ahead) and self._started < self._requests:
            kind, asked_at, late = self._kind(self._started), self._now, 0.0
            self._started, self._under_way = self._started + 1, self._under_way + 1
            if self._under_way > self._connections:
                self._connections, late = self._under_way, self._connecting
            self._at(self._now + late + self._way / 2, partial(self._arrive, kind, asked_at))

    def _other_asks(self) -> None:
        self._arrive("", self._now)
        self._at(self._now + self._rng.expovariate(1 / self._others), self._other_asks)

    def _arrive(self, kind: str, asked_at: float) -> None:
        self._line.append((kind, asked_at))
        self._serve()

    def _serve(self) -> None:
        while self._free and self._line:
            kind, asked_at = self._line.popleft()
            self._free -= 1
            self._at(self._now + self._work(self._rng, kind, self._now), partial(self._end, kind, asked_at))

    def _end(self, kind: str, asked_at: float) -> None:
        self._free += 1
        self._serve()
        if kind:
            self._at(self._now + self._way / 2, partial(self._answered, kind, asked_at))
        else:
            self.waited.append(self._now - asked_at)

    def _answered(self, kind: str, asked_at: float) -> None:
        self._under_way -= 1
        self.parallelism.answered(kind, asked_at, self._now, self._now)
        self.times.append(self._now)
        self.allowed.append(self.parallelism.allowed)
        self._ask()
