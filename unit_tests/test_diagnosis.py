"""Every answer gets its own sentence, the right failure type, and a retry only where that can help."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import EndpointNotFound, MailcoachError, NotFound, Problem, RowNotFound
from source_mailcoach.transport.diagnosis import data_of, diagnose, page_of, parse_body
from source_mailcoach.transport.request import Answer, Query

URL = "https://news.example.com/api"
TOKEN = "1|top-secret-token"
BODY_TEXT = "SQLSTATE in /var/www/app/User.php for ann@example.com"

CONFIG, TRANSIENT, SYSTEM = FailureType.config_error, FailureType.transient_error, FailureType.system_error
META = {"current_page": 1, "last_page": 1, "total": 0, "per_page": 15}
LISTS = Query("email-lists", (("page", 1),))
OPENS = Query("campaigns/3f1c0b1e-8f0a-4f53-9d0c-2f6c1f3b7a10/opens", (("page", 2),))
AFTER = {"email-lists", "campaigns"}

Body = bytes | str | Mapping[str, Any]
HTML = f"<!DOCTYPE html><title>{BODY_TEXT}</title>"
LARAVEL = {"message": BODY_TEXT}
DEBUG = {**LARAVEL, "exception": "Illuminate\\X", "file": "/var/www/x.php", "line": 3, "trace": [{"line": 1}]}
ROW = {"message": "No query results for model [Spatie\\Mailcoach\\Domain\\Campaign\\Models\\Campaign] 3f1c"}
ROUTE = {"message": "The route api/suppressions could not be found."}


def answer(status: int = 200, body: Body = b"", content_type: str | None = None, **headers: str) -> Answer:
    """With the content type that usually goes with the body. Underscores in names of headers stand for hyphens."""
    if isinstance(body, Mapping):
        content, usual = json.dumps(body).encode(), "application/json"
    else:
        content = body.encode() if isinstance(body, str) else body
        usual = "text/html; charset=UTF-8" if content.lstrip().startswith(b"<") else "text/plain"
    sent = {"Content-Type": usual if content_type is None else content_type}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(content, CaseInsensitiveDict(sent), 0, None, status)


def judged(received: Answer, query: Query = LISTS, answered: set[str] | None = None) -> MailcoachError | None:
    """As the client does it: first who speaks and with which status, then the body."""
    answered = answered or set()
    try:
        error = diagnose(received, query, URL, answered)
        if error is None:
            payload = parse_body(received, URL, answered)
            (page_of if query.wants_page else data_of)(payload, URL, answered)
        return error
    except MailcoachError as error_in_body:
        return error_in_body


def diagnosis(received: Answer, query: Query = LISTS, answered: set[str] | None = None) -> MailcoachError:
    error = judged(received, query, answered)
    assert error is not None
    return error


def message_of(error: MailcoachError) -> str:
    """The message, after a look at all that an error shows: no token, no part of a body, no empty placeholder."""
    shown = f"{error.message} {error.internal_message} {error!r}"
    assert not [secret for secret in (TOKEN, "top-secret", BODY_TEXT, "SQLSTATE", "{", "}") if secret in shown]
    return str(error.message)


# What Laravel says ---------------------------------------------------------------------------------------------------

STATUSES = [
    (400, problems.QUERY_REFUSED, SYSTEM, False),
    (401, problems.TOKEN_REFUSED, CONFIG, False),
    (402, problems.ACCOUNT_LOCKED, CONFIG, False),
    (403, problems.TOKEN_MAY_NOT_READ, CONFIG, False),
    (405, problems.REFUSED, SYSTEM, False),
    (408, problems.TIMEOUT, TRANSIENT, True),
    (413, problems.REFUSED, SYSTEM, False),
    (419, problems.REFUSED, SYSTEM, False),
    (422, problems.REFUSED, SYSTEM, False),
    (423, problems.ACCOUNT_LOCKED, CONFIG, False),
    (429, problems.RATE_LIMITED, TRANSIENT, True),
    (500, problems.SERVER_ERROR, TRANSIENT, True),
    (502, problems.GATEWAY_ERROR, TRANSIENT, True),
    (503, problems.MAINTENANCE, TRANSIENT, True),
    (504, problems.GATEWAY_ERROR, TRANSIENT, True),
]


@pytest.mark.parametrize("answered", [set(), AFTER], ids=["at the start", "after good answers"])
@pytest.mark.parametrize("body", [LARAVEL, DEBUG], ids=["plain", "debug"])
@pytest.mark.parametrize(("status", "problem", "failure_type", "retry"), STATUSES, ids=lambda value: str(value)[:20])
def test_a_status_of_laravels_has_its_own_sentence(
    status: int, problem: Problem, failure_type: FailureType, retry: bool, body: Body, answered: set[str]
) -> None:
    """Servers in debug mode put stack traces into the body."""
    error = diagnosis(answer(status, body), answered=answered)
    assert (error.problem, error.failure_type, error.retry) == (problem, failure_type, retry)
    assert not isinstance(error, NotFound)
    assert URL in message_of(error)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", b"\r\n\xef\xbb\xbf"], ids=["", "BOM", "line and BOM"])
def test_laravel_is_known_by_json_with_a_message(content_type: str, prefix: bytes) -> None:
    body = prefix + json.dumps({"message": "Unauthenticated."}).encode()
    assert diagnosis(answer(401, body, content_type)).problem is problems.TOKEN_REFUSED
    body = prefix + json.dumps({"errors": {"filter": ["x"]}}).encode()
    assert diagnosis(answer(422, body, content_type)).problem is problems.REFUSED


@pytest.mark.parametrize("status", [400, 402, 418, 423, 502, 504])
def test_a_sentence_for_several_statuses_names_the_one_that_came(status: int) -> None:
    assert f"({status})" in message_of(diagnosis(answer(status, LARAVEL)))


@pytest.mark.parametrize(("status", "query"), [(401, LISTS), (401, OPENS), (403, LISTS)])
def test_a_token_that_was_good_and_is_refused_is_tried_once_more(status: int, query: Query) -> None:
    """One backend of several may be out of step. What it stays with is the person's to mend."""
    error = diagnosis(answer(status, LARAVEL), query, AFTER)
    assert (error.tries, error.failure_type) == (2, CONFIG)
    assert diagnosis(answer(status, LARAVEL), query).tries == 1


