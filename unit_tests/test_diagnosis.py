"""Every failure gets its own sentence, the right failure type, and a retry only where that can help."""

import json
from contextlib import suppress

import pytest
import requests
from airbyte_cdk.models import FailureType
from hypothesis import given
from hypothesis import strategies as st

from source_mailcoach import problems
from source_mailcoach.diagnosis import diagnose_status, page_of, parse_body
from source_mailcoach.problems import MailcoachError, Problem

URL = "https://news.example.com/api"
TOKEN = "1|top-secret-token"
BODY_TEXT = "SQLSTATE in /var/www/app/User.php for ann@example.com"

CONFIG, TRANSIENT, SYSTEM = FailureType.config_error, FailureType.transient_error, FailureType.system_error
META = {"current_page": 1, "last_page": 1, "total": 0, "per_page": 15}


def answer(
    status: int = 200, body: object = b"", content_type: str = "application/json", location: str | None = None
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = f"{URL}/email-lists?page=1&per_page=100"
    response.request = requests.Request("GET", response.url, {"Authorization": f"Bearer {TOKEN}"}).prepare()
    response.headers["Content-Type"] = content_type
    if location is not None:
        response.headers["Location"] = location
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return response


def diagnose_answer(response: requests.Response, url: str) -> MailcoachError | None:
    """As the client does it: first the status, then the body."""
    try:
        error = diagnose_status(response, url)
        if error is None:
            parse_body(response.content, response.headers, url)
        return error
    except MailcoachError as error_in_body:
        return error_in_body


def diagnosis(response: requests.Response) -> MailcoachError:
    error = diagnose_answer(response, URL)
    assert error is not None
    return error


def message_of(error: MailcoachError) -> str:
    """The message, after a look at all that an error shows: no token, no part of a body, no empty placeholder."""
    shown = f"{error.message} {error.internal_message} {error!r}"
    assert not [secret for secret in (TOKEN, "top-secret", BODY_TEXT, "SQLSTATE", "{", "}") if secret in shown]
    return str(error.message)


# Answers ---------------------------------------------------------------------------------------------------------

STATUSES = [
    (401, problems.TOKEN_REFUSED, CONFIG, False),
    (402, problems.ACCOUNT_LOCKED, CONFIG, False),
    (403, problems.TOKEN_MAY_NOT_READ, CONFIG, False),
    (404, problems.NOT_FOUND, CONFIG, False),
    (405, problems.REFUSED, SYSTEM, False),
    (408, problems.TIMEOUT, TRANSIENT, True),
    (413, problems.REFUSED, SYSTEM, False),
    (422, problems.REFUSED, SYSTEM, False),
    (423, problems.ACCOUNT_LOCKED, CONFIG, False),
    (429, problems.RATE_LIMITED, TRANSIENT, True),
    (500, problems.SERVER_ERROR, TRANSIENT, True),
    (502, problems.GATEWAY_ERROR, TRANSIENT, True),
    (503, problems.MAINTENANCE, TRANSIENT, True),
    (504, problems.GATEWAY_ERROR, TRANSIENT, True),
    (520, problems.GATEWAY_ERROR, TRANSIENT, True),
    (524, problems.GATEWAY_ERROR, TRANSIENT, True),
]


@pytest.mark.parametrize("body", [{"message": BODY_TEXT}, f"<html>{BODY_TEXT}".encode(), b""], ids=["json", "html", ""])
@pytest.mark.parametrize(("status", "problem", "failure_type", "retry"), STATUSES, ids=lambda value: str(value)[:20])
def test_a_status_has_its_own_sentence_whatever_the_body_says(
    status: int, problem: Problem, failure_type: FailureType, retry: bool, body: object
) -> None:
    """Servers in debug mode put stack traces into the body, and proxies answer with pages of their own."""
    error = diagnosis(answer(status, body))
    assert (error.problem, error.failure_type, error.problem.retry) == (problem, failure_type, retry)
    assert URL in message_of(error)


def test_a_refused_sort_or_filter_is_the_connectors_own_fault() -> None:
    error = diagnosis(answer(400, {"message": BODY_TEXT}))
    assert (error.failure_type, error.problem.retry) == (SYSTEM, False)


@pytest.mark.parametrize("status", [400, 402, 418, 423, 502, 504])
def test_a_sentence_for_several_statuses_names_the_one_that_came(status: int) -> None:
    assert f"({status})" in message_of(diagnosis(answer(status)))


LOGINS = ["/login", "/login?next=%2Fapi", "login/", f"{URL}/../login", "https://sso.example.com/de/login#top"]


@pytest.mark.parametrize("location", LOGINS)
def test_a_redirect_to_a_login_is_a_login_page(location: str) -> None:
    error = diagnosis(answer(302, f"<a href='{BODY_TEXT}'>", location=location))
    assert (error.problem, error.failure_type, error.problem.retry) == (problems.LOGIN_PAGE, CONFIG, False)
    assert URL in message_of(error)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_every_redirect_is_refused(status: int) -> None:
    error = diagnosis(answer(status, location="https://www.example.com/api"))
    assert (error.problem, error.failure_type, error.problem.retry) == (problems.REDIRECTED, CONFIG, False)


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
    assert f"redirects to {target}, and" in message_of(diagnosis(answer(302, location=location)))


@pytest.mark.parametrize("status", [302, 308])
@pytest.mark.parametrize("location", [None, "", "https://[", "http://[::1", "https://www.example.com:port/api", "//"])
def test_a_redirect_to_nowhere_is_a_redirect_all_the_same(status: int, location: str | None) -> None:
    error = diagnosis(answer(status, {"data": [], "meta": META}, location=location))
    assert error.problem == problems.REDIRECTED
    assert URL in message_of(error)


PAGE = f"<!DOCTYPE html><title>{BODY_TEXT}</title>"
LOGIN_FORM = f'{PAGE}<form><input name="email"><input id="p" type="password" name="password"></form>'
TRUNCATED = json.dumps({"data": [{"email": BODY_TEXT}] * 3, "meta": META}).encode()[:-20]
BODIES = [
    (PAGE.encode(), "text/html; charset=UTF-8", problems.WEB_PAGE),
    (f"\r\n  {PAGE}".encode(), "application/json", problems.WEB_PAGE),
    (b"Welcome to nginx!", "text/html", problems.WEB_PAGE),
    (b"", "text/html", problems.WEB_PAGE),
    (b"<?xml version='1.0'?><error/>", "application/xml", problems.WEB_PAGE),
    (f"{PAGE}<p>Forgot your password?".encode(), "text/html", problems.WEB_PAGE),
    (LOGIN_FORM.encode(), "text/html", problems.LOGIN_PAGE),
    (LOGIN_FORM.encode(), "application/json", problems.LOGIN_PAGE),
    (TRUNCATED, "application/json", problems.BROKEN_ANSWER),
    (TRUNCATED[:1], "application/json", problems.BROKEN_ANSWER),
    (b"", "application/json", problems.BROKEN_ANSWER),
    (b'{"data": ["\xff"]}', "application/json", problems.BROKEN_ANSWER),
]


@pytest.mark.parametrize(("body", "content_type", "problem"), BODIES, ids=lambda value: ascii(value)[:40])
def test_a_body_that_is_not_json_is_told_apart_by_what_it_is(body: bytes, content_type: str, problem: Problem) -> None:
    error = diagnosis(answer(200, body, content_type))
    assert error.problem == problem
    assert (error.failure_type, problem.retry) == (
        (TRANSIENT, True) if problem is problems.BROKEN_ANSWER else (CONFIG, False)
    )
    assert URL in message_of(error)


def test_a_page_of_an_empty_account_is_good() -> None:
    response = answer(200, {"data": [], "meta": META})
    assert diagnose_answer(response, URL) is None
    assert page_of(response.json(), URL).rows == []


NOT_PAGES = [
    {},
    [],
    None,
    3,
    "text",
    {"data": []},
    {"meta": META},
    {"data": [], "meta": []},
    {"data": [], "meta": None},
    {"data": {}, "meta": META},
    {"data": None, "meta": META},
    {"data": [BODY_TEXT], "meta": META},
    {"data": [[]], "meta": META},
    {"data": [], "meta": {**META, "total": None}},
    {"data": [], "meta": {**META, "current_page": "first"}},
    {"data": [], "meta": {**META, "last_page": float("inf")}},
    *({"data": [], "meta": {key: META[key] for key in META if key != missing}} for missing in META),
    {"message": BODY_TEXT},
    {"status": "ok"},
]


@pytest.mark.parametrize("payload", NOT_PAGES, ids=str)
def test_json_without_mailcoachs_envelope_is_not_mailcoach(payload: object) -> None:
    response = answer(200, payload)
    assert diagnose_answer(response, URL) is None
    with pytest.raises(MailcoachError) as raised:
        page_of(response.json(), URL)
    assert (raised.value.problem, raised.value.failure_type) == (problems.NOT_MAILCOACH, CONFIG)
    assert URL in message_of(raised.value)


@pytest.mark.parametrize("row", [{"id": 7}, {"id": 7, "uuid": "3f1c0b1e-8f0a-4f53-9d0c-2f6c1f3b7a10"}])
def test_rows_with_integer_ids_are_version_5(row: dict[str, object]) -> None:
    with pytest.raises(MailcoachError) as raised:
        page_of({"data": [row], "meta": META}, URL)
    assert (raised.value.problem, raised.value.failure_type) == (problems.VERSION_5, CONFIG)
    assert "version 5" in message_of(raised.value)


@given(st.binary() | st.from_regex(rb'[\[\]{}":,0-9a-z<> ]{0,30}', fullmatch=True), st.sampled_from(["", "text/html"]))
def test_any_body_is_a_page_or_a_problem(body: bytes, content_type: str) -> None:
    response = answer(200, body, content_type)
    error = diagnose_answer(response, URL)
    if error is None:
        with suppress(MailcoachError):
            page_of(response.json(), URL)


def test_json_that_is_nested_too_deep_to_read_is_a_problem_too() -> None:
    assert diagnosis(answer(200, b"[" * 100_000)).failure_type in (CONFIG, TRANSIENT)
