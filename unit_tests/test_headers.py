"""A header that makes no sense is no header, and none of them raises."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from source_mailcoach.transport import headers
from source_mailcoach.transport.headers import Quota

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"

NUMBERS = [
    ("0", 0),
    ("59", 59),
    (" 42 ", 42),
    ("007", 7),
    ("1.5", 1.5),
    ("9999999999", 9_999_999_999),
    (None, None),
    ("", None),
    (" ", None),
    ("-1", None),
    ("+1", None),
    ("1e3", None),
    ("0x10", None),
    ("1_000", None),
    ("1,000", None),
    ("59, 299", None),
    ("5, 5", None),
    (".5", None),
    ("5.", None),
    ("1.2.3", None),
    ("inf", None),
    ("NaN", None),
    ("many", None),
    ("60 seconds", None),
    ("9" * 11, None),
    ("9" * 5000, None),
    ("1." + "0" * 5000, None),
    ("٣", None),
    ("４２", None),
    ("²", None),
    ("½", None),
    ("1\n2", None),
    ("true", None),
]


@pytest.mark.parametrize(("header", "value"), NUMBERS, ids=lambda value: ascii(value)[:20])
def test_a_number_is_ten_ascii_digits_at_the_most_and_a_fraction(header: str | None, value: float | None) -> None:
    assert headers.number(header) == value
    quota = headers.quota({"X-RateLimit-Remaining": header} if header else {})
    assert quota == (None if value is None else headers.Quota(int(value)))


DATES = [
    (DATE, NOON),
    ("Saturday, 21-Nov-26 12:00:00 GMT", NOON),
    ("Sat Nov 21 12:00:00 2026", NOON),
    ("Sat, 21 Nov 2026 13:00:00 +0100", NOON),
    ("Sat, 21 Nov 2026 12:00:00", NOON),
    ("Sat, 21 Nov 2026 12:00:00 -0000", NOON),
    ("21 Nov 2026 12:00:00 GMT", NOON),
    (None, None),
    ("", None),
    ("soon", None),
    ("42", None),
    ("-42", None),
    ("Fri, 31 Dec 9999 23:59:59 -0500", None),
    ("Fri, 31 Dec 9999 23:59:59 GMT", None),
    ("Mon, 01 Jan 0001 00:00:00 +0500", None),
    ("Sat, 01 Jan 0000 00:00:00 GMT", None),
    ("Wed, 30 Nov -0001 00:00:00 GMT", None),
    ("Sat, 21 Nov 2026 12:00:00 +9999", None),
    ("Sat, 21 Nov 2026 12:00:00 +99999999999", None),
    ("Sat, 21 Nov 99999999999999999999 12:00", None),
    ("Sat, 31 Feb 2026 12:00:00 GMT", None),
    ("Sat, 21 Nov 2026 25:00:00 GMT", None),
    ("Sat, 21 Nov 2026 12:00:61 GMT", None),
    ("Sat, 21 Nov 2026 12:00:00 GMT, Sat, 21 Nov 2026 12:00:01 GMT", None),
    ("Sat, 21 Nov 1969 12:00:00 GMT", None),
    ("9" * 5000, None),
    ("Sat, ٢١ Nov", None),
    (", , ,", None),
]


@pytest.mark.parametrize(("header", "time"), DATES, ids=lambda value: ascii(value)[:40])
def test_a_date_is_one_of_this_age_in_any_spelling_of_http(header: str | None, time: datetime | None) -> None:
    assert headers.moment(header) == time


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,6} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} [-+A-Z0-9]{1,9}"))
def test_nothing_that_a_header_holds_raises(text: str) -> None:
    names = (
        "Date",
        "Age",
        "Retry-After",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "RateLimit",
        "RateLimit-Policy",
    )
    sent = dict.fromkeys(names, text)
    headers.made_at(sent)
    headers.quota(sent)
    headers.quota(sent | {"RateLimit-Remaining": "1", "X-RateLimit-Remaining": "1", "Age": "0"})
    for status in (200, 429, 503):
        wait = headers.wait(status, sent)
        assert wait is None or wait >= 0
    if time := headers.moment(text):
        assert time + timedelta(days=1)
        assert time.tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (None, 0),
        ("0", 0),
        ("3600", 3600),
        ("9999999999", 9_999_999_999),
        ("-5", 0),
        ("an hour", 0),
        ("60, 60", 0),
        ("9" * 400, 0),
    ],
)
def test_an_answer_was_made_at_its_date_less_its_age_in_a_cache(age: str | None, seconds: int) -> None:
    sent = {"Date": DATE, **({} if age is None else {"Age": age})}
    assert headers.made_at(sent) == NOON - timedelta(seconds=seconds)


@pytest.mark.parametrize("date", [None, "", "Fri, 31 Dec 9999 23:59:59 -0500", "yesterday"])
def test_without_a_date_nobody_knows_when_an_answer_was_made(date: str | None) -> None:
    assert headers.made_at({"Age": "3600", **({} if date is None else {"Date": date})}) is None


QUOTAS = [
    ({}, None),
    ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59"}, Quota(59, 60)),
    ({"X-RateLimit-Limit": "60"}, None),
    ({"X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "59"}, Quota(59)),
    ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "Age": "0"}, Quota(59, 60)),
    ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "Age": "20"}, None),
    (
        {"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795262430"},
        Quota(0, 9, None, 30),
    ),
    ({"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795262000"}, Quota(0, 9, None, 0)),
    ({"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, Quota(0, 9, None, 30)),
    ({"RateLimit-Limit": "100", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"}, Quota(50, 100, None, 30)),
    (
        {
            "RateLimit-Limit": "9",
            "RateLimit-Remaining": "5",
            "RateLimit-Reset": "3",
            "RateLimit-Policy": "9;w=4, 99;w=60",
        },
        Quota(5, 9, 4, 3),
    ),
    ({"RateLimit": "limit=100, remaining=50, reset=30"}, Quota(50, 100, None, 30)),
    ({"RateLimit": "limit=100, remaining=50, reset=30", "RateLimit-Policy": "100;w=60"}, Quota(50, 100, 60, 30)),
    ({"RateLimit": '"default";r=50;t=30'}, Quota(50, None, None, 30)),
    ({"RateLimit": '"default"; r=50; t=30', "RateLimit-Policy": '"default"; q=100; w=60'}, Quota(50, 100, 60, 30)),
    ({"RateLimit": "default;r=50;t=30", "RateLimit-Policy": "default;q=100;w=60"}, Quota(50, 100, 60, 30)),
    ({"RateLimit": '"default";r=50', "RateLimit-Policy": '"other";q=100;w=60'}, Quota(50)),
    (
        {
            "RateLimit": '"day";r=900;t=4000, "burst";r=3;t=1',
            "RateLimit-Policy": '"day";q=1000;w=86400, "burst";q=5;w=2',
        },
        Quota(3, 5, 2, 1),
    ),
    (
        {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "RateLimit": '"proxy";r=4;t=1'},
        Quota(4, None, None, 1),
    ),
    (
        {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "3", "RateLimit": '"proxy";r=4;t=1'},
        Quota(3, 60),
    ),
    ({"RateLimit": '"default";r=-1;t=x'}, None),
    ({"RateLimit": ";;=,,=;r"}, None),
]


@pytest.mark.parametrize(("sent", "quota"), QUOTAS)
def test_what_is_left_of_a_limit_is_told_by_laravel_and_by_the_drafts_of_a_standard(
    sent: dict[str, str], quota: Quota | None
) -> None:
    assert headers.quota(CaseInsensitiveDict({"Date": DATE, **sent})) == quota


WAITS = [
    (429, "42", 42),
    (503, "0", 0),
    (503, "1.5", 1.5),
    (429, None, 60),
    (429, "0.4", 0.4),
    (429, "-1", 60),
    (429, "soon", 60),
    (429, "9" * 5000, 60),
    (429, "Fri, 31 Dec 9999 23:59:59 -0500", 60),
    (503, None, None),
    (503, "-1", None),
    (200, None, None),
    (503, "Sat, 21 Nov 2026 12:00:30 GMT", 30),
    (429, "Sat, 21 Nov 2026 12:00:30 GMT", 30),
    (503, "Sat, 21 Nov 2026 11:00:00 GMT", 0),
    (503, "Sat, 21 Nov 2026 13:00:00 GMT", 3600),
]


@pytest.mark.parametrize(("status", "retry_after", "seconds"), WAITS)
def test_the_wait_that_a_server_asks_for_is_reckoned_by_its_own_clock(
    status: int, retry_after: str | None, seconds: float | None
) -> None:
    """Whatever this machine's clock says: the answer's date is years before."""
    sent = CaseInsensitiveDict({"date": DATE})
    if retry_after is not None:
        sent["retry-after"] = retry_after
    assert headers.wait(status, sent) == seconds


@pytest.mark.parametrize("reset", [{"X-RateLimit-Reset": "1795262430"}, {"RateLimit-Reset": "30"}])
def test_a_refusal_without_a_wait_tells_it_by_the_time_of_its_window(reset: dict[str, str]) -> None:
    left = {"X-RateLimit-Remaining": "0"} if "X-RateLimit-Reset" in reset else {"RateLimit-Remaining": "0"}
    assert headers.wait(429, {"Date": DATE, **left, **reset}) == 30


def test_without_a_date_of_the_server_this_machines_clock_has_to_do() -> None:
    until = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    wait = headers.wait(503, {"Retry-After": until})
    assert wait is not None
    assert 25 < wait <= 30