def test_a_list_that_a_token_may_not_read_is_not_asked_for_twice() -> None:
    assert diagnosis(answer(403, LARAVEL), OPENS, AFTER).tries == 1


# 404 -----------------------------------------------------------------------------------------------------------------

NOT_MAILCOACHS = {
    "Go and Traefik": answer(404, "404 page not found\n"),
    "nginx": answer(404, "<html><head><title>404 Not Found</title></head><body><hr>nginx</body></html>"),
    "Apache": answer(404, "<!DOCTYPE HTML PUBLIC><title>404 Not Found</title><p>The requested URL was not found"),
    "Laravel without Accept": answer(404, "<!DOCTYPE html><title>Not Found</title>404 | Not Found"),
    "Envoy": answer(404, b"", ""),
    "Kong": answer(404, {"message": "no Route matched with those values"}),
    "Kong 3": answer(404, {"message": "no Route matched with those values", "request_id": "1b"}),
    "AWS API Gateway": answer(404, {"message": "Not Found"}),
    "Spring": answer(404, {"timestamp": 1, "status": 404, "error": "Not Found", "path": "/api/campaigns"}),
    "problem+json": answer(404, {"title": "Not Found", "status": 404}, "application/problem+json"),
    "Heroku": answer(404, "There's nothing here, yet."),
    "text that looks like JSON": answer(404, json.dumps(ROW), "text/plain"),
    "JSON that breaks off": answer(404, json.dumps(ROW)[:-3], "application/json"),
    "a list": answer(404, b"[]", "application/json"),
    "null": answer(404, b"null", "application/json"),
    "a message that is none": answer(404, {"message": ["No query results for model [X]"]}),
    "a message that quotes": answer(404, {"message": "Sorry: No query results for model [X]"}),
    "a bucket": answer(404, '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "application/xml"),
    "gone": answer(410, "<html>Gone</html>"),
    "gone, JSON": answer(410, {"error": "gone"}),
}


@pytest.mark.parametrize("name", NOT_MAILCOACHS)
def test_a_404_that_is_not_mailcoachs_is_the_address_at_first_and_later_the_gateway(name: str) -> None:
    """It never says that anything is not there."""
    for query in (LISTS, OPENS, Query("campaigns/1")):
        first = diagnosis(NOT_MAILCOACHS[name], query)
        assert (first.problem, first.failure_type, first.tries) == (problems.NOT_FOUND, CONFIG, 3)
        assert "API Base URL" in message_of(first)
        later = diagnosis(NOT_MAILCOACHS[name], query, AFTER)
        assert (later.problem, later.failure_type, later.retry) == (problems.GATEWAY_ERROR, TRANSIENT, True)
        assert not isinstance(first, NotFound)
        assert not isinstance(later, NotFound)


@pytest.mark.parametrize("body", [ROW, {**DEBUG, **ROW}], ids=["plain", "debug"])
@pytest.mark.parametrize("answered", [set(), AFTER, {*AFTER, "campaigns/*/opens"}])
def test_a_row_that_mailcoach_says_is_not_there(body: Body, answered: set[str]) -> None:
    error = diagnosis(answer(404, body), OPENS, answered)
    assert (type(error), error.problem, error.failure_type) == (RowNotFound, problems.NO_ROW, TRANSIENT)
    assert OPENS.path in message_of(error)


@pytest.mark.parametrize("body", [ROUTE, {**DEBUG, **ROUTE}, {"message": ""}], ids=["plain", "debug", "Laravel 8"])
def test_an_endpoint_that_mailcoach_says_is_not_there(body: Body) -> None:
    query = Query("suppressions", (("page", 1),))
    first = diagnosis(answer(404, body), query)
    assert (type(first), first.problem, first.tries) == (EndpointNotFound, problems.NOT_FOUND, 1)
    later = diagnosis(answer(404, body), query, AFTER)
    assert (type(later), later.problem, later.failure_type) == (
        EndpointNotFound,
        problems.NO_ENDPOINT,
        TRANSIENT,
    )


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (OPENS, ROUTE),
        (Query(OPENS.path.replace("3f1c", "aaaa"), (("page", 1),)), ROUTE),
        (Query("suppressions", (("page", 7),)), ROUTE),
        (Query("suppressions", (("page", 7),)), ROW),
        (Query("transactional-mails/templates", (("page", 2),)), ROW),
        (Query("transactional-mails/templates", (("page", 2),)), {"message": ""}),
    ],
)
def test_an_endpoint_that_has_answered_is_never_missing(query: Query, body: Body) -> None:
    error = diagnosis(answer(404, body), query, {*AFTER, query.endpoint})
    assert (type(error), error.failure_type, error.retry) == (MailcoachError, TRANSIENT, True)


