"""Requests overlap, answers come in order, and nothing is under way when there is nothing to wait for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from requests.structures import CaseInsensitiveDict

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import Events
from source_mailcoach.transport.budget import RateBudget
from source_mailcoach.transport.headers import Quota
from source_mailcoach.transport.overlap import Fetcher
from source_mailcoach.transport.request import Answer, Patience, Query, Request
from unit_tests.conftest import URL, Clock, sender_threads

PATIENCE = Patience(tries=3, connect_timeout=1, read_timeout=1, longest_answer=600, longest_wait=600)


def query(number: int) -> Query:
    return Query("opens", (("page", number),))


def queries(*numbers: int) -> list[Query]:
    return [query(number) for number in numbers]


class Server:
    """Answers each query with its page number once it is let go; records what is under way."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.errors: dict[int, list[MailcoachError]] = {}
        self.refusals: dict[int, list[float]] = {}
        self.seconds: dict[int, float] = {}
        self.most = self.now = 0
        self.lock = threading.Lock()

    def send(self, request: Request) -> Answer:
        number = request.query.params[0][1]
        with self.lock:
            self.asked.append(number)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds.get(number, 0.02))
        with self.lock:
            self.now -= 1
            if self.errors.get(number):
                raise self.errors[number].pop(0)
            if self.refusals.get(number):
                return Answer(b"", CaseInsensitiveDict(), time.monotonic(), None, 429, self.refusals[number].pop(0))
        return Answer(str(number).encode(), CaseInsensitiveDict(), time.monotonic())


def judge(asked: Query, outcome: Answer | Exception) -> int:
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.status == 429:
        raise MailcoachError(problems.RATE_LIMITED, url=URL)
    return int(outcome.content)


Make = Callable[[int], Fetcher]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def make(server: Server) -> Iterator[Make]:
    fetchers: list[Fetcher] = []

    def make(parallel: int) -> Fetcher:
        fetchers.append(Fetcher(server.send, judge, RateBudget(), PATIENCE, parallel, URL, Events().emit))
        return fetchers[-1]

    yield make
    for fetcher in fetchers:
        fetcher.close()
    assert not sender_threads()


def read(fetcher: Fetcher, last: int) -> list[int]:
    return [fetcher.fetch(query(n), queries(*range(n + 1, last + 1))) for n in range(1, last + 1)]


def test_pages_come_in_order_and_each_is_asked_for_once(make: Make, server: Server) -> None:
    server.seconds = {2: 0.1, 5: 0.08}
    assert read(make(4), 12) == list(range(1, 13))
    assert sorted(server.asked) == list(range(1, 13))


@pytest.mark.parametrize("parallel", [1, 2, 8])
def test_no_more_requests_are_under_way_than_allowed(make: Make, server: Server, parallel: int) -> None:
    """Some answers are needed to find out that eight may be."""
    server.seconds = dict.fromkeys(range(1, 41), 0.02 * parallel**1.5)  # also where threads start slowly
    read(make(parallel), 40)
    assert server.most == parallel


@pytest.mark.parametrize(("per_minute", "most"), [(45, 4), (90, 6), (100_000, 8)])
def test_under_a_limit_no_more_are_under_way_than_use_it_up(server: Server, per_minute: int, most: int) -> None:
    """What is asked for ahead of a list that changes is thrown away, and was taken from the limit."""
    server.seconds = dict.fromkeys(range(1, 41), 0.02 * 8**1.5)
    with closing(Fetcher(server.send, judge, RateBudget(per_minute), PATIENCE, 8, URL, Events().emit)) as fetcher:
        read(fetcher, 40)
    assert server.most == most


def test_no_more_answers_are_kept_than_twice_as_many(make: Make, server: Server) -> None:
    fetcher = make(2)
    fetcher.fetch(query(1))
    for guess in range(5):
        fetcher.fetch(query(2), queries(3), queries(20 + guess))
        time.sleep(0.05)
    assert len(fetcher._under_way) + len(fetcher._ended) <= 4


def test_pages_of_this_list_go_before_those_of_the_next(make: Make, server: Server) -> None:
    fetcher = make(2)
    fetcher.fetch(query(1))
    fetcher.fetch(query(2), queries(3, 4), queries(90))
    assert sorted(server.asked[:3]) == [1, 2, 3]


def test_a_failure_ahead_shows_only_when_it_is_read_up_to(make: Make, server: Server) -> None:
    server.errors = {3: [MailcoachError(problems.TOKEN_REFUSED, url=URL)]}
    fetcher = make(4)
    assert [fetcher.fetch(query(n), queries(*range(n + 1, 9))) for n in (1, 2)] == [1, 2]
    with pytest.raises(MailcoachError, match="refused the API token"):
        fetcher.fetch(query(3), queries(4, 5))


def test_after_a_failure_nothing_is_under_way(make: Make, server: Server) -> None:
    server.errors = {1: [MailcoachError(problems.TOKEN_REFUSED, url=URL)]}
    fetcher = make(4)
    with pytest.raises(MailcoachError):
        fetcher.fetch(query(1), queries(2, 3, 4))
    assert not sender_threads()
    assert fetcher.fetch(query(5)) == 5, "another stream can go on with it"


def test_after_a_failure_what_was_under_way_has_ended_and_is_asked_for_anew(make: Make, server: Server) -> None:
    fetcher = make(4)
    fetcher.fetch(query(9))
    server.errors, server.seconds = {1: [MailcoachError(problems.TOKEN_REFUSED, url=URL)]}, {3: 0.3}
    with pytest.raises(MailcoachError):
        fetcher.fetch(query(1), queries(2, 3))
    assert not sender_threads()
    assert fetcher.fetch(query(2)) == 2
    assert sorted(server.asked) == [1, 2, 2, 3, 9], "the first answer is of before the failure, perhaps long before"


