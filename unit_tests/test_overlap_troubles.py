"""Whatever becomes of a request - no thread for it, no answer, an answer too late - the budget knows, and no one waits
for ever."""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import Event, Events, RequestStarted
from source_mailcoach.transport import overlap
from source_mailcoach.transport.budget import RateBudget
from source_mailcoach.transport.failures import diagnose_failure
from source_mailcoach.transport.headers import Quota
from source_mailcoach.transport.overlap import Fetcher
from source_mailcoach.transport.parallelism import CALM, START
from source_mailcoach.transport.request import Answer, Patience, Query, Request
from unit_tests.conftest import sender_threads

URL = "https://news.example.com/api"
PATIENCE = Patience(tries=3, connect_timeout=1, read_timeout=1, longest_answer=600, longest_wait=600)


def query(number: int) -> Query:
    return Query("opens", (("page", number),))


def judge(asked: Query, outcome: Answer | Exception) -> int:
    if isinstance(outcome, Exception):
        raise diagnose_failure(outcome, URL)
    if outcome.status != 200:
        raise MailcoachError(problems.GATEWAY_ERROR, url=URL, status=outcome.status)
    return int(asked.params[0][1])


class Server:
    """Answers with 200, but 502 where more than `bears` requests are under way; never those that are to `hang`."""

    def __init__(self) -> None:
        self.bears: float = 99
        self.hang: set[int] = set()
        self.over = threading.Event()
        self.deadlines: list[float] = []
        self.statuses: list[int] = []
        self.senders: set[threading.Thread] = set()
        self._under_way = self.most = 0
        self.told = 0
        self._lock = threading.Lock()

    def listen(self, event: Event) -> None:
        """Count the requests that are told of."""
        self.told += isinstance(event, RequestStarted)

    def send(self, request: Request) -> Answer:
        number = request.query.params[0][1]
        with self._lock:
            self.senders.add(threading.current_thread())
            self._under_way += 1
            self.most = max(self.most, self._under_way) if self.bears == 99 else 0
            status = 200 if self._under_way <= self.bears else 502
        if number in self.hang:
            self.over.wait(30)
            self.deadlines.append(request.deadline)
        threading.Event().wait(0.002)
        with self._lock:
            self._under_way -= 1
            self.statuses.append(status)
            left = 100_000 - len(self.statuses)
        return Answer(b"", CaseInsensitiveDict(), time.monotonic(), Quota(left), status)


@pytest.fixture
def server() -> Iterator[Server]:
    """None of its threads outlives a test."""
    server = Server()
    yield server
    server.over.set()
    for thread in sender_threads():
        thread.join(5)
        assert not thread.is_alive()


def fetcher_of(server: Server, parallel: int = 4, budget: RateBudget | None = None, **patience: Any) -> Fetcher:
    events = Events()
    events.listeners.append(server.listen)
    chosen = Patience(**{**vars(PATIENCE), **patience})
    return Fetcher(server.send, judge, budget or RateBudget(), chosen, parallel, URL, events.emit)


def read(fetcher: Fetcher, last: int) -> list[int]:
    return [fetcher.fetch(query(n), map(query, range(n + 1, last + 1))) for n in range(1, last + 1)]


Startable = Callable[[Callable[[], bool]], None]


@pytest.fixture
def startable(monkeypatch: pytest.MonkeyPatch) -> Startable:
    """Lets threads start where a function says so, as a machine does that is at its limit of threads."""
    start = threading.Thread.start

    def let(may_start: Callable[[], bool]) -> None:
        def start_if_allowed(thread: threading.Thread) -> None:
            if thread.name == "mailcoach" and not may_start():
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_if_allowed)

    return let


def test_without_threads_one_request_is_sent_after_another(
    server: Server, startable: Startable, caplog: pytest.LogCaptureFixture
) -> None:
    startable(lambda: False)
    fetcher = fetcher_of(server)
    assert read(fetcher, 9) == list(range(1, 10))
    fetcher.close()
    assert read(fetcher, 9) == list(range(1, 10)), "as the next stream does"
    assert server.senders == {threading.main_thread()}
    assert len(server.statuses) == server.told == 18
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.9])
def test_where_some_threads_cannot_start_each_page_comes_once_and_the_budget_is_exact(
    server: Server, startable: Startable, chance: float
) -> None:
    rng = random.Random(7)
    startable(lambda: rng.random() < chance)
    budget = RateBudget()
    fetcher = fetcher_of(server, budget=budget)
    for _ in range(5):
        assert read(fetcher, 40) == list(range(1, 41))
        fetcher.discard_ahead(query(1))
    fetcher.close()
    assert len(server.statuses) == server.told == 200
    assert budget._in_flight == 0


