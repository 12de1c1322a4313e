"""No address is left in a protected record, wherever it stands and however it is written, and nothing else changes."""

import copy
import hashlib
import html
import json
import random
import re
from collections.abc import Callable
from html.entities import html5
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_mailcoach.records import decoding
from source_mailcoach.records import privacy as privacy_module
from source_mailcoach.records.privacy import Privacy, domain_of, protect
from unit_tests.seeds import count, seeds

ADDRESSES = (
    "jane@example.com",
    "Jane.Doe+news@mail.example.org",
    "o'brien@example.net",
    "x_1-2@a-b.example.com",
    "jürgen@müller.example.org",
    "иван@пример.example.net",
    "हिन्दी@उदाहरण.example.com",
    "jane@localhost",
    "bounce+jane=example.com@example.org",
    64 * "a" + "@example.com",
    32 * "é" + "@example.com",
)
ODD_ADDRESSES = ("R&D@example.com", "dept/sales@example.org", '"jane doe"@example.net', "jane@[192.0.2.1]")


def hashed(address: str) -> str:
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()


def protected(value: Any, privacy: Privacy, name: str = "note") -> Any:
    """The value after a record that holds it has been protected."""
    record = {name: copy.deepcopy(value)}
    protect(record, privacy)
    return record[name]


# Fields of an address --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["email", "from_email", "subscriber_email", "default_reply_to_email"])
@pytest.mark.parametrize("value", [*ADDRESSES, *ODD_ADDRESSES, " Jane@Example.COM\n", "eyJpdiI6Ik1", "a b", "\ud800@x"])
def test_a_field_of_an_address_is_protected_whatever_it_looks_like(name: str, value: str) -> None:
    """A server with encryption enabled gives the address as it is stored."""
    text = value.strip().lower().encode("utf-8", "surrogatepass")
    assert protected(value, "sha256", name) == hashlib.sha256(text).hexdigest()
    assert protected(value, "drop", name) is None
    assert protected({"a": [{name: value}]}, "drop") == {"a": [{name: None}]}
    assert protected([value, None], "drop", name) == [None]


def test_the_hash_is_the_one_that_others_compute() -> None:
    """From `printf jane@example.com | sha256sum`."""
    known = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d"
    assert protected(" Jane@example.com", "sha256", "email") == known


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        (" Jane.Doe+news@Mail.Example.ORG\n", "mail.example.org"),
        ("jane@XN--MLLER-KVA.example.org", "xn--mller-kva.example.org"),
        ("jürgen@MÜLLER.example.org", "müller.example.org"),
        ('"jane@home"@example.net', None),
        ("jane@[192.0.2.1]", "[192.0.2.1]"),
        ("jane@localhost", "localhost"),
        ("Jane Doe <jane@Example.com>", "example.com"),
        ("jane%40example.com", "example.com"),
        ("=?utf-8?Q?jane=40example.com?=", "example.com"),
        ("jane@example.com, bob@example.org", None),
        ("eyJpdiI6Ik1", None),
        ("jane@", None),
        ("jane", None),
        (" ", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_the_domain_of_an_address_is_told_also_beside_its_hash_but_not_if_it_is_dropped(
    address: object, domain: str | None
) -> None:
    for privacy in ("plain", "sha256"):
        assert domain_of(address, privacy) == domain
    assert domain_of(address, "drop") is None


@pytest.mark.parametrize("seed", seeds(3))
def test_an_address_as_nearly_all_are_written_means_the_same_without_the_short_way(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    words = ["".join(rng.choices("aaZZ0099._+-é%", k=rng.randint(1, 4))) for _ in range(2000)]
    texts = [rng.choice(("@", "@", "@@", " ")).join(rng.sample(words, 2)) for _ in range(2000)]
    short = [privacy_module._read_field(text) for text in texts]
    assert sum(bool(privacy_module.PLAIN_ADDRESS.fullmatch(text)) for text in texts) > 100
    monkeypatch.setattr(privacy_module, "PLAIN_ADDRESS", re.compile("(?!)"))
    assert [privacy_module._read_field(text) for text in texts] == short


JANE, BOB = hashed("jane@example.com"), hashed("bob@example.org")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("jane@example.com,bob@example.org", f"{JANE},{BOB}"),
        (" Jane@example.com ; BOB@example.org", f"{JANE} ; {BOB}"),
        ("jane@example.com|bob@example.org", f"{JANE}|{BOB}"),
        ("jane@example.com\r\nbob@example.org", f"{JANE}\r\n{BOB}"),
        ("Jane Doe <jane@example.com>", JANE),
        ('"Doe, Jane" <jane@example.com>, Bob <bob@example.org>', f"{JANE}, {BOB}"),
        ("<jane@example.com>", JANE),
        ("mailto:jane@example.com?cc=bob@example.org", f"{JANE}, {BOB}"),
        ("jane&#64;example.com", JANE),
        ("jane%40example.com", JANE),
        ("jane@exam\u200bple.com\u200b", JANE),
        ("=?utf-8?Q?J=C3=A4ne?= <jane@example.com>", JANE),
        ("=?utf-8?B?PGphbmVAZXhhbXBsZS5jb20+?=", JANE),
    ],
)
def test_each_address_in_a_field_of_an_address_has_its_own_hash_and_nothing_else_stays(
    value: str, expected: str
) -> None:
    assert protected(value, "sha256", "email") == expected
    assert protected(value, "drop", "email") is None


