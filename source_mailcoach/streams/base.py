"""What all streams share: a list endpoint of Mailcoach, read page by page."""

import json
import sys
from abc import ABC
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import requests
from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.streams.http import HttpStream

from source_mailcoach.config import Config
from source_mailcoach.messages import problems
from source_mailcoach.messages.problems import Absent, MailcoachError
from source_mailcoach.messages.progress import Progress
from source_mailcoach.records.fit import PrivacyTransformer, RowFit
from source_mailcoach.sync.paging import Ask, Page, PagingError, Position, Reply, reverse_of
from source_mailcoach.sync.reader import Reader
from source_mailcoach.sync.trail import Order
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.diagnosis import page_of
from source_mailcoach.transport.request import Query

Slice = Mapping[str, Any]
Record = Mapping[str, Any]
Item = TypeVar("Item")

TRIES_IF_ABSENT = 5
PAUSE = 1.0  # seconds, before the first of these tries that is a further one; twice as long before each that follows


class MailcoachStream(HttpStream, ABC):
    """A stream declares its `endpoint`, its `primary_key` and the `sort` by which its list is read.

    `since_version` says which Mailcoach has the endpoint, if not all of them do. `wire` are the schemas of fields that
    the server's rows have and records do not have, or not so: `records_of` makes something else of them.
    """

    endpoint: ClassVar[str]
    sort: ClassVar[str]
    since_version: ClassVar[str] = ""
    wire: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    progress: Progress
    transformer: PrivacyTransformer

    def __init__(self, client: MailcoachClient, config: Config, **parent: Any) -> None:
        super().__init__(**parent)
        self._http_client = client  # in place of the CDK's own, which follows redirects and has no timeouts
        self.client = client
        self.config = config
        self.page_size = config.page_size
        self.fit = RowFit(self.row_schema(), self.wire)
        self.transformer = PrivacyTransformer(config.email_privacy)

    def row_schema(self) -> Mapping[str, Any]:
        """The schema of the rows that the server lists, which are the records but for what `records_of` does."""
        return self.get_json_schema()

    @cached_property
    def row_fields(self) -> frozenset[str]:
        return frozenset(self.row_schema().get("properties", {}))

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

    @property
    def now(self) -> datetime:
        """The server's time at the page that was read last."""
        return self.client.server_time or datetime.now(timezone.utc)

    def query(self, number: int, sort: str, stream_slice: Slice) -> Query:
        """The request for a page of the list, by a sort or ("") in whatever order the server likes."""
        chosen = {"sort": sort, "page": number} if sort else {"page": number}
        params = self.request_params(None, stream_slice, chosen)
        return Query(self.path(stream_slice=stream_slice), tuple(params.items()))

    def get_page(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Page:
        """One page of the list, with those that will be needed next under way; raises MailcoachError.

        Its rows are made to fit here, once: all that is read from them, and all that goes out, is what fits.
        """
        # The CDK buffers its output. What is not out when a sync is killed in a long wait would be read again.
        sys.stdout.flush()
        page: Page = self.client.fetch(query, ahead, later)
        self.client.rows_per_page = page.size or self.client.rows_per_page
        self.client.clock_report.compare(self.logger, self.client.server_time)
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
        """The reader of the list, by a sort or ("") in any order. `then` are the requests after those of this list."""
        first = self.query(1, sort, stream_slice)
        return Reader(
            self._asker(sort, stream_slice, then, may_stop),
            order,
            reverse=self._asker(reverse_of(sort) if sort else "", stream_slice, then),
            start=start,
            forget=lambda: self.client.drop(first),
            catch_up=catch_up,
        )

    def _asker(
        self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]], may_stop: bool = False
    ) -> Ask:
        """Where the reading may stop early, pages ahead are a guess: none on the first page, and one more for each page
        that was needed after all. Where requests are limited there are no guesses.
        """
        read = 0

        def ask(number: int, last: int) -> Reply:
            nonlocal read
            guess = 0 if self.client.budget.limited else number + read
            end = min(last, guess) if may_stop else last
            pages = (self.query(ahead, sort, stream_slice) for ahead in range(number + 1, end + 1))
            page = self.get_page(self.query(number, sort, stream_slice), pages, then())
            read += 1
            return Reply(page, *self.client.asked_and_answered)

        return ask

    def start_progress(self, unit: str) -> Progress:
        return Progress(self.logger, self.name, unit, self.client.traffic)

    def finish(self) -> None:
        """Log what was read, and what of it the schema does not foresee."""
        self.progress.finish()
        self.fit.drift.report(self.logger, self.name)

    def whole_list(self, sort: str, stream_slice: Slice, then: Callable[[], Iterable[Query]] = tuple) -> Iterator[Page]:
        """The pages of a list that is short enough to be read until each row has come, each row once."""
        reader = self.reader(sort, Order(self.row_key, tied=lambda row: ()), stream_slice, then=then)
        for page, _ in reader:
            yield page
        self.warn_of_missing(reader, stream_slice)

    def warn_of_missing(self, reader: Reader, stream_slice: Slice) -> None:
        """Once for a reading: rows that the database hid behind equal ones, or a list that changed too fast."""
        where = "".join(f" of {name.removesuffix('_uuid')} {uuid}" for name, uuid in list(stream_slice.items())[:1])
        if reader.missing:
            self.logger.warning(
                f"Mailcoach counts {reader.missing:,} more rows in {self.name}{where} than it gave in repeated "
                "readings. They may be missing from this sync."
            )
        elif reader.unproved:
            self.logger.warning(
                f"{self.name}{where} changed faster than it could be read. Rows may be missing from this sync; "
                "a full refresh at a quiet time brings them."
            )

    def row_key(self, row: Record) -> tuple[Any, ...]:
        """The primary key within the list of one parent, so without what names the parent.

        None comes first if a part is missing, and then the whole row: rows without a key are not each other.
        """
        key = tuple(map(row.get, self.key_fields))
        return key if all(key) else (None, json.dumps(row, sort_keys=True))

    @cached_property
    def key_fields(self) -> Sequence[str]:
        keys = [self.primary_key] if isinstance(self.primary_key, str) else self.primary_key or []
        return [str(field) for field in keys if field != "campaign_uuid"]

    def records_of(self, row: Record, stream_slice: Slice) -> Iterable[dict[str, Any]]:
        """The records that a row of the list makes, which fit the schema as the row does."""
        yield dict(row)

    def wrong_pages(self, error: PagingError) -> MailcoachError:
        return MailcoachError(problems.PAGES_OUT_OF_ORDER, url=self.client.api_base.url, detail=error)

    def unless_absent(
        self, read: Callable[[], Iterator[Item]], explain: Callable[[Absent], bool]
    ) -> Generator[Item, None, Absent]:
        """What `read` gives; returns what is absent, if Mailcoach says so (404) and it is believed.

        A 404 is an error, and no state may move past anything for one: it can come of a backend that is half deployed,
        of a copy of the database that lags, of routes that are being cached anew. So it counts if it came three times:
        twice in a row, lest every other answer was another server's, and once more after good answers that bear it out
        (`explain`), with pauses between them in which such faults pass. Else it is raised, after five tries.
        """
        believed: Absent = None
        for tried in range(1, TRIES_IF_ABSENT + 1):
            good_answers = self.client.good_answers
            try:
                yield from read()
                return None
            except MailcoachError as error:
                if believed and error.absent == believed and self.client.good_answers == good_answers:
                    return believed
                if not error.absent or tried == TRIES_IF_ABSENT or self._is_wrong_address(error):
                    error.absent = None  # nobody further up weighs it once more
                    raise
                believed = error.absent if tried > 1 and explain(error.absent) else None
                self.client.pause(PAUSE * 2 ** (tried - 1), error)
        raise AssertionError("the last try raises")

    def _is_wrong_address(self, error: MailcoachError) -> bool:
        return error.problem is problems.NOT_FOUND and not self.since_version

    def is_lacking(self) -> bool:
        """Whether this server is too old for the stream: it answers for others. (Never for this one: see diagnosis.)"""
        if self.since_version:
            self.client.confirm()
        return bool(self.since_version)

    def warn_of_missing_endpoint(self) -> None:
        self.logger.warning(
            f"{self.name} needs {self.since_version}, and this server does not have it: no rows are read."
        )


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
        """All records of the list; raises MailcoachError."""
        self.progress = self.start_progress("pages")
        try:
            if (yield from self.unless_absent(self._read, lambda _: self.is_lacking())):
                self.warn_of_missing_endpoint()
        except PagingError as error:
            raise self.wrong_pages(error) from error
        finally:
            self.client.rest()
        self.finish()

    def _read(self) -> Iterator[Record]:
        for page in self.whole_list(self.sort, {}):
            self.progress.done, self.progress.whole = page.number, page.last
            self.progress.rows += len(page.rows)
            for row in page.rows:
                yield from self.records_of(row, {})
            self.progress.say()
