"""The whole budget of each window, and not one request more, whatever the length of the window."""

import math
import random

import pytest

from source_mailcoach.transport.budget import MARGIN, Permit, RateBudget
from source_mailcoach.transport.headers import Quota
from source_mailcoach.transport.rate_window import DRIFT
from unit_tests.limited_server import Latency, LimitedServer, run
from unit_tests.seeds import seeds

MINUTE = 60 * (1 + DRIFT)


def latency(rng: random.Random, least: float, spread: float) -> Latency:
    """Each way takes half of these seconds at the least, and up to half of the spread more."""
    return lambda: (least / 2 + spread / 2 * rng.random(), least / 2 + spread / 2 * rng.random())


def with_left(left: int, budget: RateBudget | None = None) -> RateBudget:
    """At 0 it is known that the server's limit is a hundred, and how many are left."""
    budget = budget or RateBudget()
    budget.start(0).answered(0, Quota(left, 100))
    return budget


# Whole windows --------------------------------------------------------------------------------------------------

USUAL = [(5, 1, 20, 0), (40, 4, 12, 0), (60, 60, 3, 0), (300, 60, 3, 0), (1000, 3600, 3, 1)]


@pytest.mark.parametrize("whole_seconds", [False, True])
@pytest.mark.parametrize(("limit", "window", "windows", "refusals"), USUAL)
def test_a_lone_client_uses_nearly_all_that_is_allowed(
    limit: int, window: int, windows: int, refusals: int, whole_seconds: bool
) -> None:
    """It is refused once where a window is longer than a minute. 50 ms away, with what varies less than by a half."""
    for seed in seeds(5):
        rng = random.Random(seed)
        server = LimitedServer(limit, window, whole_seconds)
        begin = rng.uniform(0, 5)
        run(RateBudget(), server, windows * window, latency(rng, 0.05, 0.01), rng.choice((4, 16)), begin)
        assert len(server.refused) <= refusals + (whole_seconds and 1 < window < 30), seed
        assert len(server.accepted) >= 0.97 * windows * limit, seed


def test_of_any_limit_it_learns_the_window_with_one_refusal_at_the_most() -> None:
    for seed in seeds(24):
        rng = random.Random(seed)
        limit, window = rng.choice((1, 2, 3, 5, 9, 20, 40, 60, 100)), rng.choice((1, 2, 3, 4, 7, 10, 15, 45, 60, 90))
        server = LimitedServer(limit, window)
        way = latency(rng, rng.choice((0.002, 0.05)), 0.03)
        run(RateBudget(), server, 30 * window, way, 16, rng.uniform(0, 5))
        assert len(server.refused) <= (limit < 56 or window > 60), (seed, limit, window)
        # With so few requests there is none to look with, and a refusal is a second or two from the truth.
        least = 0.9 if limit > 3 else window / (window + 2.2)
        assert len(server.accepted) >= least * 30 * limit, (seed, limit, window)


def test_one_that_begins_in_the_middle_of_a_window_is_refused_no_more_often() -> None:
    """A check has just used some of the window, say. One request must be left, for the client to learn of it."""
    for seed in seeds(10):
        rng = random.Random(seed)
        limit, window, refusals = rng.choice([(60, 60, 0), (300, 60, 0), (5, 1, 0), (20, 10, 1), (1000, 3600, 1)])
        begin = window + rng.uniform(0, 5)
        opened = begin - rng.uniform(0, 0.98) * window
        server = LimitedServer(limit, window, taken=rng.randrange(1, limit), opened=opened)
        run(RateBudget(), server, 6 * window, latency(rng, 0.05, 0.02), rng.choice((1, 4, 16)), begin)
        assert len(server.refused) <= refusals, (seed, limit, window)
        assert len(server.accepted) >= 4.5 * limit - (window < 60 and 3 * limit), (seed, limit, window)


def test_wide_spread_ways_to_the_server_cost_time_and_no_refusal() -> None:
    for seed in seeds(30):
        rng = random.Random(seed)
        server = LimitedServer(5, 1)
        run(RateBudget(), server, 30, latency(rng, rng.uniform(0.001, 0.3), rng.uniform(0, 0.6)), 4, rng.uniform(0, 5))
        assert server.refused == [], seed
        assert len(server.accepted) >= 30 * 5 / 2.2, seed


