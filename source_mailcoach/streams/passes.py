"""Reads streams that continue where they stopped: in passes through the lists of their owners. See `sync.state`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

from airbyte_cdk.sources.streams.core import StreamData

from source_mailcoach.messages.errors import EndsStream, MailcoachError, NotFound, QueryRefused, RowNotFound
from source_mailcoach.messages.events import (
    Announced,
    ListRead,
    PassStarting,
    ReadAgain,
    ReadingStarted,
    RequestsSaved,
    Resumed,
)
from source_mailcoach.messages.failed_lists import FailedLists
from source_mailcoach.messages.findings import EndpointMissing, ListDeleted, ListLeftOut
from source_mailcoach.messages.words import many
from source_mailcoach.streams.absence import unless_absent
from source_mailcoach.streams.checkpoint import Checkpoint
from source_mailcoach.streams.deletions import Deletions, NoDeletions
from source_mailcoach.streams.facts import Row, Slice
from source_mailcoach.streams.of_account import Owner
from source_mailcoach.streams.pages import SAMPLED, Pages, list_compared, page_read
from source_mailcoach.sync import transitions
from source_mailcoach.sync.paging import Page, PagingError, Position
from source_mailcoach.sync.state import ACCOUNT, Mode, Parent, State
from source_mailcoach.transport.request import Query

RecordsOf = Callable[[Row], Iterable[Row]]


class Passes:
    """One list for each parent that is due, read one after another.

    `records_of` gives the records of a row. `save` gets each new state, once all rows up to it are out. `deletions`
    looks for rows that are gone.
    """

    def __init__(
        self,
        pages: Pages,
        owner: Owner,
        records_of: RecordsOf,
        is_lacking: Callable[[], bool],
        save: Callable[[dict[str, Any]], None] | None,
        deletions: Deletions | None = None,
    ) -> None:
        self._pages, self._owner, self._records_of, self._is_lacking = pages, owner, records_of, is_lacking
        self._save = save
        self._wanted_deletions = deletions
        self._deletions: NoDeletions = NoDeletions()
        self._facts, self._client, self._emit = pages.facts, pages.client, pages.emit
        self.sort: str = pages.facts.sort
        self._changes_sort = pages.facts.changes_sort
        # Nothing is fetched ahead by a sort that the server may refuse, or from an endpoint that it may not have.
        self._accepted_sorts = set() if pages.facts.since else {pages.facts.sort}
        self._due: Sequence[Parent] = ()
        self._index = 0
        self._reached = State({})
        self._is_over = self._lacks_endpoint = self._is_announced = False

    # Parent by parent ---------------------------------------------------------------------------------------------

    def slices(self, saved: Mapping[str, Any], mode: Mode) -> Iterator[Slice]:
        """One slice for each parent that is due, holding no more than its rows are stamped with.

        If none is due there is one empty slice, because the CDK asks for the state only after a slice. Lists that could
        not be read are left for the next sync. The MailcoachError that is raised at the end names them.
        """
        self._emit(PassStarting(self._client.budget.per_minute))
        self._deletions = (mode == "incremental" and self._wanted_deletions) or NoDeletions()
        reason = self._start_pass(saved, mode)
        if reason:
            self._emit(ReadAgain(f"of {self._pages.stream} is", reason))
        self._failed = FailedLists(self._pages.stream, self._owner.unit)
        self._checkpoint = Checkpoint(self._pages.stream)
        self._is_over = not self._due
        whole = 0 if self._is_one_list else len(self._due)
        self._emit(ReadingStarted(self._pages.stream, self._owner.unit, whole))
        if (running := self._reached.running) and (running.after or running.half_read):
            self._emit(Resumed(self._pages.stream))
            self._pages.missing += running.missing
        self._owner.announce(self._reached, self._due)
        self._is_announced = not self._is_one_list
        try:
            for index, parent in self._parents():
                self._index = index
                # After an empty slice the CDK asks for another before it reads the first: the two would be mixed up.
                yield self._owner.slice_of(parent) or {"parent": "account"}
                if self._is_over:
                    break
        finally:
            self._client.end_requests()
        if not self._due:
            yield {}
        self._pages.finish()
        if error := self._failed.error():
            raise error

    def read_slice(self) -> Iterator[StreamData]:
        """The records of the parent whose slice came last, with a STATE now and then.

        A list that fails is noted and left out. An error is raised at once if it concerns more than this list, or if
        the stream has only one list.
        """
        if not self._due:
            yield from self._end_pass()
            return
        parent = self._due[self._index]
        failed_before = self._reached.pending_of(parent)
        try:
            yield from self._read_one(parent)
            self._failed.succeeded()
        except Exception as error:
            if not self._is_of_list_alone(error, parent):
                self._client.end_requests()
                yield from self._checkpoint.messages()
                raise
            self._leave_out(parent, error)
        # Lists that failed in an earlier sync come last. If the stream ends at one of them, no other list is left.
        is_done = parent is self._due[-1] or bool(self._failed.is_end and failed_before)
        self._is_over = is_done or self._lacks_endpoint or self._failed.is_end
        if is_done and not self._lacks_endpoint:
            yield from self._end_pass()

    def _start_pass(self, saved: Mapping[str, Any], mode: Mode, is_again: bool = False) -> str | None:
        self._reached, reason, self._due = self._owner.next_pass(saved, mode)
        self._reached = self._deletions.start(self._reached, len(self._due), is_again)
        return reason

    def _parents(self) -> Iterator[tuple[int, Parent]]:
        """The parents that are due; then all of them once more, if rows have vanished from their lists."""
        due: Sequence[Parent] | None = None
        while due is not self._due:
            due = self._due
            yield from enumerate(due)

    def _end_pass(self) -> Iterator[StreamData]:
        """Close the pass, with the tombstones of what it has found deleted; or begin one that reads all lists whole."""
        ended, is_again = self._deletions.end(self._reached, list(map(self._owner.slice_of, self._due)))
        if is_again:
            self._start_pass(ended.to_json(), "incremental", is_again=True)
            if self._due:
                self._is_over = False
                return
            ended, _ = self._deletions.end(self._reached, ())
        yield from self._deletions.tombstones()
        self._reach(self._deletions.with_known(ended))

    def is_state_due(self) -> bool:
        """Whether a STATE goes out after a parent. After the last one it always does."""
        will_wait = self._is_over or self._client.will_wait(next(self._pages_to_come(), None))
        if is_due := self._is_over or self._checkpoint.is_due(will_wait):
            self._checkpoint.said()
        return is_due

    def end_as_lacking(self, what: str = EndpointMissing.what) -> None:
        """The server is too old for this stream. Say so once, and read nothing more."""
        if not self._lacks_endpoint:
            self._lacks_endpoint = True
            self._pages.warn_of_missing_endpoint(what)

    @property
    def _is_one_list(self) -> bool:
        return self._owner.unit == "pages"

    def _is_of_list_alone(self, error: Exception, parent: Parent) -> TypeGuard[MailcoachError]:
        if parent is ACCOUNT or not isinstance(error, MailcoachError):
            return False
        return not isinstance(error, EndsStream) and not self._client.is_hopeless

    def _leave_out(self, parent: Parent, error: MailcoachError) -> None:
        self._deletions.fail()
        self._emit(ListLeftOut(self._pages.stream, self._name_of(parent), error))
        self._reach(transitions.failed(self._reached, parent))
        self._failed.add(parent.uuid, error)

    def _read_one(self, parent: Parent) -> Iterator[StreamData]:
        stream_slice = self._owner.slice_of(parent)

        def is_absent(error: NotFound) -> bool:
            """Whether good answers confirm it: the parent was deleted, or the server is too old."""
            return self._owner.is_gone(parent) if is_deleted(error) else self._is_lacking()

        def is_deleted(error: NotFound | None) -> bool:
            return isinstance(error, RowNotFound) and parent is not ACCOUNT

        try:
            absent = yield from unless_absent(
                self._client,
                lambda: self._read_parent(parent, stream_slice),
                is_absent,
                may_lack=bool(self._facts.since),
            )
        except PagingError as error:
            raise self._pages.wrong(error) from error
        finally:
            self._client.discard_ahead(self._pages.query(1, self.sort, stream_slice))
        if is_deleted(absent):
            self._emit(ListDeleted(self._pages.stream, self._name_of(parent)))
        elif absent:
            self.end_as_lacking()
        if not self._lacks_endpoint:
            self._emit(ListRead())
            self._reach(transitions.finished(self._reached, parent))

    def _name_of(self, parent: Parent) -> str:
        return f"{self._owner.unit.removesuffix('s').capitalize()} {parent.uuid}"

    def _reach(self, reached: State) -> None:
        self._reached = reached
        if self._save:
            content = reached.to_json()
            self._save(content)
            self._checkpoint.reach(content)

    # One list -----------------------------------------------------------------------------------------------------

    def _read_parent(self, parent: Parent, stream_slice: Slice) -> Iterator[StreamData]:
        sort, known_before = self._way(parent)
        try:
            yield from self._read_by(sort, known_before, parent, stream_slice)
        except QueryRefused:
            if not self.does_without(sort):
                raise
            # An older server. It refuses already the first page, so no row of this list is out yet.
            yield from self._read_by(self.sort, None, parent, stream_slice)

    def does_without(self, refused: str) -> bool:
        """Whether the stream can do without a sort that the server refuses. The sort is then not tried again."""
        if refused == self._changes_sort:
            self._changes_sort = None
        elif refused and self._facts.short:
            self.sort = ""
        else:
            return False
        return True

    def _way(self, parent: Parent) -> tuple[str, datetime | None]:
        """By which sort a list is read, and before which time its rows are known (None: all are read)."""
        known_before = self._owner.known_before(self._reached, parent) if self._changes_sort else None
        if known_before and self._changes_sort:
            return self._changes_sort, known_before
        return self.sort, None

    def _read_by(
        self, sort: str, known_before: datetime | None, parent: Parent, stream_slice: Slice
    ) -> Iterator[StreamData]:
        is_whole = transitions.start_of(self._reached, parent, sort) is None
        missing = self._pages.missing
        self._deletions.begin_list(is_resumed=not is_whole)
        totals: list[int] = []
        newest, furthest = None, 0
        for page, position in self._read_pages(sort, known_before, parent, stream_slice):
            self._accepted_sorts.add(sort)
            newest = newest if totals else self._facts.newest(page.rows)
            totals.append(page.total)
            furthest = max(furthest, page.number)
            self._saw(page, parent, known_before is not None)
            self._reached = self._deletions.saw(self._reached, page, parent, stream_slice)
            rows, sample = 0, []
            for row in page.rows:
                for record in self.records(row, stream_slice):
                    if self._facts.short or rows % SAMPLED == 0:
                        sample.append(record)
                    rows += 1
                    yield record
            self._emit(page_read(page, rows, sample, may_stop=known_before is not None))
            if position:
                self._reach(transitions.at_position(self._reached, parent, sort, position))
                following = self._pages.query(page.number + 1, sort, stream_slice)
                yield from self._checkpoint.messages(self._client.will_wait(following))
        self._reached = transitions.lacked(self._reached, self._pages.missing - missing)
        is_whole = is_whole and (known_before is None or furthest >= page.last)
        if self._pages.counts_records:
            self._emit(list_compared(totals, is_whole, newest, self._owner.counter_of(parent)))

    def _saw(self, page: Page, parent: Parent, newest_first: bool) -> None:
        self._reached = self._owner.saw(self._reached, page, parent, newest_first)
        if not self._is_announced:
            self._is_announced = True
            rows, requests = f"{many(page.total, 'row')} at the most", page.last
            self._emit(Announced(self._pages.stream, rows, requests, self._client.budget.per_minute))

    def records(self, row: Row, stream_slice: Slice) -> Iterator[dict[str, Any]]:
        """The records of a row, stamped with the slice, and without unwanted fields."""
        if self._is_too_old(row):
            return
        for record in self._records_of(row):
            wanted = {**record, **stream_slice}
            for field in self._facts.unwanted:
                wanted.pop(field, None)
            yield wanted

    def _is_too_old(self, row: Row) -> bool:
        """Whether a row is from before the start date. One without a time has not happened yet, so it is not."""
        start = self._owner.start_date
        time = self._facts.changed_at(row) if start else None
        return bool(start and time and time < start)

    def _read_pages(
        self, sort: str, known_before: datetime | None, parent: Parent, stream_slice: Slice
    ) -> Iterator[tuple[Page, Position | None]]:
        """The pages, and where to go on after each; up to the first page on which all rows are known."""
        if self._facts.short:
            yield from ((page, None) for page in self._pages.whole_list(sort, stream_slice, self._pages_to_come))
            return
        order = self._pages.order(sort)
        reader = self._pages.reader(
            sort,
            order,
            stream_slice,
            start=transitions.start_of(self._reached, parent, sort),
            then=self._pages_to_come,
            may_stop=known_before is not None,
            catch_up=order.moves and self._is_full_refresh,
        )
        stopped = False
        for page, position in reader:
            if known_before and not stopped and self._facts.all_older(page.rows, known_before):
                stopped = True
                reader.stop()
                self._emit(RequestsSaved(page.last - page.number))
            yield page, None if stopped else position
        self._pages.warn_of_missing(reader, stream_slice)
        self._deletions.end_list(reader.missing)

    @property
    def _is_full_refresh(self) -> bool:
        """Only a full refresh has to catch up with rows that moved to the front: else the next sync brings them."""
        return self._reached.running is not None and self._reached.running.mode == "full_refresh"

    def _pages_to_come(self) -> Iterator[Query]:
        """Pages of the parents after this one, as far as their sort and their number are known."""
        if not self._pages.asks_ahead:
            return
        for parent in self._due[self._index + 1 :]:
            sort, known_before = self._way(parent)
            if sort not in self._accepted_sorts:
                return
            stream_slice = self._owner.slice_of(parent)
            first = self._pages.query(1, sort, stream_slice)
            yield first
            for number in range(2, 0 if known_before else self._client.last_page(first) + 1):
                yield self._pages.query(number, sort, stream_slice)
