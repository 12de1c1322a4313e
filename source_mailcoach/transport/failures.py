"""Which problem a failure on the way to the server is: DNS, network, TLS, proxy."""

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from requests import exceptions
from urllib3.exceptions import (
    DecodeError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxySchemeUnknown,
    ReadTimeoutError,
)
from urllib3.exceptions import SSLError as BodySSLError
from urllib3.util.ssl_match_hostname import CertificateError

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import CONFIG, MailcoachError, Problem

# By the numbers of OpenSSL (X509_V_ERR_…).
CERTIFICATE: Mapping[int, Problem] = {
    9: problems.CERTIFICATE_NOT_YET_VALID,
    10: problems.CERTIFICATE_EXPIRED,
    # 2, 18 to 21, 24, 27: self-signed, or an issuer who is missing in the chain, or is none, or is not trusted.
    **dict.fromkeys((2, 18, 19, 20, 21, 24, 27), problems.CERTIFICATE_ISSUER_UNKNOWN),
    **dict.fromkeys((62, 64), problems.CERTIFICATE_OF_OTHER_HOST),
}
# By words in the reasons of OpenSSL, whose names differ between its versions.
NOT_SPOKEN = re.compile("WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE|PACKET_LENGTH")
TOO_OLD = re.compile(
    "PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|HANDSHAKE_FAILURE|CIPHER|KEY_TOO_SMALL|INSUFFICIENT_SECURITY"
    "|LEGACY_RENEGOTIATION|SIGALG"
)
# The parts of OpenSSL that read files of certificates. What goes wrong between two machines is of the part SSL.
READ_FILES = ("X509", "PEM")
TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


def diagnose_failure(error: Exception, url: str, after_good_answers: bool = False) -> MailcoachError:
    """The problem behind an exception of requests, or of urllib3, from which bodies are read directly.

    The text of the exception is not used: it may quote headers, and with them the token.

    After good answers, what looks like a wrong setting is transient: one of several servers may have an old
    certificate.
    """
    problem, details = _problem_of(error)
    passing = after_good_answers and problem.failure_type is CONFIG
    return MailcoachError(problem, passing=passing, url=url, **{"detail": type(error).__name__, **details})


def is_timeout(error: Exception) -> bool:
    """Whether it is a time-out: for a connection, for the next part of an answer, or for all of it."""
    return isinstance(error, (exceptions.Timeout, TimeoutError)) or any(
        isinstance(cause, ReadTimeoutError) for cause in _causes(error)
    )


def _problem_of(error: Exception) -> tuple[Problem, Mapping[str, Any]]:
    causes = list(_causes(error))
    # The address of the API was checked before. An address that cannot be used now is that of the proxy.
    if isinstance(error, (exceptions.InvalidProxyURL, exceptions.InvalidSchema, exceptions.InvalidURL)) or any(
        isinstance(cause, (ProxySchemeUnknown, LocationValueError)) for cause in causes
    ):
        return problems.PROXY_UNUSABLE, {}
    if isinstance(error, exceptions.ProxyError):
        return _problem_of_proxy(causes)
    for cause in causes:
        if isinstance(cause, NameResolutionError):
            return _problem_of_name(cause), {}
    if isinstance(error, (exceptions.SSLError, BodySSLError)):
        return _problem_of_tls(causes)
    if is_timeout(error):
        return problems.TIMEOUT, {}
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return problems.NOT_CONNECTED, {}
    # requests raises a bare OSError for a missing CA file, and for nothing else.
    if isinstance(error, OSError) and not isinstance(error, exceptions.RequestException):
        return problems.CA_FILE, {}
    wrapped = (exceptions.ConnectionError, exceptions.ChunkedEncodingError, exceptions.ContentDecodingError)
    lost = (*wrapped, ProtocolError, DecodeError)
    return problems.CONNECTION_LOST if isinstance(error, lost) else problems.NOT_SENT, {}


def _problem_of_name(error: NameResolutionError) -> Problem:
    reason = error.__cause__
    unknown = isinstance(reason, socket.gaierror) and reason.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
    return problems.NAME_NOT_FOUND if unknown else problems.DNS_UNAVAILABLE


def _problem_of_proxy(causes: list[Any]) -> tuple[Problem, Mapping[str, Any]]:
    """The problem of a proxy. Its answer to CONNECT is only in the text of the exception."""
    refusals = (TUNNEL.search(str(cause)) for cause in causes if isinstance(cause, OSError))
    status = next((int(found[1]) for found in refusals if found), 0)
    if status == 407:
        return problems.PROXY_LOGIN, {}
    if 400 <= status < 500 and status not in (408, 429):
        return problems.PROXY_REFUSED, {"status": status}
    if any(isinstance(cause, ssl.SSLError) and NOT_SPOKEN.search(cause.reason or "") for cause in causes):
        return problems.PROXY_UNUSABLE, {}  # https:// for a proxy that speaks plain http
    return problems.PROXY_FAILED, {}


def _problem_of_tls(causes: list[Any]) -> tuple[Problem, Mapping[str, Any]]:
    for cause in causes:
        if isinstance(cause, CertificateError):
            return problems.CERTIFICATE_OF_OTHER_HOST, {}
        if isinstance(cause, ssl.SSLCertVerificationError):
            number = int(getattr(cause, "verify_code", 0))
            return CERTIFICATE.get(number, problems.CERTIFICATE_INVALID), {"detail": f"error {number} of OpenSSL"}
        if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return problems.CONNECTION_LOST, {}
        if isinstance(cause, ssl.SSLError) and cause.library in READ_FILES:
            return problems.CA_FILE, {}
    reasons = [str(cause.reason) for cause in causes if isinstance(cause, ssl.SSLError)]
    for pattern, problem in ((NOT_SPOKEN, problems.TLS_NOT_SPOKEN), (TOO_OLD, problems.TLS_TOO_OLD)):
        if any(pattern.search(reason) for reason in reasons):
            return problem, {}
    return problems.TLS_FAILED, {"detail": reasons[0] if reasons else "SSLError"}


def _causes(error: object) -> Iterator[Any]:
    """requests wraps urllib3's exceptions as arguments, and those wrap the reason."""
    while isinstance(error, BaseException):
        yield error
        inner = [arg for arg in error.args if isinstance(arg, BaseException)]
        # The reason of an SSLError is a word.
        reason = getattr(error, "reason", None)
        error = reason if isinstance(reason, BaseException) else (inner[0] if inner else None)