def test_a_client_that_is_slower_than_the_limit_never_waits_and_learns_all_the_same() -> None:
    for seed in seeds(5):
        rng = random.Random(seed)
        limit, window = rng.choice([(60, 60), (5, 1), (40, 4), (20, 10)])
        server, whole_seconds = LimitedServer(limit, window, rng.random() < 0.5), 1.2 * window / limit
        budget = RateBudget()
        way, hurry = latency(rng, 0.05, 0.02), 4 * window

        def pace(now: float, slow: float = whole_seconds, until: float = hurry) -> float:
            return slow if now < until else 0.0

        run(budget, server, 12 * window, way, pace=pace)
        assert len(server.refused) <= (window > 4), seed
        slow = [at for at in server.accepted if at < hurry]
        assert len(slow) >= 0.97 * hurry / whole_seconds, seed
        assert len(server.accepted) - len(slow) >= 0.94 * 8 * limit, seed


@pytest.mark.parametrize(
    ("before", "after", "refusals"),
    [
        ((60, 60), (300, 60), 0),
        ((300, 60), (60, 60), 4),
        ((5, 1), (60, 60), 1),
        ((60, 10), (60, 60), 3),
        ((60, 60), (60, 10), 1),
        ((40, 4), (40, 8), 3),
    ],
)
def test_a_limit_that_changes_in_the_middle_is_learned_anew(
    before: tuple[int, int], after: tuple[int, int], refusals: int
) -> None:
    """Also one of the same number of requests: its windows are longer, or shorter."""
    for seed in seeds(3):
        rng = random.Random(seed)
        server = LimitedServer(*before)
        changes = 240 * (0.5 + rng.random())

        def meanwhile(now: float, server: LimitedServer = server, changes: float = changes) -> None:
            if now >= changes:
                server.limit, server.window = after

        run(RateBudget(), server, changes + 900, latency(rng, 0.05, 0.02), meanwhile=meanwhile)
        assert len(server.refused) <= refusals, seed
        late = [at for at in server.accepted if at >= changes + 300]
        assert len(late) >= 0.97 * after[0] * (600 / after[1] - 1), seed


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_other_clients_of_the_same_user_cost_few_refusals_and_the_budget_is_used(share: float) -> None:
    for seed in seeds(4):
        rng = random.Random(seed)
        limit, window = rng.choice([(60, 60), (300, 60), (40, 4)])
        server = LimitedServer(limit, window)
        of_other, due = 0, 0.0

        def meanwhile(now: float) -> None:
            nonlocal of_other, due
            while due <= now:
                of_other += isinstance(server.take(due), float)  # noqa: B023
                due += rng.expovariate(limit * share / window)  # noqa: B023

        run(RateBudget(), server, 12 * window, latency(rng, 0.05, 0.02), meanwhile=meanwhile)
        assert len(server.refused) - of_other <= 6, seed
        assert len(server.accepted) >= (0.9 if window == 60 else 0.4) * 12 * limit, seed


def test_two_limits_at_once_of_which_the_tighter_is_told() -> None:
    """Five a second and a hundred a minute: it is never refused more often than once a minute."""
    fast, slow = LimitedServer(5, 1), LimitedServer(100, 60)

    class Both(LimitedServer):
        def take(self, now: float) -> Quota | float:
            told = slow.take(now)
            if isinstance(told, float):
                self.refused.append(now)
                self.refusing = slow.limit
                return told
            self.refusing = None
            told_fast = fast.take(now)
            if isinstance(told_fast, float):
                self.refused.append(now)
                return told_fast
            self.accepted.append(now)
            return told if told.left < told_fast.left else told_fast

    server = Both(5, 1)
    run(RateBudget(), server, 600, latency(random.Random(1), 0.05, 0.02))
    assert len(server.refused) <= 10
    assert len(server.accepted) >= 600


# What is told beside ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("window", "ends_in", "ends"), [(10, None, 10 * (1 + DRIFT)), (None, 7, 8), (10, 3, 4)])
def test_a_server_that_tells_its_window_is_believed(window: float | None, ends_in: float | None, ends: float) -> None:
    """With how many seconds are left, which are whole ones, or with how long it is, or both."""
    budget = RateBudget()
    budget.start(0).answered(0, Quota(99, 100, window, ends_in))
    budget.start(0).answered(0, Quota(0, 100, window, ends_in))
    assert budget.wait(0) == pytest.approx(ends)


def test_a_window_that_is_told_in_whole_seconds_is_looked_for_a_second_earlier() -> None:
    budget = RateBudget()
    budget.start(0).answered(0, Quota(4, 5, ends_in=1))
    for left in (3, 2, 1):
        assert budget.wait(0) == 0
        budget.start(0).answered(0, Quota(left, 5, ends_in=1))
    assert budget.wait(0) == pytest.approx(1 + DRIFT)
    budget.start(1.01).answered(1.01, Quota(4, 5, ends_in=1))
    budget.start(1.01).answered(1.01, Quota(0, 5, ends_in=1))
    assert budget.wait(1.01) == pytest.approx(1 + DRIFT), "now it is known to be a second"


