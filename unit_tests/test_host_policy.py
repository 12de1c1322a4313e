"""No URL, and no answer of a name server, makes the connector speak to a host that is not public."""

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
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util import parse_url

from source_mailcoach import host_policy, problems
from source_mailcoach.host_policy import PublicAdapter, is_public, parse_api_base, trusted_hosts
from source_mailcoach.problems import MailcoachError, Problem

# The rules for the URL -------------------------------------------------------------------------------------------

PASSWORD = "hunter2"

# Each of these words stands for https://WORD/api.
REFUSED_HOSTS: dict[Problem, str] = {
    problems.URL_IP_ADDRESS: """
        127.0.0.1 10.0.0.5 192.168.1.1 169.254.169.254 100.64.0.1 8.8.8.8 93.184.216.34. 127.0.0.1.. 127.1 127.0.1 0 1
        2130706433 4294967295 00000002130706433 1.2.3.4.5 256.256.256.256 0177.0.0.1 0177.1 017700000001 0x7f000001
        0X7F000001 0x7f.1 0x7f.0.0.0x1 127.0x1 0xa9.254.0251.0xfe 0x news.example.123 127.0.0.1:443
        [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [0:0:0:0:0:0:0:1] [fe80::1] [fe80::1%25eth0]
        [fd00:ec2::254] [64:ff9b::7f00:1] [2002:7f00:1::] [2606:2800:220:1:248:1893:25c8:1946] [::1]:443
        １２７.０.０.１ 127。0。0。1 127．0．0．1 127｡0｡0｡1 ①②⑦.⓪.⓪.① 𝟙𝟚𝟟.𝟘.𝟘.𝟙 ２１３０７０６４３３ ０ｘ7f000001
    """,
    problems.URL_LOCALHOST: """
        localhost LOCALHOST localhost. localhost.. LocalHost. api.localhost a.b.LOCALHOST mailcoach.localhost.
        ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌｏｃａｌｈｏｓｔ ｌocalhost。 𝓵𝓸𝓬𝓪𝓵𝓱𝓸𝓼𝓽 a。ⓛⓞⓒⓐⓛⓗⓞⓢⓣ local\u00adhost local\u200bhost
    """,
    problems.URL_LOCAL_NAME: """
        printer.local PRINTER.LOCAL printer.local. metadata.google.internal Metadata.Google.Internal.
        host.docker.internal bücher.local mailcoach.ⓘnternal news。internal a.b.ＬＯＣＡＬ
        mailcoach intranet db ip6-localhost internal local mailcoach. _mail bücher
    """,
    problems.URL_MALFORMED: f"""
        news..example.com .example.com . ... -news.example.com news-.example.com {"a" * 64}.example.com
        {"ü" * 63}.example.com news.example.com%2eexample.org %6c%6fcalhost news%00.example.com news*example.com
        [news.example.com] [127.0.0.1] [v1.example.com] [::1 ::1 example.org[news.example.com]
        ☃.example.com 😀.example.com 127.0.0.١ \u0300a.example.com \ud800.example.com
        news.example.com:４４３ news.example.com:https news.example.com:-1 news.example.com:+443
        news.example.com:4_43 news.example.com:65536 news.example.com:443:443
        news.example.com／ news.example.com：443 news.example.com＠example.org news.example.com＃ news.example.com？
    """,
    problems.URL_HAS_CREDENTIALS: f"""
        token@news.example.com user:{PASSWORD}@news.example.com :{PASSWORD}@news.example.com user:@news.example.com
        @news.example.com :@news.example.com {PASSWORD}@b@news.example.com user:{PASSWORD}@127.0.0.1 user:{PASSWORD}@
        news.example.com:443@example.org user%3A{PASSWORD}@news.example.com user:{PASSWORD}@[::1]
        user:{PASSWORD}@localhost
    """,
    problems.URL_PORT: """
        news.example.com:80 news.example.com:8443 news.example.com:0 news.example.com:444 team.mailcoach.app:8080
    """,
}
REFUSED_URLS: dict[Problem, str] = {
    problems.URL_NOT_HTTPS: f"""
        http://news.example.com/api HTTP://news.example.com/api http://news.example.com:443/api
        http://team.mailcoach.app/api ftp://news.example.com/api ftp://user:{PASSWORD}@news.example.com/api
        file://news.example.com/api javascript://news.example.com/api httpss://news.example.com/api
    """,
    problems.URL_MALFORMED: f"""
        api news.example.com/api news.example.com:443/api //news.example.com/api ://news.example.com/api https://
        https:/news.example.com/api https:news.example.com/api https:///news.example.com/api https:///api
        mailto:user@example.com user:{PASSWORD}@news.example.com/api
        https://good.example.com\\@evil.example.com/api https://good.example.com\\.evil.example.com/api
        https:\\\\news.example.com\\api https://news.example.com/api\\ https://user:{PASSWORD}\\@news.example.com/api
        https://user:{PASSWORD}@[::1/api https://news.example.com\x00/api https://news.example.com\x7f/api
        \x01https://news.example.com/api \ufeffhttps://news.example.com/api
    """,
    problems.URL_HAS_CREDENTIALS: f"""
        http://user:{PASSWORD}@news.example.com/api https://user:{PASSWORD}@news.example.com/api?x=1#y
        https://user:{PASSWORD}@news.example.com:8443/wrong
    """,
    problems.URL_HAS_QUERY: f"""
        https://news.example.com/api? https://news.example.com/api?api_token=secret https://news.example.com/api/?page=2
        https://news.example.com?/api https://news.example.com/api?x#y https://news.example.com/api#?
        https://news.example.com?user:{PASSWORD}@/api http://news.example.com/api?x
    """,
    problems.URL_HAS_FRAGMENT: """
        https://news.example.com/api# https://news.example.com/api#top https://news.example.com#/api
        https://news.example.com#@example.org/api
    """,
    problems.URL_PATH: """
        https://news.example.com https://news.example.com/ https://news.example.com/API https://news.example.com/Api
        https://news.example.com/apix https://news.example.com/xapi https://news.example.com/api/v1
        https://news.example.com/api/email-lists https://news.example.com/api// https://news.example.com//api
        https://news.example.com/mailcoach//api https://news.example.com/api/. https://news.example.com/api/..
        https://news.example.com/./api https://news.example.com/../api https://news.example.com/mailcoach/../api
        https://news.example.com/api/../api https://news.example.com/%2e%2e/api https://news.example.com/..;/api
        https://news.example.com/api;x=1 https://news.example.com/%61pi https://news.example.com/%2fapi
        https://news.example.com/api%2f https://news.example.com/api%00 https://news.example.com/api%3f
        https://news.example.com/ａｐｉ https://news.example.com/@example.org/api
    """,
    problems.URL_LOCALHOST: "http://localhost/api https://localhost:8443/api",
    problems.URL_LOCAL_NAME: "http://printer.local/api",
    problems.URL_IP_ADDRESS: "http://127.0.0.1/api http://2130706433:8080/api https://8.8.8.8:53/api",
}
WITH_SPACE = [
    "",
    "   ",
    "https://news.example.com /api",
    "https://news .example.com/api",
    "https://news.example.com/a pi/api",
    "https://news.example.com\n/api",
    "https://news.\texample.com/api",
    "https://news.example.com/\r\nHost: example.org/api",
    "https://news.example.com/\x85/api",
    "https://news.example.com/\u3000/api",
    f"https://user:{PASSWORD} 1@news.example.com/api",
]
REFUSED = [
    *((f"https://{host}/api", problem) for problem, hosts in REFUSED_HOSTS.items() for host in hosts.split()),
    *((url, problem) for problem, urls in REFUSED_URLS.items() for url in urls.split()),
    *((url, problems.URL_MALFORMED) for url in WITH_SPACE),
]
ACCEPTED = {
    "https://news.example.com/api": "https://news.example.com/api",
    "https://news.example.com/api/": "https://news.example.com/api",
    "https://news.example.com:443/api": "https://news.example.com/api",
    "https://news.example.com:0443/api": "https://news.example.com/api",
    "https://news.example.com:/api": "https://news.example.com/api",
    "HTTPS://News.EXAMPLE.com/api": "https://news.example.com/api",
    "https://news.example.com./api": "https://news.example.com/api",
    "  https://news.example.com/api\n": "https://news.example.com/api",
    "https://example.com/api": "https://example.com/api",
    "https://my_host.example.com/api": "https://my_host.example.com/api",
    "https://a-b--c.1.example.com/api": "https://a-b--c.1.example.com/api",
    f"https://{'a' * 63}.example.com/api": f"https://{'a' * 63}.example.com/api",
    "https://127.0.0.1.example.com/api": "https://127.0.0.1.example.com/api",
    "https://0x7f000001.example.com/api": "https://0x7f000001.example.com/api",
    "https://localhost.example.com/api": "https://localhost.example.com/api",
    "https://notlocalhost.com/api": "https://notlocalhost.com/api",
    "https://internal.example.com/api": "https://internal.example.com/api",
    "https://example.internals/api": "https://example.internals/api",
    "https://www.example.com/mailcoach/api": "https://www.example.com/mailcoach/api",
    "https://www.example.com/Mail_Coach-2.0~x/a/b/api/": "https://www.example.com/Mail_Coach-2.0~x/a/b/api",
    "https://www.example.com/api/api": "https://www.example.com/api/api",
    "https://www.example.com/index.php/api": "https://www.example.com/index.php/api",
    "https://www.example.com/.../api": "https://www.example.com/.../api",
    "https://team.mailcoach.app/api": "https://team.mailcoach.app/api",
    "https://bücher.example/api": "https://xn--bcher-kva.example/api",
    "https://BÜCHER.example/api": "https://xn--bcher-kva.example/api",
    "https://bu\u0308cher.example/api": "https://xn--bcher-kva.example/api",
    "https://XN--BCHER-KVA.example/api": "https://xn--bcher-kva.example/api",
    "https://straße.example/api": "https://xn--strae-oqa.example/api",
    "https://news。example。com/api": "https://news.example.com/api",
    "https://ｎｅｗｓ.example.com/api": "https://news.example.com/api",
    "https://новости.example.com/api": "https://xn--b1amnebsh.example.com/api",
    "https://ニュース.example.com/api": "https://xn--zck9awe6d.example.com/api",
    "https://team.mаilcoach.app/api": "https://team.xn--milcoach-16g.app/api",  # Cyrillic а
}


