"""The one behavior of all streams of single campaigns: passes, resume points, early stops. See `state`."""

from abc import ABC
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.streams.http import HttpSubStream

from source_mailcoach import problems, state
from source_mailcoach.api import MailcoachClient
from source_mailcoach.config import Config
from source_mailcoach.overlap import Query
from source_mailcoach.paging import Page, PagingError, walk
from source_mailcoach.problems import MailcoachError
from source_mailcoach.state import Campaign, State
from source_mailcoach.streams.base import MailcoachStream, Record, Slice
from source_mailcoach.streams.campaigns import Campaigns


class CampaignStream(MailcoachStream, HttpSubStream, ABC):
    """A list below a campaign, whose rows are stamped with what they lack: the campaign and its times.

    `sorts` is for reading a campaign whole. With `changes_sort`, which puts the latest changes first, one that was
    read before is read only as far as its rows are new; `changed_at` tells the time of a row's latest change, None
    for rows that do not say. `may_tie` says that a few rows can be equal in the sort.
    """

    cursor_field = "campaign_statistics_calculated_at"
    changes_sort: ClassVar[str | None] = None
    may_tie: ClassVar[bool] = False
    unwanted: ClassVar[tuple[str, ...]] = ()
    since_version: ClassVar[str] = ""

    def __init__(self, parent: Campaigns, client: MailcoachClient, config: Config) -> None:
        super().__init__(client, config, parent=parent)
        self.parent: Campaigns = parent
        self._changes_sort = self.changes_sort
        # Nothing is fetched ahead by a sort that the server may refuse, or of an endpoint that it may lack.
        self._accepted_sorts = set() if self.since_version else set(self.sorts)
        self._missing_endpoint = False
        self._due: Sequence[Campaign] = ()
        self._index = 0
        self._reached = State(parent.scope)
        self._state: dict[str, Any] = {}

    def changed_at(self, row: Record) -> datetime | None:
        return None

    def rest_is_known(self, page: Page, before: datetime) -> bool:
        """Whether all rows after a page changed before a time: the last row says so, where the sort is by that time."""
        last = self.changed_at(page.rows[-1]) if page.rows else None
        return last is not None and last < before

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return f"campaigns/{(stream_slice or {})['campaign_uuid']}/{self.endpoint}"

    def stream_slices(self, *, sync_mode: SyncMode, **_: Any) -> Iterable[Slice]:  # type: ignore[override]
        """One slice a campaign that is due, holding what its rows are stamped with: the record has four HTML bodies.

        An empty slice if none is due, since the CDK asks for the state after slices only.
        """
        listing = self.parent.listing()
        mode: state.Mode = "incremental" if sync_mode is SyncMode.incremental else "full_refresh"
        self._reached, reason = state.begin(self._state, self.parent.scope, mode, listing)
        if reason:
            self.logger.warning(f"All of {self.name} is read again: {reason}.")
        due = state.due(self._reached, listing, self.config.engagement_window)
        self._due = due
        self._index = 0
        self.progress = self.start_progress("campaigns")
        self.progress.whole = len(due)
        self.logger.info(f"{len(due):,} of {len(listing.campaigns):,} campaigns are to be read.")
        try:
            for self._index, campaign in enumerate(due):
                yield _stamps(campaign)
                if self._missing_endpoint:
                    break
                self.progress.done += 1
        finally:
            self.client.rest()
        if not due:
            self._reach(state.closed(self._reached))
            yield {}
        self.progress.finish()

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[StreamData]:
        """The records of one campaign, with a STATE after each page but the last, which the CDK follows by its own."""
        if not stream_slice:
            return
        campaign = self._due[self._index]
        try:
            yield from self._read_campaign(campaign, stream_slice)
        except PagingError as error:
            self.client.rest()
            raise self.wrong_pages(error) from error
        except MailcoachError as error:
            if error.problem is not problems.NOT_FOUND:
                raise
            self._explain_not_found(campaign)
            if self._missing_endpoint:
                return
        self.client.drop(self.path(stream_slice=stream_slice))
        self._reach(state.finished(self._reached, campaign))
        if campaign is self._due[-1]:
            self._reach(state.closed(self._reached))

    def _read_campaign(self, campaign: Campaign, stream_slice: Slice) -> Iterator[StreamData]:
        if len(self.sorts) > 1:
            for page in self.tied_pages(stream_slice, self._pages_to_come):
                self._accepted_sorts.add(self.sorts[0])
                yield from self._records(page, stream_slice)
            return
        sort, known_before = self._plan(campaign)
        try:
            yield from self._walk(campaign, stream_slice, sort, known_before)
        except MailcoachError as error:
            if error.problem is not problems.QUERY_REFUSED or sort != self._changes_sort:
                raise
            # An older server. It refuses the first page, so nothing of this campaign is out yet.
            self._changes_sort = None
            yield from self._walk(campaign, stream_slice, self.sorts[0])

    def _plan(self, campaign: Campaign) -> tuple[str, datetime | None]:
        """How a campaign is read: by which sort, and before which time its rows are known."""
        known_before = state.early_stop(self._reached, campaign, self.config.lookback)
        if known_before and self._changes_sort:
            return self._changes_sort, known_before
        return self.sorts[0], None

    def _pages_to_come(self) -> Iterator[Query]:
        """The pages of the campaigns after this one, as far as it is known how they are read and how many there are."""
        for campaign in self._due[self._index + 1 :]:
            sort, known_before = self._plan(campaign)
            if sort not in self._accepted_sorts:
                return
            first = self.query(1, sort, _stamps(campaign))
            yield first
            for number in range(2, 0 if known_before else self.client.last_page(first) + 1):
                yield self.query(number, sort, _stamps(campaign))

    def _walk(
        self, campaign: Campaign, stream_slice: Slice, sort: str, known_before: datetime | None = None
    ) -> Iterator[StreamData]:
        start = state.start_of(self._reached, campaign, sort)
        get = self.getter(sort, stream_slice, self._pages_to_come, may_stop=known_before is not None)
        for page, position in walk(get, start, self.row_key if self.may_tie else None):
            self._accepted_sorts.add(sort)
            yield from self._records(page, stream_slice)
            if position is None or (known_before and self.rest_is_known(page, known_before)):
                return
            self._reach(state.at_position(self._reached, campaign, sort, position))
            yield self._state_message()

    def _records(self, page: Page, stream_slice: Slice) -> Iterator[Record]:
        for row in page.rows:
            yield self.record(row, stream_slice)
        self.progress.rows += len(page.rows)
        self.progress.say()

    def record(self, row: Record, stream_slice: Slice) -> dict[str, Any]:
        """A row as it is emitted, but for its types, which `records` makes fit the schema."""
        return {**{field: value for field, value in row.items() if field not in self.unwanted}, **stream_slice}

    def row_key(self, row: Record) -> tuple[Any, ...]:
        return super().row_key({**row, "campaign_uuid": None})

    def _explain_not_found(self, campaign: Campaign) -> None:
        """404 means a campaign deleted since it was listed, or an endpoint that this server does not have yet."""
        if self.parent.exists(campaign.uuid):
            self._missing_endpoint = True
            self.logger.warning(
                f"This Mailcoach has no {self.endpoint} of campaigns{self.since_version}: none are read."
            )
        else:
            self.logger.warning(f"Campaign {campaign.uuid} was deleted during the sync and is left out of {self.name}.")

    def _reach(self, reached: State) -> None:
        self._reached = reached
        self._state = reached.to_json()

    def _state_message(self) -> AirbyteMessage:
        """The CDK makes these between slices only; a campaign of hours needs them within."""
        stream = AirbyteStreamState(StreamDescriptor(name=self.name), AirbyteStateBlob(self._state))
        return AirbyteMessage(Type.STATE, state=AirbyteStateMessage(AirbyteStateType.STREAM, stream))


def _stamps(campaign: Campaign) -> Slice:
    return {
        "campaign_uuid": campaign.uuid,
        "campaign_sent_at": campaign.sent_at,
        "campaign_statistics_calculated_at": campaign.statistics_calculated_at,
    }
