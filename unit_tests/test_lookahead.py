"""When pages may be asked for ahead of the one that is read."""

from source_mailcoach.sync.lookahead import CALM, FEWEST, MOST, Lookahead


def pages_one_at_a_time(ahead: Lookahead) -> int:
    pages = 0
    while not ahead.allowed:
        ahead.calm()
        pages += 1
    return pages


def test_the_more_often_a_list_changes_the_more_pages_are_read_one_at_a_time_up_to_a_limit() -> None:
    ahead, pages = Lookahead(), []
    for _ in range(10):
        ahead.changed()
        pages.append(pages_one_at_a_time(ahead))
    assert pages == [2, 4, 8, 16, 32, MOST, MOST, MOST, MOST, MOST]


def test_after_some_calm_it_is_fewer_again() -> None:
    ahead = Lookahead()
    for _ in range(10):
        ahead.changed()
    for _ in range(2 * MOST * (CALM + 1)):
        ahead.calm()
    ahead.changed()
    assert pages_one_at_a_time(ahead) == 2 * FEWEST