@pytest.mark.parametrize("dropped", [False, True])
def test_what_never_ends_is_given_up_soon_and_leaves_the_budget_as_if_it_had_failed(
    server: Server, monkeypatch: pytest.MonkeyPatch, dropped: bool
) -> None:
    monkeypatch.setattr(overlap, "LAST_WAIT", 0.05)
    budget = RateBudget()
    fetcher = fetcher_of(server, budget=budget)
    fetcher.fetch(query(1))
    server.hang = {3, 4}
    fetcher.fetch(query(2), map(query, (3, 4)))
    if dropped:
        fetcher.discard_ahead(query(1))
    assert budget._in_flight == 2
    fetcher.close()
    assert budget._in_flight == 0
    server.hang = set()
    assert read(fetcher, 5) == [1, 2, 3, 4, 5]
    server.over.set()
    while len(server.statuses) < server.told:
        threading.Event().wait(0.001)
    assert read(fetcher, 5) == [1, 2, 3, 4, 5]
    fetcher.close()
    assert budget._in_flight == 0, "an answer that comes later counts no more"
    assert server.deadlines == [-math.inf] * 2, "and is not read to its end"


def test_what_has_ended_by_the_close_is_told_to_the_budget_as_it_was(server: Server) -> None:
    budget = RateBudget()
    refused = Answer(b"", CaseInsensitiveDict(), time.monotonic(), None, 429, 40.0)
    answers = {
        number: Answer(b"", CaseInsensitiveDict(), time.monotonic(), Quota(1000 - number)) for number in (1, 2)
    } | {3: refused}
    fetcher = Fetcher(
        lambda request: answers[request.query.params[0][1]], judge, budget, PATIENCE, 4, URL, Events().emit
    )
    fetcher.fetch(query(1))
    fetcher.fetch(query(2), [query(3)])
    fetcher.close()
    assert 30 < (budget.wait(time.monotonic()) or 0) <= 41


def test_an_answer_that_does_not_end_in_time_is_a_time_out_and_tried_again(server: Server, waits: list[float]) -> None:
    server.hang = {2}
    fetcher = fetcher_of(server, longest_answer=0.05)
    assert fetcher.fetch(query(1), [query(2)]) == 1
    with pytest.raises(MailcoachError) as error:
        fetcher.fetch(query(2))
    assert error.value.problem is problems.TIMEOUT
    assert waits == [1, 2]
    assert server.told == 4


def test_requests_wait_for_the_end_of_the_window_that_the_first_of_them_opened(waits: list[float]) -> None:
    asked: list[float] = []

    def send(request: Request) -> Answer:
        asked.append(time.monotonic())
        return Answer(b"", CaseInsensitiveDict(), time.monotonic(), Quota(4 - (len(asked) - 1) % 5, 5, window=60))

    with closing(Fetcher(send, judge, RateBudget(), PATIENCE, 4, URL, Events().emit)) as fetcher:
        assert read(fetcher, 15) == list(range(1, 16))
    assert sum(waits) == pytest.approx(2 * 60, abs=5)


def test_a_server_that_is_asked_too_much_at_a_time_is_asked_less(server: Server, waits: list[float]) -> None:
    """With 4 under way all the time three tries are wasted for each page that comes."""
    server.bears = 1
    fetcher = fetcher_of(server, parallel=16, tries=6)
    assert read(fetcher, 200) == list(range(1, 201))
    wasted = server.statuses.count(502)
    assert START - 1 <= wasted <= START + 200 // CALM
    server.bears = 99
    assert read(fetcher, 400) == list(range(1, 401))
    fetcher.close()
    assert server.most > 4, "and more again when it can bear it"


def test_what_is_tried_again_after_an_overload_waits_until_there_is_room(waits: list[float]) -> None:
    """Four are under way when the first of them meets it. Two may be from then on."""
    beside: list[int] = []
    held: set[int] = set()
    end = threading.Event()

    def send(request: Request) -> Answer:
        number, status = request.query.params[0][1], 200
        if number == 1:
            while not beside and len(held) < 3:
                threading.Event().wait(0.001)
            status = 200 if beside else 502
            beside.append(len(held))
            threading.Timer(0.05, end.set).start()
        elif number > 1:
            held.add(number)
            end.wait(10)
            held.discard(number)
        return Answer(b"", CaseInsensitiveDict(), time.monotonic(), None, status)

    fetcher = Fetcher(send, judge, RateBudget(), PATIENCE, 4, URL, Events().emit)
    fetcher.fetch(query(0))
    assert fetcher.fetch(query(1), map(query, (2, 3, 4))) == 1
    fetcher.close()
    assert beside[0] == 3
    assert beside[1] <= 1


@pytest.mark.parametrize(
    ("outcome", "fewer"),
    [
        *[(status, True) for status in (502, 503, 504, 522, 524)],
        *[(status, False) for status in (200, 404, 403, 429, 500, 501)],
        (TimeoutError(), True),
        (ConnectionResetError(), False),
    ],
)
def test_what_is_given_up_for_its_slowness_is_an_overload(outcome: int | Exception, fewer: bool) -> None:
    def send(request: Request) -> Answer:
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(b"", CaseInsensitiveDict(), time.monotonic(), None, outcome)

    patience = Patience(**{**vars(PATIENCE), "tries": 1})
    fetcher = Fetcher(send, judge, RateBudget(), patience, 8, URL, Events().emit)
    with closing(fetcher), suppress(MailcoachError):
        fetcher.fetch(query(1))
    assert fetcher._parallelism.allowed == (START // 2 if fewer else START)
