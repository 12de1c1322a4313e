"""Rows that are equal in the sort, in whatever order the database gives them for each page."""

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from source_mailcoach.paging import GetPage, Page, Position, Row
from source_mailcoach.paging_runs import walk_runs
from unit_tests.test_paging import seen, uuid_of


def value_of(row: Row) -> tuple[Any, ...]:
    return (row["at"],)


@dataclass
class TiedList:
    """Rows by time, newest first, those without a time last; those of one time come in another order for each page."""

    times: list[int | None]
    size: int
    seed: int = 0
    change: float = 0.0
    requests: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.rows = [{"uuid": number, "at": at} for number, at in enumerate(self.times)]
        self.stable = {row["uuid"] for row in self.rows}

    def page(self, number: int, newest_first: bool) -> Page:
        if self.requests:
            self.happen()
        self.requests += 1
        sign = -1 if newest_first else 1
        ordered = sorted(self.rows, key=lambda row: (sign * (row["at"] or 0), self.rng.random()))
        last = max(1, -(-len(ordered) // self.size))
        return Page(number, last, len(ordered), self.size, ordered[(number - 1) * self.size : number * self.size])

    def happen(self) -> None:
        """At most one change between two requests: a deletion that an insertion hides from the total is not seen."""
        if self.rng.random() >= self.change:
            return
        newest = 1 + max((row["at"] or 0 for row in self.rows), default=0)
        kind = self.rng.choice(["delete", "insert", "insert without a time", "get a time"])
        waiting = [row for row in self.rows if row["at"] is None]
        if kind == "delete" and self.rows:
            self.stable.discard(self.rows.pop(self.rng.randrange(len(self.rows)))["uuid"])
        elif kind == "get a time" and waiting:
            sent = self.rng.choice(waiting)
            self.stable.discard(sent["uuid"])  # it is among the newest now, which a later reading begins with
            sent["at"] = newest
        else:
            at = newest if kind == "insert" else None
            self.rows.append({"uuid": 1000 + self.requests, "at": at})

    @property
    def gets(self) -> tuple[GetPage, GetPage]:
        return lambda number: self.page(number, True), lambda number: self.page(number, False)


def read(server: TiedList, start: Position | None = None) -> list[tuple[Page, Position | None]]:
    missed: list[int] = []
    walked = list(walk_runs(server.gets, value_of, uuid_of, start, missed.append))
    assert not missed
    return walked


times = st.lists(st.none() | st.integers(1, 6), max_size=30)


@given(times=times, size=st.integers(4, 9), seed=st.integers())
@settings(max_examples=500)
def test_all_rows_come_in_whatever_order_equal_ones_are_given(times: list[int | None], size: int, seed: int) -> None:
    server = TiedList(times, size, seed)
    pages = [page for page, _ in read(server)]
    assert seen(pages) == server.stable


@given(times=times, size=st.integers(4, 9), seed=st.integers())
@settings(max_examples=500)
def test_no_row_that_stays_is_lost_while_others_come_and_go(times: list[int | None], size: int, seed: int) -> None:
    server = TiedList(times, size, seed, change=0.15)
    missed: list[int] = []
    pages = [page for page, _ in walk_runs(server.gets, value_of, uuid_of, None, missed.append)]
    waiting = {row["uuid"] for row in server.rows if row["at"] is None}  # they come when they have a time
    assert missed or server.stable - waiting <= seen(pages)


@given(times=times, size=st.integers(4, 9), seed=st.integers(), stop=st.integers(0, 8))
@settings(max_examples=500)
def test_whoever_goes_on_from_a_position_sees_the_whole_run(
    times: list[int | None], size: int, seed: int, stop: int
) -> None:
    """The rows before it are whole too: stopped anywhere and gone on with, nothing is missing."""
    server = TiedList(times, size, seed)
    before = read(server)[: stop + 1]
    position = before[-1][1]
    after = read(server, position) if position else []
    assert seen([page for page, _ in before + after]) == server.stable


def test_distinct_rows_cost_a_request_a_page() -> None:
    server = TiedList(list(range(31, 0, -1)), 15)
    assert [position for _, position in read(server)] == [Position(14, 31, 15, 17), Position(29, 31, 15, 2), None]
    assert server.requests == 3


def test_runs_that_come_in_order_cost_a_request_a_page() -> None:
    rows = [{"uuid": number, "at": number // 20} for number in range(100, 0, -1)]

    def get(number: int) -> Page:
        numbers.append(number)
        return Page(number, 10, 100, 10, rows[(number - 1) * 10 : number * 10])

    numbers: list[int] = []
    list(walk_runs((get, get), value_of, uuid_of))
    assert numbers == list(range(1, 11))


def test_says_how_many_rows_never_came() -> None:
    """Row 3 hides behind row 2 in both sorts."""
    forth = {1: [1, 2], 2: [2, 4]}
    back = {1: [4, 2], 2: [2, 1]}

    def get(rows: dict[int, list[int]]) -> GetPage:
        return lambda number: Page(number, 2, 4, 2, [{"uuid": i, "at": 7} for i in rows[number]])

    missed: list[int] = []
    list(walk_runs((get(forth), get(back)), value_of, uuid_of, None, missed.append))
    assert missed == [1]
