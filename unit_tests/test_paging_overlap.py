"""Requests that overlap lose no more rows than requests one after another: none."""

import random
from collections.abc import Callable, Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from source_mailcoach.paging import Page, in_order, walk
from unit_tests.test_paging import ServerList, seen, uuid_of


class Overlapping:
    """Asks for pages ahead, as many as `parallel` at a time, and answers them in any order.

    `change` is what happens to the list between two answers.
    """

    def __init__(self, server: ServerList, parallel: int, rng: random.Random, change: Callable[[], object]) -> None:
        self.server, self.parallel, self.rng, self.change = server, parallel, rng, change
        self.under_way: list[int] = []
        self.answers: dict[int, Page] = {}
        self.requests = 0

    def ask(self, number: int, last: int) -> tuple[Page, bool]:
        early = number in self.under_way or number in self.answers
        for wanted in [number, *range(number + 1, min(last, number + self.parallel - 1) + 1)]:
            if wanted not in self.under_way and wanted not in self.answers:
                self.under_way.append(wanted)
                self.requests += 1
        while number not in self.answers:
            self.answer(self.rng.choice(self.under_way))
        while self.under_way and self.rng.random() < 0.5:
            self.answer(self.rng.choice(self.under_way))
        return self.answers.pop(number), early

    def answer(self, number: int) -> None:
        self.change()
        self.under_way.remove(number)
        self.answers[number] = self.server.get(number)

    def forget(self) -> None:
        self.under_way.clear()
        self.answers.clear()


def changes(server: ServerList, rng: random.Random, how_often: float) -> Iterator[None]:
    """Rows come at the front, go from anywhere, and move to the front, also several of that at a time."""
    while True:
        while rng.random() < how_often:
            kind = rng.choice(["insert", "delete", "move"])
            if kind != "delete":
                server.ids.insert(0, server.next_id)
                server.next_id += 1
            if kind != "insert" and server.ids:
                server.stable.discard(server.ids.pop(rng.randrange(len(server.ids))))
        yield


@given(
    length=st.integers(0, 60),
    size=st.integers(2, 6),
    parallel=st.integers(1, 6),
    seed=st.integers(),
    how_often=st.sampled_from([0.05, 0.2, 0.5]),
)
@settings(max_examples=1500)
def test_no_row_that_stays_is_lost_in_whatever_order_the_server_answers(
    length: int, size: int, parallel: int, seed: int, how_often: float
) -> None:
    rng = random.Random(seed)
    server = ServerList(list(range(length, 0, -1)), size)
    change = changes(server, rng, how_often)
    overlapping = Overlapping(server, parallel, rng, lambda: next(change))
    pages = [page for page, _ in walk(in_order(overlapping.ask, overlapping.forget, uuid_of))]
    assert server.stable <= seen(pages)


@given(length=st.integers(0, 90), size=st.integers(1, 7), parallel=st.integers(1, 6), seed=st.integers())
def test_a_list_that_does_not_move_costs_a_request_a_page(length: int, size: int, parallel: int, seed: int) -> None:
    server = ServerList(list(range(length, 0, -1)), size)
    overlapping = Overlapping(server, parallel, random.Random(seed), lambda: None)
    pages = [page for page, _ in walk(in_order(overlapping.ask, overlapping.forget, uuid_of))]
    assert [page.number for page in pages] == list(range(1, pages[0].last + 1))
    assert overlapping.requests == len(pages)


def test_a_list_that_keeps_moving_is_read_a_page_at_a_time_most_of_the_time() -> None:
    """Else each new row would throw away all that is under way, and the server's limit with it."""
    server = ServerList(list(range(3000, 0, -1)), 10)

    def insert() -> None:
        server.ids.insert(0, server.next_id)
        server.next_id += 1

    overlapping = Overlapping(server, 8, random.Random(1), insert)
    pages = [page for page, _ in walk(in_order(overlapping.ask, overlapping.forget, uuid_of))]
    assert server.stable <= seen(pages)
    assert overlapping.requests < 1.1 * len(pages)