def parse(url: str, **environ: str) -> str:
    return parse_api_base(url, environ).url


def refusal(url: str, **environ: str) -> MailcoachError:
    with pytest.raises(MailcoachError) as raised:
        parse(url, **environ)
    return raised.value


def shown(value: object) -> str:
    """Tables are long, so a case is named by what is in it."""
    return value.what if isinstance(value, Problem) else ascii(value)


@pytest.mark.parametrize(("url", "problem"), REFUSED, ids=shown)
def test_refuses_a_url_with_the_sentence_for_its_fault(url: str, problem: Problem) -> None:
    error = refusal(url)
    assert error.problem == problem
    assert PASSWORD not in str(error.message)


@pytest.mark.parametrize(("url", "normalized"), ACCEPTED.items(), ids=shown)
def test_accepts_a_url_and_writes_it_in_one_way(url: str, normalized: str) -> None:
    assert parse(url) == normalized


def test_the_tables_hold_at_least_120_urls_and_no_url_twice() -> None:
    urls = [*(url for url, _ in REFUSED), *ACCEPTED]
    assert len(urls) == len(set(urls)) >= 120


@pytest.mark.parametrize("url", sorted(set(ACCEPTED.values())))
def test_what_is_requested_goes_to_the_very_host_that_was_checked(url: str) -> None:
    """A URL that requests or urllib3 read in another way than the rules would get past them."""
    host = parse_api_base(url, {}).host
    prepared = requests.Request("GET", f"{url}/email-lists").prepare()
    assert prepared.url == f"{url}/email-lists"
    assert parse_url(prepared.url).host == host


