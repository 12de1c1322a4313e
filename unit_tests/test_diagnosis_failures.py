"""What becomes of a failure on the way to the server, with real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests
from airbyte_cdk.models import FailureType
from urllib3.util import connection as urllib3_connection

from source_mailcoach.config import Config
from source_mailcoach.host_policy import PublicAdapter
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError, Problem
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.failures import diagnose_failure
from source_mailcoach.transport.request import Query
from unit_tests.conftest import Traffic
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


def no_address(*_: Any, **__: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_AGAIN, "no answer")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def failure(url: str, **kwargs: Any) -> MailcoachError:
    """The diagnosis of a real request that fails."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with requests.Session() as session:
        session.mount("https://news", PublicAdapter())
        with pytest.raises(OSError) as raised:  # noqa: PT011 - requests' own are such too
            session.get(url, **{"headers": headers, "timeout": 5, **kwargs})
    return diagnose_failure(raised.value, URL)


PASSES = {
    problems.NOT_CONNECTED,
    problems.TIMEOUT,
    problems.CONNECTION_LOST,
    problems.DNS_UNAVAILABLE,
    problems.PROXY_FAILED,
}


def assert_is(error: MailcoachError, problem: Problem) -> None:
    assert error.problem == problem
    assert error.failure_type == (TRANSIENT if problem in PASSES else CONFIG)
    assert error.retry is (problem in PASSES or problem is problems.NAME_NOT_FOUND)
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
    assert_is(failure(f"https://127.0.0.1:{serve(b'HTTP/1.1 400 Bad Request')}/api"), problems.TLS_NOT_SPOKEN)


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


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("407 Proxy Authentication Required", problems.PROXY_LOGIN),
        ("407 authenticationrequired", problems.PROXY_LOGIN),
        ("403 Forbidden", problems.PROXY_REFUSED),
        ("403 Filtered by policy 407", problems.PROXY_REFUSED),
        ("405 Method Not Allowed", problems.PROXY_REFUSED),
        ("400 Bad Request", problems.PROXY_REFUSED),
        ("429 Too Many Requests", problems.PROXY_FAILED),
        ("500 Internal Server Error", problems.PROXY_FAILED),
        ("502 Bad Gateway", problems.PROXY_FAILED),
        ("503 Service Unavailable", problems.PROXY_FAILED),
        ("504 Gateway Timeout", problems.PROXY_FAILED),
    ],
)
def test_a_proxy_that_refuses_the_host(serve: Serve, status: str, problem: Problem) -> None:
    port = serve(f"HTTP/1.1 {status}\r\n\r\n".encode())
    assert_is(failure(URL, proxies={"https": f"http://127.0.0.1:{port}"}), problem)


def test_a_proxy_whose_own_name_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the name in the API Base URL that somebody has to correct."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert_is(failure(URL, proxies={"https": "http://proxy.example.org:3128"}), problems.PROXY_FAILED)


UNUSABLE = [
    "socks5://127.0.0.1:1080",
    "socks5h://ann:top-secret@127.0.0.1:1080",
    "socks4://127.0.0.1",
    "ftp://127.0.0.1:21",
    "quic://127.0.0.1",
    "http:///proxy",
    "http://",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:port",
    "http://[::1",
    "http://::1:3128",
    "http://proxy example:3128",
    "https://proxy..example.com:3128",
    "http://" + "a" * 70 + ".example.com:3128",
]


@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("proxy", UNUSABLE, ids=lambda proxy: proxy[:30])
def test_a_proxy_that_cannot_be_used(proxy: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the client itself, since it is the environment that says so."""
    monkeypatch.setenv(variable, proxy)
    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    client = MailcoachClient(Config.parse({"api_base_url": URL, "api_token": TOKEN}))
    client.events.listeners.append(traffic := Traffic())
    with pytest.raises(MailcoachError) as raised:
        client.fetch(Query("email-lists", (("page", 1),)))
    assert_is(raised.value, problems.PROXY_UNUSABLE)
    assert (traffic.requests, traffic.retries) == (1, 0)


def test_a_proxy_of_plain_http_that_is_named_with_https(serve: Serve) -> None:
    port = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert_is(failure(URL, proxies={"https": f"https://127.0.0.1:{port}"}), problems.PROXY_UNUSABLE)


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_of_trusted_certificates_that_is_none(serve: Serve, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    error = failure(f"https://127.0.0.1:{serve()}/api", verify=str(path))
    assert_is(error, problems.CA_FILE)


def test_after_good_answers_a_configuration_error_of_the_way_is_transient() -> None:
    """One of several servers has an old certificate, a name is gone for some minutes."""
    for cause in (requests.exceptions.SSLError("x"), requests.exceptions.InvalidProxyURL("x")):
        assert diagnose_failure(cause, URL).failure_type is CONFIG
        later = diagnose_failure(cause, URL, after_good_answers=True)
        assert (later.failure_type, later.retry) == (TRANSIENT, True)


def test_what_cannot_be_sent_is_told_without_the_header_that_requests_quotes() -> None:
    headers = {"Authorization": f"Bearer {TOKEN}\n"}
    error = failure(URL, headers=headers)
    assert (error.problem, error.failure_type, error.problem.retry) == (problems.NOT_SENT, SYSTEM, False)
    assert "(InvalidHeader)" in message_of(error)
