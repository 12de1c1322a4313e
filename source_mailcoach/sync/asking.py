"""The requests of one reading of a list: how many of them it may take, and whether their answers can be right.

Pure logic, for `reader`.
"""

from dataclasses import replace

from source_mailcoach.sync.paging import Ask, Page, PagingError, Reply

LIMIT, GRACE = 4, 60
"""Requests for going back: `LIMIT` for each page that the list had at first, and `GRACE`. Twice as many forwards."""


class Asking:
    """Asks for pages, and raises PagingError for one that cannot be right. `reverse` asks by the reverse sort.

    `backwards` is how many requests were made for going back. `has_shrunk` becomes true when a page shows that the list
    has become shorter; the reader takes it back once it has dealt with that.
    """

    def __init__(self, ask: Ask, reverse: Ask) -> None:
        self._ask, self._reverse = ask, reverse
        self._total = self._pages = 0
        self.backwards = 0
        self.has_shrunk = False

    @property
    def limit(self) -> int:
        """How many requests may be made for going back."""
        return LIMIT * self._pages + GRACE

    def get(self, number: int, last: int = 0, reverse: bool = False) -> Reply:
        """The page of a number. Pages after it, up to `last`, may be asked for meanwhile."""
        reply = (self._reverse if reverse else self._ask)(number, last)
        page = reply.page
        if page.number != number or page.size < 1:
            raise PagingError(f"page {page.number} of {page.size} rows came instead of page {number}")
        self._pages = self._pages or page.last
        self.has_shrunk = self.has_shrunk or page.total < self._total
        self._total = page.total
        if page.total == 0 and self._pages > 1:
            raise PagingError("the list came empty after it had many rows")
        return reply

    def get_earlier(self, number: int) -> Reply:
        """A page on the way back."""
        self.backwards += 1
        return self.get(number)

    def refuse_repeats(self, before: Page, page: Page) -> None:
        """A cache that gives one page for all of them would be read to the end, and nothing but that page.

        A few equal rows can come on two pages by chance, but then not on the first and the last page too.
        """
        if page.rows and page.rows == before.rows and page == replace(before, number=before.number + 1):
            numbers = sorted({1, before.number, page.number, page.last})
            if all(self.get(number).page.rows == page.rows for number in numbers):
                raise PagingError(f"page {page.number} has the rows of page {before.number}")
