"""What a page shows about the page before it: did rows come in between the two, or may some be lost? For `reader`."""

from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.trail import Order, Trail, is_newer


def came_in(before: Page, page: Page, order: Order, trail: Trail, uncounted: int) -> int | None:
    """How many rows came in ahead of a page after the page before it was read; None if that is in doubt.

    0 means that nothing has changed. `uncounted` is how many rows came in earlier without a total that shows it. They
    came between count and selection of a page, and the next total shows them. Or they moved there from further down,
    and no total ever shows them.
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
    """How many of the last rows of the page before it come again, in the same order, as the first of a page."""
    keys, following = order.keys(before), order.keys(page)
    count = following.index(keys[-1]) + 1 if keys and keys[-1] in following else 0
    return count if keys[-count:] == following[:count] else 0


def _is_newer(page: Page, before: Page, order: Order) -> bool:
    """Whether a page begins with newer rows than the page before it ends with: then many rows came in at once."""
    if not (order.time and page.rows and before.rows):
        return False
    last = order.time(before.rows[-1])
    return last is not None and is_newer(order.time(page.rows[0]), last)
