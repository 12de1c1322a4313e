"""What all streams share: a list endpoint of Mailcoach, read page by page."""

import sys
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.http import HttpStream

from source_mailcoach import problems
from source_mailcoach.api import MailcoachClient
from source_mailcoach.config import Config
from source_mailcoach.diagnosis import page_of
from source_mailcoach.overlap import Query
from source_mailcoach.paging import GetPage, Page, PagingError, walk_tied
from source_mailcoach.problems import MailcoachError
from source_mailcoach.progress import Progress
from source_mailcoach.records import SchemaTransformer

Slice = Mapping[str, Any]
Record = Mapping[str, Any]


class MailcoachStream(HttpStream, ABC):
    """A stream declares its `endpoint`, its `primary_key` and its `sorts`.

    Two sorts, one the reverse of the other, mean that rows can tie in them. See `paging`.
    """

    endpoint: ClassVar[str]
    sorts: ClassVar[tuple[str, ...]]
    progress: Progress

    def __init__(self, client: MailcoachClient, config: Config, **parent: Any) -> None:
        super().__init__(**parent)
        self._http_client = client  # in place of the CDK's own, which follows redirects and has no timeouts
        self.client = client
        self.config = config
        self.page_size = config.page_size
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
        return page_of(response.json(), self.client.api_base.url).rows

    def next_page_token(self, response: requests.Response) -> None:
        """The next page is chosen by `paging`, which looks at more than one answer."""

    def query(self, number: int, sort: str, stream_slice: Slice) -> Query:
        """The request for a page of the list."""
        params = self.request_params(None, stream_slice, {"sort": sort, "page": number})
        return Query(self.path(stream_slice=stream_slice), tuple(params.items()))

    def get_page(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Page:
        """One page of the list, with those that will be needed next under way; raises MailcoachError."""
        # The CDK buffers its output. What is not out when a sync is killed in a long wait would be read again.
        sys.stdout.flush()
        return page_of(self.client.fetch(query, ahead, later), self.client.api_base.url)

    def getter(
        self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple, may_stop: bool = False
    ) -> GetPage:
        """`get` for `paging`. `then` are the requests that follow this list.

        Where the walk may stop early, pages ahead are a guess: none on the first page, and one more for each page
        that was needed after all. Where requests are limited there are no guesses.
        """
        last, read = 0, 0

        def get(number: int) -> Page:
            nonlocal last, read
            guess = 0 if self.client.budget.limited else number + read
            end = min(last, guess) if may_stop else last
            pages = (self.query(ahead, sort, stream_slice) for ahead in range(number + 1, end + 1))
            page = self.get_page(self.query(number, sort, stream_slice), pages, then())
            last, read = page.last, read + 1
            return page

        return get

    def start_progress(self, unit: str) -> Progress:
        return Progress(self.logger, unit, lambda: self.client.requests_sent)

    def tied_pages(self, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple) -> Iterator[Page]:
        """The pages of a list whose sorts have ties, each row once; warns if the server never gave some of them."""
        gets = [self.getter(sort, stream_slice, then) for sort in self.sorts]
        missing = yield from walk_tied(gets, self.row_key)
        if missing:
            where = f" of campaign {stream_slice['campaign_uuid']}" if stream_slice else ""
            self.logger.warning(
                f"Mailcoach counts {missing:,} more rows in {self.name}{where} than it gave in repeated readings. "
                "They are missing from this sync."
            )

    def row_key(self, row: Record) -> tuple[Any, ...]:
        """The primary key as far as it is in Mailcoach's own rows."""
        keys = [self.primary_key] if isinstance(self.primary_key, str) else self.primary_key or []
        return tuple(row.get(str(field)) for field in keys)

    def wrong_pages(self, error: PagingError) -> MailcoachError:
        return MailcoachError(problems.PAGES_OUT_OF_ORDER, url=self.client.api_base.url, detail=error)


class ListStream(MailcoachStream, ABC):
    """A list of the account, short enough to be read whole in each sync."""

    # Otherwise the CDK takes a stream with a state but no cursor field for one that wants to be called for ever.
    is_resumable = False

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Record]:
        """All rows of the list; raises MailcoachError."""
        self.progress = self.start_progress("pages")
        try:
            for page in self.tied_pages({}):
                self.progress.done, self.progress.whole = page.number, page.last
                self.progress.rows += len(page.rows)
                yield from page.rows
                self.progress.say()
        except PagingError as error:
            raise self.wrong_pages(error) from error
        finally:
            self.client.rest()
        self.progress.finish()
