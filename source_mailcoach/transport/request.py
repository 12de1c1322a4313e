"""One request: what is asked, how much trouble that is worth, its way through the budget, and what it comes to."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from source_mailcoach.transport.budget import RateBudget
from source_mailcoach.transport.failures import is_timeout


@dataclass(frozen=True)
class Query:
    """One GET: a path below the API's base URL, and its parameters."""

    path: str
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def of_list(self) -> tuple[str, frozenset[tuple[str, Any]]]:
        """The list that it asks for a page of, in whatever order."""
        return self.path, frozenset(param for param in self.params if param[0] not in ("page", "sort"))

    @property
    def wants_page(self) -> bool:
        return any(name == "page" for name, _ in self.params)

    @property
    def endpoint(self) -> str:
        """What it asks, whichever row it asks it of: campaigns/*/opens, campaigns/*, transactional-mails/templates."""
        first, *rest = self.path.split("/")
        of_row = len(rest) == 2 or not self.wants_page
        return "/".join([first, *("*" for _ in rest[:1]), *rest[1:]]) if of_row else self.path


@dataclass(frozen=True)
class Answer:
    """Any answer, good or bad. Not parsed while it waits to be read: parsed it takes six times the memory.

    `received_at` is monotonic. With what the headers say: requests left in the window, and seconds to wait.
    """

    content: bytes
    headers: Mapping[str, str]
    received_at: float
    remaining: int | None = None
    status: int = 200
    wait: float | None = None


@dataclass(frozen=True)
class Patience:
    """How much trouble a request is worth: tries in all, and seconds.

    Those are for connecting, for each part of an answer, for all of it from the start of the request on, and for one
    wait between two tries.
    """

    tries: int
    connect_timeout: float
    read_timeout: float
    longest_answer: float
    longest_wait: float

    @property
    def timeouts(self) -> tuple[float, float]:
        """As requests takes them."""
        return self.connect_timeout, self.read_timeout


class Request:
    """One GET under way. It counts in the budget from when it really is, until it has ended in whichever way.

    Its thread is a daemon: one that hangs in the DNS, in TLS or in a header that never ends, where no time-out reaches
    it, keeps neither the sync nor the end of the process waiting. What sends it has to look at `deadline` (monotonic)
    between the parts of an answer.
    """

    def __init__(self, query: Query, patience: Patience, send: Callable[["Request"], Answer]) -> None:
        self.query = query
        self.patience = patience
        self.asked_at = time.monotonic()
        self.deadline = self.asked_at + patience.longest_answer
        self.outcome: Answer | BaseException | None = None
        self.future: Future[Answer] = Future()
        self._send = send

    def start(self, budget: RateBudget) -> bool:
        """Send it in a thread of its own. False: there is none to be had (a limit of the machine), nothing was sent."""
        try:
            threading.Thread(target=self._run, name="mailcoach", daemon=True).start()
        except RuntimeError:
            return False
        self._permit = budget.start(self.asked_at)
        return True

    def send_here(self, budget: RateBudget) -> None:
        """Send it in this thread, and return when it has ended."""
        self._permit = budget.start(self.asked_at)
        self._run()

    @property
    def is_over(self) -> bool:
        return self.future.done() or time.monotonic() >= self.deadline

    def end(self) -> None:
        """Take what it has come to, and tell the budget. If nothing has come by now, it is given up."""
        if not self.future.done():
            self.deadline = -math.inf
            self.outcome = TimeoutError()
        else:
            self.outcome = self.future.exception() or self.future.result()
        if not isinstance(self.outcome, Answer):
            self._permit.failed()
        elif self.outcome.status == 429:
            # From when it came, which may be long before it is taken in.
            self._permit.refused(self.outcome.received_at, self.outcome.wait or 0)
        elif 200 <= self.outcome.status < 300:
            self._permit.answered(self.outcome.received_at, self.outcome.remaining)
        else:
            self._permit.failed()

    @property
    def met_overload(self) -> bool:
        """Whether a proxy, or this connector, has given it up: 502, 503, 504 and those of their kind, or a time-out."""
        if isinstance(self.outcome, Answer):
            return self.outcome.status > 501
        return isinstance(self.outcome, Exception) and is_timeout(self.outcome)

    def _run(self) -> None:
        try:
            self.future.set_result(self._send(self))
        except BaseException as error:
            self.future.set_exception(error)
