"""How many requests may be under way at a time on a server that may be too slow for them. Pure: it is told the time.

A server with few PHP workers lets requests wait until the proxy in front of it (502, 503, 504) or the connector (a
time-out) gives them up. Asked by as many again it gives up as many again, and each of these tries is wasted.
"""

import math

CALM = 32
"""Good answers after which one more request is allowed."""


class Parallelism:
    """Half as many after an overload, and slowly more again while all goes well: `allowed` is from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self.allowed = self._most = most
        self._good = 0
        self._halved_at = -math.inf

    def answered(self) -> None:
        """A good answer has come."""
        self._good += 1
        if self._good >= CALM:
            self._good, self.allowed = 0, min(self._most, self.allowed + 1)

    def overloaded(self, asked_at: float, now: float) -> None:
        """A request was given up. Those that were under way together are given up together, which is one overload."""
        self._good = 0
        if asked_at >= self._halved_at:
            self._halved_at, self.allowed = now, max(1, self.allowed // 2)
