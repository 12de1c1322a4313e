"""The reader's contract, over thousands of lists that move: each row that stays comes, and at what cost."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from source_mailcoach.sync.asking import GRACE, LIMIT
from source_mailcoach.sync.paging import Page, PagingError, Position, Reply
from source_mailcoach.sync.reader import Reader
from source_mailcoach.sync.trail import Order
from unit_tests.moving_list import (
    BY_ID,
    BY_TIME,
    TIED,
    MovingList,
    Scripted,
    a_list,
    first_is_deleted,
    last_moves_to_the_front,
    numbered,
    read,
    time_of,
    uuid_of,
)
from unit_tests.seeds import seeds

KINDS = ["id", "time", "tied", "whole"]
# What can happen to which list, and the requests that each change costs at most, on average. Below, a page of `size`
# rows is 4 to 30: a row at the front costs 1/4 at the most.
CHANGES = [
    ("id", "front", 0.25),
    ("id", "delete", 2),
    ("id", "delete_in_bulk", 8),
    ("time", "front", 0.25),
    ("time", "further_down", 2),
    ("time", "delete", 4),
    ("time", "delete_in_bulk", 8),
    ("time", "move", 0.25),
    ("time", "move_in_bulk", 1),
    ("tied", "front", 0.25),
    ("tied", "further_down", 3),
    ("tied", "at_the_end", 2),
    ("tied", "delete", 8),
    ("tied", "move", 8),
    ("tied", "move_in_bulk", 12),
    ("whole", "front", 60),
    ("whole", "delete", 60),
]


@pytest.mark.parametrize("parallel", [1, 4, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_does_not_move_costs_a_request_a_page_and_gives_each_row_once(kind: str, parallel: int) -> None:
    for seed in seeds(20):
        server = a_list(seed, kind, parallel=parallel)
        outcome = read(server)
        assert sorted(outcome.came) == [row["uuid"] for row in sorted(server.rows, key=lambda row: row["uuid"])]
        assert (outcome.more, outcome.reader.missing, outcome.reader.unproved) == (0, 0, False)


@pytest.mark.parametrize("rate", [0.02, 0.1])
@pytest.mark.parametrize(("kind", "change", "cost"), CHANGES)
def test_no_row_that_stays_is_lost_while_one_thing_happens_and_it_costs_what_the_contract_says(
    kind: str, change: str, cost: float, rate: float
) -> None:
    """Before a page is counted, and between its count and its rows as well."""
    more = changed = 0
    for seed in seeds(12):
        server = a_list(seed, kind, rate=rate, changes=(change,), half_steps=change not in {"front", "move"})
        outcome = read(server)
        assert not outcome.lost, seed
        assert outcome.reader.missing == 0, seed
        more, changed = more + outcome.more, changed + server.changed
    assert more <= cost * changed


@pytest.mark.parametrize("parallel", [1, 4, 16])
@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("id", ("front", "delete", "delete_in_bulk")),
        ("time", ("front", "delete", "move", "move_in_bulk")),
        ("tied", ("front", "delete", "move")),
        ("whole", ("front", "delete")),
    ],
)
def test_no_row_that_stays_is_lost_whatever_happens_between_two_requests(
    kind: str, changes: tuple[str, ...], parallel: int
) -> None:
    """One thing at a time: what hides another from the total is not seen."""
    for seed in seeds(30):
        server = a_list(seed, kind, rate=0.1, changes=changes, half_steps=False, parallel=parallel)
        outcome = read(server)
        assert not outcome.lost, seed
        assert outcome.reader.missing == 0, seed


@pytest.mark.parametrize("between", [1, 10, 100])
@pytest.mark.parametrize(
    ("kind", "changes"),
    [("id", ("front", "delete")), ("time", ("front", "delete", "move")), ("tied", ("front", "delete", "move"))],
)
def test_whoever_goes_on_from_a_position_hours_later_misses_no_row(
    kind: str, changes: tuple[str, ...], between: int
) -> None:
    for seed in seeds(20):
        server = a_list(seed, kind, rate=0.02, changes=changes, half_steps=False)
        stop, position = server.rng.randrange(1, server.pages + 1), None
        came: set[int] = set()
        for number, (page, reached) in enumerate(server.reader(), 1):
            came.update(row["uuid"] for row in page.rows)
            position = reached or position
            if number == stop:
                break
        for _ in range(between):
            getattr(server, server.rng.choice(changes))()
        outcome = read(server, position)
        assert not outcome.lost - came, seed


@pytest.mark.parametrize("kind", ["id", "time", "tied"])
def test_going_on_where_nothing_has_changed_costs_the_page_before_the_position_again(kind: str) -> None:
    for seed in seeds(20):
        server = a_list(seed, kind)
        readings = [position for _, position in server.reader() if position]
        before = server.requests
        if readings and kind != "tied":
            read(server, readings[-1])
            assert server.requests - before <= 3


@pytest.mark.parametrize("came_in", [1, 14, 15, 100, 1000])
@pytest.mark.parametrize("kind", ["id", "time", "tied"])
def test_going_on_where_rows_have_come_in_at_the_front_is_two_requests_from_the_place(kind: str, came_in: int) -> None:
    server = MovingList(kind, random.Random(1), numbered(600), half_steps=False)
    *_, position = (position for _, position in itertools.islice(server.reader(), 20) if position)
    for _ in range(came_in):
        server.front()
    before = server.requests
    outcome = read(server, position)
    assert set(range(300)) <= set(outcome.came)
    assert server.requests - before <= 20 + 2 + 2


@pytest.mark.parametrize("places", [range(3), range(20), range(400, 403), range(400, 425)], ids=str)
@pytest.mark.parametrize("kind", ["id", "time", "tied"])
def test_going_on_where_some_rows_were_deleted_is_a_short_search(kind: str, places: range) -> None:
    """Before the place, or behind it: the total does not say which."""
    server = MovingList(kind, random.Random(1), numbered(600), half_steps=False)
    *_, position = (position for _, position in itertools.islice(server.reader(), 20) if position)
    for place in reversed(places):
        server.stays.discard(server.rows.pop(place)["uuid"])
    before = server.requests
    outcome = read(server, position)
    assert server.stays & set(range(300)) <= set(outcome.came)
    assert server.requests - before <= 20 + 2 + 4


def test_a_position_is_found_again_in_a_list_that_has_shrunk_to_a_hundredth() -> None:
    rows = [{"uuid": number, "at": number} for number in range(1000, 0, -1)]
    server = MovingList("tied", random.Random(1), rows, size=15)
    reader = server.reader(Position(90_000, 100_000, 15, "000000500"))
    came = {row["uuid"] for page, _ in reader for row in page.rows}
    assert set(range(1, 500)) <= came
    assert server.requests <= 34 + 15


@pytest.mark.parametrize("kind", ["tied", "whole"])
def test_equal_rows_all_come_though_the_database_orders_them_anew_for_each_page(kind: str) -> None:
    lost = 0
    for seed in seeds(20):
        server = a_list(seed, kind, ties="anew")
        server.rows = server.rows[:100] if kind == "whole" else server.rows
        server.stays = {row["uuid"] for row in server.rows}
        outcome = read(server)
        assert len(outcome.lost) <= outcome.reader.missing
        lost += len(outcome.lost)
    assert not lost


def test_a_few_equal_rows_that_come_in_the_same_order_twice_by_chance_are_looked_for_again() -> None:
    """Runs of two to six rows, many of them across the end of a page."""
    for seed in seeds(60):
        rng = random.Random(seed)
        times = [at for at in range(60) for _ in range(rng.randrange(2, 7))]
        rows = [{"uuid": number, "at": at} for number, at in enumerate(times)]
        outcome = read(MovingList("tied", rng, rows, size=rng.choice((3, 4, 5, 15)), ties="anew"))
        assert (outcome.lost, outcome.reader.missing) == (set(), 0), seed


def test_rows_that_a_database_has_on_no_page_are_counted_and_looked_for_twice() -> None:
    """The same order each time, another one for each page and direction: further readings bring nothing more."""
    missing = 0
    for seed in seeds(20):
        server = a_list(seed, "tied", ties="by page")
        outcome = read(server)
        assert len(outcome.lost) == outcome.reader.missing, seed
        assert server.requests <= 5 * server.pages + 10
        missing += outcome.reader.missing
    assert missing


@pytest.mark.parametrize("equal", [160, 400, 1000])
def test_many_equal_rows_of_which_some_are_on_no_page_cost_two_further_readings(equal: int) -> None:
    for seed in seeds(10):
        rows = [{"uuid": number, "at": 1} for number in range(equal)]
        server = MovingList("tied", random.Random(seed), rows, ties="by page")
        outcome = read(server)
        assert len(outcome.lost) == outcome.reader.missing, seed
        assert server.requests <= server.pages + 2 * (server.pages + 2), seed


@pytest.mark.parametrize("kind", ["id", "time"])
def test_the_place_is_known_again_though_all_rows_right_before_it_are_deleted(kind: str) -> None:
    def delete(server: MovingList) -> None:
        for _ in range(10):
            server.stays.discard(server.rows.pop(29 * 15 - 9)["uuid"])

    server = Scripted(kind, random.Random(1), numbered(600), half_steps=False, script={31: delete})
    outcome = read(server)
    assert not outcome.lost
    assert server.requests <= 40 + 4


def test_a_row_deleted_between_count_and_rows_of_a_page_does_not_pull_another_past_the_reader() -> None:
    """46 rows; row 4 vanishes after request 2 was counted, so page 2 begins with row 16: row 15 is on page 1 now."""
    server = MovingList("id", random.Random(1), [{"uuid": number, "at": number} for number in range(46)], size=15)
    asked: list[int] = []

    def ask(number: int, last: int) -> Reply:
        asked.append(number)
        page = server.asker()(number, last).page
        if len(asked) == 2:
            total = len(server.rows)
            server.rows.pop(4)
            page = Page(number, 4, total, 15, server.rows[15:30])
        return Reply(page, len(asked), len(asked) + 0.5)

    came = {row["uuid"] for page, _ in Reader(ask, BY_ID) for row in page.rows}
    assert {row["uuid"] for row in server.rows} <= came
    assert asked == [1, 2, 3, 2, 1, 4]


@pytest.mark.parametrize(("dropped", "place"), itertools.product((0, 7, 13, 14), (15, 16, 22, 29)))
def test_a_row_that_drops_onto_the_next_page_pulls_no_other_past_the_reader(dropped: int, place: int) -> None:
    """The time of a first open is corrected to an earlier one: the total stays, and a row of page 2 moves to page 1."""
    script = {2: lambda server: server.rows.insert(place, server.rows.pop(dropped))}
    server = Scripted("time", random.Random(1), numbered(46), half_steps=False, script=script)
    came = {row["uuid"] for page, _ in Reader(server.asker(), Order(uuid_of, time_of)) for row in page.rows}
    assert came == set(range(46))
    assert server.requests <= 4 + 2


@pytest.mark.parametrize("deleted", [2, 3, 4])
@pytest.mark.parametrize("kind", ["time", "tied"])
def test_a_row_that_moves_to_the_front_while_the_reader_goes_back_for_a_deleted_one_hides_no_other(
    kind: str, deleted: int
) -> None:
    script = {deleted: first_is_deleted, deleted + 1: last_moves_to_the_front}
    assert not read(Scripted(kind, random.Random(1), numbered(60), half_steps=False, script=script)).lost


@pytest.mark.parametrize("kind", ["time", "tied"])
def test_deletions_and_moves_in_turn_lose_no_row(kind: str) -> None:
    for seed in seeds(80):
        outcome = read(a_list(seed, kind, rate=0.3, changes=("delete", "move"), half_steps=False))
        assert not outcome.lost, seed


@pytest.mark.parametrize(
    ("change", "waiting", "moments"),
    [
        (MovingList.front, 0, range(20, 2000, 20)),  # between count and rows
        (MovingList.front, 10, range(20, 2000, 20)),
        (last_moves_to_the_front, 60, range(21, 2000, 20)),
    ],
)
def test_a_row_that_comes_in_at_the_front_unnoticed_by_the_total_costs_two_requests(
    change: Callable[[MovingList], None], waiting: int, moments: range
) -> None:
    server = Scripted("tied", random.Random(1), numbered(450, waiting), script=dict.fromkeys(moments, change))
    outcome = read(server)
    assert not outcome.lost
    assert server.changed
    assert outcome.more <= 2 * server.changed + 1


@pytest.mark.parametrize("change", ["move", "move_in_bulk"])
@pytest.mark.parametrize("kind", ["time", "tied"])
def test_rows_that_move_to_the_front_meanwhile_come_too_if_they_are_caught_up_with(kind: str, change: str) -> None:
    """In 122 and 135 what moved looks like equal rows in another order."""
    for seed in [*seeds(20), 122, 135]:
        server = a_list(seed, kind, rate=0.1, changes=(change,), half_steps=False)
        everything = {row["uuid"] for row in server.rows if row["at"] is not None}
        outcome = read(server, catch_up=True)
        assert everything <= set(outcome.came), seed


@pytest.mark.parametrize("moved", [15, 20, 45])
@pytest.mark.parametrize("kind", ["time", "tied"])
def test_rows_that_move_in_bulk_past_whoever_has_just_gone_on_are_caught_up_with(kind: str, moved: int) -> None:
    """Nothing that is seen then was seen before: only the times say that rows have come in."""
    server = Scripted(kind, random.Random(1), numbered(150), half_steps=False)
    came, position = set(), None
    for page, reached in itertools.islice(server.reader(None, True), 5):
        came |= {row["uuid"] for row in page.rows}
        position = reached or position

    def move(server: MovingList) -> None:
        for _ in range(moved):
            last_moves_to_the_front(server)

    server.script = {server.moment + 2: move}
    assert set(range(150)) <= came | set(read(server, position, catch_up=True).came)


@pytest.mark.parametrize("first_run", [1, 20, 100])
def test_equal_rows_at_the_front_that_only_change_places_are_caught_up_with_once(first_run: int) -> None:
    for seed in seeds(20):
        rng = random.Random(seed)
        rows = [{"uuid": number, "at": min(number, 200)} for number in range(200 + first_run)]
        server = MovingList("tied", rng, rows, ties="anew")
        outcome = read(server, catch_up=True)
        assert (outcome.lost, outcome.reader.missing, outcome.reader.unproved) == (set(), 0, False), seed
        assert outcome.more <= 8 * (first_run // 15 + 2)


@pytest.mark.parametrize("kind", ["id", "time", "tied"])
def test_a_page_size_that_changes_in_the_middle_loses_nothing(kind: str) -> None:
    for seed in seeds(20):
        server = a_list(seed, kind)
        came: set[int] = set()
        for number, (page, _) in enumerate(server.reader(), 1):
            came.update(row["uuid"] for row in page.rows)
            if number == 3:
                server.size = server.rng.choice([3, 10, 50])
        assert not server.wanted - came, seed


@pytest.mark.parametrize("change", ["front_in_bulk", "further_down", "delete", "move", "at_the_end"])
@pytest.mark.parametrize("kind", ["id", "time", "tied"])
def test_a_list_that_changes_with_every_request_is_read_to_an_end(kind: str, change: str) -> None:
    for seed in seeds(4):
        slow = "bulk" in change or (kind, change) == ("tied", "further_down")  # each page takes several readings then
        server = a_list(seed, kind, rate=0.1 if slow else 1.0, changes=(change,))
        pages = server.pages
        outcome = read(server)
        assert server.requests <= 4 * (LIMIT * pages + GRACE) + server.pages
        assert outcome.reader.missing == 0, seed


def test_overlap_comes_back_when_a_list_is_calm_again() -> None:
    """A new row every 300 requests, 6,667 pages, four requests under way."""
    total, asked, ahead = 100_000, 0, 0

    def ask(number: int, last: int) -> Reply:
        nonlocal total, asked, ahead
        asked += 1
        total += asked % 300 == 0
        ahead += last > number
        first = total - (number - 1) * 15
        rows = [{"uuid": uuid} for uuid in range(first, max(0, first - 15), -1)]
        return Reply(Page(number, -(-total // 15), total, 15, rows), asked, asked + 0.5)

    pages = sum(1 for _ in Reader(ask, BY_ID))
    assert pages >= 6667
    assert ahead >= 0.9 * asked


def test_a_list_that_moves_all_the_time_is_read_a_page_at_a_time() -> None:
    """Else each new row would throw away all that is under way, and the server's limit with it."""
    server = a_list(3, "id", rate=1.0, changes=("front",), half_steps=False, parallel=8, size=4)
    outcome = read(server)
    assert not outcome.lost
    assert outcome.more <= 0.1 * server.pages


