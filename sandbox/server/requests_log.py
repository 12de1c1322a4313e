"""A request as the server understood it, and the log of all of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """`query` has the last value of each key, decoded; `headers` has lower-case names; `time` is monotonic seconds.

    `kind` says which endpoint was meant: one of `endpoints.kinds.PATHS`, such as campaigns, campaign, campaign_opens or
    subscribers, or other. `status` is 0 until it is answered, and stays 0 if it never is.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    kind: str = "other"
    key: str | None = None
    """The uuid (v5: id) in the path."""
    status: int = 0
    time: float = field(default_factory=time.monotonic)

    @property
    def wants_json(self) -> bool:
        """Laravel's `expectsJson()`: the first type accepted is JSON, or a script asks and takes anything."""
        first = self.headers.get("accept", "*/*").split(",")[0]
        script = self.headers.get("x-requested-with") == "XMLHttpRequest" and first.strip() == "*/*"
        return "/json" in first or "+json" in first or script


class RequestLog:
    """Thread safe; what is asked of the sandbox itself isn't in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def add(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def all(self) -> list[Request]:
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()

    def stats(self) -> dict[str, Any]:
        requests = self.all()
        return {
            "requests": len(requests),
            "kinds": dict(sorted(Counter(request.kind for request in requests).items())),
            "statuses": dict(sorted(Counter(str(request.status) for request in requests).items())),
        }