# What something in front of Mailcoach says ---------------------------------------------------------------------------

BLOCKED = "<html><title>Access denied</title>"
IN_FRONT = {
    "Cloudflare challenge": (answer(403, HTML, Server="cloudflare", cf_mitigated="challenge"), problems.BOT_CHALLENGE),
    "Cloudflare challenge, 503": (answer(503, "<script src=/cdn-cgi/challenge-platform/x>"), problems.BOT_CHALLENGE),
    "Cloudflare challenge, 429": (answer(429, HTML, cf_mitigated="challenge"), problems.BOT_CHALLENGE),
    "Vercel": (answer(429, HTML, x_vercel_mitigated="challenge"), problems.BOT_CHALLENGE),
    "AWS WAF challenge": (answer(202, b"", x_amzn_waf_action="challenge"), problems.BOT_CHALLENGE),
    "AWS WAF captcha": (answer(405, HTML, x_amzn_waf_action="captcha"), problems.BOT_CHALLENGE),
    "Imperva": (answer(403, '<iframe src="/_Incapsula_Resource?x=1">'), problems.BOT_CHALLENGE),
    "Imperva with 200": (answer(200, '<html><script src="/_Incapsula_Resource?x=1">'), problems.BOT_CHALLENGE),
    "Sucuri": (answer(403, BLOCKED, Server="Sucuri/Cloudproxy", X_Sucuri_Block="1"), problems.BOT_CHALLENGE),
    "DataDome": (answer(403, {"url": "https://geo.captcha-delivery.com/captcha/"}), problems.BOT_CHALLENGE),
    "a challenge in JSON": (answer(403, LARAVEL, cf_mitigated="challenge"), problems.BOT_CHALLENGE),
    "Basic": (answer(401, HTML, WWW_Authenticate='Basic realm="Staging"'), problems.PASSWORD_IN_FRONT),
    "Basic, text": (answer(401, "Authorization Required", WWW_Authenticate="basic"), problems.PASSWORD_IN_FRONT),
    "Basic, JSON": (answer(401, LARAVEL, WWW_Authenticate="Basic"), problems.PASSWORD_IN_FRONT),
    "Negotiate": (answer(401, b"", WWW_Authenticate="Negotiate, NTLM"), problems.PASSWORD_IN_FRONT),
    "Digest": (answer(401, HTML, WWW_Authenticate='Digest realm="x"'), problems.PASSWORD_IN_FRONT),
    "a sign-on proxy": (answer(401, b"", "", WWW_Authenticate="Bearer"), problems.PASSWORD_IN_FRONT),
    "401 as a page": (answer(401, HTML), problems.PASSWORD_IN_FRONT),
    "401 of Kong": (answer(401, LARAVEL, X_Kong_Response_Latency="1"), problems.PASSWORD_IN_FRONT),
    "403 as a page": (answer(403, BLOCKED, Server="nginx"), problems.FIREWALL),
    "403 as text": (answer(403, "RBAC: access denied"), problems.FIREWALL),
    "403 of AWS": (answer(403, {"message": "Forbidden"}, x_amzn_ErrorType="ForbiddenException"), problems.FIREWALL),
    "403 of Azure": (answer(403, BLOCKED, Server="Microsoft-Azure-Application-Gateway/v2"), problems.FIREWALL),
    "403 without a body": (answer(403, b""), problems.FIREWALL),
    "400 of nginx": (answer(400, "<title>400 Request Header Or Cookie Too Large</title>"), problems.FIREWALL),
    "405 of a firewall": (answer(405, BLOCKED), problems.FIREWALL),
    "406 of mod_security": (answer(406, "<h1>Not Acceptable!</h1>generated by Mod_Security"), problems.FIREWALL),
    "413": (answer(413, HTML), problems.FIREWALL),
    "415": (answer(415, "Unsupported"), problems.FIREWALL),
    "418 of a firewall": (answer(418, "I'm a teapot"), problems.FIREWALL),
    "421": (answer(421, "Misdirected Request"), problems.FIREWALL),
    "431": (answer(431, b""), problems.FIREWALL),
    "451": (answer(451, HTML), problems.FIREWALL),
    "494 of nginx": (answer(494, HTML), problems.FIREWALL),
    "304 of a cache": (answer(304, b""), problems.FIREWALL),
    "407": (answer(407, HTML, Proxy_Authenticate="Basic"), problems.PROXY_LOGIN),
    "402 as text": (answer(402, "DEPLOYMENT_DISABLED"), problems.ACCOUNT_LOCKED),
}


