"""What a page says of the page before it: whether rows came in between the two, or may have been lost. For `reader`."""

from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.trail import Order, Trail, is_newer


def came_in(before: Page, page: Page, order: Order, trail: Trail, uncounted: int) -> int | None:
    """How many rows came in before a page since the one before it, as far as that shows; None if that is in doubt.

    Only 0 says that nothing has changed. `uncounted` rows have come in before that no total has shown yet: they came
    between count and selection of a page, or moved there from further down, and then no total will ever show them.
    """
    grown = page.total - before.total
    if page.size != before.size:
        return None
    if order.is_one_run:
        return 0  # its rows are counted at the end
    if page.is_short:
        return None
    if order.tied:
        repeated = _repeated(before, page, order)
        explained = repeated == grown or (grown == 0 and order.moves) or (repeated == 0 and grown == uncounted)
        return repeated if explained and not _is_newer(page, before, order) else None
    shifts = trail.shifts(page)
    if shifts == {0} or (shifts and grown == 0 and order.moves and min(shifts) >= 0):
        return max(1, grown)
    return 0 if grown == 0 and not shifts else None


def _repeated(before: Page, page: Page, order: Order) -> int:
    """With how many of the last rows of the page before it a page begins, in the same order."""
    keys, following = order.keys(before), order.keys(page)
    count = following.index(keys[-1]) + 1 if keys and keys[-1] in following else 0
    return count if keys[-count:] == following[:count] else 0


def _is_newer(page: Page, before: Page, order: Order) -> bool:
    """Whether so many rows came in that a page shows some from before the page before it."""
    if not (order.time and page.rows and before.rows):
        return False
    last = order.time(before.rows[-1])
    return last is not None and is_newer(order.time(page.rows[0]), last)
