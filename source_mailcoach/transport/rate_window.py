"""How long a server's window is, learned from what its answers and its refusals show. Pure logic: it is told the time.

Laravel's windows are whole seconds, which only a refusal tells. Some of its caches keep whole seconds only: there a
window ends up to a second early, never late, so the longest that was seen is the one to go by.
"""

import math
from dataclasses import dataclass, field

MINUTE = 60  # seconds: Mailcoach's own window
LOOKS = (1, 2, 3, 4, 5, 10, 30)
"""Seconds after which it is worth a look whether a new window has begun: the usual lengths below a minute."""
LONGER = (60, 120, 300, 600, 900, 1800, 3600, 86_400)
"""The usual lengths from a minute on."""
HOUR = 3600
SHARE = 8
"""One in so many requests of a window may be held back to look with."""
DRIFT = 1e-3
"""By how much of it the clocks of two machines may differ in the length of a window."""
ENOUGH = 3
"""Windows that began where they should, after which refusals are taken for the work of other clients."""


@dataclass
class Length:
    """The length of the windows of one limit is more than `above` seconds and at most `most`; both are whole seconds.

    `is_assumed`: nobody has seen a window end by then; it is Mailcoach's minute until something else shows. `most` is
    infinite where one has lasted longer than that.
    """

    above: int = 0
    most: float = MINUTE
    is_assumed: bool = True
    _was_refused: bool = False
    _is_shared: bool = False
    _as_expected: int = 0

    @property
    def is_sure(self) -> bool:
        """Whether windows have begun where they should for a while."""
        return self._as_expected >= ENOUGH

    def lasted(self, seconds: float) -> None:
        """A window was open still, so long after it had opened at the latest."""
        if not self.is_sure:
            self.above = max(self.above, math.floor(seconds))
            if self.above >= self.most:
                self.most, self.is_assumed = math.inf, True

    def ended(self, seconds: float, as_expected: bool) -> None:
        """A window was over, so long after it had opened at the earliest."""
        self._as_expected = min(ENOUGH + 1, self._as_expected + as_expected)
        if seconds < math.inf:
            whole = math.floor(seconds)
            if whole < self.above:  # another client had used up a new window, and it looked like the old one
                self.above, self.most, self.is_assumed = 0, math.inf, True
            self.is_assumed = self.is_assumed and whole > self.most
            # Where a second more or less does not matter it is left to caches that keep whole seconds.
            self.most = min(self.most, max(whole + (whole >= LOOKS[-1]), self.above + 1))

    def refused(self, seconds: float, least: float, most: float, opens: bool) -> None:
        """A window was open still after so many seconds, and ends, by the server's word, between these two.

        One refusal is enough: no other window is asked for too early on purpose.
        """
        self._was_refused = True
        if opens:
            self._as_expected = max(0, self._as_expected - 1)
        else:
            self._is_shared = True
        if self.is_sure:
            return
        self.lasted(seconds)
        if most < math.inf:
            told = math.floor(most) if self.is_assumed else min(self.most, math.floor(most))
            self.most, self.is_assumed = max(self.above + 1, told), False
        elif self.most == math.inf:
            self.most = LONGER[-1] if self.above >= HOUR else HOUR
        if self.above < least < self.most:
            self.above = math.floor(least)

    def told(self, least: float, most: float) -> None:
        """The server has said it, in another way than by a refusal."""
        self.above, self.most, self.is_assumed = max(0, math.floor(least)), math.ceil(most), False

    def plan(self, left: int, limit: int) -> tuple[list[int], float]:
        """When to look whether a window of so many requests is over, and when it is, in seconds since it has opened.

        Each look takes a request of the window, which is not lost unless it finds a new one. A limit that has too few
        for all looks is asked beyond it instead of at the next one, once. One look goes on where all is known, since a
        limit can change, unless another client has ever taken what was held back.
        """
        if self.most == math.inf:
            return [], self.above
        little = self.most // LOOKS[-1]
        looks = [seconds for seconds in (*LOOKS, *LONGER) if self.above < seconds < self.most - little]
        if not looks and self.most > 1:
            if self.most - self.above > 1 + little:
                looks = [int(self.above + self.most) // 2]
            elif (left >= SHARE or self._was_refused) and not self._is_shared:
                looks = [int(self.most) // 2]
        held = min(left, len(looks), max(1, left // SHARE))
        if self.is_assumed and not self._was_refused:
            may_ask = held < len(looks) and limit < SHARE * len(LOOKS)
            return looks[:held], looks[held] if may_ask else self.most
        return [looks[-1 - place * len(looks) // held] for place in reversed(range(held))], self.most


@dataclass
class Window:
    """One window of the server. Times are seconds of one clock; it opened between the first two of them.

    `left` is what the server has said to be left, `lost` what it may have counted since without saying so; after `seen`
    it was open still. It is silent if the request that should have begun the next one was answered without a word on
    limits, as from a cache.
    """

    opened_after: float
    opened_before: float
    left: float
    limit: int | None = None
    length: Length = field(default_factory=Length)
    seen: float = -math.inf
    lost: int = 0
    is_silent: bool = False
    looks: list[float] = field(default_factory=list)
    ends: float = math.inf

    def plan(self, credit: float = 0.0) -> None:
        """Decide when to look, and when to take it for over: `credit` seconds earlier if its length is sure.

        The credit is for the way to the server: a request may start before the end that it will meet.
        """
        looks, end = self.length.plan(int(self.left), self.limit or int(self.left) + 1)
        self.looks = [self.opened_before + seconds * (1 + DRIFT) for seconds in looks]
        self.ends = self.opened_before + end * (1 + DRIFT) - (credit if self.length.is_sure else 0)

    def free(self, now: float, in_flight: int) -> float:
        """How many may be started now: not those that are held back for a later look."""
        return self.left - self.lost - in_flight - sum(look > now for look in self.looks)

    def changes(self, now: float) -> float:
        """When the next one may start, if none may now and none is under way."""
        later = [look for look in self.looks if look > now]
        return min(later, default=self.ends) if self.left - self.lost >= 1 else self.ends
