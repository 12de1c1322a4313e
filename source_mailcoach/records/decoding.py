r"""Decodes a text to plain characters, however they are written, and tells where each of them was in the original.

A character can be written as %40 (in links), &#64; or &commat; (in HTML), \u0040 (in JSON and scripts), =40 (in mails,
as quoted-printable) or full-width. One of these can be inside another, as in %26%2364%3B. Invisible characters and soft
line breaks within a word are removed.
"""

import binascii
import re
from base64 import b64decode
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from html.entities import html5
from quopri import decodestring

Edit = tuple[int, int, str]
"""Start and end of what is written, and what it stands for: one character, rarely two, or nothing."""

DEPTH = 10
"""Most rounds over a text. One decodes a whole chain of one kind (%25252540). Only kinds inside kinds take more."""

HEX = "[0-9A-Fa-f]"
MORE = rf"%(?:25)*[89ABab]{HEX}"  # the bytes of a character in UTF-8 after its first
# Each alternative begins with another character: the search then skips the rest of the text quickly.
ESCAPE = re.compile(
    rf"%(?:25)*(?:u(?P<script>{HEX}{{4}})|(?P<bytes>[Cc][2-9A-Fa-f]{MORE}|[Dd]{HEX}{MORE}|[Ee]{HEX}{MORE}{MORE}"
    rf"|[Ff][0-4]{MORE}{MORE}{MORE}|{HEX}{{2}}))"
    rf"|&(?:amp;)*(?:#0*(?P<decimal>[0-9]{{1,7}})(?![0-9]);?|#[xX]0*(?P<hex>{HEX}{{1,6}})(?!{HEX});?"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]{1,31});|(?P<old_name>amp|lt|gt|quot|nbsp)(?![A-Za-z0-9]{0,30}=))"
    # Begins at the first of several backslashes only: to begin at each of them would take quadratic time.
    rf"|\\(?<!\\\\)\\*(?:u\{{0*(?P<braced>{HEX}{{1,6}})\}}|u(?P<json>{HEX}{{4}})|x(?P<byte>{HEX}{{2}})"
    r"|(?P<sign>[\"'/])|(?P<space>[bfnrt]))"
)

# Finds where an @ may be, so that the rest of a text is skipped quickly. That is an @ itself, or its code: 40 or 64, or
# FF20 or 65312 if it is full-width. Before the digits must be a character in which the beginning of a code can end, as
# the D in %3D40, where %3D is the = of =40. Letters and digits in code count too: they may be part of one.
IN_CODE = "(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])"
AT_CODES = (
    r"@|\ufe6b|\uff20|40(?<=[%=#;uxX{035BDbd]40)|6(?:4(?<=[#;03]64)|5312)|20(?<=[Ff][Ff]20)"
    rf"|%(?:25)*(?:{IN_CODE}|[Ee][Ff]%(?:25)*[Bb][9Cc])|=EF=B[9C]|\\(?<!\\\\)\\*(?:u00|u\{{0*|x){IN_CODE}"
    r"|&(?:amp;)*#(?:0*(?:4[89]|5[0-7]|6[5-9]|[789][0-9]|1[01][0-9]|12[0-2])(?![0-9])"
    rf"|[xX]0*{IN_CODE}(?!{HEX}))"
)
AT_SIGN, AT_SIGN_OR_NAME = re.compile(AT_CODES), re.compile(f"{AT_CODES}|commat")
CODES_OF_AT = ("40", "64", "20", "65312")
AT_CODE = re.compile(r"[%&\\]|=.{,8}\Z", re.DOTALL)
SPACE = re.compile(r"(?<![=\r])[ \n]")  # not within a soft line break
BEFORE, AFTER = 300, 20
"""How many characters around an @ are decoded with it. From there it goes on to a space, where addresses end."""

