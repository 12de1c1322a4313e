"""How many requests may be started and when, learned from the server's answers. Pure logic: it is told the time.

Mailcoach counts requests in windows of one minute, the first of them opens a window (Laravel's `ThrottleRequests`).
Its answers say how many are left, but not when the window ends. So the first request of a window goes alone: its
answer tells the rest, and the window ends a minute later at the latest.
"""

import math
from dataclasses import dataclass

WINDOW: float = 60.0  # seconds
MARGIN: float = 0.5  # seconds: some of Laravel's caches keep whole seconds only


@dataclass
class RateBudget:
    """Times are seconds of one clock that never goes back. `ceiling` is the user's own limit a minute, if any."""

    ceiling: int | None = None
    limited: bool = False
    per_minute: float = math.inf
    _left: float = math.inf
    _window_ends: float = -math.inf
    _blocked_until: float = -math.inf
    _refusals: int = 0
    _in_flight: int = 0

    def wait(self, now: float) -> float | None:
        """Seconds until a request may be started, 0 for at once; None: not before an answer under way has come."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if now >= self._window_ends:
            return None if self._in_flight else 0
        return 0 if self._left >= 1 else self._window_ends - now

    def start(self, now: float) -> "Permit":
        """Count a request that is under way from now on."""
        self._in_flight += 1
        self._left -= 1
        return Permit(self, opens=now >= self._window_ends)

    def _answered(self, now: float, remaining: int | None, opens: bool) -> None:
        self._refusals = 0
        if opens:
            own = math.inf if self.ceiling is None else self.ceiling - 1
            self._left = min(own, math.inf if remaining is None else remaining)
            self.limited = self._left < math.inf
            self.per_minute = self._left + 1
            self._window_ends = now + WINDOW + MARGIN if self.limited else math.inf
        elif remaining is not None:
            if not self.limited:
                self.limited, self._window_ends = True, now + WINDOW + MARGIN
            # Less than we know of: somebody else uses tokens of the same user.
            self._left = min(self._left, remaining)

    def _refused(self, now: float, seconds: float) -> None:
        self.limited = True
        if now >= self._blocked_until:
            self._refusals += 1
        seconds = max(seconds, min(2.0 ** (self._refusals - 1), WINDOW))
        self._blocked_until = max(self._blocked_until, now + seconds)
        self._window_ends = min(self._window_ends, self._blocked_until)


class Permit:
    """One request in the budget, which is told once how it has ended. What it is told after that changes nothing."""

    def __init__(self, budget: RateBudget, opens: bool) -> None:
        self._budget = budget
        self._opens = opens
        self._ended = False

    def answered(self, now: float, remaining: int | None) -> None:
        """An answer has come, which says how many requests are left in the window; None if the server has no limit."""
        if self._ends():
            self._budget._answered(now, remaining, self._opens)

    def refused(self, now: float, seconds: float) -> None:
        """A 429 has come: nothing for so many seconds, and then one request alone, whoever else is waiting.

        A server can ask for no wait at all, or one by a clock that is wrong: between refusals in a row it is 1, 2, 4, …
        seconds at the least. Those of requests that were under way together are one.
        """
        if self._ends():
            self._budget._refused(now, seconds)

    def failed(self) -> None:
        """It has ended without an answer that says what is left."""
        self._ends()

    def _ends(self) -> bool:
        if self._ended:
            return False
        self._ended = True
        self._budget._in_flight -= 1
        return True
