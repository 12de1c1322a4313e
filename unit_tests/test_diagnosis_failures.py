"""What becomes of a failure on the way to the server, with real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

import pytest
import requests
from airbyte_cdk.models import FailureType
from urllib3.util import connection as urllib3_connection

from source_mailcoach import problems
from source_mailcoach.diagnosis import diagnose_failure
from source_mailcoach.host_policy import PublicAdapter
from source_mailcoach.problems import MailcoachError, Problem
from unit_tests.test_diagnosis import message_of

URL = "https://news.example.com/api"
TOKEN = "1|top-secret-token"
BODY_TEXT = "SQLSTATE in /var/www/app/User.php for ann@example.com"

CONFIG, TRANSIENT, SYSTEM = FailureType.config_error, FailureType.transient_error, FailureType.system_error
META = {"current_page": 1, "last_page": 1, "total": 0, "per_page": 15}


@pytest.fixture(autouse=True)
def no_proxy_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a loopback server that reads a request, sends `reply`, and closes, or stays silent if it is to `hold`."""
    listeners: list[socket.socket] = []
    over = threading.Event()

    def start(reply: bytes = b"", hold: bool = False) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=answer_all, args=(listener, reply, hold), daemon=True).start()
        return int(listener.getsockname()[1])

    def answer_all(listener: socket.socket, reply: bytes, hold: bool) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(reply)
                    if hold:
                        over.wait(5)

    yield start
    over.set()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def failure(url: str, **kwargs: Any) -> MailcoachError:
    """The diagnosis of a real request that fails."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with requests.Session() as session:
        session.mount("https://news", PublicAdapter())
        with pytest.raises(requests.RequestException) as raised:
            session.get(url, **{"headers": headers, "timeout": 5, **kwargs})
    return diagnose_failure(raised.value, URL)


def assert_is(error: MailcoachError, problem: Problem) -> None:
    transient = problem not in (problems.NAME_NOT_FOUND, problems.TLS_FAILED)
    assert error.problem == problem
    assert error.failure_type == (TRANSIENT if transient else CONFIG)
    assert problem.retry is (problem is not problems.TLS_FAILED)
    assert URL in message_of(error)


def test_a_refused_connection() -> None:
    assert_is(failure(f"http://127.0.0.1:{closed_port()}/api"), problems.NOT_CONNECTED)


def test_a_server_that_does_not_accept_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def time_out(*_: Any, **__: Any) -> NoReturn:
        raise TimeoutError

    monkeypatch.setattr(urllib3_connection, "create_connection", time_out)
    assert_is(failure("http://127.0.0.1/api"), problems.TIMEOUT)


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["no answer", "half an answer"]
)
def test_a_server_that_falls_silent(serve: Serve, reply: bytes) -> None:
    assert_is(failure(f"http://127.0.0.1:{serve(reply, hold=True)}/api", timeout=(5, 0.1)), problems.TIMEOUT)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"data": [',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"data": [',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    ],
    ids=["no answer", "half a body", "half a chunk", "damaged compression"],
)
def test_a_connection_that_is_cut(serve: Serve, reply: bytes) -> None:
    assert_is(failure(f"http://127.0.0.1:{serve(reply)}/api"), problems.CONNECTION_LOST)


def test_a_server_that_speaks_no_tls(serve: Serve) -> None:
    assert_is(failure(f"https://127.0.0.1:{serve(b'HTTP/1.1 400 Bad Request')}/api"), problems.TLS_FAILED)


def test_a_connection_that_is_cut_while_tls_is_set_up(serve: Serve) -> None:
    """A server that restarts does this: no reason to call its certificate invalid and to end a sync of hours."""
    assert_is(failure(f"https://127.0.0.1:{serve()}/api"), problems.CONNECTION_LOST)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("errno", "problem"),
    [
        (socket.EAI_NONAME, problems.NAME_NOT_FOUND),
        (socket.EAI_NODATA, problems.NAME_NOT_FOUND),
        (socket.EAI_AGAIN, problems.DNS_UNAVAILABLE),
        (socket.EAI_FAIL, problems.DNS_UNAVAILABLE),
    ],
)
def test_a_name_that_is_not_found(monkeypatch: pytest.MonkeyPatch, scheme: str, errno: int, problem: Problem) -> None:
    """http goes the way of trusted hosts, https that of all others."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(errno, "the resolver's own words")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert_is(failure(f"{scheme}://news.example.com/api"), problem)


def test_a_proxy_that_refuses_the_connection() -> None:
    proxy = {"https": f"http://127.0.0.1:{closed_port()}"}
    assert_is(failure(URL, proxies=proxy), problems.PROXY_FAILED)


@pytest.mark.parametrize("status", [b"403 Forbidden", b"407 Proxy Authentication Required", b"502 Bad Gateway"])
def test_a_proxy_that_refuses_the_host(serve: Serve, status: bytes) -> None:
    port = serve(b"HTTP/1.1 " + status + b"\r\n\r\n")
    assert_is(failure(URL, proxies={"https": f"http://127.0.0.1:{port}"}), problems.PROXY_FAILED)


def test_a_proxy_whose_own_name_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the name in the API Base URL that somebody has to correct."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert_is(failure(URL, proxies={"https": "http://proxy.example.org:3128"}), problems.PROXY_FAILED)


def test_a_proxy_whose_address_is_malformed() -> None:
    assert_is(failure(URL, proxies={"https": "http:///proxy"}), problems.PROXY_FAILED)


def test_what_cannot_be_sent_is_told_without_the_header_that_requests_quotes() -> None:
    headers = {"Authorization": f"Bearer {TOKEN}\n"}
    error = failure(URL, headers=headers)
    assert (error.problem, error.failure_type, error.problem.retry) == (problems.NOT_SENT, SYSTEM, False)
    assert "(InvalidHeader)" in message_of(error)