@pytest.mark.parametrize("privacy", ["plain", "sha256", "drop"])
@pytest.mark.parametrize("value", [None, "", " ", True, 0, [], {}, [None]])
def test_a_field_of_an_address_without_a_text_stays(privacy: Privacy, value: Any) -> None:
    assert protected(value, privacy, "email") == value


def test_the_mail_system_s_identifiers_of_mails_stay() -> None:
    record = {
        "transport_message_id": "0102018f@eu-west-1.example.com",
        "a": [{"transport_message_id": "b@example.com"}],
    }
    for privacy in ("sha256", "drop"):
        after = copy.deepcopy(record)
        protect(after, privacy)
        assert after == record


# Texts -----------------------------------------------------------------------------------------------------------


def link(text: str) -> str:
    return quote(text, safe="")


def in_code(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def in_html(text: str) -> str:
    return html.escape(text).replace("&#x27;", "&#039;")  # as PHP writes it


# Texts with § in place of an address, and how an address is written there.
CONTEXTS: list[tuple[str, Callable[[str], str]]] = [
    ("Mail to §, or to §.", str),
    ("550 5.1.1 <§>: user unknown", str),
    ("§,§;§", str),
    ('"id";"email"\r\n1;§;x\r\n2;"§";y', str),
    ("(see: §) „§“ – «§»…", str),
    ("**§** 'mail' '§'", str),
    ("@media @§", str),
    ("§-, §@, §@example.org", str),
    ("body{color:red}@media print{a:b}@font-face § 100%", str),
    ('<style>p{}@media x{}</style><p>§<br>§</p><a href="mailto:§?subject=x">', in_html),
    ("<b title='§'>&lt;§&gt;&nbsp;§&nbsp;</b>", in_html),
    ("<i title=§>", in_html),
    ("write to § now", lambda text: text.replace("@", "&#64;")),
    ("https://example.com/?a=1&user_email=§&b=2#c", link),
    ("https://example.com/?email=§&b=2", str),
    ("/unsubscribe/§/now", link),
    ("https://example.com/§?x", str),
    ("https://example.com/?id=§#x", in_code),
    ("https://r.example.com/?to=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26email%3D§%26b", lambda text: link(link(text))),
    ('{"@type":"x","a":{"html":"<p>\\n§\\n<\\/p>","\\u003c§\\u003e":["§"]},"b":"@"}', in_json),
    ('{"a":"\\t§","§":1}', lambda text: in_json(text).replace("@", "\\u0040")),
    ('{"a":"https:\\/\\/example.com\\/?a=1\\u0026email=§"}', link),
    ('{"a":"{\\"b\\":\\"§\\"}"}', lambda text: in_json(in_json(text)).replace("@", "\\\\u0040")),
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(("context", "written"), CONTEXTS)
def test_an_address_in_a_text_is_replaced_and_the_rest_stays(
    context: str, written: Callable[[str], str], address: str
) -> None:
    for same in (address, address.upper()):
        text = context.replace("§", written(same))
        assert protected(text, "sha256") == context.replace("§", hashed(address))
        assert protected(text, "drop") == context.replace("§", "")


@pytest.mark.parametrize("address", [*ADDRESSES, *ODD_ADDRESSES])
def test_a_text_that_is_an_address_as_a_whole_is_replaced_as_a_whole(address: str) -> None:
    for text in (address, f" {address.upper()}\n", address.replace("@", "%40"), address.replace("@", "\\u0040")):
        assert protected(text, "sha256") == hashed(address)
        assert protected(text, "drop") is None
        assert protected([text, None, "x", [text]], "sha256") == [hashed(address), None, "x", [hashed(address)]]
        assert protected([text, None, "x", [text]], "drop") == [None, "x", []]


@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_an_odd_address_in_a_text_is_replaced(address: str) -> None:
    assert protected(f"To {address}, or <{address}>.", "sha256") == f"To {hashed(address)}, or <{hashed(address)}>."
    text = json.dumps({"a": address})
    assert protected(text, "sha256") == json.dumps({"a": hashed(address)})


def test_keys_that_are_addresses_are_protected() -> None:
    """A key cannot be null, so that a dropped one takes its value along."""
    value = {"jane@example.com": 1, "Notes of bob@example.org": "x", "c": {"D@example.com": None}}
    assert protected(value, "sha256") == {
        hashed("jane@example.com"): 1,
        f"Notes of {hashed('bob@example.org')}": "x",
        "c": {hashed("d@example.com"): None},
    }
    assert protected(value, "drop") == {"Notes of ": "x", "c": {}}


# Ways to write it --------------------------------------------------------------------------------------------------

JANE_DOE = hashed("jane.doe@example.com")
WRITTEN = [
    *("jane&#46;doe@example.com", "jane.doe@&#101;xample.com", "jane&period;doe&commat;example&period;com"),
    *("jane&#0046;doe&#00064example&#x0002E;com", "&#x6A;ane.doe&#X40;example.com", "jane.doe&#64example.com"),
    *("jane.doe%25252525252540example.com", "jane%2edoe%40example%2Ecom", "jane.doe%u0040example.com"),
    *(
        "jane.doe&amp;amp;amp;amp;amp;#64;example.com",
        "jane.doe\\\\\\\\u0040example.com",
        "jane\\x2edoe\\x40example.com",
    ),
    *("jane.doe%26%2364%3Bexample.com", "jane.doe&#37;40example.com", "jane.doe&percnt;40example.com"),
    *("jane.doe\\u002540example.com", "jane.doe\\u0026#64;example.com", "jane.doe%26commat%3Bexample.com"),
    *("jane.doe%5Cu0040example.com", "jane.doe\\u{40}example.com", "jane.doe%26%23%36%34%3Bexample.com"),
    *("jane.doe=40example.com", "jane=2Edoe=40example=2Ecom", "=6A=61=6E=65.doe=40example.com"),
    *(
        "j=61ne.doe@ex=61mple.com",
        "jane.d=\noe@exam=\r\nple.com",
        "jane.doe=40exam= \nple.com",
        "jane.doe=2540example.com",
    ),
    *(
        "jane.doe＠example.com",
        "ｊａｎｅ．ｄｏｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "jane.doe@example。com",
        "jane.doe&#65312;example.com",
        "jane.doe%26%2365312%3Bexample.com",
        "jane.do&#10&#49;;@example.com",
        "jane.doe﹫example｡com",
    ),
    *(
        "ja\u200bne.doe@exam\u00adple.com",
        "ja&shy;ne.doe&ZeroWidthSpace;@exam&#8203;ple.com",
        "jane.\u2060doe@\ufeffexample.com",
    ),
    *("=?utf-8?Q?jane.doe=40example.com?=", "=?UTF-8?b?amFuZS5kb2VAZXhhbXBsZS5jb20=?="),
    *("=?utf-8?Q?jane.doe=40exam?= =?iso-8859-1*en?q?ple.com?=", "=?us-ascii?Q?jane&#46;doe=40example.com?="),
]
AROUND = (
    *(
        "§",
        "to § now",
        "<§>",
        "x, §; y",
        '"§"',
        "(§)",
        "<p>§</p>",
        '<a href="mailto:§?subject=x">',
        "'§'",
        "**§**",
        "§.",
    ),
    *('{"a":"§"}', "„§“", "https://example.com/?a=1&email=§&b=2", "a=1&amp;email=§ ", "email=§ ", "<i title=§>", "{§}"),
    *(
        "smtp.mailfrom=§;",
        "email2=§",
        "https://example.com/?a=1&lte=§",
        '"\u200b§"',
        '<i title="to §">',
        "x='§'",
        "/u/§/x",
        "\\email{§}",
        "a{b:c}@media x{} §",
        "連絡先：§。次",
        "a\r\n§\r\nb",
    ),
)


@pytest.mark.parametrize("written", WRITTEN)
def test_an_address_is_the_same_however_it_is_written(written: str) -> None:
    assert protected(written, "drop") is None
    for text in AROUND:
        assert protected(text.replace("§", written), "sha256") == text.replace("§", JANE_DOE)
        assert protected(text.replace("§", written), "drop") == (text.replace("§", "") or None)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("jane@a&hyphen;b.com", "jane@a-b.com"),
        ("jane&lowbar;doe&plus;x@example.com", "jane_doe+x@example.com"),
        *(
            ((each, "jürgen@example.com"))
            for each in ("j%FCrgen@example.com", "j=C3=BCrgen@example.com", "j&uuml;rgen=40example.com")
        ),
        ("jane\\ud83d\\ude00@example.com", "jane😀@example.com"),
        ("jane@XN--MLLER-KVA.example.org", "jane@müller.example.org"),
        ("jane@xn--0.example.org", "jane@xn--0.example.org"),
        ("4012345@example.com", "4012345@example.com"),
        ("contact=40example.com", "contact@example.com"),
    ],
)
def test_other_letters_and_signs_are_the_same_however_they_are_written(written: str, address: str) -> None:
    for text in AROUND:
        assert protected(text.replace("§", written), "sha256") == text.replace("§", hashed(address))
    assert protected(address, "sha256", "email") == protected(written, "sha256", "email") == hashed(address)


