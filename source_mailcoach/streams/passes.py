"""Reads streams that continue where they stopped: in passes through the lists of their owners. See `sync.state`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from airbyte_cdk.sources.streams.core import StreamData

from source_mailcoach.messages.errors import EndsStream, MailcoachError, NotFound, QueryRefused, RowNotFound
from source_mailcoach.messages.events import Announced, ListRead, PassStarting, ReadAgain, ReadingStarted, Resumed
from source_mailcoach.messages.failed_lists import FailedLists
from source_mailcoach.messages.findings import EndpointMissing, ListDeleted, ListLeftOut, RowsMissing
from source_mailcoach.messages.words import many
from source_mailcoach.streams.absence import unless_absent
from source_mailcoach.streams.checkpoint import Checkpoint
from source_mailcoach.streams.deletions import Deletions, NoDeletions
from source_mailcoach.streams.facts import Slice
from source_mailcoach.streams.list_reading import ListReading, RecordsOf, Way
from source_mailcoach.streams.of_account import Owner
from source_mailcoach.streams.pages import SAMPLED, Pages, list_compared, page_read
from source_mailcoach.sync import transitions
from source_mailcoach.sync.paging import Page, PagingError
from source_mailcoach.sync.state import ACCOUNT, Mode, Parent, State
from source_mailcoach.transport.request import Query


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
        self._pages, self._owner, self._is_lacking, self._save = pages, owner, is_lacking, save
        self.reading = ListReading(pages, records_of, owner.start_date)
        self._wanted_deletions = deletions
        self._deletions: NoDeletions = NoDeletions()
        self._facts, self._client, self._emit = pages.facts, pages.client, pages.emit
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
            if running.missing:
                self._pages.missing += running.missing
                self._emit(RowsMissing(self._pages.stream, running.missing))
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
            self._client.discard_ahead(self._pages.query(1, self.reading.sort, stream_slice))
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
        way = self._way(parent)
        try:
            yield from self._read_by(way, parent, stream_slice)
        except QueryRefused:
            if not self.reading.does_without(way.sort):
                raise
            # An older server. It refuses already the first page, so no row of this list is out yet.
            yield from self._read_by(Way(self.reading.sort), parent, stream_slice)

    def _read_by(self, way: Way, parent: Parent, stream_slice: Slice) -> Iterator[StreamData]:
        start = transitions.start_of(self._reached, parent, way.sort)
        missing = self._pages.missing
        self._deletions.begin_list(is_resumed=start is not None)
        totals: list[int] = []
        newest, furthest, may_stop = None, 0, way.known_before is not None
        for page, position in self.reading.pages_of(
            way, stream_slice, start=start, then=self._pages_to_come, catch_up=self._is_full_refresh
        ):
            newest = newest if totals else self._facts.newest(page.rows)
            totals.append(page.total)
            furthest = max(furthest, page.number)
            self._saw(page, parent, newest_first=may_stop)
            self._reached = self._deletions.saw(self._reached, page, parent, stream_slice)
            rows, sample = 0, []
            for row in page.rows:
                for record in self.reading.records(row, stream_slice):
                    if self._facts.short or rows % SAMPLED == 0:
                        sample.append(record)
                    rows += 1
                    yield record
            self._emit(page_read(page, rows, sample, may_stop))
            if position:
                missing = self._count_missing(missing)
                self._reach(transitions.at_position(self._reached, parent, way.sort, position))
                following = self._pages.query(page.number + 1, way.sort, stream_slice)
                yield from self._checkpoint.messages(self._client.will_wait(following))
        self._count_missing(missing)
        is_whole = start is None and (not may_stop or furthest >= page.last)
        if self._pages.counts_records:
            self._emit(list_compared(totals, is_whole, newest, self._owner.counter_of(parent)))

    def _count_missing(self, counted: int) -> int:
        """Note how many rows the server has kept back since so many were counted, and return how many it is now."""
        missing = self._pages.missing
        if missing > counted:
            self._deletions.lacked(missing - counted)
            self._reached = transitions.lacked(self._reached, missing - counted)
        return missing

    def _saw(self, page: Page, parent: Parent, newest_first: bool) -> None:
        self._reached = self._owner.saw(self._reached, page, parent, newest_first)
        if not self._is_announced:
            self._is_announced = True
            rows, requests = f"{many(page.total, 'row')} at the most", page.last
            self._emit(Announced(self._pages.stream, rows, requests, self._client.budget.per_minute))

    @property
    def _is_full_refresh(self) -> bool:
        """Only a full refresh has to catch up with rows that moved to the front: else the next sync brings them."""
        return self._reached.running is not None and self._reached.running.mode == "full_refresh"

    def _way(self, parent: Parent) -> Way:
        return self.reading.way(self._owner.known_before(self._reached, parent))

    def _pages_to_come(self) -> Iterator[Query]:
        """Pages of the parents after this one, as far as their sort and their number are known."""
        if not self._pages.asks_ahead:
            return
        for parent in self._due[self._index + 1 :]:
            way = self._way(parent)
            if not self.reading.is_accepted(way.sort):
                return
            yield from self.reading.requests(way, self._owner.slice_of(parent))