@pytest.mark.parametrize("name", IN_FRONT)
def test_the_words_of_something_in_front_get_its_sentence_and_are_passing_after_good_answers(name: str) -> None:
    received, problem = IN_FRONT[name]
    first, later = diagnosis(received), diagnosis(received, OPENS, AFTER)
    assert (first.problem, first.failure_type, first.retry) == (problem, CONFIG, False)
    assert (later.problem, later.failure_type, later.retry) == (problem, TRANSIENT, True)
    assert URL in message_of(first)
    assert "authors of the connector" not in message_of(first)


BROKEN = {
    "502 of nginx": (answer(502, HTML), problems.GATEWAY_ERROR),
    "504 of AWS": (answer(504, HTML, Server="awselb/2.0"), problems.GATEWAY_ERROR),
    "503 of HAProxy": (answer(503, "<html>No server is available to handle this request."), problems.GATEWAY_ERROR),
    "503 of Envoy": (answer(503, "no healthy upstream"), problems.GATEWAY_ERROR),
    "520 of Cloudflare": (answer(520, "error code: 520"), problems.GATEWAY_ERROR),
    "524": (answer(524, b""), problems.GATEWAY_ERROR),
    "530": (answer(530, HTML), problems.GATEWAY_ERROR),
    "501": (answer(501, HTML), problems.GATEWAY_ERROR),
    "500 of PHP": (answer(500, HTML), problems.SERVER_ERROR),
    "503 without a body": (answer(503, b""), problems.MAINTENANCE),
    "429 without a body": (answer(429, b""), problems.RATE_LIMITED),
    "429 of Cloudflare": (answer(429, "error code: 1015", Server="cloudflare"), problems.LIMITED_IN_FRONT),
    "429 of nginx": (answer(429, HTML), problems.LIMITED_IN_FRONT),
    "408": (answer(408, HTML), problems.TIMEOUT),
}


