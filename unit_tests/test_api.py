"""How often a request is tried, how long the client waits, and with which sentence it ends."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock
from airbyte_cdk.models import FailureType
from requests_mock import ANY

from source_mailcoach.config import Config
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.transport.api import CHECK, SYNC, MailcoachClient
from source_mailcoach.transport.request import Query
from unit_tests.conftest import CONFIG, TOKEN, URL, Traffic

LISTS = f"{URL}/email-lists"
PAGE = {"data": [], "meta": {"current_page": 1, "last_page": 1, "total": 0, "per_page": 15}}


def get(client: MailcoachClient) -> Any:
    try:
        return client.fetch(Query("email-lists"))
    finally:
        client.end_requests()


def failing(client: MailcoachClient, server: requests_mock.Mocker, *answers: dict[str, Any]) -> MailcoachError:
    server.get(LISTS, list(answers))
    with pytest.raises(MailcoachError) as error:
        get(client)
    return error.value


def test_sends_the_token_and_asks_for_json_and_says_who_it_is(
    client: MailcoachClient, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(LISTS, json=PAGE)
    get(client)
    sent = requests_mock.last_request
    assert sent is not None
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["Cache-Control"] == "no-cache"
    assert sent.headers["User-Agent"] == "source-mailcoach/0.1.0"
    assert "gzip" in sent.headers["Accept-Encoding"]
    timeout: Any = sent.timeout
    assert timeout == (SYNC.connect_timeout, SYNC.read_timeout)


def test_signs_in_a_path_or_a_parameter_stay_within_it(
    client: MailcoachClient, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(ANY, json=PAGE)
    client.fetch(Query("campaigns/a?b#c d%2F/opens", (("sort", "-a,b"), ("filter[name]", "x&y=ü"))))
    client.end_requests()
    sent = requests_mock.last_request
    assert sent is not None
    path = f"{URL}/campaigns/a%3Fb%23c%20d%252F/opens"
    assert sent.url == f"{path}?sort=-a%2Cb&filter%5Bname%5D=x%26y%3D%C3%BC"


def test_waits_as_long_as_retry_after_says(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, [{"status_code": 429, "headers": {"Retry-After": "42"}}, {"json": PAGE}])
    assert get(client) == PAGE
    assert 42 < sum(waits) <= 43, "and a second, since Laravel drops fractions"


def test_understands_a_retry_after_that_is_a_date(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    requests_mock.get(LISTS, [{"status_code": 503, "headers": {"Retry-After": date}}, {"json": PAGE}])
    get(client)
    assert 28 <= sum(waits) <= 30


# What a refusal can ask for that is no wait at all.
NO_WAITS = ["0", "-5", "0.0", "Sat, 21 Nov 2026 11:00:00 GMT", "Sat, 21 Nov 2026 12:00:00 GMT", "0.25"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("retry_after", NO_WAITS)
def test_refusals_in_a_row_are_waited_out_ever_longer_whatever_they_ask_for(
    client: MailcoachClient,
    requests_mock: requests_mock.Mocker,
    waits: list[float],
    status: int,
    retry_after: str,
) -> None:
    """Six tries in milliseconds would be none."""
    headers = {"Date": "Sat, 21 Nov 2026 12:00:00 GMT", "Retry-After": retry_after}
    refusal = {"status_code": status, "headers": headers, "json": {"message": "Too Many Attempts."}}
    requests_mock.get(LISTS, [refusal] * (SYNC.tries - 1) + [{"json": PAGE}])
    assert get(client) == PAGE
    least = [1, 2, 4, 8, 16] if retry_after != "-5" or status != 429 else [60] * 5  # makes no sense: a window
    assert [round(wait) for wait in waits] == least


def test_a_wait_that_is_asked_for_is_kept_where_it_is_longer(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    asked = [{"status_code": 503, "headers": {"Retry-After": wait}} for wait in ("7", "0", "1", "90.5")]
    requests_mock.get(LISTS, [*asked, {"json": PAGE}])
    get(client)
    assert waits == [7, 2, 4, 90.5]


def test_after_a_good_answer_the_waits_begin_anew(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    refused, good = {"status_code": 429, "headers": {"Retry-After": "0"}}, {"json": PAGE}
    requests_mock.get(LISTS, [refused, refused, good, refused, good])
    get(client)
    get(client)
    assert [round(wait) for wait in waits] == [1, 2, 1]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["601", "86400", "9999999999", "Sun, 22 Nov 2026 12:00:00 GMT"])
def test_an_absurdly_long_wait_ends_the_sync_at_once(
    client: MailcoachClient,
    requests_mock: requests_mock.Mocker,
    waits: list[float],
    status: int,
    retry_after: str,
) -> None:
    headers = {"Date": "Sat, 21 Nov 2026 12:00:00 GMT", "Retry-After": retry_after}
    error = failing(client, requests_mock, {"status_code": status, "headers": headers})
    assert error.failure_type is FailureType.transient_error
    assert waits == []


@pytest.mark.parametrize("clock", [-3600, 3600])
def test_a_date_to_wait_for_is_one_by_the_servers_clock(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], clock: int
) -> None:
    now = datetime.now(timezone.utc) + timedelta(seconds=clock)
    headers = {"Date": format_datetime(now), "Retry-After": format_datetime(now + timedelta(seconds=30))}
    requests_mock.get(LISTS, [{"status_code": 503, "headers": headers}, {"json": PAGE}])
    get(client)
    assert waits == [30]


NONSENSE = {
    "Date": ["Fri, 31 Dec 9999 23:59:59 -0500", "Sat, 01 Jan 0000 00:00:00 GMT", "9" * 5000, ""],
    "Age": ["-1", "9" * 5000, "٣", "1, 2"],
    "Retry-After": ["9" * 5000, "Fri, 31 Dec 9999 23:59:59 -0500"],
    "X-RateLimit-Remaining": ["9" * 5000, "-1", "½", "²", "59, 58", "inf", "1e99"],
    "X-RateLimit-Limit": ["9" * 5000, "none"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NONSENSE.items() for value in values])
def test_a_header_that_makes_no_sense_is_no_header(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, name: str, value: str
) -> None:
    requests_mock.get(LISTS, json=PAGE, headers={name: value.encode().decode("latin-1")})
    assert get(client) == PAGE
    assert client.server_time is None
    assert not client.budget.limited


def test_the_servers_time_is_that_at_which_a_cache_got_the_answer(
    client: MailcoachClient, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(LISTS, json=PAGE, headers={"Date": "Sat, 21 Nov 2026 12:00:00 GMT", "Age": "3600"})
    get(client)
    assert client.server_time == datetime(2026, 11, 21, 11, tzinfo=timezone.utc)


def test_the_token_wins_over_a_netrc_of_the_machine(
    client: MailcoachClient,
    requests_mock: requests_mock.Mocker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """requests takes a login from there for requests that have none of their own."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine news.example.com login ann password secret\ndefault login bob password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    requests_mock.get(LISTS, json=PAGE)
    get(client)
    assert requests_mock.last_request is not None
    assert requests_mock.last_request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert requests.utils.get_netrc_auth(LISTS) == ("ann", "secret"), "it would be found"