CODED = re.compile(r"[%&\\=]|[^\x00-\x7f]")
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FULL_WIDTH = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
DOTS, HYPHENS, AT_SIGNS = "\u3002\uff0e\uff61", "\u2010\u2011\uff0d", "\ufe6b\uff20"
LATIN = rf"!-~\u00c0-\u024f{DOTS}{AT_SIGNS}\uff0b\uff0d\uff3f"
ALPHABETIC = rf"0-9A-Za-z\u00c0-\u0fff{FULL_WIDTH}"
SIGN = re.compile(
    rf"[{INVISIBLE}{FULL_WIDTH}{DOTS}{HYPHENS}{AT_SIGNS}\uff0b\uff3f](?:(?<=[{FULL_WIDTH}])"
    # In Chinese and Japanese text these signs are also ordinary punctuation, with no space around them.
    rf"|(?<=[{ALPHABETIC}][{DOTS}{HYPHENS}\uff0b\uff3f])(?=[{ALPHABETIC}])"
    rf"|(?<=[{AT_SIGNS}])(?=[^\s@{AT_SIGNS}]{{1,253}}?[.\uff0e][^\W\d_])"
    rf"|(?<=[{LATIN}][{INVISIBLE}])[{INVISIBLE}]*(?=[{LATIN}]))"
)
PLAIN_SIGNS = dict.fromkeys(DOTS, ".") | dict.fromkeys(HYPHENS, "-") | dict.fromkeys(AT_SIGNS, "@")

CODE = r"=(?:[0-9A-F]{2}|[ \t]*\r?\n)"
BORDERS = r'\s"<>(),:;=?&/\[\]{}|\\'
CODED_WORD = re.compile(rf"{CODE}(?:[^{BORDERS}]*{CODE})*[^{BORDERS}]*")
CODED_CHARACTER = re.compile(
    "=[CD][0-9A-F]=[89AB][0-9A-F]|=E[0-9A-F](?:=[89AB][0-9A-F]){2}|=F[0-4](?:=[89AB][0-9A-F]){3}|" + CODE
)
WORD_BORDER = re.compile(rf"[{BORDERS}]")
DOMAIN_WITH_DOT = re.compile(rf"(?:[^{BORDERS}.@]+\.)+(?!\d)[^{BORDERS}.@]{{2,}}(?![^{BORDERS}.])")
WINDOW = 200
"""How many characters before a coded word are searched for a sign that its first `=` does not begin a code."""

FIELD = (
    r"(?:(?:[\w.-]*[_.-])?(?:address|addr|(?:mail)?from|to|cc|bcc|sender|recipient|rcpt|user|username|login|account|contact"
    r"|id|name|value|title|owner)s?|\w*mails?)[0-9]*"
)
ASSIGNED = re.compile(
    rf"(?:[?&#][\w.\[\]-]*|<[a-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*\s[\w:.-]+|(?<![\w.+=@-])(?P<field>{FIELD}))\Z",
    re.IGNORECASE,
)
"""What stands before an `=` that assigns: a name in a link or in a tag of HTML, or one that fields of addresses have.
Elsewhere an `=` may be part of an address, as in `prvs=123=jane@example.com`."""

ENCODED_WORD = r"=\?[\w-]{1,40}(?:\*[\w-]{1,40})?\?[BbQq]\?[^?\s]{0,500}\?="
ENCODED_WORDS = re.compile(rf"{ENCODED_WORD}(?:\s+{ENCODED_WORD})*")
"""As headers of mails have them: =?utf-8?Q?jane=40example.com?="""


class Decoded:
    """A text in plain characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._layers: list[_Layer] = []
        for _ in range(DEPTH if CODED.search(text) else 0):
            known = len(self._layers)
            self._undo(list(_escapes(self.text)))
            if not self.text.isascii():
                self._undo(list(_signs(self.text)))
            self._undo(list(_quoted_printable(self.text)))
            if len(self._layers) == known:
                break

    def _undo(self, edits: list[Edit]) -> None:
        if edits:
            self._layers.append(_Layer(edits))
            self.text = replace(self.text, edits)

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the plain text stands in the text as it was written: its start and end."""
        for layer in reversed(self._layers):
            start, end = layer.start(start), layer.end(end)
        return start, end


class _Layer:
    """The edits of one round, with their places in the text before it and after it."""

    def __init__(self, edits: list[Edit]) -> None:
        self._edits = edits
        self._starts: list[int] = []
        self.ends: list[int] = []
        shift = 0
        for start, end, plain in edits:
            self._starts.append(start + shift)
            self.ends.append(start + shift + len(plain))
            shift += len(plain) - (end - start)

    def start(self, place: int) -> int:
        last = bisect_right(self._starts, place) - 1
        if last >= 0 and place < self.ends[last]:
            return self._edits[last][0]
        return self._after(last, place)

    def end(self, place: int) -> int:
        last = bisect_left(self._starts, place) - 1
        return self._after(last, max(place, self.ends[last]) if last >= 0 else place)

    def _after(self, last: int, place: int) -> int:
        return self._edits[last][1] + place - self.ends[last] if last >= 0 else place