@pytest.mark.parametrize(
    "address",
    [
        *("jane=doe@example.com", "prvs=0123=jane@example.com", "SRS0=46oG=IT=ex.org=jane@example.com"),
        *("list-jane=example.com@example.org", "jane=example.com@example.org", "jane{x}@example.com"),
        *("{jane}@example.com", "ja{ne@example.com", "ja}ne@example.com"),
    ],
)
def test_an_equals_sign_or_a_brace_may_be_part_of_an_address(address: str) -> None:
    for text in AROUND:
        if "{§}" not in text:  # which braces are those of the address cannot be told there
            assert protected(text.replace("§", address), "sha256") == text.replace("§", hashed(address))


NAMES = {sign: name for name, sign in sorted(html5.items()) if name.endswith(";")}


FILLING = [
    '<style>a{width:50%}@media x{}</style><p class="a">Tom &amp; Co,&nbsp;<img width=40 src="x.png">',
    "Größe 40 €, 100 % – 連絡先、まで &#8211; it&#039;s",
    '{"a":"\\u003cp\\u003e\\n50%\\\\","b":["=",64]}',
    "https://example.com/?a=1&amp;b=%2Fx%3F%C3%A4&c=40#d",
    "=\r\n a=3Db=20 =C3=A4 'x' 1;2,3",
    "-",
]


