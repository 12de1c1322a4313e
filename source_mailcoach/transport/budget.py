"""How many requests may be started and when, learned from the server's answers. Pure logic: it is told the time.

Mailcoach counts requests in windows, the first of them opens a window (Laravel's `ThrottleRequests`). Its answers say
how many are left, but neither how long a window is nor when it ends. That a new one has begun shows by what is left: no
less than before. So of a window whose length isn't known some requests are held back and sent later, one after each of
the usual lengths. That costs no refusal, and nothing of the budget but what is held back still when the window ends.

The contract, for a client that has the limit for itself: no request is refused, and all of the budget is used, but for
a few requests of the first window. The exceptions:

- One request beyond the limit is sent on purpose, once, if the window is longer than a minute, or if the limit is below
  56 and so has too few requests to look with. Its refusal tells the end, and costs nothing of the budget.
- Where the server's cache keeps whole seconds only, a look can find a window ended a second early, if that happened
  while it was on its way. It is then taken for a second too short, and the next refusal puts that right.
- A window begins with one request alone, whose answer tells the rest. That can cost a round trip of each, less if the
  latest round trips are alike: windows of a second are used to 97 % from 50 ms away, and less from further.

If other clients use the same limit, requests can be refused: one for what was held back, and those that cross theirs.
Each refusal is waited out. Of two limits at once that which is told is followed, and the other one by its refusals.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from source_mailcoach.transport.headers import Quota
from source_mailcoach.transport.rate_window import MINUTE, Length, Window

MARGIN: float = 0.5  # seconds: how far a proxy's clock and the way to it may stretch the user's own minute
ROUND_TRIPS = 16


@dataclass
class RateBudget:
    """Times are seconds of one clock that never goes back. `ceiling` is the user's own limit a minute, if any."""

    ceiling: int | None = None
    _window: Window | None = None
    _lengths: dict[int | None, Length] = field(default_factory=dict)
    _started: deque[float] = field(default_factory=deque)
    _round_trips: deque[float] = field(default_factory=lambda: deque(maxlen=ROUND_TRIPS))
    _blocked_until: float = -math.inf
    _refusals: int = 0
    _in_flight: int = 0
    _ended: int = 0

    @property
    def limited(self) -> bool:
        """Whether there is a limit, the user's or the server's."""
        return self.ceiling is not None or (self._window is not None and self._window.left < math.inf)

    @property
    def per_minute(self) -> float:
        """How many requests a minute are allowed, by what is known of the window; infinite without a limit."""
        own = math.inf if self.ceiling is None else self.ceiling
        if self._window is None or self._window.limit is None:
            return own
        return min(own, self._window.limit * MINUTE / min(self._window.length.most, 24 * 60 * MINUTE))

    @property
    def longest_wait(self) -> float:
        """Seconds until the next window at the most, by what is known of it; 0 if it is not the server's own limit."""
        return 0 if self._window is None or self._window.limit is None else 1.01 * self._window.length.most

    def wait(self, now: float) -> float | None:
        """Seconds until a request may be started, 0 for at once; None: not before an answer under way has come."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if self.ceiling is not None and len(self._started) >= self.ceiling:
            own = self._started[0] + MINUTE + MARGIN - now
            if own > 0:
                return own
        window = self._window
        if window and window.free(now, self._in_flight) >= 1:
            return 0
        if self._in_flight:
            return None
        return max(0.0, window.changes(now) - now) if window else 0

    def start(self, now: float) -> "Permit":
        """Count a request that is under way from now on."""
        window = self._window
        opens = window is None or window.free(now, self._in_flight) < 1
        permit = Permit(self, now, window, opens, alone=not self._in_flight, ended_before=self._ended)
        self._in_flight += 1
        if self.ceiling is not None:
            self._started.append(now)
            while len(self._started) > self.ceiling:
                self._started.popleft()
        return permit

    def _answered(self, permit: "Permit", now: float, quota: Quota | None) -> None:
        was_refused, self._refusals = self._refusals > 0, 0
        self._round_trips.append(now - permit.sent)
        window = self._window
        if quota is None:
            if window is None or (permit.opens and window.is_silent):
                self._window = Window(permit.sent, now, math.inf)
            else:
                window.lost, window.is_silent = window.lost + 1, permit.opens
        elif window is None or window.left == math.inf or (quota.limit or window.limit) != window.limit:
            self._open(permit, now, quota)
        elif quota.left < permit.left:
            if permit.window is not window:
                window.lost += 1  # it is of the window before, or of this one: nobody knows
                return
            window.left = min(window.left, quota.left)
            window.seen = max(window.seen, permit.sent)
            if permit.alone:
                window.lost = 0
                window.length.lasted(permit.sent - window.opened_before)
                if permit.opens:
                    window.plan()
        elif permit.window is window:
            window.length.ended(now - window.opened_after, as_expected=permit.opens and not was_refused)
            # What has ended since this one was sent can be of the new window, though it did not look so.
            self._open(permit, now, quota, lost=self._ended - permit.ended_before - 1)
        else:
            window.left = min(window.left, quota.left)

    def _open(self, permit: "Permit", now: float, quota: Quota, lost: int = 0) -> None:
        """A window that is new to us. Whether this request has opened it is known by what is left."""
        length = self._lengths.setdefault(quota.limit, Length())
        opened = quota.limit is None or quota.left >= quota.limit - 1
        limit = quota.left + 1 if quota.limit is None else quota.limit
        before = self._window.seen if self._window and self._window.length is length else -math.inf
        self._window = window = Window(permit.sent if opened else before, now, quota.left, limit, length, lost=lost)
        if quota.window:
            length.told(quota.window - 1, quota.window)
        elif opened and quota.ends_in is not None and length.is_assumed:
            length.told(quota.ends_in - 1, quota.ends_in + 1)
        window.plan(self._credit)
        if quota.ends_in is not None:
            window.ends = min(window.ends, now + quota.ends_in + 1)

    @property
    def _credit(self) -> float:
        """Seconds that a request surely takes from here to the server and back, if the latest round trips are alike.

        A window opens before the answer of its first request comes, and the first of the next arrives after it starts.
        Together that is a round trip, by which windows of a second would be too long.
        """
        if len(self._round_trips) < ROUND_TRIPS // 2:
            return 0
        return max(0.0, 2 * min(self._round_trips) - max(self._round_trips))

    def _refused(self, permit: "Permit", now: float, seconds: float, quota: Quota | None) -> None:
        if now >= self._blocked_until:
            self._refusals += 1
        self._round_trips.clear()
        window = self._window
        if window is None or window.left == math.inf:
            self._window = window = Window(-math.inf, now, 0)
        length = window.length
        if quota and (quota.limit or window.limit) == window.limit and permit.window is window:
            since = permit.sent - window.opened_before
            length.refused(since, since + seconds - 1, now + seconds + 1 - window.opened_after, permit.opens)
        # Laravel's wait is the difference of two times without their fractions: it can be a second too short.
        waits = seconds + (seconds == int(seconds) > 0)
        if seconds <= length.most:
            waits = min(waits, length.most)
        waits = max(waits, min(2.0 ** (self._refusals - 1), MINUTE))
        self._blocked_until = max(self._blocked_until, now + waits)
        window.left, window.lost, window.looks, window.ends = 0, 0, [], self._blocked_until


class Permit:
    """One request in the budget, which is told once how it has ended. What it is told after that changes nothing."""

    def __init__(
        self, budget: RateBudget, sent: float, window: Window | None, opens: bool, alone: bool, ended_before: int
    ) -> None:
        self.sent = sent
        self.window = window
        self.left = window.left if window else 0
        self.opens = opens
        self.alone = alone
        self.ended_before = ended_before
        self._budget = budget
        self._ended = False

    def answered(self, now: float, quota: Quota | None) -> None:
        """An answer has come, which says how many requests are left in the window; None if the server has no limit."""
        if self._ends():
            self._budget._answered(self, now, quota)

    def refused(self, now: float, seconds: float, quota: Quota | None = None) -> None:
        """A 429 has come: nothing for so many seconds, and then one request alone, whoever else is waiting.

        A server can ask for no wait at all, or one by a clock that is wrong: between refusals in a row it is 1, 2, 4, …
        seconds at the least. Those of requests that were under way together are one.
        """
        if self._ends():
            self._budget._refused(self, now, seconds, quota)

    def failed(self) -> None:
        """It has ended without an answer that says what is left."""
        if self._ends() and self._budget._window:
            self._budget._window.lost += 1

    def _ends(self) -> bool:
        if self._ended:
            return False
        self._ended = True
        self._budget._in_flight -= 1
        self._budget._ended += 1
        return True
