"""What each sight of a window says of its length."""

import math

import pytest

from source_mailcoach.transport.rate_window import ENOUGH, Length


@pytest.mark.parametrize(
    ("seconds", "most"), [(0.3, 1), (1.05, 1), (4.2, 4), (10.9, 10), (30.1, 31), (45.2, 46), (90, 60)]
)
def test_a_window_that_was_over_was_a_whole_number_of_seconds(seconds: float, most: int) -> None:
    """A long one can have been a second longer, in a cache that keeps whole seconds."""
    length = Length()
    length.ended(seconds, as_expected=False)
    assert length.most == most
    assert length.is_assumed is (seconds > 60)


def test_the_longest_that_was_seen_counts_where_windows_end_early() -> None:
    length = Length()
    length.lasted(3.5)
    length.ended(3.9, as_expected=False)
    assert (length.above, length.most) == (3, 4)
    length.ended(3.1, as_expected=False)
    assert (length.above, length.most) == (3, 4)


def test_a_window_far_shorter_than_the_longest_shows_that_the_longest_was_none() -> None:
    """Another client had used up a new window, so it looked like the old one; or the limit has changed."""
    length = Length()
    length.lasted(9)
    length.ended(4.1, as_expected=False)
    assert (length.above, length.most) == (0, 4)


def test_a_length_that_was_seen_is_not_asked_for_by_a_request_beyond_the_limit() -> None:
    length = Length()
    assert length.plan(19, 20) == ([1, 2], 3)
    length.ended(10.2, as_expected=False)
    assert length.plan(19, 20) == ([3, 5], 10)


def test_a_window_that_lasts_longer_than_any_is_asked_for_at_once_when_it_is_used_up() -> None:
    length = Length()
    length.lasted(61.5)
    assert length.most == math.inf
    assert length.plan(40, 300) == ([], 61)


def test_a_refusal_where_windows_began_as_expected_so_far_is_the_work_of_another_client() -> None:
    length = Length()
    for _ in range(ENOUGH + 1):
        length.ended(60.1, as_expected=True)
    length.refused(60.1, 90, 92, opens=True)
    length.refused(20.1, 35, 37, opens=False)
    assert length.most == 60
    length.refused(60.1, 90, 92, opens=True)
    assert (length.above, length.most) == (90, 92), "but not twice: the limit has changed"
