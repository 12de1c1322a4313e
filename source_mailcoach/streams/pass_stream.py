"""The one behavior of all streams that go on where they stopped: passes, resume points, early stops. See `state`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeGuard

from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.checkpoint import CheckpointReader
from airbyte_cdk.sources.streams.core import StreamData

from source_mailcoach.config import Config
from source_mailcoach.messages import problems
from source_mailcoach.messages.failed_lists import OF_ALL_LISTS, FailedLists
from source_mailcoach.messages.forecast import Forecast
from source_mailcoach.messages.problems import Absent, MailcoachError
from source_mailcoach.streams.base import MailcoachStream, Record, Slice
from source_mailcoach.streams.checkpoint import Checkpoint, DueCheckpointReader
from source_mailcoach.sync import state
from source_mailcoach.sync.paging import Page, PagingError, Position
from source_mailcoach.sync.state import Parent, Scope, State
from source_mailcoach.sync.times import parse_time, sortable
from source_mailcoach.sync.trail import Order
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Query

# A row that gets a new one goes to the front of a list that is sorted by it.
TIMES_THAT_MOVE = frozenset({"updated_at", "last_opened_at", "sent_at"})


class PassStream(MailcoachStream, ABC):
    """One list for each parent, read one after another.

    `sort` is for reading a list whole. With `changes_sort`, which puts the latest changes first, one that was read
    before is read only as far as its rows are new. Rows that are equal in all of `tie_fields` are equal in both
    sorts. `short` lists are read whole until as many rows have been seen as they have.
    """

    changes_sort: ClassVar[str | None] = None
    tie_fields: ClassVar[tuple[str, ...]] = ()
    short: ClassVar[bool] = False
    unwanted: ClassVar[tuple[str, ...]] = ()
    unit: ClassVar[str] = "pages"

    def __init__(self, client: MailcoachClient, config: Config, **parent: Any) -> None:
        super().__init__(client, config, **parent)
        self._sort = self.sort
        self._changes_sort = self.changes_sort
        # Nothing is fetched ahead by a sort that the server may refuse, or of an endpoint that it may lack.
        self._accepted_sorts = set() if self.since_version else {self.sort}
        self._missing_endpoint = self._is_deleted = False
        self._due: Sequence[Parent] = ()
        self._index = 0
        self._reached = State({})
        self._state: dict[str, Any] = {}
        self._checkpoint = Checkpoint(self.name)
        self._failed = FailedLists(self.name, self.unit)
        self._is_over = False
        self.forecast: Forecast | None = None

    # What a stream says of itself ---------------------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        return self.config.scope()

    @abstractmethod
    def begin(self, mode: state.Mode) -> tuple[State, str | None, Sequence[Parent]]:
        """The state with a pass that runs, the reason why the stored one is not gone by, and the parents due."""

    @abstractmethod
    def known_before(self, parent: Parent) -> datetime | None:
        """The time before which the rows of a parent are known already; None if all of them have to be read."""

    def slice_of(self, parent: Parent) -> Slice:
        """What the requests for a parent's list need, and what its records are stamped with."""
        return {}

    def changed_at(self, row: Record) -> datetime | None:
        """The time of a row's latest change, by which `changes_sort` sorts; None if the row does not say."""
        return parse_time(row.get(str(self.cursor_field)))

    def rest_is_known(self, page: Page, before: datetime) -> bool:
        """Whether all rows after a page changed before a time: the last row says so, where the sort is by that time."""
        last = self.changed_at(page.rows[-1]) if page.rows else None
        return last is not None and last < before

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        yield {**{field: value for field, value in row.items() if field not in self.unwanted}, **stream_slice}

    def parent_is_gone(self, parent: Parent) -> bool:
        """After a 404: whether good answers say that the parent was deleted since it was listed."""
        return False

    def came(self, page: Page, parent: Parent, newest_first: bool) -> None:
        """A page of a parent's list was read, by a sort that puts the latest changes first or by another one."""

    def announce(self, per_minute: float) -> None:
        """Log how much is to come, as far as that is known before the first page."""

    def expected_requests(self, mode: state.Mode, saved: Mapping[str, Any]) -> int:
        """How many requests a pass will take that begins in a mode with a saved state, going by what is known now."""
        return 1

    def requests_for(self, rows: Any) -> int:
        """How many requests so many rows of a list take, going by Mailcoach's own count of them."""
        return max(1, -(-int(rows or 0) // self.client.rows_per_page))

    # Reading ------------------------------------------------------------------------------------------------------

    def stream_slices(self, *, sync_mode: SyncMode, **_: Any) -> Iterable[Slice]:
        """One slice a parent that is due, holding no more than its rows are stamped with.

        An empty slice if none is due, since the CDK asks for the state after slices only. Lists that could not be read
        are left for the next sync, and named by the MailcoachError that is raised at the end.
        """
        mode: state.Mode = "incremental" if sync_mode is SyncMode.incremental else "full_refresh"
        if self.forecast:
            self.forecast.say(self.client.budget.per_minute)
        self._reached, reason, self._due = self.begin(mode)
        if reason:
            self.logger.warning(f"All of {self.name} is read again: {reason}.")
        self._failed = FailedLists(self.name, self.unit)
        self._checkpoint = Checkpoint(self.name)
        self._is_over = not self._due
        self.progress = self.start_progress(self.unit)
        self.progress.whole = len(self._due) if self.unit != "pages" else 0
        if (running := self._reached.running) and (running.after or running.position):
            self.logger.info(f"{self.name} goes on where the sync before has stopped.")
        self.announce(self.client.budget.per_minute)
        try:
            for index, parent in enumerate(self._due):
                self._index = index
                # After a slice that is empty the CDK asks for one more, before it reads the first.
                yield self.slice_of(parent) or {"parent": "account"}
                if self._is_over:
                    break
        finally:
            self.client.rest()
        if not self._due:
            self._reach(state.ended(self._reached))
            yield {}
        self.finish()
        if error := self._failed.error():
            raise error

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[StreamData]:
        """The records of one parent, with a STATE now and then. A list that fails is noted and left out.

        What concerns more than one list, or a stream that has one only, is raised at once.
        """
        if not self._due:
            return
        parent = self._due[self._index]
        failed_before = self._reached.pending_of(parent)
        try:
            yield from self._read_one(parent)
            self._failed.succeeded()
        except Exception as error:
            if not self._is_of_list_alone(error, parent):
                self.client.rest()
                yield from self._checkpoint.messages()
                raise
            self._leave_out(parent, error)
        # Of so many in a row that had failed before, too, those that are left are no others.
        is_done = parent is self._due[-1] or bool(self._failed.is_end and failed_before)
        self._is_over = is_done or self._missing_endpoint or self._failed.is_end
        if is_done and not self._missing_endpoint:
            self._reach(state.ended(self._reached))

    def _is_of_list_alone(self, error: Exception, parent: Parent) -> TypeGuard[MailcoachError]:
        if parent is state.ACCOUNT or not isinstance(error, MailcoachError):
            return False
        return error.problem not in OF_ALL_LISTS and not self.client.is_hopeless

    def _leave_out(self, parent: Parent, error: MailcoachError) -> None:
        self.progress.skipped += 1
        self.logger.warning(f"{self._name_of(parent)} is left out of {self.name} in this sync. {error.what}")
        self._reach(state.failed(self._reached, parent))
        self._failed.add(parent.uuid, error)

    def _get_checkpoint_reader(self, *args: Any, **kwargs: Any) -> CheckpointReader:
        reader = super()._get_checkpoint_reader(*args, **kwargs)
        return DueCheckpointReader(reader, self._is_state_due) if self.is_resumable else reader

    def _is_state_due(self) -> bool:
        """After a parent: the last one always has a STATE."""
        will_wait = self._is_over or self.client.will_wait(next(self._pages_to_come(), None))
        if is_due := self._is_over or self._checkpoint.is_due(will_wait):
            self._checkpoint.said()
        return is_due

    def _read_one(self, parent: Parent) -> Iterator[StreamData]:
        stream_slice = self.slice_of(parent)
        try:
            absent = yield from self.unless_absent(
                lambda: self._read_parent(parent, stream_slice), lambda what: self._is_absent(what, parent)
            )
        except PagingError as error:
            raise self.wrong_pages(error) from error
        finally:
            self.client.drop(self.query(1, self._sort, stream_slice))
        if absent:
            self._tell_absent(parent)
        if not self._missing_endpoint:
            self.progress.done += self.unit != "pages"
            self._reach(state.finished(self._reached, parent))

    def _read_parent(self, parent: Parent, stream_slice: Slice) -> Iterator[StreamData]:
        sort, known_before = self._plan(parent)
        try:
            yield from self._read_by(sort, known_before, parent, stream_slice)
        except MailcoachError as error:
            if error.problem is not problems.QUERY_REFUSED or not self._drops_sort(sort):
                raise
            # An older server. It refuses the first page, so nothing of this list is out yet.
            yield from self._read_by(self._sort, None, parent, stream_slice)

    def _drops_sort(self, refused: str) -> bool:
        """Whether the stream can do without a sort that the server refuses. It is not tried again in this sync."""
        if refused == self._changes_sort:
            self._changes_sort = None
        elif refused and self.short:
            self._sort = ""
        else:
            return False
        return True

    def _plan(self, parent: Parent) -> tuple[str, datetime | None]:
        """How a list is read: by which sort, and before which time its rows are known."""
        known_before = self.known_before(parent) if self._changes_sort else None
        if known_before and self._changes_sort:
            return self._changes_sort, known_before
        return self._sort, None

    def _read_by(
        self, sort: str, known_before: datetime | None, parent: Parent, stream_slice: Slice
    ) -> Iterator[StreamData]:
        for page, position in self._pages(sort, parent, stream_slice, may_stop=known_before is not None):
            self._accepted_sorts.add(sort)
            self.came(page, parent, known_before is not None)
            if self.unit == "pages":
                self.progress.done, self.progress.whole = page.number, page.last
            for row in page.rows:
                for record in self.records_of(row, stream_slice):
                    self.progress.rows += 1
                    yield record
            self.progress.say()
            if known_before and self.rest_is_known(page, known_before):
                self.progress.saved += page.last - page.number
                return
            if position:
                self._reach(state.at_position(self._reached, parent, sort, position))
                following = self.query(page.number + 1, sort, stream_slice)
                yield from self._checkpoint.messages(self.client.will_wait(following))

    def _pages(
        self, sort: str, parent: Parent, stream_slice: Slice, may_stop: bool
    ) -> Iterator[tuple[Page, Position | None]]:
        if self.short:
            yield from ((page, None) for page in self.whole_list(sort, stream_slice, self._pages_to_come))
            return
        order = self._order(sort)
        reader = self.reader(
            sort,
            order,
            stream_slice,
            start=state.start_of(self._reached, parent, sort),
            then=self._pages_to_come,
            may_stop=may_stop,
            catch_up=order.moves and self._is_full_refresh,
        )
        yield from reader
        self.warn_of_missing(reader, stream_slice)

    def _order(self, sort: str) -> Order:
        field = sort.partition(",")[0].removeprefix("-")
        time = (lambda row: sortable(row.get(field))) if field in self.row_fields else None
        return Order(self.row_key, time, self._sort_value if self.tie_fields else None, field in TIMES_THAT_MOVE)

    @property
    def _is_full_refresh(self) -> bool:
        """The next incremental sync brings what moved to the front meanwhile. A full refresh is on its own."""
        return self._reached.running is not None and self._reached.running.mode == "full_refresh"

    def _sort_value(self, row: Record) -> tuple[Any, ...]:
        time, *others = (row.get(field) for field in self.tie_fields)
        return sortable(time), *others

    def _pages_to_come(self) -> Iterator[Query]:
        """The pages of the parents after this one, as far as it is known how they are read and how many there are."""
        for parent in self._due[self._index + 1 :]:
            sort, known_before = self._plan(parent)
            if sort not in self._accepted_sorts:
                return
            first = self.query(1, sort, self.slice_of(parent))
            yield first
            for number in range(2, 0 if known_before else self.client.last_page(first) + 1):
                yield self.query(number, sort, self.slice_of(parent))

    def _is_absent(self, what: Absent, parent: Parent) -> bool:
        """Whether good answers bear a 404 out: a parent deleted since it was listed, or a server that is too old."""
        self._is_deleted = what == "row" and parent is not state.ACCOUNT
        return self.parent_is_gone(parent) if self._is_deleted else self.is_lacking()

    def _tell_absent(self, parent: Parent) -> None:
        if not self._is_deleted:
            self._missing_endpoint = True
            self.warn_of_missing_endpoint()
            return
        self.progress.skipped += 1
        self.logger.warning(f"{self._name_of(parent)} was deleted during the sync and is left out of {self.name}.")

    def _name_of(self, parent: Parent) -> str:
        return f"{self.unit.removesuffix('s').capitalize()} {parent.uuid}"

    def _reach(self, reached: State) -> None:
        self._reached = reached
        self._state = reached.to_json()
        if self.is_resumable:  # a stream that is read whole each time has no state
            self._checkpoint.reach(self._state)