def may_have_at_sign(text: str) -> bool:
    """Whether there may be an @ in any form. A quick test, since most texts are short and have none."""
    return bool(AT_SIGN.search(text)) or "commat" in text


def parts_with_at_sign(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part of a text that may hold an address, in order. Most texts have none."""
    start = end = 0
    for found in (AT_SIGN_OR_NAME if "commat" in text else AT_SIGN).finditer(text):
        place = found.start()
        if place + AFTER < end or (found[0] in CODES_OF_AT and not AT_CODE.search(text[max(0, place - 40) : place])):
            continue
        if place - BEFORE > end:
            if end:
                yield start, end
            start = max(end, text.rfind(" ", end, place - BEFORE), text.rfind("\n", end, place - BEFORE))
        space = SPACE.search(text, place + AFTER)
        end = space.start() if space else len(text)
    if end:
        yield start, end


def replace(text: str, edits: list[Edit]) -> str:
    """The text with each edit made. They are in order and do not overlap."""
    pieces, done = [], 0
    for start, end, plain in edits:
        pieces += [text[done:start], plain]
        done = end
    return "".join([*pieces, text[done:]])


def decode_words(words: str) -> str:
    """The text of a match of ENCODED_WORDS, or the match itself if it is in no known character set."""
    plain = ""
    for word in words.split():
        _, charset, kind, data, _ = word.split("?")
        try:
            code = b64decode(data + "==") if kind in "Bb" else decodestring(data, header=True)
            plain += code.decode(charset.partition("*")[0], "replace")
        except (binascii.Error, LookupError, ValueError):
            return words
    return plain


def _escapes(text: str) -> Iterator[Edit]:
    for found in ESCAPE.finditer(text):
        plain = _unescaped(str(found.lastgroup), found[str(found.lastgroup)])
        if plain:
            yield found.start(), found.end(), plain


def _unescaped(kind: str, code: str) -> str:
    """Empty if there is no such character."""
    if kind == "bytes":
        return _from_bytes(code.split("%"))
    if kind in ("name", "old_name"):
        return html5.get(f"{code};", "")
    if kind in ("sign", "space"):
        return {"n": "\n", "r": "\r"}.get(code, code if kind == "sign" else " ")
    number = int(code, 10 if kind == "decimal" else 16)
    # A number below 32 is more likely the beginning of one that continues in another code, as in &#6%34;
    return chr(number) if (32 if kind in ("decimal", "hex") else 0) <= number < 0x110000 else ""


def _from_bytes(codes: list[str]) -> str:
    """The text of some bytes, in UTF-8 or else Latin-1, as of old programs. Codes may have chains of 25 before them."""
    code = bytes(int(each[-2:], 16) for each in codes)
    try:
        return code.decode()
    except UnicodeDecodeError:
        return code.decode("latin-1")


def _signs(text: str) -> Iterator[Edit]:
    for found in SIGN.finditer(text):
        sign = found[0][0]
        plain = chr(ord(sign) - 0xFEE0) if "\uff0b" <= sign <= "\uff5a" else ""
        yield found.start(), found.end(), PLAIN_SIGNS.get(sign, plain)


def _quoted_printable(text: str) -> Iterator[Edit]:
    """Decodes only words that hold an address afterwards: elsewhere `=40` is more often a width than an @."""
    for word in CODED_WORD.finditer(text):
        before = text[max(0, word.start() - WINDOW) : word.start()]
        edits = [(code.start(), code.end(), _from_code(code[0])) for code in CODED_CHARACTER.finditer(word[0])]
        assigned = ASSIGNED.search(before)
        if assigned and not word[0].startswith(("=3D", "=40") if assigned["field"] else "=3D"):
            edits = edits[1:]
        plain = replace(word[0], edits)
        if may_have_at_sign(plain) or "@" in WORD_BORDER.split(before)[-1]:
            ends = _Layer(edits).ends
            if all(
                DOMAIN_WITH_DOT.match(plain[end : end + 255])
                for (*_, sign), end in zip(edits, ends, strict=True)
                if sign == "@"
            ):
                yield from ((word.start() + start, word.start() + end, sign) for start, end, sign in edits)


def _from_code(code: str) -> str:
    return "" if code.endswith("\n") else _from_bytes(code.split("=")[1:])
