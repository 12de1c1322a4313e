"""By what rows are known again on a later page, and in a later sync."""

from source_mailcoach.sync.paging import Page, fingerprint
from source_mailcoach.sync.trail import MARKS, RECENT, Trail
from unit_tests.moving_list import BY_ID, BY_TIME, text


def page(number: int, newest: int, total: int = 1000, size: int = 15) -> Page:
    """Rows count down from the newest on the page."""
    rows = [{"uuid": row, "at": text(row)} for row in range(newest, newest - size, -1)]
    return Page(number, -(-total // size), total, size, rows)


def test_a_position_holds_the_time_of_the_last_row_and_marks_of_the_last_few() -> None:
    """Marks of several rows: some may be deleted until a later sync looks for the place."""
    trail = Trail(BY_TIME, None)
    trail.see_top(page(1, 1000))
    position = trail.position_after(page(2, 985))
    assert position
    assert (position.rows, position.total, position.size) == (30, 1000, 15)
    assert (position.since, position.top) == (text(971), text(1000))
    assert position.marks == tuple(fingerprint(row) for row in range(970 + MARKS, 970, -1))


def test_a_row_that_stands_further_back_than_when_it_came_was_pushed() -> None:
    trail = Trail(BY_ID, None)
    trail.add(page(2, 985))
    assert not trail.is_pushed(page(2, 985))
    assert not trail.is_pushed(page(2, 984)), "pulled forward"
    assert not trail.is_pushed(page(2, 500)), "none of them is known"
    assert trail.is_pushed(page(2, 986))


def test_of_a_long_list_the_keys_of_the_last_pages_are_kept() -> None:
    trail = Trail(BY_ID, None)
    for number in range(1, RECENT + 3):
        trail.add(page(number, 3000 - 15 * number))
        trail.settle(page(number, 3000 - 15 * number), None)
    keys = [list(map(BY_ID.key_of, page(number, 3000 - 15 * number).rows)) for number in range(1, RECENT + 3)]
    assert not any(key in trail for key in keys[0] + keys[1])
    assert all(key in trail for key in keys[2] + keys[-1])


def test_a_position_is_kept_where_the_pages_that_follow_have_none() -> None:
    trail = Trail(BY_ID, None)
    trail.settle(page(1, 1000), trail.position_after(page(1, 1000)))
    trail.settle(page(2, 985), None)
    assert trail.position
    assert trail.position.rows == 15
