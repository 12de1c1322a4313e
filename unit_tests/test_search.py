"""Finding a position again in a list that has changed."""

import random

import pytest

from source_mailcoach.sync.paging import Position, Reply
from source_mailcoach.sync.search import find
from source_mailcoach.sync.trail import Trail
from unit_tests.moving_list import TIED, MovingList, text


def search(server: MovingList, position: Position) -> Reply:
    ask = server.asker()
    return find(position, lambda number: ask(number, 0), Trail(TIED, position))


@pytest.mark.parametrize("came_in", [0, 15, 30, 300])
def test_of_a_place_between_two_pages_the_page_before_it_is_found(came_in: int) -> None:
    """The page behind it shows nothing of what was read: a row deleted meanwhile would be missed between the two."""
    rows = [{"uuid": number, "at": number} for number in range(1, 601)]
    server = MovingList("tied", random.Random(1), rows, half_steps=False)
    position = Position(300, 600, 15, text(300))
    for _ in range(came_in):
        server.front()
    found = search(server, position)
    assert found.page.number == 20 + came_in // 15
    assert found.page.rows[-1]["uuid"] == 301
