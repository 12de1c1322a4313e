"""How often a request is tried, how long the client waits, and with which sentence it ends."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import requests_mock
from airbyte_cdk.models import FailureType

from source_mailcoach import problems
from source_mailcoach.api import CHECK, SYNC, MailcoachClient
from source_mailcoach.config import Config
from source_mailcoach.overlap import Query
from source_mailcoach.problems import MailcoachError
from unit_tests.conftest import CONFIG, TOKEN, URL

LISTS = f"{URL}/email-lists"
PAGE = {"data": [], "meta": {"current_page": 1, "last_page": 1, "total": 0, "per_page": 15}}


def get(client: MailcoachClient) -> Any:
    try:
        return client.fetch(Query("email-lists"))
    finally:
        client.rest()


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
    assert sent.headers["User-Agent"] == "source-mailcoach/0.1.0"
    assert "gzip" in sent.headers["Accept-Encoding"]
    assert sent.timeout == (SYNC.connect_timeout, SYNC.read_timeout)


def test_waits_as_long_as_retry_after_says(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    requests_mock.get(LISTS, [{"status_code": 429, "headers": {"Retry-After": "42"}}, {"json": PAGE}])
    assert get(client) == PAGE
    assert 41 < sum(waits) <= 42


def test_understands_a_retry_after_that_is_a_date(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float]
) -> None:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    requests_mock.get(LISTS, [{"status_code": 503, "headers": {"Retry-After": date}}, {"json": PAGE}])
    get(client)
    assert 28 <= sum(waits) <= 30


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
    assert client.traffic()[0] == 3


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
    assert client.traffic()[0] == SYNC.tries
    assert sum(waits) < 40


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 422])
def test_does_not_repeat_what_cannot_succeed(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, waits: list[float], status: int
) -> None:
    failing(client, requests_mock, {"status_code": status})
    assert client.traffic()[0] == 1
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
    monkeypatch.setattr("source_mailcoach.api.LARGEST_ANSWER", 1000)
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


@pytest.mark.parametrize(("status", "hopeless"), [(401, True), (402, True), (403, False), (404, False), (400, False)])
def test_knows_which_failures_will_meet_every_stream(
    client: MailcoachClient, requests_mock: requests_mock.Mocker, status: int, hopeless: bool
) -> None:
    failing(client, requests_mock, {"status_code": status, "json": {"message": "no"}})
    assert client.is_hopeless is hopeless