@given(st.text() | st.text("htps:/@[].%?#\\ 0179axüｌ。\u00ad\n", max_size=40).map(lambda rest: f"https://{rest}/api"))
@example("https://[/api")
@example("https://\u2100/api")
def test_any_text_is_accepted_or_refused_and_what_is_accepted_stays_the_same(text: str) -> None:
    try:
        base = parse_api_base(text, {})
    except MailcoachError:
        return
    assert parse_api_base(base.url, {}) == base
    assert parse_url(base.url).host == base.host
    assert base.url.startswith(f"https://{base.host}/")
    assert base.url.endswith("/api")


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("https://bücher.local/api", "xn--bcher-kva.local"),
        ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/api", "localhost"),
        ("https://Mailcoach./api", "mailcoach"),
        ("http://news.example.com/api", "http://"),
        ("https://news.example.com:8443/api", "8443"),
    ],
)
def test_a_refusal_names_what_it_refuses_in_plain_ascii(url: str, quoted: str) -> None:
    message = str(refusal(url).message)
    assert quoted in message
    assert message.isascii()


@pytest.mark.parametrize(
    ("host", "in_cloud"),
    [
        ("team.mailcoach.app", True),
        ("TEAM.Mailcoach.App.", True),
        ("team。mailcoach。app", True),
        ("mailcoach.app", False),
        ("teammailcoach.app", False),
        ("team.mailcoach.app.example.com", False),
        ("team.mailcoach.app-example.com", False),
        ("team.mailcoach.apps", False),
        ("team.mаilcoach.app", False),
        ("team.mailcoаch.app", False),
        ("team.mailcоach.app", False),
        ("team.mailcoach.ɑpp", False),
        ("news.example.com", False),
    ],
    ids=shown,
)
def test_only_hosts_below_mailcoach_app_are_in_the_cloud(host: str, in_cloud: bool) -> None:
    assert parse_api_base(f"https://{host}/api", {}).in_cloud is in_cloud


