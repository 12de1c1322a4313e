"""The HTTP client of one sync, shared by all of its streams: session, headers, timeouts, retries, errors.

Sending, retrying and waiting are the CDK's `HttpClient`; here is what Mailcoach needs it to be told.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import requests
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.error_handlers import BackoffStrategy, ErrorHandler, ErrorResolution
from airbyte_cdk.sources.streams.http.error_handlers.response_models import SUCCESS_RESOLUTION, ResponseAction
from airbyte_cdk.sources.streams.http.requests_native_auth import TokenAuthenticator

from source_mailcoach import problems
from source_mailcoach.config import Config
from source_mailcoach.diagnosis import diagnose_answer, diagnose_failure
from source_mailcoach.host_policy import ApiBase, PublicAdapter
from source_mailcoach.problems import MailcoachError
from source_mailcoach.version import __version__

logger = logging.getLogger("airbyte")

# Without this header Mailcoach sends errors as web pages, and a wrong token to a login page with status 200.
HEADERS = {"Accept": "application/json", "User-Agent": f"source-mailcoach/{__version__}"}


@dataclass(frozen=True)
class Patience:
    """How much trouble a request is worth: tries in all, and seconds for connecting, reading and one wait."""

    tries: int
    connect_timeout: float
    read_timeout: float
    longest_wait: float


# A sync waits out a restart of the server and several windows of its limit of requests a minute.
SYNC = Patience(tries=6, connect_timeout=20, read_timeout=120, longest_wait=600)
# Somebody sits before the form and waits for the answer of a check.
CHECK = Patience(tries=2, connect_timeout=10, read_timeout=20, longest_wait=5)


class MailcoachClient(HttpClient):
    """An `HttpClient` for one Mailcoach: errors come out as `MailcoachError`, and the token goes to no other host."""

    def __init__(self, config: Config, patience: Patience = SYNC) -> None:
        self.api_base = config.api_base
        self.patience = patience
        self.errors = MailcoachErrors(config.api_base)
        super().__init__(
            name="mailcoach",
            logger=logger,
            session=_session(config.api_base),
            authenticator=TokenAuthenticator(config.token),
            error_handler=self.errors,
            backoff_strategy=MailcoachBackoff(config.api_base, patience),
        )

    @property
    def requests_sent(self) -> int:
        """Requests so far, retries included."""
        return self.errors.answers

    @property
    def server_time(self) -> datetime | None:
        """The time on the server at its latest answer, which is not that of this machine; None if it did not say."""
        return self.errors.server_time

    @property
    def request_kwargs(self) -> dict[str, object]:
        """A redirect would carry the token and the reading of rows to a host that nobody has checked."""
        return {"allow_redirects": False, "timeout": (self.patience.connect_timeout, self.patience.read_timeout)}


class MailcoachErrors(ErrorHandler):
    """Decides what an answer means: a page, another try, or a `MailcoachError`, which ends the request."""

    # The tries are counted by MailcoachBackoff, which knows the sentence to end with; these only must not cut it short.
    max_retries = 1_000
    max_time = 24 * 60 * 60

    def __init__(self, api_base: ApiBase) -> None:
        self.api_base = api_base
        self.answers = 0
        self.server_time: datetime | None = None

    def interpret_response(self, response_or_exception: requests.Response | Exception | None = None) -> ErrorResolution:
        self.answers += 1
        if isinstance(response_or_exception, requests.Response):
            self.server_time = _http_date(response_or_exception.headers.get("Date", ""))
        error = diagnose(response_or_exception, self.api_base.url)
        if error is None:
            return SUCCESS_RESOLUTION
        if not error.problem.retry:
            raise error
        return ErrorResolution(ResponseAction.RETRY, error.failure_type, error.message)


class MailcoachBackoff(BackoffStrategy):
    """Waits as long as the server says; None leaves it to the CDK, which doubles from one second on."""

    def __init__(self, api_base: ApiBase, patience: Patience) -> None:
        self.api_base = api_base
        self.patience = patience

    def backoff_time(
        self, response_or_exception: requests.Response | requests.RequestException | None, attempt_count: int
    ) -> float | None:
        wait = server_wait(response_or_exception, attempt_count)
        if attempt_count >= self.patience.tries or (wait or 0) > self.patience.longest_wait:
            error = diagnose(response_or_exception, self.api_base.url)
            raise error or MailcoachError(problems.SERVER_ERROR, url=self.api_base.url)
        return wait


def diagnose(outcome: requests.Response | Exception | None, url: str) -> MailcoachError | None:
    """The problem of an answer or of an exception; None for a good answer."""
    if isinstance(outcome, requests.Response):
        return diagnose_answer(outcome, url)
    return diagnose_failure(outcome or requests.RequestException(), url)


def server_wait(outcome: object, attempt: int) -> float | None:
    """Seconds that an answer asks for in `Retry-After`; for a 429 without it, up to its window of a minute."""
    if not isinstance(outcome, requests.Response):
        return None
    asked = _retry_after(outcome.headers.get("Retry-After", ""))
    if asked is None and outcome.status_code == 429:
        return min(60.0, 10.0 * 2.0 ** (attempt - 1))
    return asked


def _retry_after(header: str) -> float | None:
    if header.strip().isdigit():
        return float(header)
    date = _http_date(header)
    return max(0.0, (date - datetime.now(timezone.utc)).total_seconds()) if date else None


def _http_date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone(timezone.utc)
    except (TypeError, ValueError):
        return None


def _session(api_base: ApiBase) -> requests.Session:
    session = requests.Session()
    session.headers.update(HEADERS)
    if not api_base.trusted:
        session.mount("https://", PublicAdapter())
    return session
