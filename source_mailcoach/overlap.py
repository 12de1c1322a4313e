"""Requests that overlap, in order: while one answer is read, those that will be asked for next are under way.

Only the waiting overlaps. The reading thread starts every request, and alone waits, tries again, logs and raises; the
threads of the pool send one request each and print nothing, since a log line of theirs could tear a record in two.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from itertools import islice
from typing import Any

from source_mailcoach import problems
from source_mailcoach.budget import RateBudget
from source_mailcoach.problems import MailcoachError
from source_mailcoach.progress import duration
from source_mailcoach.request import Answer, Patience, Query

logger = logging.getLogger("airbyte")

# Seconds: waits that are longer are told in the log, so that slow and stuck look different.
SILENT_WAIT = 5.0


# Laravel writes `meta` last, after the rows, however large they are.
LAST_PAGE = re.compile(rb'"last_page":\s*"?(\d{1,9})')
TAIL = 16 * 1024  # bytes


class Fetcher:
    """Fetches queries one after another, with some of the coming ones under way. For one thread.

    `send` runs in the pool. `judge` runs in the reading thread, so it can go by all that was read before: it makes of
    an answer, or of the exception in its place, what the query asked for, or raises MailcoachError. At most `parallel`
    requests are under way, and twice as many answers in memory.
    """

    def __init__(
        self,
        send: Callable[[Query], Answer],
        judge: Callable[[Query, Answer | Exception], Any],
        budget: RateBudget,
        patience: Patience,
        parallel: int,
        url: str,
    ) -> None:
        self._send = send
        self._judge = judge
        self._budget = budget
        self._patience = patience
        self._parallel = parallel
        self._url = url
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: dict[Query, Future[Answer]] = {}
        self._outcomes: dict[Query, Answer | Exception] = {}
        self._unwanted: list[Future[Answer]] = []
        self.started = self.retried = 0
        self.asked_at = self.answered_at = 0.0  # monotonic, of the answer that was fetched last
        self._asked_at: dict[Query, float] = {}

    def fetch(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Any:
        """What a query asked for. `ahead` are those that will come next, `later` those after, if all goes well.

        Raises what `judge` raises, after as many tries as it is worth, with nothing left under way.
        """
        self._settle()
        coming = [*islice(ahead, self._parallel - 1), *islice(later, 2 * self._parallel)]
        try:
            for tried in range(1, self._patience.tries + 1):
                outcome = self._outcome(query, coming)
                self.asked_at, self.answered_at = self._asked_at.pop(query), time.monotonic()
                if isinstance(outcome, Answer):
                    self.answered_at = outcome.received_at
                try:
                    return self._judge(query, outcome)
                except MailcoachError as error:
                    self._prepare_another_try(error, tried)
            raise AssertionError("the last try raises")
        except BaseException:
            self.close()
            raise

    def drop(self, page: Query) -> None:
        """What was fetched ahead of the list that this is a page of is thrown away, and what is under way will be."""
        for query in [query for query in self._outcomes if query.of_list == page.of_list]:
            del self._outcomes[query]
        for query in [query for query in self._under_way if query.of_list == page.of_list]:
            self._unwanted.append(self._under_way.pop(query))

    def is_asked(self, query: Query) -> bool:
        """Whether a query is under way, or its answer waits to be read."""
        return query in self._under_way or query in self._outcomes

    def last_page(self, query: Query) -> int:
        """How many pages a list has, by an answer that waits to be read; 0 if there is none. A hint, not parsed."""
        outcome = self._outcomes.get(query)
        found = LAST_PAGE.search(outcome.content[-TAIL:]) if isinstance(outcome, Answer) else None
        return int(found[1]) if found else 0

    def close(self) -> None:
        """Wait for what is under way, and end all threads."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        for _ in (*self._under_way, *self._unwanted):
            self._budget.failed()
        self._under_way.clear()
        self._unwanted.clear()
        self._outcomes.clear()

    def _outcome(self, query: Query, coming: Iterable[Query]) -> Answer | Exception:
        """What a query has come to, once: it is started if it is not under way."""
        self._settle()
        if query not in self._outcomes:
            if query not in self._under_way:
                self._start_when_allowed(query)
            self._start_allowed(coming)
            while query not in self._outcomes:
                wait_for([self._under_way[query]])
                self._settle()
        return self._outcomes.pop(query)

    def _prepare_another_try(self, error: MailcoachError, tried: int) -> None:
        """Wait as long as it takes before another try, or raise.

        The wait that a server asks for can be none, or one by a clock that is wrong: it is 1, 2, 4, … seconds at least.
        """
        if tried >= (self._patience.tries if error.retry else min(error.tries, self._patience.tries)):
            raise error
        self.retried += 1
        if error.problem in (problems.RATE_LIMITED, problems.LIMITED_IN_FRONT):
            return  # the budget waits, for all of them
        self.pause(max(error.wait or 0.0, 2.0 ** (tried - 1)), error)

    def pause(self, seconds: float, error: MailcoachError) -> None:
        """Wait before another try; raises the error instead if that is longer than anything is worth."""
        self._wait(seconds, error, f"{error.what} Trying again in {duration(seconds)}.")

    def _start_when_allowed(self, query: Query) -> None:
        while (seconds := self._budget.wait(time.monotonic())) != 0:
            if seconds is None:
                wait_for([*self._under_way.values(), *self._unwanted], return_when=FIRST_COMPLETED)
                self._settle()
            else:
                limit = MailcoachError(problems.RATE_LIMITED, url=self._url)
                self._wait(seconds, limit, f"The limit of requests is used up. Going on in {duration(seconds)}.")
        self._start(query)

    def _start_allowed(self, coming: Iterable[Query]) -> None:
        for query in coming:
            if self.is_asked(query):
                continue
            under_way = len(self._under_way) + len(self._unwanted)
            full = under_way + len(self._outcomes) >= 2 * self._parallel
            if full or under_way >= self._parallel or self._budget.wait(time.monotonic()) != 0:
                return
            self._start(query)

    def _start(self, query: Query) -> None:
        self._pool = self._pool or ThreadPoolExecutor(self._parallel, thread_name_prefix="mailcoach")
        logger.debug(f"GET {query.path} {dict(query.params)}")
        self._asked_at[query] = time.monotonic()
        self._budget.started(self._asked_at[query])
        self.started += 1
        self._under_way[query] = self._pool.submit(self._send, query)

    def _settle(self) -> None:
        """Take in what has come to an end."""
        for query in [query for query, future in self._under_way.items() if future.done()]:
            self._outcomes[query] = self._outcome_of(self._under_way.pop(query))
        for future in [future for future in self._unwanted if future.done()]:
            self._unwanted.remove(future)
            self._outcome_of(future)

    def _outcome_of(self, future: "Future[Answer]") -> Answer | Exception:
        """What a request that has ended came to, and what that means to the budget."""
        error = future.exception()
        if error is None:
            answer = future.result()
            if answer.status == 429:
                # From when it came, which may be long before it is taken in.
                self._budget.refused(answer.received_at, answer.wait or 0)
            elif 200 <= answer.status < 300:
                self._budget.answered(answer.received_at, answer.remaining)
            else:
                self._budget.failed()
            return answer
        if not isinstance(error, Exception):
            raise error
        self._budget.failed()
        return error

    def _wait(self, seconds: float, error: MailcoachError, says: str) -> None:
        if seconds > self._patience.longest_wait:
            raise error
        if seconds >= SILENT_WAIT:
            logger.info(says)
        time.sleep(seconds)