def pages_of(answers: list[tuple[int, int, int, list[int]]]) -> Callable[[int, int], Reply]:
    def ask(number: int, last: int) -> Reply:
        named, pages, total, rows = answers[min(number, len(answers)) - 1]
        return Reply(Page(named, pages, total, 2, [{"uuid": uuid, "at": str(uuid)} for uuid in rows]), number, number)

    return ask


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ([(1, 3, 6, [6, 5]), (1, 3, 6, [6, 5])], "page 1 of 2 rows came instead of page 2"),
        ([(1, 3, 6, [6, 5]), (2, 3, 6, [6, 5]), (3, 3, 6, [6, 5])], "page 2 has the rows of page 1"),
        ([(1, 2, 4, [6, 5]), (2, 2, 4, [6, 5])], "page 2 has the rows of page 1"),
        ([(1, 3, 6, [6, 5]), (2, 1, 0, [])], "the list came empty after it had many rows"),
    ],
)
@pytest.mark.parametrize("order", [BY_ID, BY_TIME, TIED])
def test_a_server_that_makes_no_sense_is_not_read_on(
    order: object, answers: list[tuple[int, int, int, list[int]]], wrong: str
) -> None:
    with pytest.raises(PagingError, match=wrong):
        list(Reader(pages_of(answers), order))  # type: ignore[arg-type]


