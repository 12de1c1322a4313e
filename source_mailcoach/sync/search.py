"""Finding a position again in a list that has changed since it was read up to there. Pure logic, for `reader`."""

from collections.abc import Callable

from source_mailcoach.sync.paging import Position, Reply
from source_mailcoach.sync.trail import Trail

MOST = 40
"""Requests that a search may take. After them the reading goes on at the last page known to be before the place."""


def find(position: Position, get: Callable[[int], Reply], trail: Trail, seen: Reply | None = None) -> Reply:
    """A page with the last rows before the position, or a page not far before them; at worst the first page.

    Most often nothing has changed, or rows came in at the front. For both cases it is clear where to look first. If the
    place is not there, each step goes twice as far, until the place is between two pages that are known. Then each step
    halves the distance. `seen` is a page that is known already.
    """
    reply = seen or get((position.rows - 1) // position.size + 1 if position.rows else 1)
    index = max(0, position.rows - 1 + reply.page.total - position.total)
    number = min(index // reply.page.size + 1, reply.page.last)
    reply = reply if reply.page.number == number else get(number)
    low, high, step = None, reply.page.last + 1, 1
    nearby = [] if trail.order.time else [1, -1, 2]
    for _ in range(MOST):
        page = reply.page
        if not trail.shows_settled(page):
            high = page.number
        elif trail.rows_before(page) < len(page.rows) or page.number >= page.last:
            return reply
        else:
            low = reply
        if high == 1 or (low and high - low.page.number <= 1):
            break
        if nearby:
            number = min(max(1, index // page.size + 1 + nearby.pop(0)), page.last)
        elif low and high <= page.last:
            number = (low.page.number + high) // 2
        else:
            number = min(page.last, number + step) if low else max(1, number - step)
            step *= 2
        reply = get(number)
    return low or reply
