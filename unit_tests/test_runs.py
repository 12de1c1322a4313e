"""Rows that are equal in the sort: how many of a run have come, and how many are missing."""

from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.runs import Run, Runs
from unit_tests.moving_list import text, time_of, uuid_of


def page(number: int, rows: range, total: int = 60, at: int = 7) -> Page:
    return Page(number, -(-total // 10), total, 10, [{"uuid": row, "at": text(at)} for row in rows])


def feed(runs: Runs, page: Page) -> tuple[list[bool], list[Run]]:
    return runs.feed(page, list(map(uuid_of, page.rows)), 0, True)


def test_a_row_that_vanished_makes_up_for_none_that_is_missing() -> None:
    """Whether it shows by a smaller total, or by a page with fewer rows than were counted."""
    for later in (page(2, range(10, 20), total=59), page(6, range(50, 59))):
        run = Run("equal", False, 0, 20, 60, pages=2)
        assert all(map(run.add, range(20)))
        run.see_total(page(2, range(10, 20)))
        assert run.missing == 0
        run.see_total(later)
        assert run.missing == 20
        assert not run.add(3), "it is no new row for that"
        assert run.missing == 19


def test_a_list_without_a_sort_is_one_run_of_as_many_places_as_the_server_counts() -> None:
    runs = Runs(lambda row: (), None)
    for number, total in enumerate((45, 45, 45, 25), 1):
        feed(runs, page(number, range(10 * number - 10, min(total, 10 * number)), total))
    assert runs.open
    assert (runs.open.first, runs.open.end) == (0, 25)


def test_what_is_read_again_is_not_new_and_closes_no_run() -> None:
    runs = Runs(time_of, time_of)
    assert feed(runs, page(1, range(10))) == ([True] * 10, [])
    assert feed(runs, page(2, range(10, 20))) == ([True] * 10, [])
    runs.restart()
    assert feed(runs, page(1, range(10))) == ([False] * 10, [])
    assert runs.open
    assert runs.open.counted == 10, "of those that came before, some may have vanished"
    runs.restart()
    assert feed(runs, page(1, range(100, 110), at=8)) == ([True] * 10, [])


def test_rows_pushed_back_after_their_run_has_come_to_its_end_are_a_run_of_their_own() -> None:
    runs = Runs(time_of, time_of)
    feed(runs, page(1, range(10)))
    runs.restart()
    feed(runs, page(1, range(10)))
    (whole,) = feed(runs, page(2, range(10, 20), at=6))[1]
    feed(runs, page(3, range(10)))
    (again,) = feed(runs, page(4, range(20, 30), at=5))[1]
    assert (whole.counted, again.counted) == (10, 10)


def test_rows_that_come_in_at_the_front_push_the_run_that_is_open() -> None:
    runs = Runs(time_of, time_of)
    feed(runs, page(1, range(10)))
    runs.pushed(3)
    feed(runs, page(2, range(7, 17), total=63))
    assert runs.open
    assert (runs.open.first, runs.open.end, runs.open.missing) == (3, 20, 0)
