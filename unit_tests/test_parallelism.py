"""As many requests as a server bears without getting slower, against a model of servers on a virtual clock."""

import math
import random
from itertools import pairwise
from statistics import mean

import pytest

from source_mailcoach.transport.parallelism import CALM, START, Parallelism
from unit_tests.seeds import seeds
from unit_tests.small_server import Fixed, Model, Work

MOST = 16


def takes(seconds: float, jitter: float = 0.0) -> Work:
    """So long in the median; `jitter` is the sigma of a lognormal distribution."""
    return lambda rng, kind, now: seconds * math.exp(rng.gauss(0, jitter))


def level(model: Model, since: int = 0) -> float:
    """How many were allowed in the mean of the time."""
    at, allowed = model.times[since:], model.allowed[since:]
    spans = [later - earlier for earlier, later in pairwise(at)]
    return sum(span * n for span, n in zip(spans, allowed, strict=False)) / sum(spans)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 10, 16])
def test_a_distant_server_is_soon_asked_as_much_as_allowed_and_never_more(most: int) -> None:
    model = Model(Parallelism(most), takes(0.1))
    assert max(model.allowed) == most
    assert model.allowed.index(most) <= 70
    assert model.seconds <= 1.15 * Model(Fixed(most), takes(0.1)).seconds


def test_new_connections_are_not_taken_for_a_queue() -> None:
    model = Model(Parallelism(MOST), takes(0.1), connecting=0.3)
    assert model.allowed.index(MOST) <= 70
    assert level(model, 100) > 14


@pytest.mark.parametrize(
    ("jitter", "slower", "slowest", "least"), [(0.1, 1.12, 1.15, 13), (0.3, 1.2, 1.5, 9), (0.5, 1.35, 3, START)]
)
def test_answers_that_take_now_more_now_less_are_not_taken_for_a_queue(
    jitter: float, slower: float, slowest: float, least: float
) -> None:
    paces = []
    for seed in seeds(10):
        model = Model(Parallelism(MOST), takes(0.1, jitter), seed=seed)
        assert level(model) > least
        paces.append(model.seconds / Model(Fixed(MOST), takes(0.1, jitter), seed=seed).seconds)
    assert mean(paces) < slower
    assert max(paces) < slowest


@pytest.mark.parametrize("workers", [2, 3, 4, 6, 8, 12])
@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_somebody_else_waits_at_most_half_as_long_again_in_the_median(workers: int, jitter: float) -> None:
    ratios, levels = [], []
    for seed in seeds(5):
        model = Model(Parallelism(MOST), takes(0.05, jitter), workers=workers, seed=seed, others=0.3)
        ratios.append(model.others_median / 0.05)
        levels.append(level(model, 200))
    assert mean(ratios) <= 1.5
    assert mean(levels) <= 1.25 * workers + 0.5
    assert mean(levels) >= 0.6 * workers


def test_with_as_many_as_are_allowed_they_would_wait_several_times_as_long() -> None:
    assert Model(Fixed(MOST), takes(0.05), workers=4, others=0.3).others_median > 4 * 0.05


def test_a_single_worker_is_asked_one_request_after_another() -> None:
    model = Model(Parallelism(MOST), takes(0.05), workers=1, others=0.5)
    assert level(model, 300) < 1.3


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_a_small_server_is_hardly_asked_less_than_it_can_do(workers: int) -> None:
    model = Model(Parallelism(MOST), takes(0.05), workers=workers)
    assert model.seconds <= 1.35 * Model(Fixed(MOST), takes(0.05), workers=workers).seconds


def test_while_workers_are_on_a_distant_server_its_way_is_filled() -> None:
    """Of 150 ms the four workers have each request for 50: twelve can be under way."""
    model = Model(Parallelism(MOST), takes(0.05), workers=4, way=0.1)
    assert 9 < level(model, 200) <= 14


def test_a_slow_endpoint_is_not_taken_for_a_queue() -> None:
    """In turns of 150 requests, and three of them mixed."""

    def slow(rng: random.Random, kind: str, now: float) -> float:
        return {"a": 0.1, "b": 0.5, "c": 0.05}[kind]

    for kind in (lambda number: "abc"[number // 150 % 3]), (lambda number: "abc"[number % 3]):
        model = Model(Parallelism(MOST), slow, kind=kind)
        assert level(model, 100) > 13


def test_a_server_that_is_slower_at_night_is_asked_no_less() -> None:
    for begins in range(1, 12):

        def night(rng: random.Random, kind: str, now: float, begins: float = begins) -> float:
            return 0.3 if begins <= now < begins + 30 else 0.1

        assert level(Model(Parallelism(MOST), night, requests=3000), 100) > 12


def test_when_workers_become_fewer_and_more_again_it_follows() -> None:
    parallelism = Parallelism(MOST)
    for workers, least, most in ((2, 1, 3), (10**6, 14, 16), (3, 1.5, 5), (8, 5, 11)):
        model = Model(started(parallelism), takes(0.05), workers=workers, requests=3000)
        assert least <= level(model, 1500) <= most


def test_a_short_sync_is_as_fast_as_with_four_under_way() -> None:
    for requests in (1, 4, 10, 20, 40):
        model = Model(Parallelism(MOST), takes(0.1), requests=requests)
        assert model.seconds <= Model(Fixed(4), takes(0.1), requests=requests).seconds
    assert START == 4


def test_what_was_never_under_way_is_not_allowed() -> None:
    """Five can be asked for at a time: that 16 would be all right is not known."""
    model = Model(Parallelism(MOST), takes(0.1), ahead=5)
    assert mean(model.allowed) <= 8


def test_below_some_milliseconds_nobody_waits() -> None:
    assert level(Model(Parallelism(MOST), takes(0.001), workers=4), 100) > 10


def test_those_given_up_together_are_one_overload_and_halve() -> None:
    parallelism = Parallelism(START)
    for _ in range(15):
        parallelism.overloaded(asked_at=1.0, now=2.0)
    assert parallelism.allowed == START // 2
    for now in range(3, 9):
        parallelism.overloaded(asked_at=now, now=now)
    assert parallelism.allowed == 1


def test_after_an_overload_it_is_long_calm_and_then_one_more_is_tried() -> None:
    parallelism = Parallelism(MOST)
    parallelism.overloaded(asked_at=1.0, now=2.0)
    parallelism.overloaded(asked_at=3.0, now=4.0)
    allowed = Model(started(parallelism), takes(0.1)).allowed
    assert allowed.index(2) >= 9 * CALM
    assert max(allowed[: allowed.index(2) + 10]) == 2
    assert max(allowed) == MOST


def started(parallelism: Parallelism) -> Parallelism:
    """The model's clock begins at 0."""
    parallelism._round.since = -math.inf
    return parallelism


def test_answers_to_what_was_asked_before_an_overload_prove_nothing() -> None:
    parallelism = Parallelism(2)
    parallelism.overloaded(asked_at=9.0, now=10.0)
    for _ in range(1000):
        parallelism.answered("opens", 9.5, 10.5, 10.5)
    assert parallelism.allowed == 1
