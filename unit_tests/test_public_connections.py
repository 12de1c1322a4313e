"""Connections: the address that is checked is the address that is used, on every connection."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3.exceptions import NameResolutionError, NewConnectionError

from source_mailcoach import host_policy
from source_mailcoach.host_policy import PublicAdapter
from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError

HOST = "news.example.com"


class NameServer:
    """Stands in for the system's resolver: gives its answers in turn, the last one for ever. Keeps the questions."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    def getaddrinfo(self, host: str, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if is_address(host):
            return RESOLVE(host, port, *args, **kwargs)
        self.questions.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return [entry for address in answer for entry in RESOLVE(address, port, type=socket.SOCK_STREAM)]


RESOLVE = socket.getaddrinfo


def is_address(text: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False


class Listener:
    """A loopback socket that keeps, for each connection made to it, the name that TLS asked for (or the first line)."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.socket = socket.create_server((address, port))
        self.port: int = self.socket.getsockname()[1]
        self.seen: list[str] = []
        self.tls = tls
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if not self.tls:
            self.seen.append(connection.recv(4096).decode().partition("\r\n")[0])
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        self.seen.append("")
        with self.tls.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")

    def note_name(self, _: object, name: str | None, __: ssl.SSLContext) -> None:
        self.seen[-1] = name or ""

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


Listen = Callable[..., Listener]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for HOST, signed by itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return path


@pytest.fixture
def listen(certificate: Path) -> Iterator[Listen]:
    listeners: list[Listener] = []

    def start(address: str = "127.0.0.1", tls: bool = True, port: int = 0) -> Listener:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        listeners.append(Listener(address, context, port))
        if context:
            context.load_cert_chain(certificate)
            context.sni_callback = listeners[-1].note_name
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


@pytest.fixture
def session(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    with requests.Session() as session:
        session.verify = str(certificate)
        session.mount("https://", PublicAdapter())
        yield session


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., NameServer]:
    def install(*answers: list[str] | OSError, public: str = "") -> NameServer:
        """`public` are loopback addresses that count as public, so that a connection to them can be watched."""
        server = NameServer(*answers)
        monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
        if public:
            monkeypatch.setattr(host_policy, "is_public", lambda address: address in public.split())
        return server

    return install


NameServers = Callable[..., NameServer]


def get(session: requests.Session, port: int, host: str = HOST) -> requests.Response:
    return session.get(f"https://{host}:{port}/api", timeout=5, allow_redirects=False)


def test_a_name_that_turns_private_between_the_check_and_the_connection_is_not_connected_to(
    session: requests.Session, listen: Listen, name_server: NameServers
) -> None:
    listener = listen()
    name_server(["93.184.216.34"], ["127.0.0.1"])
    answer_to_a_check = socket.getaddrinfo(HOST, 443)[0][4][0]
    with pytest.raises(MailcoachError) as raised:
        get(session, listener.port)
    assert answer_to_a_check == "93.184.216.34"
    assert raised.value.problem == input_problems.ADDRESS_NOT_PUBLIC
    assert f"{HOST} leads to 127.0.0.1" in str(raised.value.message)
    assert listener.seen == []


def test_the_connection_goes_to_the_very_address_that_was_checked(
    session: requests.Session, listen: Listen, name_server: NameServers
) -> None:
    """A second question between check and connection would get the second answer."""
    checked = listen("127.0.0.1")
    other = listen("127.0.0.2", port=checked.port)
    names = name_server(["127.0.0.1"], ["127.0.0.2"], public="127.0.0.1 127.0.0.2")
    assert get(session, checked.port).status_code == 200
    assert names.questions == [HOST]
    assert (checked.seen, other.seen) == ([HOST], [])


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1", "93.184.216.34"],
        ["93.184.216.34", "127.0.0.1"],
        ["93.184.216.34", "1.1.1.1", "169.254.169.254", "8.8.8.8"],
        ["93.184.216.34", "::1"],
        ["2606:4700:4700::1111", "::ffff:10.0.0.1"],
    ],
)
def test_one_private_address_among_public_ones_is_enough_to_refuse(
    session: requests.Session, listen: Listen, name_server: NameServers, addresses: list[str]
) -> None:
    listener = listen()
    name_server(addresses)
    with pytest.raises(MailcoachError, match="not a public address"):
        get(session, listener.port)
    assert listener.seen == []


def test_the_second_connection_of_a_session_is_checked_again(
    session: requests.Session, listen: Listen, name_server: NameServers
) -> None:
    listener = listen()
    names = name_server(["127.0.0.1"], ["10.0.0.1"], public="127.0.0.1")
    assert get(session, listener.port).status_code == 200
    with pytest.raises(MailcoachError, match=r"leads to 10\.0\.0\.1"):
        get(session, listener.port)
    assert names.questions == [HOST, HOST]
    assert listener.seen == [HOST]


def test_an_address_that_does_not_answer_is_passed_over_for_the_next(
    session: requests.Session, listen: Listen, name_server: NameServers
) -> None:
    listener = listen("127.0.0.2")
    names = name_server(["127.0.0.1", "127.0.0.2"], public="127.0.0.1 127.0.0.2")
    assert get(session, listener.port).json() == {}
    assert names.questions == [HOST]
    assert listener.seen == [HOST]


@pytest.mark.parametrize("addresses", [["127.0.0.1", "127.0.0.2"], []])
def test_without_an_address_that_answers_the_connection_fails(
    session: requests.Session, listen: Listen, name_server: NameServers, addresses: list[str]
) -> None:
    listener = listen("127.0.0.3")
    names = name_server(addresses, public="127.0.0.1 127.0.0.2")
    with pytest.raises(requests.ConnectionError) as raised:
        get(session, listener.port)
    assert isinstance(raised.value.args[0].reason, NewConnectionError)
    assert names.questions == [HOST]


def test_the_certificate_must_be_for_the_name_although_an_address_was_connected_to(
    session: requests.Session, listen: Listen, name_server: NameServers
) -> None:
    listener = listen()
    name_server(["127.0.0.1"], public="127.0.0.1")
    with pytest.raises(requests.exceptions.SSLError):
        get(session, listener.port, host="other.example.com")
    assert listener.seen == ["other.example.com"]


def test_a_name_without_an_address_is_a_failure_of_name_resolution(
    session: requests.Session, name_server: NameServers
) -> None:
    name_server(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    with pytest.raises(requests.ConnectionError) as raised:
        get(session, 443)
    reason = raised.value.args[0].reason
    assert isinstance(reason, NameResolutionError)
    assert isinstance(reason.__cause__, socket.gaierror)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_from_the_environment_is_used_and_it_alone_resolves_the_name(
    session: requests.Session,
    listen: Listen,
    name_server: NameServers,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    proxy = listen(tls=False)
    monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
    names = name_server(["10.0.0.1"])
    with pytest.raises(requests.exceptions.ProxyError):
        get(session, 443)
    assert names.questions == []
    assert [line.rpartition(" ")[0] for line in proxy.seen] == [f"CONNECT {HOST}:443"]


def test_a_host_that_is_exempt_from_the_proxy_is_checked(
    session: requests.Session, listen: Listen, name_server: NameServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = listen(tls=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "example.com")
    name_server(["127.0.0.1"])
    with pytest.raises(MailcoachError, match="not a public address"):
        get(session, 443)
    assert proxy.seen == []
