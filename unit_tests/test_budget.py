"""The whole budget of each window, and not one request more."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_mailcoach.transport.budget import MARGIN, WINDOW, Permit, RateBudget
from unit_tests.seeds import count


class Server:
    """Counts as Laravel does: the first request opens a window of a minute; the one after the last is refused."""

    def __init__(self, limit: int, taken: int = 0, opened: float | None = None) -> None:
        self.limit, self.count = limit, taken
        self.opened = opened
        self.refusals = 0

    def take(self, now: float) -> int | None:
        """Requests left in the window, or None for a 429."""
        if self.opened is None or now >= self.opened + WINDOW:
            self.opened, self.count = now, 0
        if self.count >= self.limit:
            self.refusals += 1
            return None
        self.count += 1
        return self.limit - self.count

    def retry_after(self, now: float) -> float:
        return max(0.0, (self.opened or now) + WINDOW - now)


def run(
    budget: RateBudget, server: Server, seconds: float, parallel: int, latency: Callable[[], float]
) -> list[tuple[float, bool]]:
    """Starts as many requests as the budget allows; gives the time of each start, and whether it was accepted."""
    now, starts = 0.0, []
    under_way: list[tuple[float, Permit, int | None]] = []  # arrives, counts as, left
    while now < seconds:
        for request in sorted((request for request in under_way if request[0] <= now), key=lambda each: each[0]):
            under_way.remove(request)
            if request[2] is None:
                request[1].refused(now, server.retry_after(now))
            else:
                request[1].answered(now, request[2])
        wait = budget.wait(now)
        if wait == 0 and len(under_way) < parallel:
            permit = budget.start(now)
            seconds_to_answer = latency()
            left = server.take(now + seconds_to_answer / 2)
            starts.append((now, left is not None))
            under_way.append((now + seconds_to_answer, permit, left))
            continue
        coming = [arrives for arrives, _, _ in under_way]
        if wait:
            coming.append(now + wait)
        now = max(now + 1e-6, min(coming, default=now + 1))
    return starts


@pytest.mark.parametrize("parallel", [1, 4, 16])
@pytest.mark.parametrize("limit", [60, 300])
def test_a_lone_client_is_never_refused_and_uses_nearly_all_that_is_allowed(limit: int, parallel: int) -> None:
    server = Server(limit)
    starts = run(RateBudget(), server, 10 * WINDOW, parallel, lambda: 0.1)
    assert server.refusals == 0
    assert len(starts) >= 0.97 * 10 * limit


@given(
    limit=st.integers(1, 80),
    taken=st.integers(0, 80),
    opened=st.floats(-59.9, 0),
    latencies=st.lists(st.floats(0.01, 3), min_size=1, max_size=20),
    parallel=st.integers(1, 16),
)
@settings(max_examples=count(60))
def test_not_even_one_that_begins_in_the_middle_of_a_window(
    limit: int, taken: int, opened: float, latencies: list[float], parallel: int
) -> None:
    """A check has just used some of the window, say. One request must be left, for the client to learn of it."""
    server = Server(limit, min(taken, limit - 1), opened)
    turn = iter(latencies * 10_000)
    run(RateBudget(), server, 4 * WINDOW, parallel, lambda: next(turn))
    assert server.refusals == 0


def test_a_refusal_stops_all_requests_until_its_end_and_then_one_goes_alone() -> None:
    budget = RateBudget()
    budget.start(0).answered(0.1, 50)
    first, second, third = (budget.start(now) for now in (1.0, 1.1, 1.2))
    first.refused(1.5, 30)
    second.refused(1.6, 30)
    third.answered(1.7, 0)
    assert budget.wait(2) == pytest.approx(29.6)
    assert budget.wait(31.6) == 0
    alone = budget.start(31.6)
    assert budget.wait(31.7) is None
    alone.answered(31.8, 7)
    last = [budget.wait(32) for _ in range(7) if budget.start(32)][-1]
    assert last is not None
    assert last > 0


def refusals(budget: RateBudget, asked: list[float]) -> list[float]:
    """How long is waited after each of some refusals in a row of a request that goes alone."""
    now, waits = 0.0, []
    for seconds in asked:
        budget.start(now).refused(now, seconds)
        waits.append(budget.wait(now) or 0.0)
        now += waits[-1]
    return waits


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ([0] * 8, [1, 2, 4, 8, 16, 32, 60, 60]),
        ([0.1, 0.5, 3.9], [1, 2, 4]),
        ([30, 0, 0, 30], [30, 2, 4, 30]),
        ([0, 600, 0], [1, 600, 4]),
    ],
)
def test_refusals_in_a_row_are_waited_out_ever_longer(asked: list[float], waits: list[float]) -> None:
    assert refusals(RateBudget(), asked) == pytest.approx(waits)


def test_refusals_of_requests_that_were_under_way_together_are_one() -> None:
    budget = RateBudget()
    for came, permit in [(came, budget.start(0)) for came in (0.1, 0.2, 0.3, 0.4)]:
        permit.refused(came, 0)
    assert budget.wait(0.4) == pytest.approx(1)
    assert refusals(budget, [0]) == pytest.approx([1.4]), "from 0 on, to the end of the second of the last one"


def test_an_answer_ends_the_row_of_refusals() -> None:
    budget = RateBudget()
    assert refusals(budget, [0, 0, 0]) == pytest.approx([1, 2, 4])
    budget.start(7).answered(7, 50)
    budget.start(8).refused(8, 0)
    assert budget.wait(8) == pytest.approx(1)


def test_other_clients_of_the_same_user_are_noticed_by_what_is_left() -> None:
    budget = RateBudget()
    budget.start(0).answered(0, 59)
    budget.start(1).answered(1, 0)
    assert budget.wait(1) == pytest.approx(WINDOW + MARGIN - 1)


def test_a_server_without_a_limit_is_asked_without_one() -> None:
    budget = RateBudget()
    assert budget.wait(0) == 0
    first = budget.start(0)
    assert budget.wait(0) is None  # the first answer tells whether there is one
    first.answered(0.1, None)
    assert not budget.limited
    for _ in range(1000):
        assert budget.wait(0.2) == 0
        budget.start(0.2)
    assert budget.wait(2 * WINDOW) == 0, "no request has to go alone any more"


@pytest.mark.parametrize(("ceiling", "remaining"), [(None, 2), (3, None), (3, 9), (9, 2)])
def test_all_that_are_left_of_a_window_may_be_used_and_not_one_more(ceiling: int | None, remaining: int | None) -> None:
    budget = RateBudget(ceiling)
    budget.start(0).answered(0, remaining)
    for _ in range(2):
        assert budget.wait(1) == 0
        budget.start(1)
    assert budget.wait(1) == WINDOW + MARGIN - 1


@pytest.mark.parametrize(("server", "asked"), [(Server(10**9), 40), (Server(20), 20)])
def test_the_users_own_ceiling_holds_below_the_servers(server: Server, asked: int) -> None:
    starts = run(RateBudget(ceiling=40), server, 3 * (WINDOW + MARGIN), 4, lambda: 0.1)
    assert len(starts) == pytest.approx(3 * asked, abs=3)
    assert server.refusals == 0


def test_a_request_that_fails_without_an_answer_does_not_hold_up_the_next_window() -> None:
    budget = RateBudget()
    budget.start(0).failed()
    assert budget.wait(0) == 0


def test_a_request_ends_once_whatever_is_told_of_it_later() -> None:
    """One that was given up may be answered all the same."""
    budget = RateBudget()
    budget.start(0).answered(0, 59)
    given_up, other = budget.start(1), budget.start(1)
    given_up.failed()
    given_up.failed()
    given_up.refused(2, 30)
    given_up.answered(2, 0)
    assert budget.wait(2) == 0
    assert budget.wait(WINDOW + MARGIN) is None, "the other one is under way"
    other.failed()
    assert budget.wait(WINDOW + MARGIN) == 0
