"""No URL, and no answer of a name server, makes the connector speak to a host that is not public."""

import re

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url

from source_mailcoach.config import URL_PATTERN
from source_mailcoach.host_policy import parse_api_base, trusted_hosts
from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError, Problem

# The rules for the URL -------------------------------------------------------------------------------------------

PASSWORD = "hunter2"
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])

# Each of these words stands for https://WORD/api.
REFUSED_HOSTS: dict[Problem, str] = {
    input_problems.URL_IP_ADDRESS: """
        127.0.0.1 10.0.0.5 192.168.1.1 169.254.169.254 100.64.0.1 8.8.8.8 93.184.216.34. 127.1 127.0.1 0 1
        2130706433 4294967295 00000002130706433 1.2.3.4.5 256.256.256.256 0177.0.0.1 0177.1 017700000001 0x7f000001
        0X7F000001 0x7f.1 0x7f.0.0.0x1 127.0x1 0xa9.254.0251.0xfe 0x news.example.123 127.0.0.1:443
        [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [0:0:0:0:0:0:0:1] [fe80::1] [fe80::1%25eth0]
        [fd00:ec2::254] [64:ff9b::7f00:1] [2002:7f00:1::] [2606:2800:220:1:248:1893:25c8:1946] [::1]:443
        １２７.０.０.１ 127。0。0。1 127．0．0．1 127｡0｡0｡1 ①②⑦.⓪.⓪.① 𝟙𝟚𝟟.𝟘.𝟘.𝟙 ２１３０７０６４３３ ０ｘ7f000001
    """,
    input_problems.URL_LOCALHOST: """
        localhost LOCALHOST localhost. LocalHost. api.localhost a.b.LOCALHOST mailcoach.localhost.
        ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌｏｃａｌｈｏｓｔ ｌocalhost。 𝓵𝓸𝓬𝓪𝓵𝓱𝓸𝓼𝓽 a。ⓛⓞⓒⓐⓛⓗⓞⓢⓣ local\u00adhost local\u200bhost
    """,
    input_problems.URL_LOCAL_NAME: """
        printer.local PRINTER.LOCAL printer.local. metadata.google.internal Metadata.Google.Internal.
        host.docker.internal bücher.local mailcoach.ⓘnternal news。internal a.b.ＬＯＣＡＬ
        mailcoach intranet db ip6-localhost internal local mailcoach. _mail bücher
    """,
    input_problems.URL_MALFORMED: f"""
        news..example.com .example.com . ... -news.example.com news-.example.com {"a" * 64}.example.com
        {"ü" * 63}.example.com news.example.com%2eexample.org %6c%6fcalhost news%00.example.com news*example.com
        [news.example.com] [127.0.0.1] [v1.example.com] [::1 ::1 example.org[news.example.com]
        ☃.example.com 😀.example.com 127.0.0.١ \u0300a.example.com \ud800.example.com
        news.example.com:４４３ news.example.com:https news.example.com:-1 news.example.com:+443
        news.example.com:4_43 news.example.com:65536 news.example.com:443:443
        news.example.com.. news.example.com... news.example.com..:443 NEWS.example.com.. team.mailcoach.app..
        news.example.com。。 news.example.com.。 news.example.com。. bücher.example.. bücher.example。. localhost..
        mailcoach.. printer.local.. 127.0.0.1.. １２７.０.０.１。. 8.8.8.8..
        {LONGEST}d {LONGEST}d. {"a." * 126}example {LONGEST}.example.com {"ü." * 120}example.com
        news.example.com／ news.example.com：443 news.example.com＠example.org news.example.com＃ news.example.com？
    """,
    input_problems.URL_HAS_CREDENTIALS: f"""
        token@news.example.com user:{PASSWORD}@news.example.com :{PASSWORD}@news.example.com user:@news.example.com
        @news.example.com :@news.example.com {PASSWORD}@b@news.example.com user:{PASSWORD}@127.0.0.1 user:{PASSWORD}@
        news.example.com:443@example.org user%3A{PASSWORD}@news.example.com user:{PASSWORD}@[::1]
        user:{PASSWORD}@localhost
    """,
    input_problems.URL_PORT: """
        news.example.com:80 news.example.com:8443 news.example.com:0 news.example.com:444 team.mailcoach.app:8080
    """,
}
REFUSED_URLS: dict[Problem, str] = {
    input_problems.URL_NOT_HTTPS: f"""
        http://news.example.com/api HTTP://news.example.com/api http://news.example.com:443/api
        http://team.mailcoach.app/api ftp://news.example.com/api ftp://user:{PASSWORD}@news.example.com/api
        file://news.example.com/api javascript://news.example.com/api httpss://news.example.com/api
    """,
    input_problems.URL_MALFORMED: f"""
        api news.example.com/api news.example.com:443/api //news.example.com/api ://news.example.com/api https://
        https:/news.example.com/api https:news.example.com/api https:///news.example.com/api https:///api
        mailto:user@example.com user:{PASSWORD}@news.example.com/api
        https://good.example.com\\@evil.example.com/api https://good.example.com\\.evil.example.com/api
        https:\\\\news.example.com\\api https://news.example.com/api\\ https://user:{PASSWORD}\\@news.example.com/api
        https://user:{PASSWORD}@[::1/api https://news.example.com\x00/api https://news.example.com\x7f/api
        \x01https://news.example.com/api \ufeffhttps://news.example.com/api
    """,
    input_problems.URL_HAS_CREDENTIALS: f"""
        http://user:{PASSWORD}@news.example.com/api https://user:{PASSWORD}@news.example.com/api?x=1#y
        https://user:{PASSWORD}@news.example.com:8443/wrong
    """,
    input_problems.URL_HAS_QUERY: f"""
        https://news.example.com/api? https://news.example.com/api?api_token=secret https://news.example.com/api/?page=2
        https://news.example.com?/api https://news.example.com/api?x#y https://news.example.com/api#?
        https://news.example.com?user:{PASSWORD}@/api http://news.example.com/api?x
    """,
    input_problems.URL_HAS_FRAGMENT: """
        https://news.example.com/api# https://news.example.com/api#top https://news.example.com#/api
        https://news.example.com#@example.org/api
    """,
    input_problems.URL_PATH: """
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
    input_problems.URL_LOCALHOST: "http://localhost/api https://localhost:8443/api",
    input_problems.URL_LOCAL_NAME: "http://printer.local/api",
    input_problems.URL_IP_ADDRESS: "http://127.0.0.1/api http://2130706433:8080/api https://8.8.8.8:53/api",
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
    *((url, input_problems.URL_MALFORMED) for url in WITH_SPACE),
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
    f"https://{LONGEST}/api": f"https://{LONGEST}/api",
    f"https://{LONGEST}./api": f"https://{LONGEST}/api",
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


@pytest.mark.parametrize("url", ACCEPTED, ids=ascii)
def test_the_form_refuses_no_url_that_is_accepted(url: str) -> None:
    assert re.search(URL_PATTERN, url)


def test_the_form_refuses_what_is_not_https_or_does_not_end_in_api() -> None:
    for url, problem in REFUSED:
        words = url.split()
        ends = len(words) == 1 and words[0].lower().startswith("https://") and words[0].endswith(("/api", "/api/"))
        if ends and not words[0].endswith(":///api"):
            assert re.search(URL_PATTERN, url), f"{url!a}: {problem.what} is the code's to say"
        else:
            assert not re.search(URL_PATTERN, url), ascii(url)


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
    assert re.search(URL_PATTERN, text)
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
        ("", "http://mailcoach/api", input_problems.URL_LOCAL_NAME),
        ("mailcoach:8080", "http://mailcoach:8081/api", input_problems.URL_LOCAL_NAME),
        ("mailcoach:8080", "http://mailcoach/api", input_problems.URL_LOCAL_NAME),
        ("news.example.com:8443", "https://news.example.com:9443/api", input_problems.URL_PORT),
        ("example.com", "http://news.example.com/api", input_problems.URL_NOT_HTTPS),
        ("127.0.0.1", "http://2130706433/api", input_problems.URL_IP_ADDRESS),
        ("*", "http://mailcoach/api", input_problems.URL_LOCAL_NAME),
        ("mailcoach", "https://mailcoach/", input_problems.URL_PATH),
        ("mailcoach", "https://mailcoach/../api", input_problems.URL_PATH),
        ("mailcoach", f"https://user:{PASSWORD}@mailcoach/api", input_problems.URL_HAS_CREDENTIALS),
        ("mailcoach", "https://mailcoach/api?", input_problems.URL_HAS_QUERY),
        ("mailcoach", "https://mailcoach/api#", input_problems.URL_HAS_FRAGMENT),
        ("mailcoach", "ftp://mailcoach/api", input_problems.URL_NOT_HTTPS),
        ("mailcoach", "https://mailcoach:abc/api", input_problems.URL_MALFORMED),
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
        "mailcoach..",
        f"{LONGEST}d",
    ],
)
def test_a_malformed_entry_exempts_nothing_and_breaks_nothing(entry: str) -> None:
    assert trusted_hosts({TRUST: entry}) == set()
