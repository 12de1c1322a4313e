"""What is wrong with a certificate, or with TLS, is told apart, by real handshakes on 127.0.0.1."""

import ssl
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from airbyte_cdk.models import FailureType

from source_mailcoach.config import Config
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError, Problem
from source_mailcoach.transport.api import CHECK, MailcoachClient
from source_mailcoach.transport.failures import diagnose_failure
from source_mailcoach.transport.request import Query
from unit_tests.certificates import Signed, make, tls_server
from unit_tests.conftest import TOKEN

Change = Callable[[ssl.SSLContext], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Signed:
    return make(folder, "An authority of our own", ca=True)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Asks the server at a port of localhost for a page, as a check does, trusting a file of certificates, if any."""

    def ask(port: int, trusted: Path | None = None, host: str = "localhost") -> Any:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", f"{host}:{port}")
        for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(variable, raising=False)
            monkeypatch.delenv(variable.lower(), raising=False)
        if trusted:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        config = {"api_base_url": f"https://{host}:{port}/api", "api_token": TOKEN}
        client = MailcoachClient(Config.parse(config), CHECK)
        try:
            return client.fetch(Query("email-lists", (("page", 1),)))
        finally:
            client.end_requests()
            client._session.close()

    return ask


def failing(ask: Callable[..., Any], *arguments: Any) -> MailcoachError:
    with pytest.raises(MailcoachError) as raised:
        ask(*arguments)
    assert "localhost" in str(raised.value) or "127.0.0.1" in str(raised.value)
    assert TOKEN not in str(raised.value)
    return raised.value


CERTIFICATES: Mapping[str, tuple[Mapping[str, Any], Problem]] = {
    "expired": ({"begins": -9, "ends": -1}, problems.CERTIFICATE_EXPIRED),
    "expired long ago": ({"begins": -900, "ends": -800}, problems.CERTIFICATE_EXPIRED),
    "not yet valid": ({"begins": 1, "ends": 9}, problems.CERTIFICATE_NOT_YET_VALID),
    "another host": ({"name": "www.example.com"}, problems.CERTIFICATE_OF_OTHER_HOST),
    "a host below": ({"name": "api.localhost"}, problems.CERTIFICATE_OF_OTHER_HOST),
    "an address": ({"name": "127.0.0.1"}, problems.CERTIFICATE_OF_OTHER_HOST),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_that_does_not_hold(ask: Callable[..., Any], folder: Path, authority: Signed, name: str) -> None:
    options, problem = CERTIFICATES[name]
    with tls_server(make(folder, **{"name": "localhost", **options, "issuer": authority})) as port:
        error = failing(ask, port, authority.certificate_file)
    assert (error.problem, error.failure_type, error.retry) == (problem, FailureType.config_error, False)


def test_a_certificate_for_another_address(ask: Callable[..., Any], folder: Path, authority: Signed) -> None:
    with tls_server(make(folder, "localhost", authority)) as port:
        error = failing(ask, port, authority.certificate_file, "127.0.0.1")
    assert error.problem is problems.CERTIFICATE_OF_OTHER_HOST


def test_a_certificate_that_nobody_knows_has_signed_names_the_way_out(
    ask: Callable[..., Any], folder: Path, authority: Signed
) -> None:
    """Self-signed, by an authority that is not trusted, and by one between that the server does not send."""
    between = make(folder, "An authority between", authority, ca=True)
    for shown, trusted in (
        (make(folder), None),
        (make(folder, issuer=authority), None),
        (make(folder, issuer=between), authority.certificate_file),
        (make(folder), authority.certificate_file),
    ):
        with tls_server(shown) as port:
            error = failing(ask, port, trusted)
        assert (error.problem, error.failure_type) == (problems.CERTIFICATE_ISSUER_UNKNOWN, FailureType.config_error)
        assert "REQUESTS_CA_BUNDLE" in str(error)


def test_a_file_of_certificates_in_the_environment_is_the_way_out(
    ask: Callable[..., Any], folder: Path, authority: Signed
) -> None:
    with tls_server(make(folder, issuer=authority)) as port:
        assert ask(port, authority.certificate_file).rows == []
    self_signed = make(folder)
    with tls_server(self_signed) as port:
        assert ask(port, self_signed.certificate_file).rows == []


def old(context: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1


def other_ciphers(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")


def wants_a_certificate(context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2


HANDSHAKES = {
    "old protocol": (old, problems.TLS_TOO_OLD),
    "no cipher in common": (other_ciphers, problems.TLS_TOO_OLD),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_server_with_whom_no_safe_connection_is_possible(
    ask: Callable[..., Any], folder: Path, authority: Signed, name: str
) -> None:
    change, problem = HANDSHAKES[name]
    with tls_server(make(folder, issuer=authority), change) as port:
        error = failing(ask, port, authority.certificate_file)
    assert (error.problem, error.failure_type) == (problem, FailureType.config_error)


def test_a_server_that_wants_a_certificate_of_its_clients(
    ask: Callable[..., Any], folder: Path, authority: Signed
) -> None:
    with tls_server(make(folder, issuer=authority), wants_a_certificate) as port:
        error = failing(ask, port, authority.certificate_file)
    assert error.problem in (problems.TLS_FAILED, problems.TLS_TOO_OLD, problems.CONNECTION_LOST)


def handshake(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] some words of OpenSSL's (_ssl.c:1006)")
    error.library, error.reason = "SSL", reason
    return error


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("WRONG_VERSION_NUMBER", problems.TLS_NOT_SPOKEN),
        ("HTTP_REQUEST", problems.TLS_NOT_SPOKEN),
        ("HTTPS_PROXY_REQUEST", problems.TLS_FAILED),
        ("RECORD_LAYER_FAILURE", problems.TLS_NOT_SPOKEN),
        ("PACKET_LENGTH_TOO_LONG", problems.TLS_NOT_SPOKEN),
        ("UNSUPPORTED_PROTOCOL", problems.TLS_TOO_OLD),
        ("NO_PROTOCOLS_AVAILABLE", problems.TLS_TOO_OLD),
        ("TLSV1_ALERT_PROTOCOL_VERSION", problems.TLS_TOO_OLD),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", problems.TLS_TOO_OLD),
        ("SSL/TLS_ALERT_HANDSHAKE_FAILURE", problems.TLS_TOO_OLD),
        ("NO_SHARED_CIPHER", problems.TLS_TOO_OLD),
        ("DH_KEY_TOO_SMALL", problems.TLS_TOO_OLD),
        ("EE_KEY_TOO_SMALL", problems.TLS_TOO_OLD),
        ("UNSAFE_LEGACY_RENEGOTIATION_DISABLED", problems.TLS_TOO_OLD),
        ("TLSV1_ALERT_INTERNAL_ERROR", problems.TLS_FAILED),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", problems.TLS_FAILED),
    ],
)
def test_the_reasons_of_openssl_are_sorted_by_their_cure(reason: str, problem: Problem) -> None:
    error = diagnose_failure(requests.exceptions.SSLError(handshake(reason)), "https://news.example.com/api")
    assert error.problem is problem
