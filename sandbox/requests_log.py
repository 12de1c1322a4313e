"""A request as the server understood it, and the log of all of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

CHILD_KINDS = ("opens", "clicks", "unsubscribes", "bounces")


@dataclass
class Request:
    """`query` has the last value of each key, decoded; `headers` has lower-case names; `time` is monotonic seconds.

    `kind` says which endpoint was meant: email_lists, email_list, campaigns, campaign, campaign_opens,
    campaign_clicks, campaign_unsubscribes, campaign_bounces, user, or other. `status` is 0 until it is answered,
    and stays 0 if it never is.
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


def kind_of(segments: list[str]) -> tuple[str, str | None]:
    """The endpoint kind and the key of what comes after `/api/`; kinds that a version lacks are named too."""
    if segments in (["campaigns"], ["user"]):
        return segments[0], None
    if segments == ["email-lists"]:
        return "email_lists", None
    if len(segments) == 2 and segments[0] in ("email-lists", "campaigns"):
        return ("email_list" if segments[0] == "email-lists" else "campaign"), segments[1]
    if len(segments) == 3 and segments[0] == "campaigns" and segments[2] in CHILD_KINDS:
        return f"campaign_{segments[2]}", segments[1]
    return "other", None


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
