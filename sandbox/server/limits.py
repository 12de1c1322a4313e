"""The rate limit: so many requests in a window that begins with its first request, one bucket for all tokens."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

LimitHeaders = Literal["laravel", "fraction", "date", "ietf", "ietf-items"]
"""How the limit is told: as Laravel does; with a `Retry-After` that is not whole, or a date; as either draft of a
standard does, which tell of each answer when the window ends and how long it is."""


@dataclass(frozen=True)
class Allowance:
    """Whether a request may pass, and the headers that its answer carries."""

    granted: bool
    headers: dict[str, str]


class RateLimiter:
    """`limit`, `window_seconds` and `told` may be changed while it runs; `take` is another client's request too."""

    def __init__(self, limit: int, window_seconds: float, told: LimitHeaders = "laravel") -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self.told = told
        self._lock = threading.Lock()
        self._opened = -math.inf
        self._used = 0

    def take(self, date_in: Callable[[int], str] = lambda seconds: "") -> Allowance:
        """Count a request. `date_in` tells the time of the server in so many seconds as HTTP writes it."""
        if not self.limit:
            return Allowance(True, {})
        with self._lock:
            now = time.monotonic()
            if now >= self._opened + self.window_seconds:
                self._opened, self._used = now, 0
            granted = self._used < self.limit
            self._used += granted
            left = self._opened + self.window_seconds - now
            return Allowance(granted, self._headers(granted, max(0, self.limit - self._used), left, date_in))

    def _headers(self, granted: bool, left: int, seconds: float, date_in: Callable[[int], str]) -> dict[str, str]:
        wait = max(1, math.ceil(seconds))
        if self.told == "ietf-items":
            headers = {
                "RateLimit": f'"default";r={left};t={math.floor(seconds)}',
                "RateLimit-Policy": f'"default";q={self.limit};w={self.window_seconds:g}',
            }
            return headers if granted else headers | {"Retry-After": str(wait)}
        prefix = "RateLimit" if self.told == "ietf" else "X-RateLimit"
        headers = {f"{prefix}-Limit": str(self.limit), f"{prefix}-Remaining": str(left)}
        if self.told == "ietf":
            headers |= {"RateLimit-Reset": str(math.floor(seconds))}
        if granted:
            return headers
        retry_after = {"fraction": f"{seconds + 0.001:.3f}", "date": date_in(wait)}.get(self.told, str(wait))
        reset = {} if self.told == "ietf" else {"X-RateLimit-Reset": str(int(time.time()) + wait)}
        return headers | {"Retry-After": retry_after} | reset
