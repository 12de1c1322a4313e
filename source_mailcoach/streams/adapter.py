"""Where the CDK meets the connector: the only classes that inherit from the CDK's streams.

Used of the CDK: the catalog (`name`, `primary_key`, `cursor_field`, the schema), the loop through slices and records,
`state` and its messages, statuses, the substream's `parent`, and the transformer, which is the last to change a record.

Not used: the CDK's own way of fetching. It follows redirects, has no timeouts, does not notice rows that move between
two pages, and cannot ask for two lists at once. Pages come from `pages` instead, through the client that all streams
share. What the CDK's way would need (`url_base` to `next_page_token`) is still given, and safe.
"""

from abc import ABC
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from functools import cached_property
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import ConfiguredAirbyteStream, SyncMode
from airbyte_cdk.sources.streams.checkpoint import CheckpointReader
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.streams.http import HttpStream, HttpSubStream

from source_mailcoach.config import Config
from source_mailcoach.messages.events import StreamStarted
from source_mailcoach.records.fit import PrivacyTransformer, RowFit
from source_mailcoach.streams.checkpoint import DueCheckpointReader
from source_mailcoach.streams.deletions import Deletions
from source_mailcoach.streams.facts import Facts, Row, Slice
from source_mailcoach.streams.of_account import OfAccount, Owner
from source_mailcoach.streams.pages import Pages
from source_mailcoach.streams.passes import Passes
from source_mailcoach.streams.tombstones import with_tombstones
from source_mailcoach.streams.whole import read_whole
from source_mailcoach.sync.state import Mode
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.diagnosis import page_of


class MailcoachStream(HttpStream, ABC):
    """A stream: `facts`, and `records_of` if its records are not its rows.

    It is read in passes, which continue where they stopped, if its list can be sorted by the latest change, or if
    there is a list for each campaign or email list. Otherwise it is read whole in each sync.
    """

    facts: ClassVar[Facts]
    pages_type: ClassVar[type[Pages]] = Pages
    passes: Passes | None = None

    def __init__(self, client: MailcoachClient, config: Config, **parent: Any) -> None:
        super().__init__(**parent)
        self._http_client = client  # in place of the CDK's own
        self.client, self.config = client, config
        self.marks_deleted = bool(self.facts.deletions) and config.deleted_rows == "mark"
        self.pages = self.pages_type(self.facts, self.name, client, self._fit, config.page_size)
        self._state: MutableMapping[str, Any] = {}
        self.owner = self.owner_of_lists()
        if self.owner:
            save = self._save if self.is_resumable else None
            deletions = Deletions(self.pages, config) if self.marks_deleted else None
            self.passes = Passes(self.pages, self.owner, self.records_of, self.is_lacking, save, deletions)

    @cached_property
    def transformer(self) -> PrivacyTransformer:  # type: ignore[override]
        """The last to change a record. Like the fit it is made by streams that are read."""
        return PrivacyTransformer(self.config.email_privacy, self.facts.address)

    def _fit(self) -> RowFit:
        return RowFit(self.row_schema(), self.facts.wire)

    def _save(self, state: dict[str, Any]) -> None:
        self._state = state

    # What single streams say otherwise ----------------------------------------------------------------------------

    def owner_of_lists(self) -> Owner | None:
        """The owner, which tells which lists are due; None for a list that is read whole in each sync."""
        return OfAccount(self.pages, self.config) if self.facts.changes_sort else None

    def read_whole(self, sync_mode: SyncMode) -> Iterator[Row]:
        """All records of a list that is read whole in each sync; raises MailcoachError."""
        return read_whole(self.pages, self.records_of, self.is_lacking)

    def row_schema(self) -> Mapping[str, Any]:
        """The schema of the rows that the server sends. Mostly it is that of the records: see `records_of`."""
        return super().get_json_schema()

    def records_of(self, row: Row) -> Iterable[Row]:
        """The records of a row, without what they are stamped with. If the row fits its schema, they fit theirs."""
        return (row,)

    def is_lacking(self) -> bool:
        """After a 404: whether the server is too old for the stream. It is, if it answers well for another list."""
        if self.facts.since:
            self.client.confirm()
        return bool(self.facts.since)

    def refuse_gaps(self) -> None:
        """After a full refresh: raise MailcoachError if the server has kept rows back."""
        self.pages.refuse_gaps()

    # What the CDK asks for ----------------------------------------------------------------------------------------

    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]
        schema = super().get_json_schema()
        return with_tombstones(schema, self.facts) if self.marks_deleted else schema

    @property
    def primary_key(self) -> list[str]:
        return list(self.facts.key)

    @property
    def cursor_field(self) -> str | list[str]:
        return self.facts.cursor or []

    @property
    def is_resumable(self) -> bool:
        """Whether it has a state. Not without a cursor: the CDK would read such a stream again and again."""
        return bool(self.facts.cursor)

    def read(self, configured_stream: ConfiguredAirbyteStream, *args: Any, **kwargs: Any) -> Iterable[StreamData]:
        """All records and STATE messages. What is wrong with the whole of them is raised at the end."""
        yield from super().read(configured_stream, *args, **kwargs)
        if configured_stream.sync_mode is SyncMode.full_refresh:
            self.refuse_gaps()

    def stream_slices(self, *, sync_mode: SyncMode, **_: Any) -> Iterable[Slice]:
        self.pages.emit(StreamStarted(self.name))
        mode: Mode = "incremental" if sync_mode is SyncMode.incremental else "full_refresh"
        yield from self.passes.slices(self._state, mode) if self.passes else [{}]

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[StreamData]:
        """All records of the slice that came last; raises MailcoachError."""
        return self.passes.read_slice() if self.passes else self.read_whole(sync_mode)

    def _get_checkpoint_reader(self, *args: Any, **kwargs: Any) -> CheckpointReader:
        reader = super()._get_checkpoint_reader(*args, **kwargs)
        return DueCheckpointReader(reader, self.passes.is_state_due) if self.passes and self.is_resumable else reader

    @property
    def url_base(self) -> str:
        return f"{self.client.api_base.url}/"

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return self.pages.path(stream_slice or {})

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        return self.pages.params(stream_slice or {})

    def request_kwargs(self, *_: Any, **__: Any) -> Mapping[str, Any]:
        return self.client.request_kwargs

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Row]:
        return page_of(response.json(), self.client.api_base.url).rows

    def next_page_token(self, response: requests.Response) -> None:
        return None


class MailcoachSubStream(MailcoachStream, HttpSubStream, ABC):
    """A list below each row of another stream: a slice for each of them."""

    parent: MailcoachStream

    def __init__(self, parent: MailcoachStream, client: MailcoachClient, config: Config) -> None:
        super().__init__(client, config, parent=parent)

    def refuse_gaps(self) -> None:
        """An owner that was kept back is not known, and the list below it was not read."""
        super().refuse_gaps()
        self.parent.refuse_gaps()

    def stream_slices(self, *, sync_mode: SyncMode, **more: Any) -> Iterable[Slice]:  # type: ignore[override]
        return MailcoachStream.stream_slices(self, sync_mode=sync_mode, **more)
