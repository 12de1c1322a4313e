"""Which hosts the connector may speak to: the rules for the URL, and the check of addresses at each connection.

The URL comes from a user, but the connector runs inside somebody else's network. Without these rules a configuration
could make it fetch that network's internal pages. Only the operator of the container can make exceptions, with the
environment variable MAILCOACH_TRUSTED_HOSTS: `host` or `host:port`, separated by commas.
"""

import ipaddress
import os
import re
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import idna
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError

TRUSTED_HOSTS = "MAILCOACH_TRUSTED_HOSTS"
CLOUD_DOMAIN = ".mailcoach.app"

LOCAL_DOMAINS = (".local", ".internal")
LONGEST_NAME = 253  # in the DNS, without the final dot
NOT_IN_A_URL = re.compile(r"[\s\\\x00-\x1f\x7f]")
HOST_NAME = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# Every spelling of an IPv4 address (decimal, octal, hexadecimal, one to four parts) ends in a number, no name does.
ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
API_PATH = re.compile(r"(/(?!\.{1,2}/)[A-Za-z0-9._~-]+)*/api")


@dataclass(frozen=True)
class ApiBase:
    """Where the API is: its URL without a trailing slash, its host in ASCII (punycode), and whether it is trusted."""

    url: str
    host: str
    trusted: bool

    @property
    def in_cloud(self) -> bool:
        return self.host.endswith(CLOUD_DOMAIN)


def parse_api_base(text: str, environ: Mapping[str, str] = os.environ) -> ApiBase:
    """Check a base URL and put it together again from the parts that were checked.

    Raises MailcoachError (config) if a rule forbids it.
    """
    parts = _split(text.strip())
    if parts.scheme not in ("http", "https"):
        raise MailcoachError(
            input_problems.URL_NOT_HTTPS if parts.scheme else input_problems.URL_MALFORMED, scheme=parts.scheme
        )
    if "@" in parts.netloc:
        raise MailcoachError(input_problems.URL_HAS_CREDENTIALS)
    if "?" in text:
        raise MailcoachError(input_problems.URL_HAS_QUERY)
    if "#" in text:
        raise MailcoachError(input_problems.URL_HAS_FRAGMENT)
    host, port = _host(parts), _port(parts)
    path = parts.path.removesuffix("/")
    if not API_PATH.fullmatch(path):
        raise MailcoachError(input_problems.URL_PATH)

    trusted = bool({(host, None), (host, port)} & trusted_hosts(environ))
    if not trusted:
        _require_public_name(host)
        if parts.scheme != "https":
            raise MailcoachError(input_problems.URL_NOT_HTTPS, scheme=parts.scheme)
        if port != 443:
            raise MailcoachError(input_problems.URL_PORT, port=port)
    bracketed = f"[{host}]" if ":" in host else host
    suffix = "" if port == _default_port(parts.scheme) else f":{port}"
    return ApiBase(f"{parts.scheme}://{bracketed}{suffix}{path}", host, trusted)


def trusted_hosts(environ: Mapping[str, str]) -> set[tuple[str, int | None]]:
    """The hosts that the operator allows, as (host, port); a port of None means any port. Empty in the cloud."""
    if environ.get("DEPLOYMENT_MODE", "").lower() == "cloud":
        return set()
    entries = (_trusted_host(entry.strip()) for entry in environ.get(TRUSTED_HOSTS, "").split(","))
    return {entry for entry in entries if entry}


def _trusted_host(entry: str) -> tuple[str, int | None] | None:
    """An entry as (host, port). None if it is not just a host with or without a port: such an entry allows nothing."""
    try:
        parts = _split(f"//{entry}")
        return (_host(parts), parts.port) if parts.netloc == entry and "@" not in entry else None
    except (MailcoachError, ValueError):
        return None


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        if NOT_IN_A_URL.search(text) or not parts.netloc:
            raise MailcoachError(input_problems.URL_MALFORMED)
        return parts
    except ValueError:
        raise MailcoachError(input_problems.URL_MALFORMED) from None


def _host(parts: SplitResult) -> str:
    """The host as it is looked up in the DNS: lower case, without a final dot, in punycode. IPv6 without brackets."""
    host = parts.hostname or ""
    try:
        if "[" in parts.netloc:
            # Older Pythons accept any text in brackets as a host, and newer ones addresses of a future IP version.
            return str(ipaddress.IPv6Address(parts.netloc[1:].partition("]")[0].partition("%")[0]))
        # Full-width digits and dots become plain ones here, so an address in disguise is seen as one.
        host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except ValueError:  # IDNAError is one
        raise MailcoachError(input_problems.URL_MALFORMED) from None
    host = host.removesuffix(".")
    if len(host) > LONGEST_NAME or not HOST_NAME.fullmatch(host):
        raise MailcoachError(input_problems.URL_MALFORMED)
    return host


def _port(parts: SplitResult) -> int:
    try:
        return parts.port if parts.port is not None else _default_port(parts.scheme)
    except ValueError:
        raise MailcoachError(input_problems.URL_MALFORMED) from None


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _require_public_name(host: str) -> None:
    if ":" in host or ENDS_IN_NUMBER.fullmatch(host):
        raise MailcoachError(input_problems.URL_IP_ADDRESS)
    if host == "localhost" or host.endswith(".localhost"):
        raise MailcoachError(input_problems.URL_LOCALHOST, host=host)
    # A name without a dot is completed by the search domains of whatever network the connector runs in.
    if host.endswith(LOCAL_DOMAINS) or "." not in host:
        raise MailcoachError(input_problems.URL_LOCAL_NAME, host=host)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    In a network that speaks IPv6 only, the name server (DNS64) wraps the IPv4 address of a host into NAT64_PREFIX. Such
    an address is public if the one inside is. Other addresses that carry an IPv4 address (mapped, 6to4, Teredo, a
    network's own NAT64 prefix) can lead anywhere, so they never count as public.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip in NAT64_PREFIX:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if isinstance(ip, ipaddress.IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    return not any(ip in network for network in SPECIAL if network.version == ip.version)


# Written out, because Python's own tables of these ranges differ between its patch releases.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
NAT64_PREFIX = ipaddress.ip_network("64:ff9b::/96")
SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]


def require_public(host: str, addresses: Collection[str]) -> None:
    """Refuse a host if any of its addresses is not public: the connection could use any of them."""
    for address in addresses:
        if not is_public(address):
            raise MailcoachError(input_problems.ADDRESS_NOT_PUBLIC, host=host, address=address)


class PublicConnection(HTTPSConnection):
    """An https connection that resolves its host once, checks all addresses, and connects to these alone.

    If the check came earlier, the name server could give another, internal address for the connection itself.
    """

    def _new_conn(self) -> socket.socket:
        host = self._dns_host
        try:
            found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        require_public(self.host, addresses)
        try:
            return self._connect_to_first(addresses)
        finally:
            self._dns_host = host

    def _connect_to_first(self, addresses: list[str]) -> socket.socket:
        for address in addresses:
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError):
                if address == addresses[-1]:
                    raise
        raise NewConnectionError(self, "the name has no addresses")


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = PublicConnection


class PublicAdapter(HTTPAdapter):
    """Lets direct connections go to public addresses only. A proxy resolves the name itself, so its rules decide."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}