def test_waits_out_the_window_of_a_minute_when_a_429_does_not_say_how_long(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, [{"status_code": 429}, {"json": PAGE}])
    get(client)
    assert 59 < sum(waits) <= 60


def test_gives_up_a_429_that_never_ends_as_transient(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    error = failing(client, requests_mock, {"status_code": 429, "headers": {"Retry-After": "60"}})
    assert error.problem is problems.RATE_LIMITED
    assert error.failure_type is FailureType.transient_error
    assert len(waits) == SYNC.tries - 1


def test_does_not_wait_longer_than_the_longest_wait(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    error = failing(client, requests_mock, {"status_code": 429, "headers": {"Retry-After": "601"}})
    assert error.problem is problems.RATE_LIMITED
    assert waits == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_tries_a_failing_server_again(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    requests_mock.get(LISTS, [{"status_code": status}, {"status_code": status}, {"json": PAGE}])
    assert get(client) == PAGE
    assert requests_mock.call_count == 3


@pytest.mark.parametrize(
    "exception",
    [
        requests.ConnectionError("cut"),
        requests.ReadTimeout("slow"),
        requests.ConnectTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_tries_again_after_a_failure_of_the_network(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], exception: Exception
) -> None:
    requests_mock.get(LISTS, [{"exc": exception}, {"json": PAGE}])
    assert get(client) == PAGE


def test_tries_an_answer_again_that_breaks_off(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, [{"text": '{"data": [{"uu'}, {"json": PAGE}])
    assert get(client) == PAGE


def test_gives_a_failing_server_up_after_bounded_tries(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    error = failing(client, requests_mock, {"status_code": 500})
    assert error.problem is problems.SERVER_ERROR
    assert requests_mock.call_count == SYNC.tries
    assert sum(waits) < 40


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 422])
def test_does_not_repeat_what_cannot_succeed(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    failing(client, requests_mock, {"status_code": status})
    assert requests_mock.call_count == 1
    assert waits == []


def test_never_follows_a_redirect(client: MailcoachClient, requests_mock: requests_mock.Mocker) -> None:
    elsewhere = requests_mock.get("https://elsewhere.example.org/api", json=PAGE)
    answer = {"status_code": 302, "headers": {"Location": "https://elsewhere.example.org/api"}}
    assert failing(client, requests_mock, answer).problem is problems.REDIRECTED
    assert not elsewhere.called


def test_a_check_gives_up_sooner_than_a_sync(requests_mock: requests_mock.Mocker, waits: list[float]) -> None:
    client = MailcoachClient(Config.parse(CONFIG), CHECK)
    error = failing(client, requests_mock, {"status_code": 429, "headers": {"Retry-After": "40"}})
    assert error.problem is problems.RATE_LIMITED
    assert sum(waits) < 10


def test_the_connections_of_an_untrusted_host_are_guarded(client: MailcoachClient) -> None:
    assert type(client._session.get_adapter(LISTS)).__name__ == "PublicAdapter"


def test_an_answer_larger_than_memory_should_hold_is_refused_with_the_name_of_the_campaign(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_mailcoach.transport.api.LARGEST_ANSWER", 1000)
    requests_mock.get(f"{URL}/campaigns/1234/clicks", text="[" + " " * 2000 + "]")
    with pytest.raises(MailcoachError) as error:
        client.fetch(Query("campaigns/1234/clicks"))
    assert error.value.problem is problems.ANSWER_TOO_LARGE
    assert "campaigns/1234/clicks" in str(error.value)


def test_a_wait_of_length_is_told_in_the_log(
    client: MailcoachClient,
    requests_mock: requests_mock.Mocker,
    waits: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    requests_mock.get(LISTS, [{"status_code": 503, "headers": {"Retry-After": "90"}}, {"json": PAGE}])
    with caplog.at_level("INFO"):
        get(client)
    assert f"{URL} is down for maintenance (503). Trying again in 90 seconds." in caplog.messages


def test_a_server_that_answered_before_is_not_told_to_be_the_wrong_address(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, [{"json": PAGE}, {"exc": requests.ConnectionError("refused")}])
    get(client)
    with pytest.raises(MailcoachError) as error:
        get(client)
    assert error.value.problem in (problems.NO_LONGER_CONNECTED, problems.CONNECTION_LOST)
    assert error.value.failure_type is FailureType.transient_error


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(("status", "hopeless"), [(401, True), (402, True), (403, False), (404, False), (400, False)])
def test_knows_which_failures_will_meet_every_stream(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, status: int, hopeless: bool
) -> None:
    failing(client, requests_mock, {"status_code": status, "json": {"message": "no"}})
    assert client.is_hopeless is hopeless


SILENT: list[dict[str, Any]] = [
    {"status_code": 503},
    {"status_code": 503, "json": {"message": "Service Unavailable"}},
    {"status_code": 503, "headers": {"Retry-After": "3600"}},
    {"status_code": 504, "text": "<html>Gateway Time-out</html>"},
    {"status_code": 502},
    {"status_code": 500, "json": {"message": "Server Error"}},
    {"status_code": 404, "text": "404 page not found"},
    {"text": "<html>We are back soon</html>"},
    {"exc": requests.ReadTimeout},
    {"exc": requests.ConnectionError("reset")},
]


@pytest.fixture
def good_before(client: MailcoachClient, requests_mock: requests_mock.Mocker) -> MailcoachClient:
    requests_mock.get(f"{URL}/tags", json=PAGE)
    client.fetch(Query("tags", (("page", 1),)))
    return client


def fail_at(path: str, client: MailcoachClient) -> None:
    with pytest.raises(MailcoachError):
        client.fetch(Query(path, (("page", 1),)))


@pytest.mark.parametrize("answer", SILENT, ids=str)
def test_a_list_that_fails_alone_does_not_make_the_server_hopeless(
    good_before: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], answer: dict[str, Any]
) -> None:
    requests_mock.get(f"{URL}/sends", [answer])
    lists = requests_mock.get(LISTS, json=PAGE)
    fail_at("sends", good_before)
    assert lists.call_count == 0, "nobody wants to know yet"
    assert not good_before.is_hopeless
    assert not good_before.is_hopeless
    assert lists.call_count == 1


@pytest.mark.parametrize("answer", SILENT, ids=str)
def test_a_server_that_fails_at_every_list_is_given_up_after_one_more_question_of_two_tries(
    good_before: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], answer: dict[str, Any]
) -> None:
    requests_mock.get(f"{URL}/sends", [answer])
    lists = requests_mock.get(LISTS, [answer])
    good_before.events.listeners.append(traffic := Traffic())
    before = requests_mock.call_count
    fail_at("sends", good_before)
    waited = sum(waits)
    assert good_before.is_hopeless
    assert good_before.is_hopeless
    assert 1 <= lists.call_count <= 2
    assert sum(waits) - waited <= 1
    assert traffic.requests == requests_mock.call_count - before


def test_a_server_that_answers_again_is_not_hopeless_any_more(
    good_before: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(f"{URL}/sends", status_code=503)
    requests_mock.get(LISTS, status_code=503)
    fail_at("sends", good_before)
    assert good_before.is_hopeless
    good_before.fetch(Query("tags", (("page", 1),)))
    assert not good_before.is_hopeless


def test_where_the_email_lists_themselves_fail_another_list_is_asked(
    good_before: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, status_code=503)
    requests_mock.get(f"{URL}/campaigns", json=PAGE)
    fail_at("email-lists", good_before)
    assert not good_before.is_hopeless


@pytest.mark.parametrize("status", [403, 404, 429])
def test_a_no_to_the_question_is_an_answer(
    good_before: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    requests_mock.get(f"{URL}/sends", status_code=503)
    requests_mock.get(LISTS, status_code=status, json={"message": ""})
    fail_at("sends", good_before)
    assert not good_before.is_hopeless


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429])
def test_a_failure_that_means_what_it_says_is_no_question(
    good_before: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    requests_mock.get(f"{URL}/sends", status_code=status, json={"message": ""})
    lists = requests_mock.get(LISTS, json=PAGE)
    fail_at("sends", good_before)
    assert good_before.is_hopeless is (status in (401, 402))
    assert lists.call_count == 0


NO_MAILCOACH = [
    {"status_code": 404, "text": "404 page not found"},
    {"status_code": 403, "text": "<html>blocked</html>"},
    {"status_code": 401, "text": "", "headers": {"WWW-Authenticate": "Basic"}},
    {"status_code": 302, "headers": {"Location": "https://sso.example.com/login"}},
    {"text": "<html>welcome</html>"},
    {"json": {"status": "ok"}},
    {"json": {"data": []}},
    {"text": "x", "headers": {"Content-Encoding": "br"}},
    {"status_code": 400, "text": "<title>400 Request Header Or Cookie Too Large</title>"},
    {"exc": requests.exceptions.SSLError("x")},
    {"exc": requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")},
]


@pytest.mark.parametrize("answer", NO_MAILCOACH, ids=str)
def test_a_strange_answer_is_a_configuration_error_at_first_and_tried_again_after_a_good_one(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], answer: dict[str, Any]
) -> None:
    page = Query("email-lists", (("page", 1),))
    requests_mock.get(LISTS, [answer] * 3)
    with pytest.raises(MailcoachError) as first:
        client.fetch(page)
    assert first.value.failure_type is FailureType.config_error
    requests_mock.get(LISTS, [{"json": PAGE}, answer, answer, {"json": PAGE}, answer])
    for _ in range(2):
        assert client.fetch(page).rows == []
    with pytest.raises(MailcoachError) as later:
        client.fetch(page)
    assert later.value.failure_type is FailureType.transient_error
    client.end_requests()


def test_a_stable_404_at_the_first_request_is_told_as_the_address_after_three_tries(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    error = failing(client, requests_mock, {"status_code": 404, "text": "<h1>Not Found</h1>"})
    assert error.problem is problems.NOT_FOUND
    assert (requests_mock.call_count, waits) == (3, [1, 2])


def test_a_404_that_passes_at_the_first_request_is_waited_out(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, [{"status_code": 404, "text": "404 page not found"}] * 2 + [{"json": PAGE}])
    assert get(client) == PAGE


def test_a_token_that_is_refused_after_good_answers_is_tried_once_more(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    refused = {"status_code": 401, "json": {"message": "Unauthenticated."}}
    requests_mock.get(LISTS, [{"json": PAGE}, refused, {"json": PAGE}, refused, refused])
    get(client)
    get(client)
    with pytest.raises(MailcoachError) as error:
        get(client)
    assert error.value.problem is problems.TOKEN_REFUSED
    assert error.value.failure_type is FailureType.config_error
    assert len(requests_mock.request_history) == 5


def test_an_error_is_read_only_so_far_as_one_of_mailcoachs_can_be_long(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_mailcoach.transport.api.LARGEST_ERROR", 1000)
    monkeypatch.setattr("source_mailcoach.transport.api.LARGEST_ANSWER", 500)
    error = failing(client, requests_mock, {"status_code": 403, "text": "<html>" + "x" * 5000})
    assert error.problem is problems.FIREWALL