def test_equal_rows_that_are_on_two_pages_in_the_same_order_are_no_broken_list() -> None:
    """A database that has pages 2 and 3 alike lacks two rows; a cache would give the other pages like that too."""
    rows = [[], [(8, 9), (7, 8)], [(4, 5), (3, 5)], [(4, 5), (3, 5)], [(2, 2), (1, 1)], []]

    def ask(number: int, last: int) -> Reply:
        page = [{"uuid": uuid, "at": str(at)} for uuid, at in rows[number]]
        return Reply(Page(number, 4, 8, 2, page), number, number)

    def backwards(number: int, last: int) -> Reply:
        reply = ask(5 - number, last)
        return replace(reply, page=replace(reply.page, number=number, rows=reply.page.rows[::-1]))

    reader = Reader(ask, TIED, reverse=backwards)
    assert [row["uuid"] for page, _ in reader for row in page.rows] == [8, 7, 4, 3, 2, 1]
    assert reader.missing == 2


def test_a_cache_whose_pages_contradict_each_other_does_not_keep_the_reader_for_ever() -> None:
    """One copy says that there are 40 rows, the other 39, in turn."""
    asked = 0

    def ask(number: int, last: int) -> Reply:
        nonlocal asked
        asked += 1
        total = 40 - asked % 2
        rows = [{"uuid": uuid} for uuid in range(total - 5 * (number - 1), max(0, total - 5 * number), -1)]
        return Reply(Page(number, 8, total, 5, rows), asked, asked + 0.5)

    reader = Reader(ask, BY_ID)
    assert list(reader)
    assert reader.unproved
    assert asked <= 4 * (LIMIT * 8 + GRACE)