def codes(rng: random.Random) -> list[Callable[[str], str]]:
    """Ways to write a character of ASCII."""
    zeros = "0" * rng.randrange(4)
    return [
        lambda char: f"%{ord(char):02x}",
        lambda char: f"%{'25' * rng.randrange(6)}{ord(char):02X}",
        lambda char: f"&{'amp;' * rng.randrange(6)}#{zeros}{ord(char)};",
        lambda char: f"&#x{zeros}{ord(char):X};",
        lambda char: f"&{NAMES[char]}" if char in NAMES else char,
        lambda char: f"\\u{ord(char):04x}",
        lambda char: f"\\\\x{ord(char):02x}",
        lambda char: chr(ord(char) + 0xFEE0) if char.isalnum() or char in "@.+_" else char,
        lambda char: f"={ord(char):02X}",
    ]


def test_nothing_of_an_address_is_left_whatever_codes_it_is_written_in() -> None:
    """Some or all of its characters in codes, all of that in others, up to three times, in a text full of codes."""
    for seed in seeds(400):
        rng = random.Random(seed)
        address = rng.choice(["jane", "Jo.Ann", "x_1+y", "4maria"]) + rng.choice(["@example.com", "@Mail.example.org"])
        place = rng.randrange(1, len(address))
        written = address[:place] + rng.choice(["", "", "", "\u00ad", "\u200b", "\u2060"]) + address[place:]
        share, code = rng.choice((0.1, 0.5, 1)), rng.choice(codes(rng))
        written = "".join(code(char) if char.isascii() and rng.random() < share else char for char in written)
        for around in rng.choices((link, in_code, in_html, in_json), k=rng.choice((0, 0, 1, 2, 3))):
            written = around(written)
        text = f"{rng.choice(FILLING)} {rng.choice(AROUND)} {rng.choice(FILLING)}"
        assert protected(text.replace("§", written), "sha256") == text.replace("§", hashed(address)), (seed, written)
        assert protected(text.replace("§", written), "drop") == text.replace("§", ""), (seed, written)


