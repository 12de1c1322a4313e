"""The HTTP client of one sync, shared by all of its streams: session, headers, timeouts, errors.

The CDK's `HttpClient` holds the session and authenticates it. Its way to send a request is not used: its retries and
call rates wait, log and print in the thread that sends, do not know when Mailcoach's window ends, and cannot stop all
requests when one is refused. `overlap` and `budget` do that.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode

import requests
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.requests_native_auth import TokenAuthenticator
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from source_mailcoach.config import MAX_PARALLEL, Config
from source_mailcoach.host_policy import ApiBase, PublicAdapter
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import EndsSync, MailcoachError, NotConnected, RateLimited
from source_mailcoach.messages.events import Events
from source_mailcoach.sync.clocks import ClockReport
from source_mailcoach.transport import headers
from source_mailcoach.transport.budget import RateBudget
from source_mailcoach.transport.diagnosis import data_of, diagnose, page_of, parse_body
from source_mailcoach.transport.failures import diagnose_failure
from source_mailcoach.transport.overlap import Fetcher
from source_mailcoach.transport.request import Answer, Patience, Query, Request
from source_mailcoach.version import __version__

# Without `Accept` Mailcoach sends errors as web pages, and answers a wrong token with a login page of status 200.
# `Cache-Control` makes a cache ask the server again, even if that cache ignores what the server says.
HEADERS = {
    "Accept": "application/json",
    "Cache-Control": "no-cache",
    "User-Agent": f"source-mailcoach/{__version__}",
}
LARGEST_ANSWER = 256 * 1024 * 1024  # bytes, unpacked
LARGEST_ERROR = 1024 * 1024  # with the trace of a server in debug mode
CHUNK = 256 * 1024

# A sync can wait out half a minute without a server, and windows of the limit of requests that last up to an hour. The
# largest answer still comes in time over a line of 4 MBit/s.
SYNC = Patience(
    tries=6, connect_timeout=20, read_timeout=120, longest_answer=600, longest_wait=600, longest_window=3700
)
# A person waits in front of the form for the result of a check.
CHECK = Patience(tries=2, connect_timeout=10, read_timeout=20, longest_answer=40, longest_wait=5)
# To find out whether the server still answers after all tries of a request have failed. It may wait for a new window.
LAST_QUESTION = Patience(tries=2, connect_timeout=10, read_timeout=30, longest_answer=60, longest_wait=61)


class MailcoachClient(HttpClient):
    """An `HttpClient` for one Mailcoach: errors come out as `MailcoachError`, and the token goes to no other host."""

    def __init__(self, config: Config, patience: Patience = SYNC) -> None:
        self.api_base = config.api_base
        self.patience = patience
        self.events = Events()
        self.budget = RateBudget(config.requests_per_minute)
        self.server_time: datetime | None = None
        # The endpoints that have answered well in this sync. Whether a later error is believed depends on that.
        self.answered: set[str] = set()
        self.good_answers = 0
        self._is_hopeless = False
        self._failed: Query | None = None  # after which it is not known whether the server still answers
        self.clock_report = ClockReport()
        self.rows_per_page = 15  # on self-hosted servers; the first page tells
        self._parallel = parallel = config.max_parallel_requests or MAX_PARALLEL
        self._fetcher, self._questioner = (
            Fetcher(self._get, self._judge, self.budget, each, at_a_time, self.api_base.url, self.events.emit)
            for each, at_a_time in ((patience, parallel), (LAST_QUESTION, 1))
        )
        super().__init__(
            name="mailcoach",
            logger=logging.getLogger("airbyte"),
            session=_session(config.api_base),
            authenticator=TokenAuthenticator(config.token),
        )
        # Requests differ in their address alone. To prepare the rest each time would take a third of what one costs.
        self._prepared = self._prepare()

    @property
    def has_answered(self) -> bool:
        """Whether Mailcoach has answered well in this sync: then the address and the token are right."""
        return bool(self.answered)

    def fetch(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Any:
        """What a query asked for: a Page, if it asks for one, or the JSON of the answer; raises MailcoachError.

        Meanwhile some of the next queries are already being fetched: see `overlap`.
        """
        try:
            return self._fetcher.fetch(query, ahead, later)
        except MailcoachError as error:
            self._is_hopeless = self._is_hopeless or isinstance(error, EndsSync)
            self._failed = query if may_be_everywhere(error) else None
            if isinstance(error, NotConnected) and self.has_answered:
                raise MailcoachError(problems.NO_LONGER_CONNECTED, url=self.api_base.url) from error
            raise

    @property
    def is_hopeless(self) -> bool:
        """Whether every other stream would fail like the one that has just failed.

        A proxy may give up only one endpoint, because that one is slow. So after such a failure another list is asked
        for a page, the first time that somebody wants to know. Any good answer later sets this back to False.
        """
        if self._failed and not self._is_hopeless:
            other = "campaigns" if self._failed.endpoint == "email-lists" else "email-lists"
            try:
                self._questioner.fetch(Query(other, (("page", 1),)))
            except MailcoachError as error:
                self._is_hopeless = isinstance(error, EndsSync) or may_be_everywhere(error)
        self._failed = None
        return self._is_hopeless

    def confirm(self) -> None:
        """Ask for a list that must be there, to be sure that Mailcoach itself answers; raises MailcoachError if not."""
        lists = sorted((path for path in self.answered if "*" not in path), key=lambda path: path != "email-lists")
        self.fetch(Query(lists[0] if lists else "email-lists", (("page", 1),)))

    def pause(self, seconds: float, error: MailcoachError) -> None:
        """Wait before a further try; raises the error instead if the wait is too long."""
        self._fetcher.pause(seconds, error)

    def requests_for(self, rows: Any) -> int:
        """How many requests a list with so many rows takes. `rows` is Mailcoach's own count."""
        return max(1, -(-int(rows or 0) // self.rows_per_page))

    @property
    def asked_and_answered(self) -> tuple[float, float]:
        """When the last answer was asked for, and when it came (monotonic)."""
        return self._fetcher.asked_at, self._fetcher.answered_at

    def discard_ahead(self, page: Query) -> None:
        """Throw away what was fetched ahead from the list to which this page belongs."""
        self._fetcher.discard_ahead(page)

    def will_wait(self, query: Query | None) -> bool:
        """Whether there is a wait before this query is answered; None stands for a query that is not known yet.

        There is one because of the limit, or if requests go one at a time, but not if the query is already under way.
        """
        if query and self._fetcher.is_asked(query):
            return False
        return self._parallel == 1 or self.budget.wait(time.monotonic()) != 0

    def has_come(self, query: Query) -> bool:
        """Whether the answer to a query is here, so that nothing has to be waited for."""
        return self._fetcher.has_come(query)

    def last_page(self, query: Query) -> int:
        """How many pages a list has whose first page was fetched ahead; 0 if that is not known yet."""
        return self._fetcher.last_page(query)

    def end_requests(self) -> None:
        """End what is under way, and all threads. More may be asked for later."""
        self._fetcher.close()
        self._questioner.close()

    def close(self) -> None:
        """End what is under way, and close the connections."""
        self.end_requests()
        self._session.close()

    @property
    def request_kwargs(self) -> dict[str, Any]:
        """How each request is sent. To follow a redirect could send the token to a host that was not checked."""
        return {"allow_redirects": False, "timeout": self.patience.timeouts, "stream": True}

    def _prepare(self) -> requests.PreparedRequest:
        return self._session.prepare_request(requests.Request("GET", self.api_base.url))

    def _get(self, request: Request) -> Answer:
        """One try, in a thread beside the reading one."""
        query = request.query
        how = {**self.request_kwargs, "timeout": request.patience.timeouts}
        prepared = self._prepared.copy()
        params = f"?{urlencode(query.params)}" if query.params else ""
        prepared.url = f"{self.api_base.url}/{quote(query.path)}{params}"
        with self._session.send(prepared, **how) as response:
            content = self._read(response, request)
            received_at = time.monotonic()
        status, said = response.status_code, response.headers
        return Answer(content, said, received_at, headers.quota(said), status, headers.wait(status, said))

    def _judge(self, query: Query, outcome: Answer | Exception) -> Any:
        """The content of an answer, or MailcoachError. What it means can depend on earlier answers."""
        url = self.api_base.url
        if isinstance(outcome, (requests.RequestException, OSError, HTTPError, ValueError)):
            raise diagnose_failure(outcome, url, self.has_answered) from outcome
        if isinstance(outcome, Exception):
            raise outcome
        try:
            if error := diagnose(outcome, query, url, self.answered):
                raise error
            content = parse_body(outcome, url, self.answered)
            content = (page_of if query.wants_page else data_of)(content, url, self.answered)
        except MailcoachError as error:
            error.wait = outcome.wait
            raise
        self._is_hopeless, self._failed = False, None
        self.server_time = headers.made_at(outcome.headers)
        self.answered.add(query.endpoint)
        self.good_answers += 1
        return content

    def _read(self, response: requests.Response, request: Request) -> bytes:
        """The body; MailcoachError, with the path, if it is larger than LARGEST_ANSWER, to spare memory.

        An error is cut at LARGEST_ERROR: one of Mailcoach's own is never that long. The body is read as it comes, and
        not in whole chunks as requests would: this way the deadline also stops a server that sends a byte a minute.
        """
        content = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            content += chunk
            if not response.ok and len(content) > LARGEST_ERROR:
                break
            if len(content) > LARGEST_ANSWER:
                raise MailcoachError(problems.ANSWER_TOO_LARGE, url=self.api_base.url, path=request.query.path)
            if time.monotonic() >= request.deadline:
                raise TimeoutError
        return bytes(content)


def may_be_everywhere(error: MailcoachError) -> bool:
    """Whether an error that all tries have met can be that of the whole server, or of something in front of it.

    A limit of requests is none: whoever reports it is up, and will answer again.
    """
    return error.retry and not isinstance(error, RateLimited)


def _session(api_base: ApiBase) -> requests.Session:
    session = requests.Session()
    session.headers.update(HEADERS)
    # Some apps set a cookie of a new name with each answer. Sent back, they would soon make requests too large.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    # urllib3 would log warnings about odd headers and a full pool, in the threads that send, which must not log.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    adapter = HTTPAdapter if api_base.trusted else PublicAdapter
    for scheme in ("https://", "http://") if api_base.trusted else ("https://",):
        session.mount(scheme, adapter(pool_maxsize=MAX_PARALLEL))
    # All requests go to one host. To look for its proxy and certificates in the environment each time would take
    # a quarter of what a request costs.
    found = session.merge_environment_settings(api_base.url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False
    return session