def test_a_passing_failure_is_tried_again_by_the_reading_thread(
    make: Make, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleepers: list[tuple[float, threading.Thread]] = []
    monkeypatch.setattr("time.sleep", lambda seconds: sleepers.append((seconds, threading.current_thread())))
    server.errors = {2: [MailcoachError(problems.SERVER_ERROR, url=URL)] * 2}
    assert read(make(4), 4) == [1, 2, 3, 4]
    waits = [(seconds, thread) for seconds, thread in sleepers if seconds >= 1]
    assert waits == [(1.0, threading.main_thread()), (2.0, threading.main_thread())]


def test_a_failure_that_does_not_pass_ends_after_bounded_tries(make: Make, server: Server, waits: list[float]) -> None:
    server.errors = {1: [MailcoachError(problems.SERVER_ERROR, url=URL)] * 9}
    with pytest.raises(MailcoachError, match="internal error"):
        make(4).fetch(query(1))
    assert server.asked == [1, 1, 1]


def test_one_refusal_is_waited_out_once_for_all(make: Make, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, clock = make(4), Clock()

    def sleep(seconds: float) -> None:
        """No time passes, but for the other requests: they are refused while the first one waits."""
        if threading.current_thread() is threading.main_thread():
            while fetcher._answered.qsize() < len(fetcher._under_way):
                threading.Event().wait(0.001)
            clock.slept.append(seconds)

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("time.monotonic", clock.now)
    for number in (2, 3, 4):
        server.refusals[number] = [30]
    assert read(fetcher, 6) == list(range(1, 7))
    assert 30 < sum(clock.slept) < 32


def test_a_wait_that_is_longer_than_anything_is_worth_is_not_begun(
    make: Make, server: Server, waits: list[float]
) -> None:
    server.refusals = {1: [PATIENCE.longest_wait + 1]}
    with pytest.raises(MailcoachError, match="no more requests"):
        make(4).fetch(query(1))
    assert max(waits, default=0) < 1
    assert server.asked == [1]


@pytest.mark.parametrize(("window", "is_waited_for"), [(3600, True), (86_400, False)])
def test_an_hour_is_waited_for_where_the_server_says_that_its_windows_are_so_long(
    waits: list[float], window: int, is_waited_for: bool
) -> None:
    left = iter([1, 0, 1])

    def send(request: Request) -> Answer:
        return Answer(b"1", CaseInsensitiveDict(), time.monotonic(), Quota(next(left), 2, window))

    patience = Patience(**{**vars(PATIENCE), "longest_window": 3700})
    with closing(Fetcher(send, judge, RateBudget(), patience, 1, URL, Events().emit)) as fetcher:
        assert [fetcher.fetch(query(n)) for n in (1, 2)] == [1, 1]
        if is_waited_for:
            assert fetcher.fetch(query(3)) == 1
            assert sum(waits) == pytest.approx(3600, abs=5)
        else:
            with pytest.raises(MailcoachError, match="no more requests"):
                fetcher.fetch(query(3))


def test_what_was_fetched_of_a_list_on_a_guess_is_thrown_away_with_it(make: Make, server: Server) -> None:
    fetcher = make(4)
    fetcher.fetch(query(1))
    fetcher.fetch(query(2), queries(3, 4, 5))
    fetcher.discard_ahead(query(1))
    assert fetcher.fetch(Query("clicks", (("page", 50),))) == 50
    assert fetcher.fetch(Query("clicks", (("page", 51),))) == 51
    fetcher.close()
    assert server.asked.count(3) == 1
    assert not fetcher._ended


def test_a_list_is_the_same_in_whatever_order_it_is_asked_for() -> None:
    by_time, by_name = (Query("opens", (("filter", "a"), ("sort", sort), ("page", 1))) for sort in ("-at", "name"))
    assert by_time.of_list == by_name.of_list
    assert by_time.of_list != Query("opens", (("filter", "b"), ("sort", "-at"), ("page", 1))).of_list


def test_what_was_dropped_and_is_still_under_way_counts_among_those_that_may_be(make: Make, server: Server) -> None:
    server.seconds = {number: 0.1 for number in range(11, 40) if number % 10}
    fetcher = make(3)
    fetcher.fetch(query(1))
    for number in (10, 20, 30):
        fetcher.fetch(query(number), queries(number + 1, number + 2), queries(number + 3))
        fetcher.discard_ahead(query(1))
    assert server.most <= 3


def test_a_first_page_that_waits_to_be_read_hints_at_the_number_of_pages(server: Server) -> None:
    content = b'{"data":[{"last_page":40}],"links":{},"meta":{"current_page":1,"last_page":7,"total":99,"per_page":15}}'
    third_has_come = threading.Event()

    def send(request: Request) -> Answer:
        number = request.query.params[0][1]
        assert number < 4 or third_has_come.wait(5)
        if number == 3:
            third_has_come.set()
        return Answer(content, CaseInsensitiveDict(), time.monotonic())

    with closing(Fetcher(send, lambda *_: None, RateBudget(), PATIENCE, 4, URL, Events().emit)) as fetcher:
        fetcher.fetch(query(1))
        fetcher.fetch(query(2), [], queries(3))
        fetcher.fetch(query(4))
        fetcher.fetch(query(5))
        assert fetcher.last_page(query(3)) == 7
        assert fetcher.last_page(query(9)) == 0
