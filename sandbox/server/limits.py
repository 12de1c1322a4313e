"""The rate limit: so many requests in a window that begins with its first request, one bucket for all tokens."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Allowance:
    """Whether a request may pass, and the headers that its answer carries."""

    granted: bool
    headers: dict[str, str]


class RateLimiter:
    def __init__(self, limit: int, window_seconds: float) -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self._lock = threading.Lock()
        self._ends = 0.0
        self._used = 0

    def take(self) -> Allowance:
        if not self.limit:
            return Allowance(True, {})
        with self._lock:
            now = time.monotonic()
            if now >= self._ends:
                self._ends, self._used = now + self.window_seconds, 0
            headers = {"X-RateLimit-Limit": str(self.limit)}
            if self._used < self.limit:
                self._used += 1
                return Allowance(True, headers | {"X-RateLimit-Remaining": str(self.limit - self._used)})
            wait = max(1, math.ceil(self._ends - now))
            headers |= {"X-RateLimit-Remaining": "0", "Retry-After": str(wait)}
            return Allowance(False, headers | {"X-RateLimit-Reset": str(int(time.time()) + wait)})