@pytest.mark.parametrize("answered", [set(), AFTER], ids=["at the start", "after good answers"])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_in_front_is_transient_at_any_time(name: str, answered: set[str]) -> None:
    received, problem = BROKEN[name]
    error = diagnosis(received, OPENS, answered)
    assert (error.problem, error.failure_type, error.retry) == (problem, TRANSIENT, True)
    assert URL in message_of(error)


# Redirects -----------------------------------------------------------------------------------------------------------

LOGINS = ["/login", "/login?next=%2Fapi", "login/", f"{URL}/../login", "https://sso.example.com/de/login#top"]


@pytest.mark.parametrize("location", LOGINS)
def test_a_redirect_to_a_login_is_a_login_page(location: str) -> None:
    error = diagnosis(answer(302, f"<a href='{BODY_TEXT}'>", Location=location))
    assert (error.problem, error.failure_type, error.retry) == (problems.LOGIN_PAGE, CONFIG, False)
    assert URL in message_of(error)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_every_redirect_is_refused(status: int) -> None:
    error = diagnosis(answer(status, Location="https://www.example.com/api"))
    assert (error.problem, error.failure_type, error.retry) == (problems.REDIRECTED, CONFIG, False)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://www.example.com/api/email-lists", "https://www.example.com/api/email-lists"),
        ("https://www.example.com/api?email=ann@example.com", "https://www.example.com/api"),
        ("https://user:top-secret@www.example.com/api#part", "https://www.example.com/api"),
        ("http://news.example.com/api", "http://news.example.com/api"),
        ("https://news.example.com:8443/api", "https://news.example.com:8443/api"),
        ("//www.example.com/api", "https://www.example.com/api"),
        ("/mailcoach/api/email-lists?page=1", "https://news.example.com/mailcoach/api/email-lists"),
        ("/login-help", "https://news.example.com/login-help"),
    ],
)
def test_a_redirect_names_its_target_without_query_and_password(location: str, target: str) -> None:
    assert f"redirects to {target}, and" in message_of(diagnosis(answer(302, Location=location)))
    assert f"a redirect to {target}." in message_of(diagnosis(answer(302, Location=location), answered=AFTER))


@pytest.mark.parametrize("status", [302, 308])
@pytest.mark.parametrize("location", ["", "https://[", "http://[::1", "https://www.example.com:port/api", "//"])
def test_a_redirect_to_nowhere_is_a_redirect_all_the_same(status: int, location: str) -> None:
    error = diagnosis(answer(status, {"data": [], "meta": META}, Location=location))
    assert error.problem == problems.REDIRECTED
    assert URL in message_of(error)


# Bodies --------------------------------------------------------------------------------------------------------------

