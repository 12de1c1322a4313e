"""Limits, latency, faults and the log."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import Fault, Sandbox, lost_route
from sandbox.world.entities import Open

from .client import ask, most

TINY: dict[str, Any] = {"campaigns": 4, "opens": 2, "html_bytes": 20}


def test_every_answer_of_a_limited_server_tells_what_is_left() -> None:
    with Sandbox(**TINY, rate_limit=3) as running:
        left = [ask(running, path).headers["x-ratelimit-remaining"] for path in ("/campaigns", "/email-lists", "/none")]
        assert left == ["2", "1", "0"]
        assert "x-ratelimit-limit" not in ask(running, "/campaigns", token="another-token").headers


def test_past_the_limit_comes_429_with_the_seconds_to_wait() -> None:
    with Sandbox(**TINY, rate_limit=1) as running:
        ask(running, "/campaigns")
        answer = ask(running, "/campaigns")
        assert (answer.status, answer.json) == (429, {"message": "Too Many Attempts."})
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert 58 <= int(answer.headers["retry-after"]) <= 60
        assert 57 <= int(answer.headers["x-ratelimit-reset"]) - time.time() <= 61
        assert ask(running, "/campaigns", accept="*/*").headers["content-type"].startswith("text/html")


def test_a_wrong_token_costs_nothing_of_the_limit() -> None:
    with Sandbox(**TINY, rate_limit=1) as running:
        for _ in range(3):
            assert ask(running, "/campaigns", token="another-token").status == 401
        assert ask(running, "/campaigns").status == 200


def test_the_window_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.4, 0.6])
    monkeypatch.setattr("sandbox.server.limits.time", SimpleNamespace(monotonic=lambda: next(clock), time=time.time))
    with Sandbox(**TINY, rate_limit=1, rate_window_seconds=0.5) as running:
        assert [ask(running, "/campaigns").status for _ in range(2)] == [200, 429]
        assert ask(running, "/campaigns").status == 200


def test_without_a_limit_there_are_no_limit_headers() -> None:
    with Sandbox(**TINY) as running:
        assert not [name for name in ask(running, "/campaigns").headers if name.startswith("x-ratelimit")]


def test_latency_delays_each_answer_but_not_one_behind_the_other() -> None:
    with Sandbox(**TINY, latency_ms=500) as running, ThreadPoolExecutor(8) as pool:
        begin = time.monotonic()
        list(pool.map(lambda _: ask(running, "/campaigns"), range(8)))
        assert 0.5 <= time.monotonic() - begin < 8 * 0.5


@pytest.mark.parametrize("status", [500, 503, 429, 403, 404])
def test_a_fault_with_a_status_looks_as_laravel_makes_it(status: int) -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(path="/campaigns$", status=status))
        answer = ask(running, "/campaigns")
        assert answer.status == status
        assert list(answer.json) == ["message"]
        assert ask(running, "/campaigns").status == 200


@pytest.mark.parametrize("status", [502, 504])
def test_a_proxys_error_is_html_even_for_json_clients(status: int) -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(status=status))
        answer = ask(running, "/campaigns")
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=UTF-8")


def test_a_500_with_debug_shows_a_trace() -> None:
    with Sandbox(**TINY, debug=True) as running:
        running.add_fault(Fault(status=500))
        assert {"exception", "file", "trace"} <= set(ask(running, "/campaigns").json)


def test_a_fault_strikes_after_some_and_so_many_times() -> None:
    with Sandbox(**TINY) as running:
        fault = running.add_fault(Fault(path="/campaigns", status=500, after=2, times=2))
        assert [ask(running, "/campaigns").status for _ in range(6)] == [200, 200, 500, 500, 200, 200]
        assert ask(running, "/email-lists").status == 200
        assert fault.struck == 2


def test_a_fault_may_last_until_it_is_cleared() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(status=503, times=None, headers={"Retry-After": "7"}))
        answers = [ask(running, "/campaigns") for _ in range(3)]
        assert [(answer.status, answer.headers["retry-after"]) for answer in answers] == [(503, "7")] * 3
        running.clear_faults()
        assert ask(running, "/campaigns").status == 200


def test_a_fault_may_choose_a_page() -> None:
    with Sandbox(opens=2, html_bytes=20) as running:
        running.add_fault(Fault(path="/campaigns$", query={"page": "2"}, status=500))
        assert [ask(running, f"/campaigns?page={page}").status for page in (1, 2, 3)] == [200, 500, 200]


def test_a_fault_may_answer_with_anything() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(html="<h1>Welcome</h1>"))
        running.add_fault(Fault(body="not json"))
        running.add_fault(Fault(json={"hello": "world"}))
        running.add_fault(Fault(json=[], status=418))
        running.add_fault(Fault(body="<html>", status=502))
        answers = [ask(running, "/campaigns") for _ in range(5)]
        assert [(answer.status, answer.body) for answer in answers] == [
            (200, b"<h1>Welcome</h1>"),
            (200, b"not json"),
            (200, b'{"hello": "world"}'),
            (418, b"[]"),
            (502, b"<html>"),
        ]
        kinds = [answer.headers["content-type"].split(";")[0].split("/")[1] for answer in answers]
        assert kinds == ["html", "json", "json", "json", "html"]


def test_a_fault_may_redirect() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(redirect="https://elsewhere.example.com/api/campaigns"))
        running.add_fault(Fault(redirect="https://elsewhere.example.com/", status=308))
        running.add_fault(Fault(login=True))
        found = [(answer.status, answer.headers["location"]) for answer in (ask(running, "/campaigns") for _ in "123")]
        assert found == [
            (302, "https://elsewhere.example.com/api/campaigns"),
            (308, "https://elsewhere.example.com/"),
            (302, "/login"),
        ]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_cut_answer_promises_more_than_it_sends(encoding: str) -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(cut=True))
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(running, "/campaigns", Accept_Encoding=encoding)
        assert len(caught.value.partial) > 100


def test_a_truncated_answer_is_valid_http_and_broken_json() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(truncated=True))
        answer = ask(running, "/campaigns")
        assert answer.status == 200
        assert answer.body.startswith(b'{"data":[{')
        with pytest.raises(json.JSONDecodeError):
            _ = answer.json


def test_an_empty_reply_is_no_reply() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(empty_reply=True))
        with pytest.raises(http.client.RemoteDisconnected):
            ask(running, "/campaigns")
        assert running.requests[0].status == 0


def test_a_stall_waits_and_then_answers() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(stall=0.2))
        begin = time.monotonic()
        assert ask(running, "/campaigns").status == 200
        assert time.monotonic() - begin >= 0.2


def test_a_lost_route_is_a_404_as_text_on_all_paths_for_some_tenths_of_a_second() -> None:
    with Sandbox(**TINY) as running:
        fault = running.add_fault(lost_route(1.0, after=1))
        answers = [ask(running, path) for path in ("/campaigns", "/campaigns", "/email-lists")]
        assert [answer.status for answer in answers] == [200, 404, 404]
        assert (answers[1].body, answers[1].headers["content-type"]) == (
            b"404 page not found\n",
            "text/plain; charset=utf-8",
        )
        while not fault.is_over:
            time.sleep(0.01)
        assert ask(running, "/campaigns").status == 200
        assert fault.struck == 2


def test_a_cache_answers_each_url_with_what_it_was_first_and_says_how_old_that_is() -> None:
    with Sandbox(campaigns=20, opens=2, html_bytes=20) as running:
        running.add_fault(Fault(path="/campaigns$", cached="age", times=None))
        first, second = (ask(running, f"/campaigns?page={page}") for page in (1, 2))
        running.store.delete_campaign(first.json["data"][0]["uuid"])
        again = [ask(running, f"/campaigns?page={page}") for page in (1, 2)]
        assert [answer.body for answer in again] == [first.body, second.body]
        assert again[0].headers["age"] == "0"
        assert ask(running, "/email-lists").headers.get("age") is None


def test_cookies_of_new_names_are_refused_once_they_are_too_many() -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(new_cookie=True, times=None))
        jar = [ask(running, "/campaigns").headers["set-cookie"].split(";")[0] for _ in range(20)]
        assert len({cookie.split("=")[0] for cookie in jar}) == 20
        assert ask(running, "/campaigns", Cookie=jar[0]).status == 200
        refused = ask(running, "/campaigns", Cookie="; ".join(jar))
        assert refused.status == 400
        assert refused.body.startswith(b"<html>")


@pytest.mark.parametrize(("seconds", "header"), [(5, "5"), (None, None)])
def test_429_on_order_comes_with_and_without_retry_after(seconds: int | None, header: str | None) -> None:
    with Sandbox(**TINY) as running:
        running.add_fault(Fault(rate_limited=True, retry_after=seconds))
        answer = ask(running, "/campaigns")
        assert (answer.status, answer.headers.get("retry-after")) == (429, header)


def test_every_request_is_logged_faulted_ones_too() -> None:
    with Sandbox(**TINY) as running:
        uuid = most(running, "opens").uuid
        running.add_fault(Fault(path="/opens$", status=503))
        ask(running, f"/campaigns/{uuid}/opens?sort=email&page=2", User_Agent="tests/1")
        ask(running, "/email-lists", token="another-token")
        first, second = running.requests
        assert (first.method, first.path, first.status) == ("GET", f"/api/campaigns/{uuid}/opens", 503)
        assert first.query == {"sort": "email", "page": "2"}
        assert first.headers["user-agent"] == "tests/1"
        assert (first.kind, first.key, second.kind, second.status) == ("campaign_opens", uuid, "email_lists", 401)
        assert first.time <= second.time
        assert running.stats() == {
            "requests": 2,
            "kinds": {"campaign_opens": 1, "email_lists": 1},
            "statuses": {"401": 1, "503": 1},
        }


def test_one_connection_carries_many_requests() -> None:
    with Sandbox(**TINY) as running:
        connection = http.client.HTTPConnection(running.trusted_host, timeout=10)
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/api/campaigns", body=b"{}", headers={"Accept": "application/json"})
            connection.getresponse().read()
            sockets.add(connection.sock)
        connection.close()
        assert len(sockets) == 1


def test_stopping_leaves_no_thread_even_with_a_stalled_request_and_an_open_connection() -> None:
    before = set(threading.enumerate())
    running = Sandbox(**TINY)
    running.start()
    running.add_fault(Fault(path="/campaigns", stall=60))
    idle = http.client.HTTPConnection(running.trusted_host, timeout=10)
    idle.request("GET", "/api/email-lists")
    idle.getresponse().read()
    waiting = http.client.HTTPConnection(running.trusted_host, timeout=10)
    waiting.request("GET", "/api/campaigns")
    while len(running.requests) < 2:
        time.sleep(0.01)
    begin = time.monotonic()
    running.stop()
    assert time.monotonic() - begin < 30
    assert set(threading.enumerate()) == before
    idle.close()
    waiting.close()


def test_a_sandbox_that_never_started_can_be_stopped() -> None:
    Sandbox(**TINY).stop()


def test_a_campaign_of_200_000_opens_is_paged_quickly() -> None:
    with Sandbox(campaigns=1, lists=1, opens=0, html_bytes=20) as running:
        (campaign,) = running.store.campaigns.values()
        (email_list,) = running.store.email_lists.values()
        people = [running.store.add_subscriber(email_list, f"reader{n}@example.com") for n in range(200_000)]
        running.store.events[campaign.uuid].opens = [Open(who, 1_790_000_000 + who.id // 9) for who in people]
        path = f"/api/campaigns/{campaign.uuid}/opens?sort=first_opened_at,email"
        connection = http.client.HTTPConnection(running.trusted_host, timeout=30)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {running.token}"}

        def page(number: int) -> int:
            connection.request("GET", f"{path}&page={number}", headers=headers)
            return len(json.loads(connection.getresponse().read())["data"])

        assert page(1) == 15
        begin = time.process_time()
        assert sum(page(number) for number in range(1, 13_334, 66)) > 3000
        assert time.process_time() - begin < 1
        connection.close()