# The operator's exceptions ---------------------------------------------------------------------------------------

TRUST = "MAILCOACH_TRUSTED_HOSTS"


@pytest.mark.parametrize(
    ("trusted", "url", "normalized"),
    [
        ("mailcoach", "http://mailcoach/api", "http://mailcoach/api"),
        ("mailcoach", "https://mailcoach:8443/api", "https://mailcoach:8443/api"),
        ("mailcoach:8080", "http://mailcoach:8080/api", "http://mailcoach:8080/api"),
        ("mailcoach:80", "http://mailcoach/api", "http://mailcoach/api"),
        ("mailcoach:443", "https://mailcoach/api", "https://mailcoach/api"),
        ("a.example.com , localhost:8750,, b.example.com ", "http://localhost:8750/api", "http://localhost:8750/api"),
        ("127.0.0.1:8750", "http://127.0.0.1:8750/api", "http://127.0.0.1:8750/api"),
        ("[::1]:8750", "http://[::1]:8750/api/", "http://[::1]:8750/api"),
        ("[::1]", "https://[::1]/api", "https://[::1]/api"),
        ("Mailcoach.Local.", "https://mailcoach.local/api", "https://mailcoach.local/api"),
        ("xn--bcher-kva.local", "https://bücher.local/api", "https://xn--bcher-kva.local/api"),
        ("bücher.local:8443", "https://BÜCHER.local:8443/api", "https://xn--bcher-kva.local:8443/api"),
        ("host:abc,mailcoach", "http://mailcoach/api", "http://mailcoach/api"),
    ],
    ids=shown,
)
def test_a_trusted_host_may_be_internal_and_use_any_port_and_plain_http(
    trusted: str, url: str, normalized: str
) -> None:
    base = parse_api_base(url, {TRUST: trusted})
    assert base.url == normalized
    assert base.trusted


@pytest.mark.parametrize(
    ("trusted", "url", "problem"),
    [
        ("", "http://mailcoach/api", problems.URL_LOCAL_NAME),
        ("mailcoach:8080", "http://mailcoach:8081/api", problems.URL_LOCAL_NAME),
        ("mailcoach:8080", "http://mailcoach/api", problems.URL_LOCAL_NAME),
        ("news.example.com:8443", "https://news.example.com:9443/api", problems.URL_PORT),
        ("example.com", "http://news.example.com/api", problems.URL_NOT_HTTPS),
        ("127.0.0.1", "http://2130706433/api", problems.URL_IP_ADDRESS),
        ("*", "http://mailcoach/api", problems.URL_LOCAL_NAME),
        ("mailcoach", "https://mailcoach/", problems.URL_PATH),
        ("mailcoach", "https://mailcoach/../api", problems.URL_PATH),
        ("mailcoach", f"https://user:{PASSWORD}@mailcoach/api", problems.URL_HAS_CREDENTIALS),
        ("mailcoach", "https://mailcoach/api?", problems.URL_HAS_QUERY),
        ("mailcoach", "https://mailcoach/api#", problems.URL_HAS_FRAGMENT),
        ("mailcoach", "ftp://mailcoach/api", problems.URL_NOT_HTTPS),
        ("mailcoach", "https://mailcoach:abc/api", problems.URL_MALFORMED),
    ],
    ids=shown,
)
def test_trust_covers_the_named_host_and_port_and_lifts_no_other_rule(trusted: str, url: str, problem: Problem) -> None:
    assert refusal(url, **{TRUST: trusted}).problem == problem


