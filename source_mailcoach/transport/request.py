"""One request: its query, its patience (tries and time-outs), its place in the budget, and its outcome."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from requests.structures import CaseInsensitiveDict

from source_mailcoach.transport.budget import RateBudget
from source_mailcoach.transport.failures import is_timeout
from source_mailcoach.transport.headers import Quota
from source_mailcoach.transport.threads import Threads


@dataclass(frozen=True)
class Query:
    """One GET: a path below the API's base URL, and its parameters."""

    path: str
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def of_list(self) -> tuple[str, frozenset[tuple[str, Any]]]:
        """The list to which its page belongs, whatever the sort."""
        return self.path, frozenset(param for param in self.params if param[0] not in ("page", "sort"))

    @property
    def wants_page(self) -> bool:
        return any(name == "page" for name, _ in self.params)

    @property
    def endpoint(self) -> str:
        """Its path without the uuid of a row: campaigns/*/opens, campaigns/*, transactional-mails/templates."""
        first, *rest = self.path.split("/")
        of_row = len(rest) == 2 or not self.wants_page
        return "/".join([first, *("*" for _ in rest[:1]), *rest[1:]]) if of_row else self.path


@dataclass(frozen=True)
class Answer:
    """Any answer, good or bad. It is parsed only when it is read, because parsed it takes six times the memory.

    `received_at` is monotonic. With what the headers say: of the limit of requests, and seconds to wait.
    """

    content: bytes
    headers: "CaseInsensitiveDict[str]"
    received_at: float
    quota: Quota | None = None
    status: int = 200
    wait: float | None = None


@dataclass(frozen=True)
class Patience:
    """How often a request is tried, and how long it may take. All times are in seconds.

    `read_timeout` is for each part of an answer, `longest_answer` for all of it from the start of the request on,
    `longest_wait` for one wait between two tries, and `longest_window` for the wait until the next window of the
    server's own limit, if that may be longer.
    """

    tries: int
    connect_timeout: float
    read_timeout: float
    longest_answer: float
    longest_wait: float
    longest_window: float = 0

    @property
    def timeouts(self) -> tuple[float, float]:
        """Connect and read time-out, in the form that requests takes."""
        return self.connect_timeout, self.read_timeout


class Request:
    """One GET under way. It counts in the budget from the moment when it is sent until it has ended in any way.

    It may hang in the DNS, in TLS or in a header that never ends, where no time-out applies, but neither the sync nor
    the end of the process waits for its thread. The function that sends has to check `deadline` (monotonic) between
    the parts of an answer. `ended` gets the request when it has an answer, or an exception in its place.
    """

    def __init__(
        self, query: Query, patience: Patience, send: Callable[["Request"], Answer], ended: "SimpleQueue[Request]"
    ) -> None:
        self.query = query
        self.patience = patience
        self.asked_at = time.monotonic()
        self.deadline = self.asked_at + patience.longest_answer
        self.outcome: Answer | BaseException | None = None
        self._send, self._ended = send, ended
        self._result: Answer | BaseException | None = None

    def start(self, budget: RateBudget, threads: Threads) -> bool:
        """Send it in one of the threads. False if one is lacking and the machine starts none: then nothing was sent."""
        try:
            threads.start(self._run)
        except RuntimeError:
            return False
        self._permit = budget.start(self.asked_at)
        return True

    def send_here(self, budget: RateBudget) -> None:
        """Send it in this thread, and return when it has ended."""
        self._permit = budget.start(self.asked_at)
        self._run()()

    def end(self) -> None:
        """Take its outcome, and tell the budget. If there is none by now, the request is given up."""
        self.outcome = self._result
        if self.outcome is None:
            self.deadline, self.outcome = -math.inf, TimeoutError()
        if not isinstance(self.outcome, Answer):
            self._permit.failed()
        elif self.outcome.status == 429:
            # The wait counts from when the answer came, which may be long before it is taken in here.
            self._permit.refused(self.outcome.received_at, self.outcome.wait or 0, self.outcome.quota)
        elif self.outcome.quota or 200 <= self.outcome.status < 300:
            self._permit.answered(self.outcome.received_at, self.outcome.quota)
        else:
            self._permit.failed()

    @property
    def met_overload(self) -> bool:
        """Whether a proxy or this connector has given it up: a status such as 502, 503 or 504, or a time-out."""
        if isinstance(self.outcome, Answer):
            return self.outcome.status > 501
        return isinstance(self.outcome, Exception) and is_timeout(self.outcome)

    def _run(self) -> Callable[[], None]:
        """Send it. What is returned tells its outcome."""
        try:
            self._result = self._send(self)
        except BaseException as error:
            self._result = error
        return partial(self._ended.put, self)
