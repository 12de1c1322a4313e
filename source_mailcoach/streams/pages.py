"""The pages of the lists of one endpoint: how they are asked for, and what their rows are."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from typing import Any

from source_mailcoach.config import MAX_PARALLEL
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import Counter, Event, ListCompared, PageRead, ReadingEnded
from source_mailcoach.messages.findings import ClocksDiffer, EndpointMissing, RowsMissing, RowsUnproved
from source_mailcoach.messages.words import many
from source_mailcoach.records.fit import RowFit
from source_mailcoach.streams.facts import Facts, Row, Slice
from source_mailcoach.sync.paging import Ask, Page, PagingError, Position, Reply, reverse_of
from source_mailcoach.sync.reader import Reader
from source_mailcoach.sync.times import sortable
from source_mailcoach.sync.trail import Order
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Query

KEYS_OF_OWNERS = ("campaign_uuid",)
# If such a time changes, the row moves to the front of a list that is sorted by it.
TIMES_THAT_MOVE = frozenset({"updated_at", "last_opened_at", "sent_at"})

AS_JSON = json.JSONEncoder(default=str).encode
SAMPLED = 15
"""Of so many records of a long list the size of one is measured. That of each would cost a tenth of a sync's time."""


class Pages:
    """Gives the pages of a list, by its facts. `stream` is the name in events.

    `missing` counts rows that the server counts and never gave: in all lists so far, and before the present position.
    """

    asks_ahead = True
    """Whether pages may be asked for while those before them are read."""

    counts_records = True
    """Whether the server counts what becomes a record, so that the numbers of the two can be compared."""

    def __init__(
        self, facts: Facts, stream: str, client: MailcoachClient, make_fit: Callable[[], RowFit], page_size: int
    ) -> None:
        self.facts, self.stream, self.client, self.page_size = facts, stream, client, page_size
        self._make_fit = make_fit
        self.missing = 0
        self.filters: Mapping[str, str] = facts.filters
        self.key_fields = [field for field in facts.key if field not in KEYS_OF_OWNERS]

    @cached_property
    def fit(self) -> RowFit:
        """Made when the first page comes. To read and compile the schemas of all streams would slow down each start."""
        return self._make_fit()

    @property
    def now(self) -> datetime:
        """The server's time at the page that was read last; this machine's time if no answer had one."""
        return self.client.server_time or datetime.now(timezone.utc)

    def path(self, stream_slice: Slice) -> str:
        return self.facts.endpoint.format_map(stream_slice)

    def params(self, stream_slice: Slice) -> dict[str, Any]:
        """Self-hosted servers ignore `per_page` without an error. They refuse `filter[per_page]` (400)."""
        filters = {name: value.format_map(stream_slice) for name, value in self.filters.items()}
        return {**filters, "per_page": self.page_size}

    def query(self, number: int, sort: str, stream_slice: Slice) -> Query:
        """The request for a page of the list, by a sort, or for "" in the server's own order."""
        chosen = {"sort": sort, "page": number} if sort else {"page": number}
        return Query(self.path(stream_slice), tuple({**self.params(stream_slice), **chosen}.items()))

    def get(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Page:
        """One page of the list, while pages that are needed next are being fetched; raises MailcoachError.

        Its rows are made to fit the schema here, once. So the connector decides by the same values that go out.
        """
        if not self.client.has_come(query):
            # What is still in the buffer when a sync is killed during a long wait would have to be read again.
            sys.stdout.flush()
        page: Page = self.client.fetch(query, ahead, later)
        self.client.rows_per_page = page.size or self.client.rows_per_page
        self.compare_clocks()
        rows = [self.fit(row) for row in page.rows if isinstance(row, dict) and row]
        self.fit.drift.empty += len(page.rows) - len(rows)
        self.fit.drift.without_key += sum(not all(map(row.get, self.key_fields)) for row in rows)
        return replace(page, rows=rows)

    def reader(
        self,
        sort: str,
        order: Order,
        stream_slice: Slice,
        *,
        start: Position | None = None,
        then: Callable[[], Iterable[Query]] = tuple,
        may_stop: bool = False,
        catch_up: bool = False,
    ) -> Reader:
        """The reader of the list, by a sort, or for "" in any order. `then`: the requests that follow this list's."""
        first = self.query(1, sort, stream_slice)
        return Reader(
            self._asker(sort, stream_slice, then, may_stop),
            order,
            reverse=self._asker(reverse_of(sort) if sort else "", stream_slice, then),
            start=start,
            forget=lambda: self.client.discard_ahead(first),
            catch_up=catch_up,
        )

    def _asker(
        self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]], may_stop: bool = False
    ) -> Ask:
        """What the reader asks for pages. If it may stop early, pages ahead are a guess: at first none is fetched, and
        one more for each page that was needed after all. Where requests are limited, nothing is guessed.

        Each page is asked for together with all that may overlap with it, so what they ask for is made once.
        """
        read = 0

        @lru_cache(maxsize=3 * MAX_PARALLEL)
        def query(number: int) -> Query:
            return self.query(number, sort, stream_slice)

        def ask(number: int, last: int) -> Reply:
            nonlocal read
            guess = 0 if self.client.budget.limited else number + read
            end = min(last, guess) if may_stop else last
            page = self.get(query(number), map(query, range(number + 1, end + 1)), then())
            read += 1
            return Reply(page, *self.client.asked_and_answered)

        return ask

    def whole_list(self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple) -> Iterator[Page]:
        """The pages of a list that is short enough to be read until all of its rows have come. Each row comes once."""
        for page, _ in self.follow(self.whole_list_reader(sort, stream_slice, then), stream_slice):
            yield page

    def follow(self, reader: Reader, stream_slice: Slice) -> Iterator[tuple[Page, Position | None]]:
        """What the reader gives. Rows that it lacks count as soon as it knows, since a sync can end before the list."""
        before = self.missing
        for step in reader:
            self.missing = before + reader.missing
            yield step
        self.missing = before + reader.missing
        self.warn_of_missing(reader, stream_slice)

    def whole_list_reader(self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple) -> Reader:
        """The same for a reading that emits nothing, so that no row which it lacks counts as missing."""
        return self.reader(sort, Order(self.row_key, tied=lambda row: ()), stream_slice, then=then)

    def order(self, sort: str) -> Order:
        """What is known of the list if it is read by this sort."""
        field = sort.partition(",")[0].removeprefix("-")
        time = (lambda row: sortable(row.get(field))) if field in self.fit.fields else None
        tied = self._sort_value if self.facts.ties else None
        return Order(self.row_key, time, tied, field in TIMES_THAT_MOVE)

    def _sort_value(self, row: Row) -> tuple[Any, ...]:
        time, *others = (row.get(field) for field in self.facts.ties)
        return sortable(time), *others

    def row_key(self, row: Row) -> tuple[Any, ...]:
        """The primary key within the list of one owner, so without the field that names the owner.

        If a part is missing, it is None and the whole row: two rows without a key must not count as the same row.
        """
        key = tuple(map(row.get, self.key_fields))
        return key if all(key) else (None, json.dumps(row, sort_keys=True))

    # What is told of the reading ----------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        self.client.events.emit(event)

    def compare_clocks(self, newest: datetime | None = None) -> None:
        """Compare the server's clock with this machine's, and with the newest time of the rows."""
        server = self.client.server_time
        if server and (difference := self.client.clock_report.compare(server, newest)):
            self.emit(ClocksDiffer(server, difference))

    def finish(self) -> None:
        """The stream is read. Tell where its rows differed from the schema."""
        self.emit(ReadingEnded())
        for drifted in self.fit.drift.report(self.stream):
            self.emit(drifted)

    def warn_of_missing(self, reader: Reader, stream_slice: Slice) -> None:
        """Warn, once for a reading, of rows hidden behind equal ones, or of a list that changed too fast."""
        owner = "".join(f" of {name.removesuffix('_uuid')} {uuid}" for name, uuid in list(stream_slice.items())[:1])
        if reader.missing:
            self.emit(RowsMissing(self.stream + owner, reader.missing))
        elif reader.unproved:
            self.emit(RowsUnproved(self.stream + owner))

    def warn_of_missing_endpoint(self, what: str = EndpointMissing.what) -> None:
        self.emit(EndpointMissing(self.stream, self.facts.since, what))

    def refuse_gaps(self) -> None:
        """Raise MailcoachError if rows of any list were missing. A table that is replaced by such rows gets holes."""
        if self.missing:
            raise MailcoachError(problems.ROWS_HIDDEN, stream=self.stream, rows=many(self.missing, "more row"))

    def wrong(self, error: PagingError) -> MailcoachError:
        return MailcoachError(problems.PAGES_OUT_OF_ORDER, url=self.client.api_base.url, detail=error)


def page_read(page: Page, records: int, sample: Sequence[Row], may_stop: bool = False) -> PageRead:
    """The event that a page is out. If the reading may stop early, nobody knows how much of the list is to come."""
    before, total = (page.number - 1) * page.size, 0 if may_stop else page.total
    size = len(AS_JSON(sample)) // len(sample) if sample else 0
    return PageRead(page.number, page.last, records, before, len(page.rows), total, size)


def list_compared(
    totals: Sequence[int], is_whole: bool, newest: datetime | None = None, counter: Counter | None = None
) -> ListCompared:
    """The event that a list was read whose pages had these totals, one after another."""
    last = totals[-1] if totals else 0
    return ListCompared(last, max(totals, default=0) - last, is_whole, newest, counter)
