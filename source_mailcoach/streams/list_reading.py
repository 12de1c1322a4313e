"""How one list of an endpoint is read: by which sort, up to which row, and what records its rows become."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from source_mailcoach.messages.events import RequestsSaved
from source_mailcoach.streams.facts import Row, Slice
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync.paging import Page, Position
from source_mailcoach.transport.request import Query

RecordsOf = Callable[[Row], Iterable[Row]]


@dataclass(frozen=True)
class Way:
    """By which sort a list is read, and before which time its rows are known (None: all of it is read)."""

    sort: str
    known_before: datetime | None = None


class ListReading:
    """Reads the lists of an endpoint, each when it is asked for. `sort` is the one by which a list is read whole.

    `records_of` gives the records of a row. Rows from before the `start` are left out.
    """

    def __init__(self, pages: Pages, records_of: RecordsOf, start: datetime | None) -> None:
        self._pages, self._facts, self._records_of, self._start = pages, pages.facts, records_of, start
        self.sort: str = pages.facts.sort
        self._changes_sort = pages.facts.changes_sort
        # Nothing is fetched ahead by a sort that the server may refuse, or from an endpoint that it may not have.
        self._accepted_sorts = set() if pages.facts.since else {pages.facts.sort}

    def way(self, known_before: datetime | None) -> Way:
        """How to read a list whose rows are known before a time, or not at all."""
        return Way(self._changes_sort, known_before) if known_before and self._changes_sort else Way(self.sort)

    def does_without(self, refused: str) -> bool:
        """Whether the stream can do without a sort that the server refuses. The sort is then not tried again."""
        if refused == self._changes_sort:
            self._changes_sort = None
        elif refused and self._facts.short:
            self.sort = ""
        else:
            return False
        return True

    def pages_of(
        self,
        way: Way,
        stream_slice: Slice,
        *,
        start: Position | None,
        then: Callable[[], Iterable[Query]],
        catch_up: bool,
    ) -> Iterator[tuple[Page, Position | None]]:
        """The pages, and where to go on after each; up to the first page on which all rows are known.

        `start`: where to go on. `then`: the requests that follow this list's. `catch_up`: rows that move to the front
        meanwhile are read at the end.
        """
        if self._facts.short:
            for page in self._pages.whole_list(way.sort, stream_slice, then):
                self._accepted_sorts.add(way.sort)
                yield page, None
            return
        order = self._pages.order(way.sort)
        reader = self._pages.reader(
            way.sort,
            order,
            stream_slice,
            start=start,
            then=then,
            may_stop=way.known_before is not None,
            catch_up=order.moves and catch_up,
        )
        stopped = False
        for page, position in self._pages.follow(reader, stream_slice):
            self._accepted_sorts.add(way.sort)
            if way.known_before and not stopped and self._facts.all_older(page.rows, way.known_before):
                stopped = True
                reader.stop()
                self._pages.emit(RequestsSaved(page.last - page.number))
            yield page, None if stopped else position

    def is_accepted(self, sort: str) -> bool:
        """Whether the server has given a page by this sort, or is sure to."""
        return sort in self._accepted_sorts

    def requests(self, way: Way, stream_slice: Slice) -> Iterator[Query]:
        """The pages of a list that will surely be asked for, as far as their number is known."""
        first = self._pages.query(1, way.sort, stream_slice)
        yield first
        for number in range(2, 0 if way.known_before else self._pages.client.last_page(first) + 1):
            yield self._pages.query(number, way.sort, stream_slice)

    def records(self, row: Row, stream_slice: Slice) -> Iterator[dict[str, Any]]:
        """The records of a row, stamped with the slice, and without unwanted fields."""
        if self._start and self._is_too_old(row, self._start):
            return
        for record in self._records_of(row):
            wanted = {**record, **stream_slice}
            for field in self._facts.unwanted:
                wanted.pop(field, None)
            yield wanted

    def _is_too_old(self, row: Row, start: datetime) -> bool:
        """Whether a row is from before the start date. One without a time has not happened yet, so it is not."""
        time = self._facts.changed_at(row)
        return bool(time and time < start)
