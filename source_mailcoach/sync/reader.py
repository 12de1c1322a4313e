"""The one reader of a list: which page comes next, what is read again, when it ends. Pure logic: no HTTP, no CDK.

Mailcoach pages by number over SQL OFFSET, so rows move between pages while they are read, and `meta.total` is counted
a moment before the rows beside it are selected. Lists are read newest first wherever there is such a sort.

How it is known that nothing was lost between two pages: rows that come in at the front push others back, and the next
page begins with rows that were seen before. Rows that vanish pull others forward, past the reader, and the total of
that page or of the one after it is smaller. So a page is *settled* once a later request has found the same total, or
one that rows at the front explain. Whatever raises doubt has one answer: the reader goes back until a page shows
settled rows again, and reads on from there.

What it guarantees, `size` being the rows of a page, and what that costs at most beside a request a page:

    meanwhile                                   rows that stay              requests for each change
    ------------------------------------------  --------------------------  ------------------------------------------
    rows come in at the front                   all come                    1/size for each row
    rows come in further down or at the end     all come                    1, and 2 where more follow at once
    rows are deleted, anywhere                  all come                    2, and one for each page that vanished;
                                                                            4 in a list whose rows move
    rows move to the front, one or many         all come; those that moved  as at the front; with equal rows 2, since
                                                in the next sync, or with   no total shows it
                                                `catch_up` at the end
    a change while a page is answered, between  all come                    2
    count and selection
    equal rows in another order on each page    all that the server gives   see `runs`: a change within a run costs 2,
                                                                            or the pages of a long run, again and again
    rows without a time come, go, get a time    all with a time come        as further down, as at the front
    the page size changes                       all come                    a search: some 5
    requests overlap, answers come in any       all come                    those under way are thrown away too, and
    order                                                                   2 where rows come in at the front
    stopped, and gone on with hours later       all come                    1, or a search: twice the logarithm of the
                                                                            pages; all pages if nothing is found again
    something at every request                  all come while each change  at most `LIMIT` times the pages and `GRACE`
                                                is seen                     for going back, then it reads on and is
                                                                            `unproved`; as many forwards, then it ends

It is not safe against these, by which a row can be missed. A later reading of the whole list brings it.

- Changes between two pages that hide each other: a row is deleted before the reader, and another comes in behind it or
  drops to a place behind it, so that the total stays.
- Changes that look like equal rows in another order, where a database orders those anew for each page.
- A row that comes in between count and selection of the only page of a list, if that page is full.
- A row deleted between count and selection of the very page at which the caller stops early.

Memory: pages that are not settled, the keys of the last pages (see `trail`), and those of one run.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from source_mailcoach.sync.asking import Asking
from source_mailcoach.sync.catch_up import CatchUp
from source_mailcoach.sync.lookahead import Lookahead
from source_mailcoach.sync.neighbors import came_in
from source_mailcoach.sync.paging import Ask, Page, Position, Reply
from source_mailcoach.sync.runs import Run, Runs, complete
from source_mailcoach.sync.search import find
from source_mailcoach.sync.trail import Order, Trail

Step = tuple[Page, Position | None]


class Reader:
    """Iterating gives each page with those of its rows that have not come yet, and the position to go on from.

    The position is None where there is no new one. It is the same however requests overlap: who stops while a
    deletion goes unnoticed, because it happened between count and selection of one of the pages under way, can miss a
    row. At the end, `missing` is how many rows the server counts and never gave, `unproved` whether the list changed
    too fast for a proof. `reverse` asks by the reverse sort; `forget` throws away what was asked for ahead. With
    `catch_up` rows that moved to the front meanwhile are read there at the end, also after `stop`. Raises PagingError.
    """

    def __init__(
        self,
        ask: Ask,
        order: Order,
        *,
        reverse: Ask | None = None,
        start: Position | None = None,
        forget: Callable[[], None] = lambda: None,
        catch_up: bool = False,
    ) -> None:
        self._asking, self._order, self._forget = Asking(ask, reverse or ask), order, forget
        self._start = start
        self._catch_up = CatchUp(order) if catch_up and order.time else None
        self._trail = Trail(order, start)
        self._page_before: tuple[Page, Position | None] | None = None
        self._runs = Runs(order.tied, order.time) if order.tied else None
        self._ahead = Lookahead()
        self._unsettled: list[tuple[Reply, Position | None]] = []
        self._is_before_position = start is not None
        self._total_read_backwards: int | None = None
        self._uncounted = 0
        self._has_changed = self._lacked_rows = False
        self._forwards = 0
        self._end: int | None = None
        self._is_enough = False
        self.missing = 0
        self.unproved = False

    def __iter__(self) -> Iterator[Step]:
        reply = self._resumed(self._start) if self._start else self._asking.get(1)
        yield from self._take(reply)
        while not self._is_enough and not self._is_at_end(reply.page):
            following, pushed = self._next(reply)
            grown = following.page.total - reply.page.total
            self._uncounted = max(0, (pushed or 0) - grown)
            if pushed is None:
                block = self._go_back(reply, following)
                if block[0] is not following:
                    yield from self._begin_anew(block)
                    reply = block[-1]
                    continue
            else:
                is_counted = pushed == grown
                if self._runs and is_counted:
                    is_counted = self._runs.is_proved(pushed, reply.page)
                    self._runs.pushed(pushed)
                self._settle(following.asked)
            yield from self._take(following, pushed in (None, 0) or is_counted)
            reply = following
        if self._runs and not self._is_enough:
            yield from self._complete(self._runs.close(), reply.page.size)
        if self._catch_up and (self._has_changed or self._lacked_rows):
            most = self._asking.limit
            for page in self._catch_up.newcomers(lambda number: self._asking.get(number).page, self._trail.top, most):
                yield page, None
            self.unproved = self.unproved or self._catch_up.unproved

    def stop(self) -> None:
        """What follows is not wanted. What moved to the front meanwhile still is."""
        self._is_enough = True

    def _is_at_end(self, page: Page) -> bool:
        """Rows that came in after the rows were counted can have pushed others behind a last page that is full."""
        if self._total_read_backwards is not None:
            return False
        if self._end is not None:
            return page.number >= min(self._end, page.last)
        may_go_on = len(page.rows) == page.size and (self._has_changed or page.is_overfull)
        return page.number >= page.last + may_go_on

    # One page after another -----------------------------------------------------------------------------------------

    def _next(self, before: Reply) -> tuple[Reply, int | None]:
        """The next page, and how many rows came in before it; None if some may have been lost between the two."""
        number, limit = before.page.number + 1, self._asking.limit
        if has_shrunk_meanwhile := self._asking.has_shrunk:  # while runs that ended on the page before were read again
            self._notice_change()
        reply = self._asking.get(number, before.page.last if self._ahead.allowed else 0)
        pushed = came_in(before.page, reply.page, self._order, self._trail, self._uncounted)
        if pushed != 0 and reply.asked < before.answered:
            # It may have been selected before the page before it: that is as good only while nothing moves.
            self._notice_change()
            reply = self._asking.get(number)
            pushed = came_in(before.page, reply.page, self._order, self._trail, self._uncounted)
        self._asking.refuse_repeats(before.page, reply.page)
        if self._total_read_backwards is not None:
            if reply.page.total > self._total_read_backwards:
                pushed = None  # rows came in during that reading, and may have pushed one past it
            else:
                self._settle(reply.asked)
            self._total_read_backwards = None
        if has_shrunk_meanwhile or (pushed and self._is_out_of_order()):
            pushed = None
        self._asking.has_shrunk = False
        if pushed == 0:
            self._ahead.calm()
        else:
            self._notice_change()
        self._forwards += 1
        if pushed is None and self._asking.backwards >= limit:
            self.unproved, pushed = True, 0
        if self._end is None and self._forwards >= 2 * limit:
            self.unproved, self._end = True, reply.page.last
        return reply, pushed

    def _is_out_of_order(self) -> bool:
        """Whether a page may have been selected before the page before it, and a row came to its front between the two.

        Where that happened between count and selection, the totals of both are the same and no row is on both.
        """
        return any(later.asked < earlier.answered for (earlier, _), (later, _) in pairwise(self._unsettled))

    def _take(self, reply: Reply, calm: bool = True) -> Iterator[Step]:
        """Give what is new on a page, and what is missing of the runs that end on it."""
        page, position = reply.page, None
        keys = self._order.keys(page)
        self._trail.see_top(page)
        is_new = [key not in self._trail for key in keys]
        closed: list[Run] = []
        if self._runs:
            skipped = self._trail.rows_before(page) if self._is_before_position else 0
            self._is_before_position = self._is_before_position and skipped == len(keys)
            of_run, closed = self._runs.feed(page, keys, skipped, calm)
            is_new[skipped:] = of_run if self._order.is_one_run else map(min, is_new[skipped:], of_run)
            if self._runs.open and self._order.time and page.rows:
                since = self._order.time(page.rows[-1])
                position = Position(self._runs.open.first, page.total, page.size, since, (), self._trail.top)
        else:
            position = self._trail.position_after(page)
        self._note_top(page)
        self._trail.add(page)
        self._unsettled.append((reply, position))
        rows = [row for row, new in zip(page.rows, is_new, strict=True) if new]
        yield from self._complete(closed, page.size)
        reached = position if self._runs else self._trail.reached_by(page, self._page_before)
        self._page_before = page, position
        yield replace(page, rows=rows), reached if page.number < page.last else None

    def _resumed(self, start: Position) -> Reply:
        """The page after those that were read if nothing has changed since, else one from before the position."""
        end, seen = start.rows + start.ahead, None
        if start.ahead and end % start.size == 0:
            seen = self._asking.get(end // start.size + 1)
            if (seen.page.total, seen.page.size) == (start.total, start.size) and not seen.page.is_short:
                return seen
        return find(start, self._asking.get, self._trail, seen) if start.rows else self._asking.get(1)

    def _complete(self, runs: list[Run], size: int) -> Iterator[Step]:
        get = self._asking.get
        gets = (lambda number: get(number).page), (lambda number: get(number, reverse=True).page)
        for run in runs:
            assert self._runs
            # Rows that moved within a run, or past it, look like equal rows in another order.
            self._lacked_rows = self._lacked_rows or run.missing > 0
            for page in complete(run, gets, size, self._runs, self._order.key_of):
                self._note_top(page)
                yield page, None
            if run.moved:
                self._notice_change()
            self.missing += run.lost
            self.unproved = self.unproved or (run.missing > run.lost and not run.waits)

    def _note_top(self, page: Page) -> None:
        if self._catch_up:
            self._catch_up.note(page, self._trail.top)

    def _settle(self, asked: float) -> None:
        """A request that was made then has found nothing lost: all pages that had been answered are as they were."""
        while self._unsettled and self._unsettled[0][0].answered <= asked:
            reply, position = self._unsettled.pop(0)
            self._trail.settle(reply.page, position)

    # Going back -----------------------------------------------------------------------------------------------------

    def _go_back(self, before: Reply, reply: Reply) -> list[Reply]:
        """Pages that follow settled rows without a gap, the last of them the one to go on from.

        They are read backwards, so that what is deleted meanwhile makes rows come twice instead of vanish. If rows come
        in meanwhile, it is the other way round: then only the first of them counts, and the reading goes on from it.
        Where rows move to the front that is always so, since no total shows it.
        """
        grown = reply.page.total - before.page.total
        position = self._trail.position
        if position and (grown >= reply.page.size or self._trail.shows_settled(reply.page)):
            return [find(position, self._asking.get_earlier, self._trail, reply)]
        block, joined, step = [reply], not self._order.moves, 1
        number = min(reply.page.number - 1, reply.page.last)
        while True:
            earlier = self._asking.get_earlier(number)
            is_as_before = self._order.keys(earlier.page) == self._order.keys(before.page)
            if grown > 0 and is_as_before and len(self._unsettled) == 1:
                self._trail.add(earlier.page)
                self._settle(reply.asked)
                return [reply]  # whatever came in did so further down
            if self._runs and self._runs.is_long:
                self._runs.doubt()
                return [reply]
            has_grown = earlier.page.total > block[0].page.total or self._trail.is_pushed(earlier.page)
            is_next = number == block[0].page.number - 1 and earlier.page.size == block[0].page.size
            joined = joined and is_next and not has_grown
            block.insert(0, earlier)
            if number == 1 or self._trail.shows_settled(earlier.page):
                return block if joined else block[:1]
            step *= 1 if len(block) < 4 else 2
            number = max(1, number - step)

    def _begin_anew(self, block: list[Reply]) -> Iterator[Step]:
        self._unsettled.clear()
        self._page_before = None
        self._asking.has_shrunk = False
        self._trail.forget_places()
        self._is_before_position = True
        if self._runs:
            self._runs.restart()
        for reply in block:
            yield from self._take(reply)
        if len(block) > 1:
            self._total_read_backwards = block[0].page.total

    def _notice_change(self) -> None:
        self._ahead.changed()
        self._forget()
        self._has_changed = True