def test_a_word_from_a_cache_that_there_is_no_limit_is_not_believed_at_once() -> None:
    budget = with_left(0)
    first = budget.start(70)
    first.answered(70, None)
    assert budget.limited
    second = budget.start(70)
    assert budget.wait(70) is None, "one alone"
    second.answered(70, None)
    assert budget.per_minute == math.inf
    assert budget.wait(70) == 0


# Refusals -------------------------------------------------------------------------------------------------------


def test_a_refusal_stops_all_requests_until_its_end_and_then_one_goes_alone() -> None:
    budget = with_left(50)
    first, second, third = (budget.start(now) for now in (1.0, 1.1, 1.2))
    first.refused(1.5, 30.5)
    second.refused(1.6, 30.5)
    third.answered(1.7, Quota(49, 100))
    assert budget.wait(2) == pytest.approx(30.1)
    assert budget.wait(32.1) == 0
    alone = budget.start(32.1)
    assert budget.wait(32.2) is None
    alone.answered(32.3, Quota(7, 100))
    for left in range(6, -1, -1):
        now = 32.3 + (budget.wait(32.3) or 0)
        budget.start(now).answered(now, Quota(left, 100))
    assert (budget.wait(40) or 0) > 0


def test_a_refusal_holds_though_an_answer_that_was_under_way_tells_of_a_new_window() -> None:
    """A firewall has refused it, not the limiter."""
    budget = with_left(50)
    refused, answered = budget.start(59), budget.start(59)
    refused.refused(60, 30.5)
    answered.answered(61, Quota(98, 100))
    assert budget.wait(61) == pytest.approx(29.5)


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
        ([30.5, 0, 0, 30.5], [30.5, 2, 4, 30.5]),
        ([0, 600, 0], [1, 601, 4]),
    ],
)
def test_refusals_in_a_row_are_waited_out_ever_longer(asked: list[float], waits: list[float]) -> None:
    assert refusals(RateBudget(), asked) == pytest.approx(waits)


def test_a_wait_in_whole_seconds_can_be_a_second_too_short_but_not_longer_than_a_window() -> None:
    budget = RateBudget()
    assert refusals(budget, [30]) == pytest.approx([31])
    budget = RateBudget()
    budget.start(0).answered(0, Quota(4, 5, window=1))
    budget.start(0.5).refused(0.5, 1, Quota(0, 5))
    assert budget.wait(0.5) == pytest.approx(1)


def test_refusals_of_requests_that_were_under_way_together_are_one() -> None:
    budget = RateBudget()
    for came, permit in [(came, budget.start(0)) for came in (0.1, 0.2, 0.3, 0.4)]:
        permit.refused(came, 0)
    assert budget.wait(0.4) == pytest.approx(1)
    assert refusals(budget, [0]) == pytest.approx([1.4]), "from 0 on, to the end of the second of the last one"


def test_an_answer_ends_the_row_of_refusals() -> None:
    budget = RateBudget()
    assert refusals(budget, [0, 0, 0]) == pytest.approx([1, 2, 4])
    budget.start(7).answered(7, Quota(50, 100))
    budget.start(8).refused(8, 0)
    assert budget.wait(8) == pytest.approx(1)


def test_a_firewall_that_refuses_for_long_says_nothing_of_the_window() -> None:
    budget = with_left(99)
    budget.start(1).refused(1, 600)
    budget.start(602).answered(602, Quota(99, 100))
    budget.start(602).answered(602, Quota(0, 100))
    assert budget.wait(602) == pytest.approx(MINUTE)


# One answer -----------------------------------------------------------------------------------------------------


def test_other_clients_of_the_same_user_are_noticed_by_what_is_left() -> None:
    budget = with_left(59)
    budget.start(1).answered(1, Quota(0, 100))
    assert budget.wait(1) == pytest.approx(MINUTE - 1)


def test_a_server_without_a_limit_is_asked_without_one() -> None:
    budget = RateBudget()
    assert budget.wait(0) == 0
    first = budget.start(0)
    assert budget.wait(0) is None  # the first answer tells whether there is one
    first.answered(0.1, None)
    assert not budget.limited
    assert budget.per_minute == math.inf
    for _ in range(1000):
        assert budget.wait(0.2) == 0
        budget.start(0.2)
    assert budget.wait(120) == 0, "no request has to go alone any more"