def test_an_address_is_replaced_with_the_whole_codes_of_its_last_characters() -> None:
    assert protected("to jane@example.com%ED%A0%80 now", "drop") == "to  now"


def test_a_long_domain_is_replaced_across_its_soft_line_breaks() -> None:
    for line_end in ("=\n", "=\r\n"):
        text = f"to jane=40{'sub.' * 12}{line_end}{'sub.' * 12}{line_end}example.com now"
        assert protected(text, "drop") == "to  now"


UNTOUCHED = [
    "",
    "3f0e8a52-3c1b-4b8e-9d7c-4b0a64403cf9",
    "2026-01-05T10:00:00.000000Z",
    "40",
    "1e40",
    "Hello world",
    "tom @ example.com",
    "@jane",
    "me @jane, @joe",
    "jane@",
    "@",
    "%40",
    "\\u0040",
    "&#64;",
    "100 %40",
    "50%25",
    "<style>a{}@media (x){}@import 'y';\n@font-face{}</style>",
    '{"@context":"https://schema.org","@type":"Person","x":"","y":"@"}',
    '<meta name="twitter:site" content="@example">',
    "https://social.example.com/@jane/1?x=@y",
    "<style>a{color:red}/* x */@media print{p{}}.b{}@font-face{}</style>",
    "&#64;media &commat;import =40media %40 \uff20x",
    "<img width=40 height=40px src='x.png'> width=40em",
    "https://example.com/?w=40.5&h=40x.png&c=64#4040",
    "mail=40px.jpg@ email=40.5",
    "a=4012345 b=3D c=2E Dear=\nall",
    "田中＠東京",
    "{{ name }}@example.com",
    "=?utf-8?Q?Hello=20=40_home?=",
    "=?utf-8?B?A?=",
    "jane (at) example.com",
    "&#0; &#9999999; &#x110000; &nosuch; \\u{ffffff} %zz %",
    0,
    1.5,
    True,
    None,
]


@pytest.mark.parametrize("value", UNTOUCHED)
@pytest.mark.parametrize("privacy", ["sha256", "drop"])
def test_what_is_no_address_stays(privacy: Privacy, value: Any) -> None:
    assert protected([value, {"a": value}], privacy) == [value, {"a": value}]


@given(st.text(st.characters(exclude_characters="@4&")))
def test_a_text_without_any_at_sign_stays(text: str) -> None:
    assert protected(text, "drop") == text


around = st.text(st.sampled_from("ab .,;:/\\\"'<>()[]{}|=?&#%+-_*@~\n\0é„…")) | st.text()
writings = st.sampled_from([str, link, lambda text: link(link(text)), lambda text: text.replace("@", "\\u0040")])


@given(around, st.sampled_from(["jane@example.com", "Jo.Ümit+x@müller.example.org"]), writings, around)
@settings(max_examples=count(200))
def test_no_address_survives_whatever_is_around_it(
    before: str, address: str, written: Callable[[str], str], after: str
) -> None:
    left = protected(f"{before}{written(address)}{after}", "drop") or ""
    assert address not in unquote(unquote(left)).replace("\\u0040", "@")


# Any record ------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A value, and what is made of it. GONE leaves a list; in an object null stands for it."""

    plain: Any
    sha256: Any
    drop: Any


GONE = object()


def text_case(context: str, written: Callable[[str], str], address: str) -> Case:
    return Case(*(context.replace("§", text) for text in (written(address), hashed(address), "")))


