"""No row that exists throughout a reading is lost, whatever else happens to the list meanwhile."""

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_mailcoach.paging import GetPage, NotAPage, Page, PagingError, Position, Row, walk, walk_tied

Change = tuple[str, int]  # ("insert", how many at the front) or ("delete", which row, modulo the length)


@dataclass
class ServerList:
    """A list on a server, newest first, that changes between two requests."""

    ids: list[int]
    size: int
    changes: list[list[Change]] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self.stable = set(self.ids)
        self.next_id = max(self.ids, default=0) + 1

    def get(self, number: int) -> Page:
        for kind, value in self.changes.pop(0) if self.changes and self.requests else []:
            if kind == "insert":
                self.ids[:0] = range(self.next_id, self.next_id + value)
                self.next_id += value
            elif self.ids:
                self.stable.discard(self.ids.pop(value % len(self.ids)))
        self.requests += 1
        return page_of(self.ids, number, self.size)


def page_of(ids: list[int], number: int, size: int) -> Page:
    last = max(1, -(-len(ids) // size))
    rows = [{"uuid": row_id} for row_id in ids[(number - 1) * size : number * size]]
    return Page(number, last, len(ids), size, rows)


def read(get: GetPage, start: Position | None = None) -> list[Page]:
    return [page for page, _ in walk(get, start)]


def seen(pages: list[Page]) -> set[int]:
    return {row["uuid"] for page in pages for row in page.rows}


def uuid_of(row: Row) -> int:
    return int(row["uuid"])


lists = st.integers(0, 60).map(lambda length: list(range(length, 0, -1)))
sizes = st.integers(1, 7)
insert = st.tuples(st.just("insert"), st.integers(1, 9))
delete = st.tuples(st.just("delete"), st.integers(0, 100))


@given(ids=lists, size=sizes, changes=st.lists(st.lists(insert | delete, max_size=6), max_size=25))
@settings(max_examples=1000)
def test_loses_no_row_that_stays_under_inserts_at_the_front_and_deletions_anywhere(
    ids: list[int], size: int, changes: list[list[Change]]
) -> None:
    server = ServerList(ids, size, changes)
    assert server.stable <= seen(read(server.get))


@given(ids=lists, size=sizes)
def test_an_unchanged_list_costs_a_request_a_page_and_comes_in_order_without_repeats(ids: list[int], size: int) -> None:
    server = ServerList(list(ids), size)
    pages = read(server.get)
    assert [row["uuid"] for page in pages for row in page.rows] == ids
    assert server.requests == max(1, -(-len(ids) // size))


def test_a_deletion_costs_the_pages_that_hold_as_many_rows_and_no_more() -> None:
    server = ServerList(list(range(100, 0, -1)), 10, [[], [], [], [("delete", 0)]])
    read(server.get)
    assert server.requests == 10 + 2  # page 4 again, for the row that slipped, and page 5, which noticed


def test_a_short_page_is_not_the_end() -> None:
    pages = {1: Page(1, 2, 3, 2, [{"uuid": 1}]), 2: Page(2, 2, 3, 2, [{"uuid": 2}, {"uuid": 3}])}
    assert seen(read(pages.__getitem__)) == {1, 2, 3}


def test_the_size_that_the_server_gives_counts_not_the_one_that_was_asked_for() -> None:
    assert seen(read(ServerList(list(range(31, 0, -1)), 15).get)) == set(range(1, 32))


def test_a_server_that_ignores_the_page_number_is_an_error_not_an_endless_loop() -> None:
    with pytest.raises(PagingError, match="page 1 of 10 rows came instead of page 2"):
        read(lambda number: page_of(list(range(30)), 1, 10))


def test_a_page_that_repeats_is_an_error_not_an_endless_loop() -> None:
    with pytest.raises(PagingError, match="page 2 has the rows of page 1"):
        read(lambda number: Page(number, 3, 30, 10, page_of(list(range(30)), 1, 10).rows))


def test_totals_that_go_to_and_fro_are_an_error_not_an_endless_loop() -> None:
    """As where a cache has kept one page and not the other."""
    with pytest.raises(PagingError, match="keep vanishing"):
        read(lambda number: Page(number, 2, 20 if number == 1 else 18, 15, page_of(list(range(20)), number, 15).rows))


@given(size_before=sizes, size=sizes, ids=lists, stop=st.integers(0, 10), changes=st.lists(insert | delete, max_size=9))
def test_goes_on_in_a_later_sync_where_it_stopped_though_rows_and_page_size_have_changed(
    size_before: int, size: int, ids: list[int], stop: int, changes: list[Change]
) -> None:
    server = ServerList(ids, size_before)
    walked = list(islice(walk(server.get), stop))
    position = walked[-1][1] if walked else None
    if walked and not position:
        return  # it was at the end
    requests = server.requests
    server.changes, server.size = [changes], size
    pages = [page for page, _ in walked] + read(server.get, position)
    assert server.stable <= seen(pages)
    if not changes and size == size_before:
        assert server.requests - requests == max(1, -(-len(ids) // size)) - len(walked)


def tied(ids: list[int], size: int, seed: int) -> GetPage:
    """A list whose rows all tie: a database may order them anew for each page."""
    rng = random.Random(seed)
    return lambda number: page_of(rng.sample(ids, len(ids)), number, size)


@given(ids=st.integers(0, 40).map(lambda length: list(range(length))), size=st.integers(4, 20), seed=st.integers())
def test_reads_tied_rows_until_all_that_the_server_counts_were_seen_each_once(
    ids: list[int], size: int, seed: int
) -> None:
    pages = list(walk_tied([tied(ids, size, seed), tied(ids, size, seed + 1)], uuid_of, rounds=60, patience=30))
    rows = [row["uuid"] for page in pages for row in page.rows]
    assert sorted(rows) == ids


def test_tied_rows_that_come_in_order_cost_a_request_a_page() -> None:
    server = ServerList(list(range(31, 0, -1)), 15)
    list(walk_tied([server.get], uuid_of))
    assert server.requests == 3


def test_the_reverse_sort_finds_what_a_database_misplaces_every_time() -> None:
    """Page 1 and page 2 are made by different plans, and the third row falls between them."""
    forth = {1: page_of([1, 2, 3, 4], 1, 2), 2: page_of([1, 3, 2, 4], 2, 2)}
    back = {1: page_of([4, 3, 2, 1], 1, 2), 2: page_of([4, 3, 2, 1], 2, 2)}
    pages = list(walk_tied([forth.__getitem__, back.__getitem__], uuid_of))
    assert seen(pages) == {1, 2, 3, 4}


def test_says_how_many_rows_the_server_counts_but_never_gives() -> None:
    def get(number: int) -> Page:
        return Page(number, 2, 5, 3, page_of([1, 2, 3, 4], number, 3).rows)

    def missing() -> Generator[Page, None, None]:
        result.append((yield from walk_tied([get], uuid_of)))

    result: list[int] = []
    list(missing())
    assert result == [1]


def test_a_single_page_that_lacks_a_row_is_read_twice_only() -> None:
    numbers: list[int] = []

    def get(number: int) -> Page:
        numbers.append(number)
        return Page(1, 1, 3, 15, [{"uuid": 1}, {"uuid": 2}])

    list(walk_tied([get], uuid_of))
    assert numbers == [1, 1]


def test_reads_the_envelope_of_laravel_also_with_numbers_as_strings() -> None:
    meta = {"current_page": 2, "last_page": "3", "total": "31", "per_page": "15", "from": 16}
    page = Page.from_payload({"data": [{"uuid": "a"}], "links": {"next": "http://internal/"}, "meta": meta})
    assert page == Page(2, 3, 31, 15, [{"uuid": "a"}])


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"1": {"uuid": "a"}, "3": {"uuid": "b"}}, [{"uuid": "a"}, {"uuid": "b"}]),
        ([{"uuid": "a"}, None, "text", []], [{"uuid": "a"}, None, "text", []]),
    ],
)
def test_a_list_with_gaps_is_a_list_and_rows_that_are_none_are_left_to_the_reader(data: object, rows: object) -> None:
    meta = {"current_page": 1, "last_page": 1, "total": 4, "per_page": 15}
    assert Page.from_payload({"data": data, "meta": meta}).rows == rows


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "text",
        {},
        {"data": []},
        {"data": {}, "meta": {}},
        {"data": [], "meta": []},
        {"data": {"uuid": {}}, "meta": {"current_page": 1, "last_page": 1, "total": 1, "per_page": 15}},
        {"data": [1], "meta": {"current_page": 1, "last_page": 1, "total": 1, "per_page": 15}},
        {"data": [], "meta": {"current_page": None, "last_page": 1, "total": 0, "per_page": 15}},
    ],
)
def test_anything_else_is_not_a_page(payload: object) -> None:
    with pytest.raises(NotAPage):
        Page.from_payload(payload)
