"""Requests that overlap, in order: while one answer is read, those that will be asked for next are under way.

Only the waiting overlaps. The reading thread starts every request, and alone waits, tries again, emits events and
raises; the threads beside it send, each one request at a time, and tell nothing.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError, RateLimited
from source_mailcoach.messages.events import Listener, RequestStarted, Retried, ThreadsLacking, Waited, Waiting
from source_mailcoach.sync.paging import last_page_of
from source_mailcoach.transport.budget import RateBudget
from source_mailcoach.transport.parallelism import START, Parallelism
from source_mailcoach.transport.rate_window import MINUTE
from source_mailcoach.transport.request import Answer, Patience, Query, Request
from source_mailcoach.transport.threads import Threads

# Seconds: for so long requests that nobody needs any more may come to an end by themselves.
LAST_WAIT = 3.0
# Seconds: answers that take no longer use a limit up.
SLOW_ANSWER = 4.0


class Fetcher:
    """Fetches queries one after another, with some of the coming ones under way. For one thread.

    `send` runs in a thread beside. `judge` runs in the reading thread, so it can go by all that was read before: it
    makes of an answer, or of the exception in its place, what the query asked for, or raises MailcoachError. At most
    `parallel` requests are under way, fewer on a server that cannot bear it, and twice as many answers in memory.
    """

    def __init__(
        self,
        send: Callable[[Request], Answer],
        judge: Callable[[Query, Answer | Exception], Any],
        budget: RateBudget,
        patience: Patience,
        parallel: int,
        url: str,
        emit: Listener,
    ) -> None:
        self._send = send
        self._judge = judge
        self._budget = budget
        self._patience = patience
        self._parallel = parallel
        self._url = url
        self._emit = emit
        self._parallelism = Parallelism(parallel)
        self._under_way: dict[Query, Request] = {}
        self._unwanted: list[Request] = []
        self._ended: dict[Query, Request] = {}
        self._answered: SimpleQueue[Request] = SimpleQueue()
        self._threads = Threads()
        self._lacks_threads = False
        self.asked_at = self.answered_at = 0.0  # monotonic, of the answer that was fetched last

    @property
    def allowed(self) -> int:
        """How many requests may be under way at present: under a limit only as many as can make use of it.

        If a list changes, what was asked for ahead of it is thrown away, and was taken from the limit all the same.
        """
        useful = max(START, self._budget.per_minute * SLOW_ANSWER / MINUTE)
        return int(min(self._parallelism.allowed, useful))

    def fetch(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Any:
        """What a query asked for. `ahead` are those that will come next, `later` those after, if all goes well.

        Raises what `judge` raises, after as many tries as it is worth, with nothing left under way.
        """
        coming = [*islice(ahead, self.allowed - 1), *islice(later, 2 * self.allowed)]
        try:
            for tried in range(1, self._patience.tries + 1):
                request = self._ended_request(query, coming)
                outcome = request.outcome
                self.asked_at, self.answered_at = request.asked_at, time.monotonic()
                if isinstance(outcome, Answer):
                    self.answered_at = outcome.received_at
                elif not isinstance(outcome, Exception):
                    raise outcome or AssertionError("it has ended")
                try:
                    return self._judge(query, outcome)
                except MailcoachError as error:
                    self._prepare_another_try(error, tried)
            raise AssertionError("the last try raises")
        except BaseException:
            self.close()
            raise

    def discard_ahead(self, page: Query) -> None:
        """What was fetched ahead of the list that this is a page of is thrown away, and what is under way will be."""
        for query in [query for query in self._ended if query.of_list == page.of_list]:
            del self._ended[query]
        for query in [query for query in self._under_way if query.of_list == page.of_list]:
            self._unwanted.append(self._under_way.pop(query))

    def is_asked(self, query: Query) -> bool:
        """Whether a query is under way, or its answer waits to be read."""
        return query in self._under_way or query in self._ended

    def has_come(self, query: Query) -> bool:
        """Whether the answer to a query waits to be read."""
        self._settle()
        return query in self._ended

    def last_page(self, query: Query) -> int:
        """How many pages a list has, by an answer that waits to be read; 0 if there is none. A hint, not parsed."""
        request = self._ended.get(query)
        outcome = request.outcome if request else None
        return last_page_of(outcome.content) if isinstance(outcome, Answer) else 0

    def close(self) -> None:
        """Leave nothing under way: what does not end within a short wait is given up."""
        until = time.monotonic() + LAST_WAIT
        while self._in_flight and time.monotonic() < until:
            self._wait_for_any(until)
        for request in self._in_flight:
            request.end()
        self._threads.close()
        self._threads = Threads()
        self._under_way.clear()
        self._unwanted.clear()
        self._ended.clear()

    @property
    def _in_flight(self) -> list[Request]:
        return [*self._under_way.values(), *self._unwanted]

    def _ended_request(self, query: Query, coming: Iterable[Query]) -> Request:
        """The request for a query that has ended, once: it is started if it is not under way."""
        self._settle()
        if not self.is_asked(query):
            self._start_when_allowed(query)
        self._start_allowed(coming)
        while query not in self._ended:
            self._wait_for_any(self._under_way[query].deadline)
        return self._ended.pop(query)

    def _prepare_another_try(self, error: MailcoachError, tried: int) -> None:
        """Wait as long as it takes before another try, or raise.

        The wait that a server asks for can be none, or one by a clock that is wrong: it is 1, 2, 4, … seconds at least.
        """
        if tried >= (self._patience.tries if error.retry else min(error.tries, self._patience.tries)):
            raise error
        self._emit(Retried(error))
        if isinstance(error, RateLimited):
            return  # the budget waits, for all of them
        self.pause(max(error.wait or 0.0, 2.0 ** (tried - 1)), error)

    def pause(self, seconds: float, error: MailcoachError) -> None:
        """Wait before another try; raises the error instead if that is longer than anything is worth."""
        self._wait(seconds, error, f"{error.what} Trying again")

    def _start_when_allowed(self, query: Query) -> None:
        """Start what is needed now, as soon as the budget and the server allow it."""
        while True:
            seconds = self._budget.wait(time.monotonic())
            if seconds:
                limit = MailcoachError(problems.RATE_LIMITED, url=self._url)
                window = min(self._patience.longest_window, self._budget.longest_wait)
                self._wait(seconds, limit, "The limit of requests is used up. Going on", window)
            elif self._in_flight and (seconds is None or self._is_full):
                self._wait_for_any(min(request.deadline for request in self._in_flight))
            else:
                break
        if not self._start(query):
            self._start_here(query)

    def _start_allowed(self, coming: Iterable[Query]) -> None:
        """Start what comes next, as far as it is allowed at once."""
        for query in coming:
            if self.is_asked(query):
                continue
            kept = len(self._in_flight) + len(self._ended)
            if self._is_full or kept >= 2 * self._parallel or self._budget.wait(time.monotonic()) != 0:
                return
            if not self._start(query):
                return

    @property
    def _is_full(self) -> bool:
        return len(self._in_flight) >= self.allowed

    def _start(self, query: Query) -> bool:
        """Whether a thread could be had for it."""
        request = Request(query, self._patience, self._send, self._answered)
        if started := request.start(self._budget, self._threads):
            self._register(request)
        return started

    def _start_here(self, query: Query) -> None:
        """A slow sync is worth more than none: without threads one request is sent after another."""
        if not self._lacks_threads:
            self._lacks_threads = True
            self._emit(ThreadsLacking())
        request = Request(query, self._patience, self._send, self._answered)
        self._register(request)
        request.send_here(self._budget)

    def _register(self, request: Request) -> None:
        self._emit(RequestStarted(request.query.path, dict(request.query.params)))
        self._under_way[request.query] = request

    def _wait_for_any(self, until: float) -> None:
        """Until one of those under way has ended, but no longer."""
        with suppress(Empty):
            self._take_in(self._answered.get(timeout=max(0.0, until - time.monotonic())))
        self._settle()

    def _settle(self) -> None:
        """Take in what has come to an end, and what is out of time."""
        while not self._answered.empty():
            self._take_in(self._answered.get())
        now = time.monotonic()
        for request in [request for request in self._in_flight if now >= request.deadline]:
            self._take_in(request)

    def _take_in(self, request: Request) -> None:
        if request.outcome:
            return  # it was given up before
        request.end()
        if request.met_overload:
            self._parallelism.overloaded(request.asked_at, time.monotonic())
        elif isinstance(request.outcome, Answer) and request.outcome.status < 300:
            kind, came = request.query.endpoint, request.outcome.received_at
            self._parallelism.answered(kind, request.asked_at, came, time.monotonic())
        if request in self._unwanted:
            self._unwanted.remove(request)
        else:
            self._ended[request.query] = self._under_way.pop(request.query)

    def _wait(self, seconds: float, error: MailcoachError, why: str, longest: float = 0) -> None:
        if seconds > max(longest, self._patience.longest_wait):
            raise error
        self._emit(Waiting(seconds, why, for_limit=isinstance(error, RateLimited)))
        time.sleep(seconds)
        self._emit(Waited())