def list_case(items: list[Case]) -> Case:
    dropped = [item.drop for item in items if item.drop is not GONE]
    return Case([item.plain for item in items], [item.sha256 for item in items], dropped)


def object_case(fields: dict[str, Case]) -> Case:
    """A field of an address holds one alone."""
    whole = {name: case for name, case in fields.items() if name.endswith("email") and isinstance(case.plain, str)}
    fields = fields | {name: Case(case.plain, hashed(case.plain), GONE) for name, case in whole.items()}
    return Case(
        {name: case.plain for name, case in fields.items()},
        {hashed(name) if "@" in name else name: case.sha256 for name, case in fields.items()},
        {name: None if case.drop is GONE else case.drop for name, case in fields.items() if "@" not in name},
    )


cased = st.builds(lambda address, case: case(address), st.sampled_from(ADDRESSES), st.sampled_from([str, str.upper]))
harmless = (st.none() | st.booleans() | st.integers() | st.uuids().map(str) | st.just("")).map(
    lambda value: Case(value, value, value)
)
wholes = cased.map(lambda address: Case(address, hashed(address), GONE))
texts = st.builds(lambda context, address: text_case(context[0], context[1], address), st.sampled_from(CONTEXTS), cased)
names = st.sampled_from(["uuid", "to", "html", "extra_attributes", "emails", *ADDRESSES])
# a field of an address takes no list or text here: its items would be addresses as a whole
fields = st.dictionaries(names, st.deferred(lambda: cases), max_size=4)
email_fields = st.dictionaries(st.sampled_from(["email", "from_email"]), wholes, max_size=2)
objects = st.builds(lambda some, more: object_case(some | more), fields, email_fields)
cases: st.SearchStrategy[Case] = (
    harmless | wholes | texts | st.deferred(lambda: st.lists(cases, max_size=4).map(list_case) | objects)
)


@given(objects)
@settings(max_examples=count(60))
def test_in_any_record_the_addresses_are_replaced_and_nothing_else(case: Case) -> None:
    outcomes: list[tuple[Privacy, Any]] = [("plain", case.plain), ("sha256", case.sha256), ("drop", case.drop)]
    for privacy, expected in outcomes:
        record = copy.deepcopy(case.plain)
        protect(record, privacy)
        assert record == expected
        assert list(record) == list(expected)
        if privacy == "plain":
            protect(record, privacy)
            assert record == expected
            continue
        left = unquote(unquote(html.unescape(json.dumps(record, ensure_ascii=False)))).lower()
        assert [address for address in (*ADDRESSES, "jane\\u0040example.com") if address.lower() in left] == []


# Long texts ------------------------------------------------------------------------------------------------------

HTML = '<p style="width:50%">Hello&nbsp;<a href="https://example.com/?a=1&amp;b=2">you</a></p>\n'
LONG = [
    *(
        "a",
        "@",
        "a.",
        "a@",
        "%",
        "%25",
        "\\",
        '"',
        "\\u0040",
        "\\u00e4",
        "&#",
        "a=",
        "25",
        "'",
        "?a",
        "/@",
        "@-",
        "a@.",
    ),
    *('"a"@', ';"a', "%22a%22@", "jane@example.com\n", HTML, HTML + "<b>jane@example.com</b>"),
]


class Counted:
    """A regular expression that counts the characters that it is given."""

    steps = 0

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            found = getattr(self._pattern, method)(*args)
            texts = [len(each) for each in args if isinstance(each, str)]
            if method == "search" and len(args) > 1:  # from a place on: to where it finds something
                texts = [(found.end() if found else len(args[0])) - args[1]]
            Counted.steps += sum(texts)
            return found

        return call


@pytest.mark.parametrize("unit", LONG)
@pytest.mark.parametrize(("start", "end"), [("", ""), ("a@", ""), ("a%40%", "c3"), ("", "@a"), ("", "u0040a")])
def test_the_work_for_a_text_grows_as_its_length(
    monkeypatch: pytest.MonkeyPatch, unit: str, start: str, end: str
) -> None:
    """Were it the square, eight times the length would be 64 times the work; and the longest would never end."""
    for module in (privacy_module, decoding):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counted(value))

    def steps(characters: int) -> int:
        Counted.steps = 0
        protected(start + unit * (characters // len(unit)) + end, "sha256")
        return Counted.steps

    assert 0 < steps(40_000) < 12 * steps(5_000)
