"""Which problem an answer of the server, or a failure on the way to it, is."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests import exceptions
from urllib3.exceptions import NameResolutionError, NewConnectionError, ReadTimeoutError

from source_mailcoach import problems
from source_mailcoach.paging import NotAPage, Page
from source_mailcoach.problems import MailcoachError, Problem

STATUS: Mapping[int, Problem] = {
    400: problems.QUERY_REFUSED,
    401: problems.TOKEN_REFUSED,
    402: problems.ACCOUNT_LOCKED,
    403: problems.TOKEN_MAY_NOT_READ,
    404: problems.NOT_FOUND,
    408: problems.TIMEOUT,
    423: problems.ACCOUNT_LOCKED,
    429: problems.RATE_LIMITED,
    500: problems.SERVER_ERROR,
    503: problems.MAINTENANCE,
}


def diagnose_status(response: requests.Response, url: str) -> MailcoachError | None:
    """What the status of an answer says is wrong, or None. `url` is the API's base URL.

    Bodies are never quoted: a server in debug mode puts stack traces into them, and rows hold personal data.
    """
    status = response.status_code
    if response.is_redirect or 300 <= status < 400:
        try:
            location = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
        except ValueError:
            location = urlsplit("")
        host = location.netloc.rpartition("@")[2]
        if location.path.rstrip("/").endswith("/login"):
            return MailcoachError(problems.LOGIN_PAGE, url=url)
        target = f"{location.scheme}://{host}{location.path}"
        return MailcoachError(problems.REDIRECTED, url=url, location=target)
    if status >= 400:
        problem = STATUS.get(status, problems.REFUSED if status < 500 else problems.GATEWAY_ERROR)
        return MailcoachError(problem, url=url, status=status)
    return None


def parse_body(content: bytes, headers: Mapping[str, str], url: str) -> Any:
    """The JSON of a good answer; MailcoachError if it is something else."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        if not content.lstrip().startswith(b"<") and "html" not in headers.get("Content-Type", ""):
            problem = problems.BROKEN_ANSWER
        else:
            problem = problems.LOGIN_PAGE if b'type="password"' in content else problems.WEB_PAGE
        raise MailcoachError(problem, url=url) from None


def page_of(payload: Any, url: str) -> Page:
    """The page of a list that an answer is; MailcoachError if it is something else, or of a version too old."""
    try:
        page = Page.from_payload(payload)
    except NotAPage:
        raise MailcoachError(problems.NOT_MAILCOACH, url=url) from None
    # v5 alone has integer ids in its rows; its paths take them instead of the uuids.
    if any(isinstance(row.get("id"), int) for row in page.rows if isinstance(row, dict)):
        raise MailcoachError(problems.VERSION_5, url=url)
    return page


def diagnose_failure(error: Exception, url: str) -> MailcoachError:
    """The problem behind an exception of requests. Its text stays out: it may quote headers, and so the token."""
    return MailcoachError(_problem_of(error), url=url, detail=type(error).__name__)


def _problem_of(error: Exception) -> Problem:
    causes = list(_causes(error))
    if isinstance(error, (exceptions.ProxyError, exceptions.InvalidProxyURL)):
        return problems.PROXY_FAILED
    for cause in causes:
        if isinstance(cause, NameResolutionError):
            return _problem_of_name(cause)
    if isinstance(error, exceptions.SSLError):
        cut = any(isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) for cause in causes)
        return problems.CONNECTION_LOST if cut else problems.TLS_FAILED
    if isinstance(error, exceptions.Timeout) or any(isinstance(cause, ReadTimeoutError) for cause in causes):
        return problems.TIMEOUT
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return problems.NOT_CONNECTED
    lost = (exceptions.ConnectionError, exceptions.ChunkedEncodingError, exceptions.ContentDecodingError)
    return problems.CONNECTION_LOST if isinstance(error, lost) else problems.NOT_SENT


def _problem_of_name(error: NameResolutionError) -> Problem:
    reason = error.__cause__
    unknown = isinstance(reason, socket.gaierror) and reason.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
    return problems.NAME_NOT_FOUND if unknown else problems.DNS_UNAVAILABLE


def _causes(error: object) -> Iterator[Any]:
    """requests wraps urllib3's exceptions as arguments, and those wrap the reason."""
    while isinstance(error, BaseException):
        yield error
        inner = [arg for arg in error.args if isinstance(arg, BaseException)]
        error = getattr(error, "reason", None) or (inner[0] if inner else None)
