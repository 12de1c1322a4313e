"""Looks for deleted rows of a stream that is read in passes: when all of its lists are read whole to find them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from source_mailcoach.config import Config
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.findings import WholeReading
from source_mailcoach.streams.facts import Row, Slice
from source_mailcoach.streams.pages import Pages
from source_mailcoach.streams.tombstones import Tombstones
from source_mailcoach.sync import transitions
from source_mailcoach.sync.known import Known, is_whole_due, key_of
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.state import Parent, State
from source_mailcoach.sync.tally import Tally
from source_mailcoach.sync.times import parse_time, sortable

DEAR = 10
"""Pages for each list: short lists that have become longer are not read whole again at once."""


class NoDeletions:
    """Nobody looks for deleted rows: they are ignored, or the whole table is replaced."""

    def start(self, reached: State, lists: int, is_again: bool = False) -> State:
        """The state with the pass to be read: a whole one if there was none yet, or the time has come (`is_again`)."""
        return replace(reached, known=None)

    def begin_list(self, is_resumed: bool) -> None:
        """A list is about to be read, from its first page or from where an earlier sync stopped."""

    def saw(self, reached: State, page: Page, parent: Parent, stream_slice: Slice) -> State:
        """The state after a page, of which only rows that had not come are left."""
        return reached

    def lacked(self, missing: int) -> None:
        """The server counts so many more rows of a list than it gave."""

    def fail(self) -> None:
        """A list could not be read."""

    def end(self, reached: State, lists: Sequence[Slice]) -> tuple[State, bool]:
        """The state after a pass, and whether all lists are to be read whole now."""
        return transitions.ended(reached), False

    def tombstones(self) -> Iterator[Row]:
        """The tombstones of the rows that are gone."""
        return iter(())

    def with_known(self, reached: State) -> State:
        """A state with what is known by now."""
        return reached


class Deletions(NoDeletions):
    """The deletions of one stream. `_tally` has what the pass under way comes across."""

    _tally: Tally

    def __init__(self, pages: Pages, config: Config) -> None:
        self._pages, self._facts, self._every = pages, pages.facts, config.reconcile_every
        self._tombstones = Tombstones(pages)
        self._owners = ("email_list_uuid",) if "{email_list_uuid}" in pages.facts.endpoint else ()
        self._lists = 1

    def start(self, reached: State, lists: int, is_again: bool = False) -> State:
        self._lists = max(1, lists)
        known, running = reached.known or Known(), reached.running
        is_resumed = bool(reached.pending or (running and not running.is_new))
        if not is_resumed and (is_again or reached.cursor is None or self._is_due(known)):
            reached = transitions.read_whole(reached)
        is_whole = bool(reached.running and reached.running.whole)
        self._tally = Tally(known, 16 + 16 * len(self._owners), is_whole, is_resumed)
        return reached

    def begin_list(self, is_resumed: bool) -> None:
        self._tally.begin_list(is_resumed)

    def saw(self, reached: State, page: Page, parent: Parent, stream_slice: Slice) -> State:
        pending = reached.pending_of(parent)
        since = sortable(pending.since) if pending else None
        cursor = sortable(reached.running.cursor) if reached.running else None
        owners = [stream_slice[owner] for owner in self._owners]
        self._tally.see_total(page.total)
        self._tombstones.saw(page.rows, self._tally)
        for row in page.rows:
            self._tally.see(key_of(row.get("uuid"), *owners), sortable(row.get("created_at")), cursor, since)
        return self.with_known(reached)

    def lacked(self, missing: int) -> None:
        self._tally.lacked(missing)

    def fail(self) -> None:
        self._tally.fail()

    def end(self, reached: State, lists: Sequence[Slice]) -> tuple[State, bool]:
        running, closed = reached.running, transitions.ended(reached)
        if running is None or closed.running:
            return closed, False
        self._tally.end(sortable(closed.cursor), sortable(running.began))
        closed = self.with_known(closed)
        known = closed.known or Known()
        if running.whole or not self._is_due(known, self._tally.is_off):
            return closed, False
        if known.sketch and not self._is_short(known) and self._rows_before(known.until, lists) in (None, known.rows):
            return closed, False
        self._pages.emit(WholeReading(self._pages.stream, len(lists)))
        return closed, True

    def tombstones(self) -> Iterator[Row]:
        yield from self._tombstones.of(self._tally)

    def with_known(self, reached: State) -> State:
        known = self._tally.known
        return replace(reached, known=known if known != Known() else None)

    def _is_due(self, known: Known, is_off: bool = False) -> bool:
        """By the server's clock, of which `known` has a time. Before the first answer only what is off is due."""
        now = self._pages.client.server_time
        return is_whole_due(known, now, self._every, is_off=is_off, is_short=self._is_short(known))

    def _is_short(self, known: Known) -> bool:
        rows = DEAR * self._lists * self._pages.client.rows_per_page
        return self._facts.deletions == "short" and known.rows <= rows

    def _rows_before(self, until: str | None, lists: Sequence[Slice]) -> int | None:
        """How many rows of all lists were created before a time, by one request for each list; None if one fails.

        The count of a pass can be wrong where rows come and go while it is read: nobody should read all lists for that.
        Sorted by creation, one page shows which rows of its total are newer.
        """
        since, rows = parse_time(until), 0
        for stream_slice in lists:
            try:
                page = self._pages.get(self._pages.query(1, self._facts.sort, stream_slice))
            except MailcoachError:
                return None
            created = [parse_time(row.get("created_at")) for row in page.rows]
            rows += page.total - sum(bool(since and time and time >= since) for time in created)
        return rows