LOGIN_FORM = f'{HTML}<form><input name="email"><input id="p" type="password" name="password"></form>'
WHOLE = json.dumps({"data": [], "links": {}, "meta": META}).encode()
TRUNCATED = json.dumps({"data": [{"email": BODY_TEXT}] * 3, "meta": META}).encode()[:-20]
NOTICE = f"<br />\n<b>Deprecated</b>:  {BODY_TEXT} on line <b>3</b><br />\n".encode()
JSON = "application/json"
BODIES = [
    (HTML.encode(), "text/html; charset=UTF-8", problems.WEB_PAGE),
    (f"\r\n  {HTML}".encode(), JSON, problems.WEB_PAGE),
    (b"Welcome to nginx!", "text/html", problems.WEB_PAGE),
    (b"OK", "text/plain", problems.WEB_PAGE),
    (b"no such app", JSON, problems.WEB_PAGE),
    (b"", "text/html", problems.WEB_PAGE),
    (b"<?xml version='1.0'?><error/>", "application/xml", problems.WEB_PAGE),
    (f"{HTML}<p>Forgot your password?".encode(), "text/html", problems.WEB_PAGE),
    (HTML.encode() + b'<script>{"@context": "x", "data": []}</script>', "text/html", problems.WEB_PAGE),
    (LOGIN_FORM.encode(), "text/html", problems.LOGIN_PAGE),
    (LOGIN_FORM.encode(), JSON, problems.LOGIN_PAGE),
    (TRUNCATED, JSON, problems.BROKEN_ANSWER),
    (TRUNCATED[:1], JSON, problems.BROKEN_ANSWER),
    (b"", JSON, problems.BROKEN_ANSWER),
    (b'{"data": ["\xff"]}', JSON, problems.BROKEN_ANSWER),
    (NOTICE + WHOLE, "text/html; charset=UTF-8", problems.TEXT_AROUND),
    (NOTICE + WHOLE, JSON, problems.TEXT_AROUND),
    (b"\nNotice: Undefined index in x.php on line 3\n" + WHOLE, JSON, problems.TEXT_AROUND),
    (WHOLE + NOTICE, JSON, problems.TEXT_AROUND),
    (WHOLE + b"<!-- cached by a plugin -->", JSON, problems.TEXT_AROUND),
    (b"debug" + b'{"data": {"uuid": "x"}}', "text/html", problems.TEXT_AROUND),
    (b"Array\n(\n)\n" + WHOLE + b"\n", JSON, problems.TEXT_AROUND),
]


@pytest.mark.parametrize(("body", "content_type", "problem"), BODIES, ids=lambda value: ascii(value)[:40])
def test_a_body_that_is_not_json_is_told_apart_by_what_it_is(body: bytes, content_type: str, problem: Problem) -> None:
    error = diagnosis(answer(200, body, content_type))
    assert error.problem == problem
    assert (error.failure_type, error.retry) == (
        (TRANSIENT, True) if problem is problems.BROKEN_ANSWER else (CONFIG, False)
    )
    assert URL in message_of(error)


@pytest.mark.parametrize(("body", "content_type", "problem"), BODIES, ids=lambda value: ascii(value)[:40])
def test_after_good_answers_a_strange_body_is_tried_again(body: bytes, content_type: str, problem: Problem) -> None:
    error = diagnosis(answer(200, body, content_type), OPENS, AFTER)
    stays = problem in (problems.BROKEN_ANSWER, problems.TEXT_AROUND)
    assert error.problem is (problem if stays else problems.ANSWERED_INSTEAD)
    assert (error.failure_type, error.retry) == (TRANSIENT, True)
    assert URL in message_of(error)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "BR", "x-unknown", "compress"])
