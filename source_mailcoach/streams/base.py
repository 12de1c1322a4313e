"""What all streams share: a list endpoint of Mailcoach, read page by page."""

from abc import ABC
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.http import HttpStream

from source_mailcoach import problems
from source_mailcoach.api import MailcoachClient
from source_mailcoach.diagnosis import page_of
from source_mailcoach.paging import GetPage, Page, PagingError, walk, walk_tied
from source_mailcoach.problems import MailcoachError
from source_mailcoach.progress import Progress
from source_mailcoach.records import SchemaTransformer

Slice = Mapping[str, Any]
Record = Mapping[str, Any]


class MailcoachStream(HttpStream, ABC):
    """A stream declares its `endpoint`, its `primary_key` and its `sorts`.

    One sort means that it is total, newest first; two (a sort and its reverse) mean that rows can tie. See `paging`.
    """

    endpoint: ClassVar[str]
    sorts: ClassVar[tuple[str, ...]]

    # Otherwise the CDK takes a stream with a state but no cursor field for one that wants to be called for ever.
    is_resumable = False

    def __init__(self, client: MailcoachClient, page_size: int, **parent: Any) -> None:
        super().__init__(**parent)
        self._http_client = client
        self.client = client
        self.page_size = page_size
        self.transformer = SchemaTransformer(self.get_json_schema())

    @property
    def url_base(self) -> str:
        return f"{self.client.api_base.url}/"

    def path(self, *, stream_slice: Slice | None = None, **_: Any) -> str:
        return self.endpoint

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        """Self-hosted servers ignore `per_page` in silence; `filter[per_page]` would be refused (400)."""
        return {"per_page": self.page_size, **(next_page_token or {})}

    def request_kwargs(self, *_: Any, **__: Any) -> Mapping[str, Any]:
        return self.client.request_kwargs

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Record]:
        return page_of(response, self.client.api_base.url).rows

    def next_page_token(self, response: requests.Response) -> None:
        """The next page is chosen by `paging`, which looks at more than one answer."""

    def get_page(self, number: int, sort: str, stream_slice: Slice | None = None) -> Page:
        """One page of the list; raises MailcoachError."""
        _, response = self._fetch_next_page(stream_slice, next_page_token={"sort": sort, "page": number})
        return page_of(response, self.client.api_base.url)

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Record]:
        """The records of the whole list; raises MailcoachError."""
        self.progress = self.start_progress("pages")
        yield from self.records({})
        self.progress.finish()

    def start_progress(self, unit: str) -> Progress:
        return Progress(self.logger, unit, lambda: self.client.requests_sent)

    def records(self, stream_slice: Slice) -> Iterable[Record]:
        """All rows of a slice, each made a record by `record`; raises MailcoachError."""
        for page in self.pages(stream_slice):
            for row in page.rows:
                yield self.record(row, stream_slice)

    def record(self, row: Record, stream_slice: Slice) -> Record:
        """A row as it is emitted, but for its types, which `records` makes fit the schema."""
        return row

    def pages(self, stream_slice: Slice) -> Iterable[Page]:
        """The pages of a slice, in the way that its sorts allow; raises MailcoachError."""
        gets = [self._get(sort, stream_slice) for sort in self.sorts]
        walking = walk(gets[0]) if len(gets) == 1 else self._walk_tied(gets, stream_slice)
        try:
            for page in walking:
                self.count(page)
                yield page
                self.progress.say()
        except PagingError as error:
            raise MailcoachError(problems.PAGES_OUT_OF_ORDER, url=self.client.api_base.url, detail=error) from error

    def count(self, page: Page) -> None:
        self.progress.rows += len(page.rows)
        self.progress.done, self.progress.whole = page.number, page.last

    def _get(self, sort: str, stream_slice: Slice) -> GetPage:
        return lambda number: self.get_page(number, sort, stream_slice)

    def _walk_tied(self, gets: list[GetPage], stream_slice: Slice) -> Iterator[Page]:
        missing = yield from walk_tied(gets, lambda row: tuple(row.get(field) for field in self.row_key))
        if missing:
            where = f" of campaign {stream_slice['campaign_uuid']}" if stream_slice else ""
            self.logger.warning(
                f"Mailcoach counts {missing:,} more rows in {self.name}{where} than it gave in repeated readings. "
                "They are missing from this sync."
            )

    @property
    def row_key(self) -> list[str]:
        """The primary key's fields that Mailcoach's own rows have."""
        return [self.primary_key] if isinstance(self.primary_key, str) else list(self.primary_key)  # type: ignore