def test_all_that_are_left_of_a_window_may_be_used_and_not_one_more() -> None:
    """The last of them is held back for a while, to see whether a new window has begun."""
    budget = with_left(3)
    held = [budget.start(0) for _ in range(2) if budget.wait(0) == 0]
    assert len(held) == 2
    assert budget.wait(0) is None, "an answer can tell more"
    for left, permit in zip((2, 1), held, strict=True):
        permit.answered(0.1, Quota(left, 100))
    assert budget.wait(0.1) == pytest.approx(1 + DRIFT - 0.1)
    assert budget.wait(1.1) == 0
    budget.start(1.1).answered(1.2, Quota(0, 100))
    assert budget.wait(1.2) == pytest.approx(MINUTE - 1.2)


def test_while_some_are_left_no_request_has_to_go_alone_for_a_new_window() -> None:
    budget = with_left(50)
    budget.start(59)
    assert budget.wait(61) == 0


@pytest.mark.parametrize("latest", ["failed", "answered"])
def test_what_may_have_been_counted_without_a_word_is_taken_for_counted(latest: str) -> None:
    budget = with_left(1)
    budget.start(2).failed() if latest == "failed" else budget.start(2).answered(2, None)
    assert budget.wait(2) == pytest.approx(MINUTE - 2)


def test_what_was_counted_is_told_by_the_next_answer_of_a_request_that_goes_alone() -> None:
    budget = with_left(3)
    budget.start(2).failed()
    budget.start(3).answered(3, Quota(2, 100))
    started = [budget.start(50) for _ in range(3) if budget.wait(50) == 0]
    assert len(started) == 2


def test_a_look_that_meets_a_new_window_has_the_whole_of_it() -> None:
    budget = with_left(99)
    budget.start(0).answered(0, Quota(1, 100))
    budget.start(1.1).answered(1.2, Quota(99, 100))
    assert budget.wait(1.2) == 0
    assert budget.per_minute == 100 * 60, "it is known to be a second"


def test_an_answer_that_was_overtaken_by_a_new_window_counts_against_it() -> None:
    budget = with_left(90)
    permits = [budget.start(59) for _ in range(3)]
    permits[0].answered(61, Quota(89, 100))
    permits[1].answered(61, Quota(98, 100))
    permits[2].answered(61, Quota(88, 100))
    last = [budget.start(61) for _ in range(120) if budget.wait(61) == 0]
    assert len(last) in range(80, 97), "of 98, two of which can be used, and some are held back"


@pytest.mark.parametrize(("length", "says"), [(1, 300), (60, 5), (3600, 5 / 60)])
def test_tells_how_many_requests_a_minute_are_allowed(length: int, says: float) -> None:
    budget = RateBudget()
    budget.start(0).answered(0, Quota(4, 5, window=length))
    assert budget.per_minute == pytest.approx(says)
    assert RateBudget(3, budget._window).per_minute == pytest.approx(min(3, says))


# The user's own limit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "window"), [(10**9, 60), (20, 60), (5, 1), (1000, 3600)])
def test_the_users_own_ceiling_is_one_a_minute_whatever_the_servers_window(limit: int, window: int) -> None:
    server = LimitedServer(limit, window)
    run(RateBudget(ceiling=40), server, 3 * (60 + MARGIN), latency(random.Random(1), 0.1, 0.05))
    most = max(sum(at <= each < at + 60 for each in server.accepted) for at in server.accepted)
    assert most == (20 if limit == 20 else 40)
    assert len(server.accepted) >= 3 * most - 3
    assert len(server.refused) <= (limit == 20)


def test_the_users_own_ceiling_holds_on_a_server_without_a_limit() -> None:
    budget = RateBudget(ceiling=2)
    budget.start(0).answered(0, None)
    assert budget.limited
    assert budget.per_minute == 2
    budget.start(1).answered(1, None)
    assert budget.wait(2) == 58 + MARGIN
    assert budget.wait(60 + MARGIN) == 0


# How requests end -----------------------------------------------------------------------------------------------


def test_a_request_that_fails_without_an_answer_does_not_hold_up_the_next_window() -> None:
    budget = RateBudget()
    budget.start(0).failed()
    assert budget.wait(0) == 0


def test_a_request_ends_once_whatever_is_told_of_it_later() -> None:
    """One that was given up may be answered all the same."""
    budget = with_left(59)
    given_up, other = budget.start(1), budget.start(1)
    given_up.failed()
    given_up.failed()
    given_up.refused(2, 30)
    given_up.answered(2, Quota(0, 100))
    assert budget.wait(2) == 0
    assert_under_way(budget, other)


def assert_under_way(budget: RateBudget, permit: Permit) -> None:
    """Exactly this one: when nothing is left, it is waited for, and nothing else."""
    budget.start(3).answered(3, Quota(0, 100))
    assert budget.wait(70) is None
    permit.failed()
    assert budget.wait(70) == 0