def test_a_compression_that_nobody_asked_for_is_named(encoding: str) -> None:
    error = diagnosis(answer(200, b"\x0b\x02\x80{garbage", JSON, Content_Encoding=encoding))
    assert (error.problem, error.failure_type) == (problems.UNKNOWN_ENCODING, CONFIG)
    assert encoding.lower().replace(" ", "") in message_of(error)
    assert diagnosis(answer(200, b"\x0b", JSON, Content_Encoding=encoding), OPENS, AFTER).retry


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "identity", "gzip, identity"])
def test_an_answer_that_breaks_off_is_no_matter_of_its_compression(encoding: str) -> None:
    error = diagnosis(answer(200, TRUNCATED, JSON, Content_Encoding=encoding))
    assert error.problem is problems.BROKEN_ANSWER


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"\n\n", b" \xef\xbb\xbf\r\n"])
def test_a_byte_order_mark_before_the_json_is_read_over(prefix: bytes) -> None:
    received = answer(200, prefix + WHOLE, JSON)
    assert judged(received) is None
    assert parse_body(received, URL) == json.loads(WHOLE)


def test_a_page_of_an_empty_account_is_good() -> None:
    assert judged(answer(200, {"data": [], "meta": META})) is None
    assert page_of({"data": [], "meta": META}, URL).rows == []


NOT_PAGES: list[object] = [
    {},
    [],
    None,
    3,
    "text",
    {"data": []},
    {"meta": META},
    {"data": [], "meta": []},
    {"data": [], "meta": None},
    {"data": None, "meta": META},
    {"data": [BODY_TEXT], "meta": META},
    {"data": [], "meta": {**META, "total": None}},
    {"data": [], "meta": {**META, "current_page": "first"}},
    {"data": [], "meta": {**META, "last_page": float("inf")}},
    *({"data": [], "meta": {key: META[key] for key in META if key != missing}} for missing in META),
    {"message": BODY_TEXT},
    {"message": "no Route matched with those values"},
    {"status": "ok"},
]


@pytest.mark.parametrize("payload", NOT_PAGES, ids=str)
def test_json_without_mailcoachs_envelope_is_not_mailcoach(payload: object) -> None:
    received = answer(200, json.dumps(payload), JSON)
    first, later = diagnosis(received), diagnosis(received, OPENS, AFTER)
    assert (first.problem, first.failure_type, first.retry) == (problems.NOT_MAILCOACH, CONFIG, False)
    assert (later.problem, later.failure_type, later.retry) == (problems.ANSWERED_INSTEAD, TRANSIENT, True)
    assert URL in message_of(first)
    assert URL in message_of(later)


@pytest.mark.parametrize("payload", [{}, [], None, {"message": BODY_TEXT}, {"meta": META}], ids=str)
def test_so_is_json_without_data_where_a_single_row_was_asked_for(payload: object) -> None:
    error = diagnosis(answer(200, json.dumps(payload), JSON), Query("subscriber-imports/1"))
    assert error.problem is problems.NOT_MAILCOACH


@pytest.mark.parametrize("row", [{"id": 7}, {"id": 7, "uuid": "3f1c0b1e-8f0a-4f53-9d0c-2f6c1f3b7a10"}])
def test_rows_with_integer_ids_are_version_5(row: dict[str, object]) -> None:
    with pytest.raises(MailcoachError) as raised:
        page_of({"data": [row], "meta": META}, URL)
    assert (raised.value.problem, raised.value.failure_type) == (problems.VERSION_5, CONFIG)
    assert "version 5" in message_of(raised.value)


@given(
    st.sampled_from([200, 202, 304, 302, 400, 401, 403, 404, 429, 500, 503]),
    st.binary() | st.from_regex(rb'[\[\]{}":,0-9a-z<> ]{0,30}', fullmatch=True),
    st.sampled_from(["", "text/html", "application/json"]),
    st.sampled_from([set(), AFTER]),
)
def test_any_answer_is_a_page_or_a_problem(status: int, body: bytes, content_type: str, answered: set[str]) -> None:
    error = judged(answer(status, body, content_type), answered=answered)
    if error is None:
        with suppress(MailcoachError):
            page_of(json.loads(body), URL)
    elif answered:
        assert error.failure_type is not SYSTEM


def test_json_that_is_nested_too_deep_to_read_is_a_problem_too() -> None:
    assert diagnosis(answer(200, b"[" * 100_000, JSON)).failure_type in (CONFIG, TRANSIENT)
    assert not isinstance(diagnosis(answer(404, b"[" * 100_000, JSON)), NotFound)
