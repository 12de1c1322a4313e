"""Rows that went to the front of a list while it was read."""

from source_mailcoach.sync.catch_up import CatchUp
from source_mailcoach.sync.paging import Page
from unit_tests.moving_list import BY_TIME


def page(*rows: tuple[int, str]) -> Page:
    return Page(1, 1, len(rows), 15, [{"uuid": uuid, "at": at} for uuid, at in rows])


def newcomers(before: Page, now: Page) -> list[int]:
    catch_up = CatchUp(BY_TIME)
    catch_up.note(before, before.rows[0]["at"])
    pages = catch_up.newcomers(lambda number: now, before.rows[0]["at"], 10)
    return [row["uuid"] for page in pages for row in page.rows]


def test_a_row_that_moved_into_the_second_of_the_first_row_comes_and_the_first_row_not_again() -> None:
    assert newcomers(page((1, "5"), (2, "4"), (3, "3")), page((1, "5"), (3, "5"), (2, "4"))) == [3]


def test_where_nothing_moved_nothing_comes() -> None:
    assert newcomers(page((1, "5"), (2, "5"), (3, "3")), page((1, "5"), (2, "5"), (3, "3"))) == []
