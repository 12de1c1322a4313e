"""The HTTP client of one sync, shared by all of its streams: session, headers, timeouts, errors.

Preparing, authenticating and sending a request are the CDK's `HttpClient`. Its retries and call rates are not used:
they wait, log and print in whichever thread sends, and know neither when Mailcoach's window ends nor how to stop all
requests for one refusal. Those are `overlap` and `budget`.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.error_handlers import ErrorHandler, ErrorResolution
from airbyte_cdk.sources.streams.http.error_handlers.response_models import SUCCESS_RESOLUTION
from airbyte_cdk.sources.streams.http.requests_native_auth import TokenAuthenticator
from requests.adapters import HTTPAdapter

from source_mailcoach import problems
from source_mailcoach.budget import RateBudget
from source_mailcoach.clocks import ClockReport
from source_mailcoach.config import MAX_PARALLEL, Config
from source_mailcoach.diagnosis import diagnose_failure, diagnose_status, parse_body
from source_mailcoach.host_policy import ApiBase, PublicAdapter
from source_mailcoach.overlap import Answer, Fetcher, Patience, Query
from source_mailcoach.problems import MailcoachError
from source_mailcoach.version import __version__

# Without this header Mailcoach sends errors as web pages, and a wrong token to a login page with status 200.
HEADERS = {"Accept": "application/json", "User-Agent": f"source-mailcoach/{__version__}"}
LARGEST_ANSWER = 256 * 1024 * 1024  # bytes, unpacked
CHUNK = 256 * 1024

# A sync waits out half a minute without a server, and several windows of its limit of requests a minute.
SYNC = Patience(tries=6, connect_timeout=20, read_timeout=120, longest_wait=600)
# Somebody sits before the form and waits for the answer of a check.
CHECK = Patience(tries=2, connect_timeout=10, read_timeout=20, longest_wait=5)


class MailcoachClient(HttpClient):
    """An `HttpClient` for one Mailcoach: errors come out as `MailcoachError`, and the token goes to no other host."""

    def __init__(self, config: Config, patience: Patience = SYNC) -> None:
        self.api_base = config.api_base
        self.patience = patience
        self.budget = RateBudget(config.requests_per_minute)
        self.server_time: datetime | None = None
        self.clock_report = ClockReport()
        self.has_answered = self.is_hopeless = False
        self.rows_per_page = 15  # on self-hosted servers; the first page tells
        parallel = config.max_parallel_requests
        self._fetcher = Fetcher(self._get, self._parse, self.budget, patience, parallel, self.api_base.url)
        super().__init__(
            name="mailcoach",
            # Requests are sent by threads that must not log; the reading thread says what there is to say.
            logger=_silent_logger(),
            session=_session(config.api_base),
            authenticator=TokenAuthenticator(config.token),
            error_handler=RaisingErrorHandler(config.api_base),
        )

    def traffic(self) -> tuple[int, int]:
        """Requests so far, further tries included, and how many of them were further tries."""
        return self._fetcher.started, self._fetcher.retried

    def fetch(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Any:
        """The JSON of the answer to a query, while some that come next are under way; raises MailcoachError."""
        try:
            return self._fetcher.fetch(query, ahead, later)
        except MailcoachError as error:
            self.is_hopeless = self.is_hopeless or error.problem.everywhere
            if error.problem is problems.NOT_CONNECTED and self.has_answered:
                raise MailcoachError(problems.NO_LONGER_CONNECTED, url=self.api_base.url) from error
            raise

    def drop(self, page: Query) -> None:
        """Throw away what was fetched ahead of the list that this is a page of."""
        self._fetcher.drop(page)

    def is_asked(self, query: Query) -> bool:
        """Whether a query is under way, or its answer waits to be read."""
        return self._fetcher.is_asked(query)

    def last_page(self, query: Query) -> int:
        """How many pages the list of a first page has that was fetched ahead; 0 if that is not known yet."""
        return self._fetcher.last_page(query)

    def rest(self) -> None:
        """Nothing is asked for now: end what is under way, and all threads."""
        self._fetcher.close()

    @property
    def request_kwargs(self) -> dict[str, object]:
        """A redirect would carry the token and the reading of rows to a host that nobody has checked."""
        timeout = (self.patience.connect_timeout, self.patience.read_timeout)
        return {"allow_redirects": False, "timeout": timeout, "stream": True}

    def _get(self, query: Query) -> Answer:
        """One try, in a thread of the pool."""
        url = f"{self.api_base.url}/{query.path}"
        try:
            _, response = self.send_request("GET", url, self.request_kwargs, params=dict(query.params))
            with response:
                content = self._read(response, query)
                received_at = time.monotonic()
        except requests.RequestException as error:
            raise diagnose_failure(error, self.api_base.url) from error
        remaining = response.headers.get("X-RateLimit-Remaining", "")
        return Answer(content, response.headers, received_at, int(remaining) if remaining.isdigit() else None)

    def _parse(self, answer: Answer) -> Any:
        content = parse_body(answer.content, answer.headers, self.api_base.url)
        self.server_time = _time_of(answer.headers)
        self.has_answered = True
        return content

    def _read(self, response: requests.Response, query: Query) -> bytes:
        """The body, unless it is larger than memory should hold: then MailcoachError, which names the campaign."""
        content = bytearray()
        for chunk in response.iter_content(CHUNK):
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise MailcoachError(problems.ANSWER_TOO_LARGE, url=self.api_base.url, path=query.path)
        return bytes(content)


class RaisingErrorHandler(ErrorHandler):
    """Raises a MailcoachError for any answer or failure but a good answer, so that `HttpClient` never tries again."""

    max_retries = 0
    max_time = 0

    def __init__(self, api_base: ApiBase) -> None:
        self.api_base = api_base

    def interpret_response(self, response_or_exception: requests.Response | Exception | None = None) -> ErrorResolution:
        if not isinstance(response_or_exception, requests.Response):
            raise diagnose_failure(response_or_exception or requests.RequestException(), self.api_base.url)
        error = diagnose_status(response_or_exception, self.api_base.url)
        if error is None:
            return SUCCESS_RESOLUTION
        error.wait = server_wait(response_or_exception)
        response_or_exception.close()
        raise error


def server_wait(response: requests.Response) -> float | None:
    """Seconds that an answer asks for in `Retry-After`; for a 429 without it, those of its window of a minute."""
    header = response.headers.get("Retry-After", "")
    if header.strip().isdigit():
        return float(header)
    if date := _http_date(header):
        return max(0.0, (date - datetime.now(timezone.utc)).total_seconds())
    return 60.0 if response.status_code == 429 else None


def _time_of(headers: Mapping[str, str]) -> datetime | None:
    """When an answer was made: its date, less its age if a cache has kept it."""
    date, age = _http_date(headers.get("Date", "")), headers.get("Age", "").strip()
    try:
        return date - timedelta(seconds=int(age)) if date and age.isdecimal() and len(age) < 10 else date
    except OverflowError:
        return None


def _http_date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone(timezone.utc)
    except (TypeError, ValueError):
        return None


def _silent_logger() -> logging.Logger:
    silent = logging.getLogger("source_mailcoach.http")
    silent.disabled = True
    return silent


def _session(api_base: ApiBase) -> requests.Session:
    session = requests.Session()
    session.headers.update(HEADERS)
    adapter = HTTPAdapter if api_base.trusted else PublicAdapter
    for scheme in ("https://", "http://") if api_base.trusted else ("https://",):
        # urllib3 warns, in the thread that sends, of connections that its pool has no room for.
        session.mount(scheme, adapter(pool_maxsize=MAX_PARALLEL))
    return session