@pytest.mark.parametrize("mode", ["cloud", "CLOUD"])
def test_nobody_is_trusted_in_the_cloud(mode: str) -> None:
    assert trusted_hosts({TRUST: "mailcoach", "DEPLOYMENT_MODE": mode}) == set()


@pytest.mark.parametrize(
    "entry",
    [
        "host:abc",
        "host:99999",
        "[::1",
        "::1",
        "[host]",
        "user@host",
        "host/path",
        "https://host",
        "a b",
        "-",
        "host:８０",
    ],
)
def test_a_malformed_entry_exempts_nothing_and_breaks_nothing(entry: str) -> None:
    assert trusted_hosts({TRUST: entry}) == set()


# Addresses -------------------------------------------------------------------------------------------------------

NOT_PUBLIC = {
    "this network": "0.0.0.0 0.1.2.3",
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255",
    "carrier-grade NAT": "100.64.0.1 100.100.100.200 100.127.255.255",
    "loopback": "127.0.0.1 127.255.255.254 ::1",
    "link-local": "169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0 febf::1",
    "protocol assignments": "192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.170 192.0.0.192 192.0.0.255 2001:1::1 2001:1ff::1",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::1",
    "benchmarking": "198.18.0.1 198.19.255.255 2001:2::1",
    "ORCHID": "2001:10::1 2001:20::1 2001:2f::1",
    "multicast": "224.0.0.1 233.252.0.1 239.255.255.255 ff02::1 ff0e::1",
    "reserved": "240.0.0.1 255.255.255.254 4000::1 5f00::1 8000::1 f000::1",
    "broadcast": "255.255.255.255",
    "unspecified": "::",
    "unique local": "fc00::1 fd00:ec2::254 fdff::1",
    "site-local": "fec0::1 feff::1",
    "discard": "100::1 100:0:0:1::1",
    "IPv4 compatible": "::7f00:1 ::8.8.8.8",
    "IPv4 mapped": "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1",
    "NAT64": "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 64:ff9b:1:ffff::1",
    "6to4": "2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 192.88.99.1",
    "Teredo": "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2",
}
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 93.184.216.34 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1
    169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.1 191.255.255.255 192.0.1.1 192.0.3.1 192.167.255.255
    192.169.0.1 198.17.255.255 198.20.0.1 203.0.112.1 203.0.114.1 223.255.255.255
    2001:200::1 2001:4860:4860::8888 2003::1 2400:cb00::1 2606:4700:4700::1111 2620:fe::fe 2a00:1450:4001::1
"""


@pytest.mark.parametrize("address", [address for group in NOT_PUBLIC.values() for address in group.split()])
def test_is_not_public(address: str) -> None:
    """Python's own tables of these ranges differ between its patch releases, so they are no ground to stand on."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gains_anything_by_a_wrapping_into_ipv6(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for wrapped in (number, 0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not is_public(str(ipaddress.IPv6Address(wrapped)))


# Connections -----------------------------------------------------------------------------------------------------

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

    def note_name(self, _: ssl.SSLSocket, name: str | None, __: ssl.SSLContext) -> None:
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
    assert raised.value.problem == problems.ADDRESS_NOT_PUBLIC
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
    name_server(addresses, public="127.0.0.1 127.0.0.2")
    with pytest.raises(requests.ConnectionError) as raised:
        get(session, listener.port)
    assert isinstance(raised.value.args[0].reason, NewConnectionError)


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
