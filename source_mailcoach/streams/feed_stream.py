"""Streams whose rows say themselves when they last changed, and can be listed by that, latest first."""

from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.http import HttpSubStream

from source_mailcoach.config import Config
from source_mailcoach.messages.progress import many
from source_mailcoach.streams.base import Record, Slice
from source_mailcoach.streams.email_lists import EmailLists
from source_mailcoach.streams.pass_stream import PassStream
from source_mailcoach.sync import clocks, gate, state
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.state import ACCOUNT, Parent, Scope, State
from source_mailcoach.sync.times import parse_time
from source_mailcoach.transport.api import MailcoachClient


class FeedStream(PassStream, ABC):
    """The cursor that a pass leaves follows from the times of its rows and of the answers: see `state`."""

    _shown_of: Parent | None = None

    def parents(self) -> Sequence[Parent]:
        return [ACCOUNT]

    def begin(self, mode: state.Mode) -> tuple[State, str | None, Sequence[Parent]]:
        parents = self.parents()
        reached, reason = state.begin(self._state, self.scope, mode, clocks.latest(self.client.server_time))
        if listed_at := self.parents_listed_at():
            reached = state.saw(reached, listed_at)
        reached = state.listed(reached, parents)
        return reached, reason, state.due(reached, parents)

    def parents_listed_at(self) -> datetime | None:
        """The time when the parents were listed, if they are listed: a later one is all new to the next pass."""
        return None

    def known_before(self, parent: Parent) -> datetime | None:
        return gate.seen_before(self._reached, parent)

    def came(self, page: Page, parent: Parent, newest_first: bool) -> None:
        """Newest first, rows of a later page that are newer than those of the first tell of a cache, not of a time."""
        changes = [change for row in page.rows if (change := self.changed_at(row))]
        self.client.clock_report.compare(self.logger, self.client.server_time, max(changes, default=None))
        past = [change for change in changes if change <= self.now]
        shown = () if newest_first and self._shown_of is parent else past
        self._shown_of = parent if past else self._shown_of
        self._reached = state.saw(self._reached, self.now, shown)
        if self.unit == "pages" and not self.progress.done:
            self.progress.start(f"{many(page.total, 'row')} at the most", page.last, self.client.budget.per_minute)


class EventStream(FeedStream, ABC):
    """A feed of what happened, rather than of what there is: the start date applies to it."""

    @property
    def scope(self) -> Scope:
        return {**super().scope, "start_date": self.config.start}

    @cached_property
    def start(self) -> datetime | None:
        """The start date, before which no row is wanted."""
        return parse_time(self.config.start)

    def known_before(self, parent: Parent) -> datetime | None:
        known = (super().known_before(parent), self.start)
        return max((time for time in known if time), default=None)

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        """A row that does not say when it happened has not happened yet."""
        time = self.changed_at(row) if self.start else None
        if not (self.start and time and time < self.start):
            yield from super().records_of(row, stream_slice)


class EmailListStream(FeedStream, HttpSubStream, ABC):
    """A list below an email list."""

    unit = "email lists"
    rows_are_counted: ClassVar[bool] = False

    def __init__(self, parent: EmailLists, client: MailcoachClient, config: Config) -> None:
        super().__init__(client, config, parent=parent)
        self.parent: EmailLists = parent

    def parents(self) -> Sequence[Parent]:
        return self.parent.listing()

    def begin(self, mode: state.Mode) -> tuple[State, str | None, Sequence[Parent]]:
        self.parent.renew()
        return super().begin(mode)

    def parents_listed_at(self) -> datetime | None:
        return self.parent.listed_at

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return f"email-lists/{(stream_slice or {})['email_list_uuid']}/{self.endpoint}"

    def slice_of(self, parent: Parent) -> Slice:
        return {"email_list_uuid": parent.uuid}

    def expected_requests(self, mode: state.Mode, saved: Mapping[str, Any]) -> int:
        reached, _ = state.begin(saved, self.scope, mode, clocks.latest(self.client.server_time))
        parents = state.due(reached, self.parents())
        whole = self.rows_are_counted and not reached.cursor
        return sum(self.requests_for(parent.rows) for parent in parents) if whole else len(parents)

    def announce(self, per_minute: float) -> None:
        self.progress.start(f"{many(len(self._due), 'email list')} to be read", len(self._due), per_minute)

    def stream_slices(self, *, sync_mode: SyncMode, **more: Any) -> Iterable[Slice]:  # type: ignore[override]
        return PassStream.stream_slices(self, sync_mode=sync_mode, **more)

    def parent_is_gone(self, parent: Parent) -> bool:
        return self.parent.is_gone(parent.uuid)
