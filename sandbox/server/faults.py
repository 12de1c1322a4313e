"""Misbehaviour on order: which requests it strikes, and what they get instead of their answer."""

from __future__ import annotations

import json as jsonlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from sandbox.server.replies import HTML, JSON, Reply, error_reply, html_reply, redirect_reply
from sandbox.server.requests_log import Request


@dataclass
class Fault:
    """Strikes requests whose path matches `path` (searched, not anchored) and whose query has all of `query`.

    The first `after` of them pass, then `times` are struck (None: all), or with `lasts` all within so many seconds of
    the first. What is struck gets one of:
    `status` (with Laravel's or a proxy's usual body, or with `body`, `json` or `html`), `redirect` (a URL; 302 or
    `status`), `login` (302 to the login page), `body` (bytes or text) or `json` or `html` with 200, `cut` (the right
    headers and half of the body, then the connection ends), `truncated` (half of the body as if it were whole),
    `empty_reply` (the connection ends without an answer), `rate_limited` (429, with `retry_after` seconds or without
    the header), `cached` (what the same request got when it was struck first, as a cache keeps it: with its old `Date`,
    or by "age" with the present one and an `Age`), `rewrite` (the right answer, but for what a function makes of its
    JSON), `new_cookie` (the answer, and a cookie of a new name and 500 bytes;
    400 once more than 8 KB of them come back). `stall` waits that many seconds first, and alone only delays. `headers`
    are added to any of them.
    """

    path: str = ""
    times: int | None = 1
    after: int = 0
    query: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | None = None
    json: Any = None
    html: str | None = None
    redirect: str | None = None
    login: bool = False
    cut: bool = False
    truncated: bool = False
    stall: float = 0.0
    empty_reply: bool = False
    rate_limited: bool = False
    retry_after: int | None = None
    lasts: float | None = None
    new_cookie: bool = False
    cached: Literal["date", "age"] | None = None
    rewrite: Callable[[Any], Any] | None = None
    kept: dict[str, Reply] = field(default_factory=dict)
    """What a cache has kept."""
    struck: int = 0
    """How many requests it has struck so far."""
    began: float = 0.0
    """When it struck first, in monotonic seconds."""

    @property
    def is_over(self) -> bool:
        if self.lasts is not None:
            return self.struck > 0 and time.monotonic() >= self.began + self.lasts
        return self.times is not None and self.struck >= self.times

    def reply(self, request: Request, genuine: Callable[[], Reply], debug: bool = False) -> Reply:
        reply = self._reply(request, genuine, debug)
        reply.headers.update(self.headers)
        return reply

    def _reply(self, request: Request, genuine: Callable[[], Reply], debug: bool) -> Reply:
        if self.empty_reply:
            return Reply(0, silent=True)
        if self.login:
            return redirect_reply("/login")
        if self.redirect is not None:
            return redirect_reply(self.redirect, self.status or 302)
        if self.html is not None:
            return html_reply(self.status or 200, self.html)
        if self.json is not None:
            return Reply(self.status or 200, jsonlib.dumps(self.json).encode())
        if self.body is not None:
            raw = self.body.encode() if isinstance(self.body, str) else self.body
            return Reply(self.status or 200, raw, HTML if raw.lstrip().startswith(b"<") else JSON)
        if self.rate_limited:
            return self._too_many(request)
        if self.status is not None:
            return error_reply(self.status, request.wants_json, debug=debug and self.status == 500)
        if self.new_cookie and len(request.headers.get("cookie", "")) > 8192:
            return html_reply(400, "<html><head><title>400 Request Header Or Cookie Too Large</title></head></html>")
        reply = genuine()
        if self.new_cookie:
            reply.headers["Set-Cookie"] = f"session_{self.struck}={'x' * 500}; Path=/; HttpOnly"
        if self.cached:
            return self._from_cache(request, reply)
        if self.rewrite and reply.status == 200:
            reply.body = jsonlib.dumps(self.rewrite(jsonlib.loads(reply.body))).encode()
        if self.truncated:
            reply.body = reply.body[: len(reply.body) // 2]
        reply.cut = self.cut
        return reply

    def _from_cache(self, request: Request, fresh: Reply) -> Reply:
        old = self.kept.setdefault(f"{request.path}?{sorted(request.query.items())}", fresh)
        reply = replace(old, headers=dict(old.headers))
        if self.cached == "age":
            made, now = (parsedate_to_datetime(each.headers["Date"]) for each in (old, fresh))
            reply.headers |= {"Date": fresh.headers["Date"], "Age": f"{(now - made).total_seconds():.0f}"}
        return reply

    def _too_many(self, request: Request) -> Reply:
        headers = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
            headers["X-RateLimit-Reset"] = str(int(time.time()) + self.retry_after)
        return error_reply(429, request.wants_json, headers=headers)


def lost_route(seconds: float | None = None, **more: Any) -> Fault:
    """A proxy that has lost its route to Mailcoach: for so many seconds, as while a container is replaced, 404 as text.

    It answers so for every path, unless `more` says otherwise.
    """
    text = {"status": 404, "body": "404 page not found\n", "headers": {"Content-Type": "text/plain; charset=utf-8"}}
    return Fault(**{"times": None, "lasts": seconds, **text, **more})


class Faults:
    """The faults in force; the first that matches a request strikes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._passed: dict[int, int] = {}

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._passed.clear()

    def strike(self, request: Request) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.is_over:
                    continue
                if not re.search(fault.path, request.path) or not fault.query.items() <= request.query.items():
                    continue
                passed = self._passed.get(id(fault), 0)
                if passed < fault.after:
                    self._passed[id(fault)] = passed + 1
                    continue
                fault.began = fault.began or time.monotonic()
                fault.struck += 1
                return fault
        return None
