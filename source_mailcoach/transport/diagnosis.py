"""Which problem an answer is. The first question is who sent it: Mailcoach, or something in front of it?

Laravel answers errors in JSON, with a `message`. An error in a web page or in plain text, or with the header of a bot
protection, comes from a proxy, a firewall or a cache, and says nothing about Mailcoach. These can also fail for a
moment. So if good answers came before in the same sync, a strange one is tried again, and is transient if it stays.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import EndpointNotFound, MailcoachError, Problem, RowNotFound
from source_mailcoach.sync.paging import NotAPage, Page
from source_mailcoach.transport.request import Answer, Query

LARAVELS: Mapping[int, Problem] = {
    400: problems.QUERY_REFUSED,
    401: problems.TOKEN_REFUSED,
    402: problems.ACCOUNT_LOCKED,
    403: problems.TOKEN_MAY_NOT_READ,
    408: problems.TIMEOUT,
    423: problems.ACCOUNT_LOCKED,
    429: problems.RATE_LIMITED,
    500: problems.SERVER_ERROR,
    503: problems.MAINTENANCE,
}
IN_FRONT: Mapping[int, Problem] = {
    401: problems.PASSWORD_IN_FRONT,
    402: problems.ACCOUNT_LOCKED,
    407: problems.PROXY_LOGIN,
    408: problems.TIMEOUT,
    423: problems.ACCOUNT_LOCKED,
    429: problems.LIMITED_IN_FRONT,
    500: problems.SERVER_ERROR,
}
NO_SUCH_ADDRESS = (404, 410)  # from something in front: it knows no Mailcoach there
# How they are called after good answers. Then the address is right, and something else answered in its place.
SEEN_INSTEAD: Mapping[Problem, str] = {
    problems.REDIRECTED: "a redirect to {location}",
    problems.LOGIN_PAGE: "a login page",
    problems.WEB_PAGE: "a web page",
    problems.NOT_MAILCOACH: "JSON that is not Mailcoach's",
}

# A wrong address always answers 404. A proxy whose server is being replaced only does so for some seconds.
TRIES_OF_NOT_FOUND = 3
# Mailcoach refuses a token that it accepted before: one of several servers may have old data.
TRIES_OF_DOUBT = 2
# Older servers take the last part for the uuid of a row. With PostgreSQL, a text that is no uuid makes the query fail.
TAKEN_FOR_UUIDS = {"transactional-mails/templates"}

BOM = b"\xef\xbb\xbf"
ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
DATA = re.compile(rb'\{\s*"(data|links|meta)"\s*:')
# Laravel's messages for a row and for a route. Up to Laravel 9 the message for a route was empty.
NOT_THERE = re.compile(r"No query results for model \[.*|The route .* could not be found\.|", re.DOTALL)
# Headers of answers that a gateway has made itself, although they also are JSON with a message.
GATEWAYS_OWN = ("X-Kong-Response-Latency", "x-amzn-ErrorType")
CHALLENGES = re.compile(rb"(?i)challenge-platform|cf-chl|_incapsula_resource|awswaf|captcha-delivery|px-captcha")


def diagnose(answer: Answer, query: Query, url: str, answered: Collection[str] = ()) -> MailcoachError | None:
    """The problem that the status and the headers of an answer show, or None. `url` is the API's base URL.

    `answered` has the endpoints that have answered well in this sync. Bodies are never quoted: a server in debug mode
    puts stack traces into them, and rows hold personal data.
    """
    status, headers = answer.status, answer.headers
    message = None if status < 400 else _message_of_laravel(answer.content, headers)
    if _is_challenge(headers, answer.content if status >= 400 and message is None else b""):
        return _strange(problems.BOT_CHALLENGE, url, answered, status=status)
    if 300 <= status < 400:
        return _redirect(query, headers, status, url, answered)
    if status < 400:
        return None
    # Mailcoach (Laravel Sanctum) never asks in this way, at which a browser shows a window for name and password.
    if status == 401 and not headers.get("WWW-Authenticate", "Bearer").lower().startswith("bearer"):
        return _strange(problems.PASSWORD_IN_FRONT, url, answered)
    if message is None or (status == 404 and not NOT_THERE.fullmatch(message)):
        return _error_in_front(answer, url, answered)
    return _error_of_laravel(status, message, query, url, answered)


def parse_body(answer: Answer, url: str, answered: Collection[str] = ()) -> Any:
    """The JSON of a good answer; MailcoachError if it is something else."""
    content, headers = _without_bom(answer.content), answer.headers
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if not ENCODINGS.issuperset(re.split(r"[\s,]+", encoding)):
        encoding = re.sub(r"[^a-z0-9,-]", "", encoding)[:20]
        raise _strange(problems.UNKNOWN_ENCODING, url, answered, encoding=encoding)
    if _holds_data(content):
        raise _strange(problems.TEXT_AROUND, url, answered)
    if _is_challenge(headers, content):
        raise _strange(problems.BOT_CHALLENGE, url, answered, status=answer.status)
    if b'type="password"' in content:
        raise _strange(problems.LOGIN_PAGE, url, answered)
    if "html" in headers.get("Content-Type", "") or (content and content[:1] not in b'{["'):
        raise _strange(problems.WEB_PAGE, url, answered)
    raise MailcoachError(problems.BROKEN_ANSWER, url=url)


def page_of(payload: Any, url: str, answered: Collection[str] = ()) -> Page:
    """An answer as a page of a list; MailcoachError if it is something else, or from a version that is too old."""
    try:
        page = Page.from_payload(payload)
    except NotAPage:
        raise _strange(problems.NOT_MAILCOACH, url, answered) from None
    # Only v5 has integer ids in its rows, and uses them in its paths instead of the uuids.
    if any(isinstance(row.get("id"), int) for row in page.rows if isinstance(row, dict)):
        raise MailcoachError(problems.VERSION_5, url=url)
    return page


def data_of(payload: Any, url: str, answered: Collection[str] = ()) -> Any:
    """The answer about a single row, `{"data": {…}}`; MailcoachError if it is something else."""
    if not isinstance(payload, dict) or "data" not in payload:
        raise _strange(problems.NOT_MAILCOACH, url, answered)
    return payload


def _strange(problem: Problem, url: str, answered: Collection[str], **details: Any) -> MailcoachError:
    """The error for what something other than Mailcoach did. It is passing if Mailcoach has answered here before."""
    if answered and problem in SEEN_INSTEAD:
        return MailcoachError(problems.ANSWERED_INSTEAD, url=url, seen=SEEN_INSTEAD[problem].format(**details))
    return MailcoachError(problem, passing=bool(answered), url=url, **details)


def _redirect(
    query: Query, headers: Mapping[str, str], status: int, url: str, answered: Collection[str]
) -> MailcoachError:
    if status == 304:  # this connector never asks whether something was modified: a cache did
        return _strange(problems.FIREWALL, url, answered, status=status)
    try:
        location = urlsplit(urljoin(f"{url}/{query.path}", headers.get("Location", "")))
    except ValueError:
        location = urlsplit("")
    if location.path.rstrip("/").endswith("/login"):
        return _strange(problems.LOGIN_PAGE, url, answered)
    host = location.netloc.rpartition("@")[2]
    return _strange(problems.REDIRECTED, url, answered, location=f"{location.scheme}://{host}{location.path}")


def _error_in_front(answer: Answer, url: str, answered: Collection[str]) -> MailcoachError:
    status = answer.status
    if status in NO_SUCH_ADDRESS:
        if answered:
            return MailcoachError(problems.GATEWAY_ERROR, url=url, status=status, passing=True)
        return MailcoachError(problems.NOT_FOUND, url=url, status=status, tries=TRIES_OF_NOT_FOUND)
    problem = IN_FRONT.get(status, problems.FIREWALL if status < 500 else problems.GATEWAY_ERROR)
    # Without a body one cannot tell who sent the answer, but these two mean the same from everybody.
    if not answer.content.strip() and status in (429, 503):
        problem = LARAVELS[status]
    return _strange(problem, url, answered, status=status)


def _error_of_laravel(
    status: int, message: str, query: Query, url: str, answered: Collection[str]
) -> MailcoachError | None:
    if status == 500 and query.path in TAKEN_FOR_UUIDS - set(answered):
        return EndpointNotFound(problems.SERVER_ERROR, url=url)
    if status != 404:
        problem = LARAVELS.get(status, problems.REFUSED if status < 500 else problems.GATEWAY_ERROR)
        in_doubt = (status == 401 and answered) or (status == 403 and query.endpoint in answered)
        return MailcoachError(problem, url=url, status=status, tries=TRIES_OF_DOUBT if in_doubt else 1)
    is_known = query.endpoint in answered
    if message.startswith("No query") and not (is_known and query.endpoint == query.path):
        return RowNotFound(problems.NO_ROW, url=url, path=query.path)
    if is_known:
        # The endpoint has answered before, so it exists: routes are being cached anew, or a server has another version.
        return MailcoachError(problems.NO_ENDPOINT, url=url, path=query.path, passing=True)
    if answered:
        return EndpointNotFound(problems.NO_ENDPOINT, url=url, path=query.path)
    return EndpointNotFound(problems.NOT_FOUND, url=url, status=status)


def _message_of_laravel(content: bytes, headers: Mapping[str, str]) -> str | None:
    """The `message` of an error that Laravel sent, which can be empty; None if something else sent it."""
    if "json" not in headers.get("Content-Type", "json").lower() or any(name in headers for name in GATEWAYS_OWN):
        return None
    try:
        error = json.loads(_without_bom(content))
    except (ValueError, RecursionError):
        return None
    message = error.get("message", "" if "errors" in error else None) if isinstance(error, dict) else None
    return message if isinstance(message, str) else None


def _is_challenge(headers: Mapping[str, str], page: bytes) -> bool:
    """Whether a bot protection answers: by the headers of Cloudflare, Vercel, AWS and Sucuri, or by its page."""
    return (
        "challenge" in (headers.get("cf-mitigated"), headers.get("x-vercel-mitigated"))
        or headers.get("x-amzn-waf-action") in ("challenge", "captcha")
        or "x-sucuri-block" in headers
        or bool(CHALLENGES.search(page))
    )


def _holds_data(content: bytes) -> bool:
    """Whether a content that is no JSON is a whole answer of Mailcoach with text before or after it."""
    found = DATA.search(content)
    if not found:
        return False
    text = content[found.start() :].decode(errors="replace")
    try:
        payload, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    is_around = found.start() > 0 or bool(text[end:].strip())
    return is_around and isinstance(payload, dict) and "data" in payload


def _without_bom(content: bytes) -> bytes:
    """Without byte order marks: PHP files that begin with one put it before everything that they send."""
    content = content.lstrip()
    while content.startswith(BOM):
        content = content[len(BOM) :].lstrip()
    return content
