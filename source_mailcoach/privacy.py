"""Keeps email addresses out of records, as `email_privacy` of the configuration asks for.

A hash is the lower-case hex SHA-256 of the trimmed, lower-cased address in UTF-8: the same for the same address in
every stream and place, so that joins still work. Addresses stand in fields of their own and anywhere in texts: HTML,
links, CSV, JSON kept as text, failure reasons. In texts rather too much is protected than too little, down to the
names of images such as `logo@2x.png`.
"""

import html
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import unquote

Privacy = Literal["plain", "sha256", "drop"]

NOT_ADDRESSES = frozenset({"transport_message_id"})
"""Fields whose values look like addresses, but are a mail service's identifiers of mails."""

REACH = 400
"""Characters: a local part has at most 64 bytes, and links and JSON write a byte in at most six characters."""

# A character is also written as %40 (in links), %2540 (in links in links), \u0040 (in JSON) or &#64; (in HTML).
PERCENT = r"%(?:25){0,3}"
BACKSLASHES = r"\\(?<!\\\\)\\*"  # from the first of a row on: from each of them a long row takes quadratic time
AT = rf"@|{PERCENT}40|{BACKSLASHES}u0040|&#0*64;|&#x0*40;|&commat;"
QUOTE = rf'(?:"|{BACKSLASHES}"|{PERCENT}22|&quot;|&#0*34;)'
APOSTROPHE = rf"(?:'|{PERCENT}27|{BACKSLASHES}u0027|&#0*39;)"

# Letters and signs of any script may be part of an address; spaces, typographic quotes and dashes are not.
PUNCTUATION = r"\s\x00-\x1f\x7f-\xa0¡«»¿\u2000-\u206f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\ufeff"
IN_LABEL = (
    rf"(?:[^!-,./:-@\[-^`{{-~{PUNCTUATION}]"
    rf"|{PERCENT}(?:2d|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|[89a-f][0-9a-f])"
    rf"|{BACKSLASHES}u(?!00[0-7])[0-9a-f]{{4}})"
)
DOMAIN = rf"{IN_LABEL}+(?:(?:\.|{PERCENT}2e){IN_LABEL}+)*(?<![-_])|\[[0-9a-f:.iv]+\]"
TAIL = re.compile(rf"({AT})({DOMAIN})", re.IGNORECASE)

ENDS = '"(),:<>@[]{|}'
ENDS_IN_CODE = "|".join(f"{ord(end):02x}" for end in f"{ENDS} ;\\/?&#")
BORDER = re.compile(
    rf"[{re.escape(ENDS)}{PUNCTUATION}]|(?<!&#39)(?<!&#039);"
    rf"|(?:{PERCENT}|\\u00)(?:[01][0-9a-f]|{ENDS_IN_CODE})|\\[bfnrt/]|\\(?!\\|u[0-9a-f]{{4}})",
    re.IGNORECASE,
)
BORDER_IN_LINK = re.compile("[/?&#]")
LEAD = re.compile(rf"\A(?:{APOSTROPHE}|[*`~.&#]|\w*(?:=|{PERCENT}3d|{BACKSLASHES}u003d))*", re.IGNORECASE)
"""`email=` of a link, and marks around an address. In `bounce+jane=example.com@example.org` all is the address."""
QUOTED = re.compile(rf'(?:\A|[\s"<:,;(\[=])({QUOTE}\w[^"<>]*?{QUOTE})\Z', re.IGNORECASE)


def protect(record: dict[str, Any], privacy: Privacy) -> None:
    """Replace each address in a record, in place. Only once: a hash in an email field would be hashed again."""
    if privacy != "plain":
        fields = _protect(record, privacy)
        record.clear()
        record.update(fields)


def _protect(value: Any, privacy: Privacy, name: str = "") -> Any:
    """`name` is the field that holds the value. A dropped address leaves a list, and as a key takes its value along."""
    if name in NOT_ADDRESSES:
        return value
    if isinstance(value, str):
        # Servers with encryption enabled give these fields as they are stored, which does not look like an address.
        if (name == "email" or name.endswith("_email")) and value.strip():
            return _replacement(value, privacy)
        return _protect_text(value, privacy)
    if isinstance(value, list):
        items = [(item, _protect(item, privacy, name)) for item in value]
        return [after for before, after in items if after is not None or before is None]
    if isinstance(value, dict):
        keys = [(key, _protect_text(key, privacy)) for key in value]
        return {after: _protect(value[key], privacy, key) for key, after in keys if after is not None}
    return value


def _replacement(address: str, privacy: Privacy) -> str | None:
    if privacy == "drop":
        return None
    return sha256(address.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()


def _protect_text(text: str, privacy: Privacy) -> str | None:
    """None if the text is an address as a whole and addresses are dropped."""
    if not TAIL.search(text):
        return text
    pieces, done, whole = [], 0, len(text.strip())
    for start, end, address in _addresses(text):
        replacement = _replacement(address, privacy)
        if end - start == whole:
            return replacement
        pieces += [text[done:start], replacement or ""]
        done = end
    return "".join([*pieces, text[done:]])


def _addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and decoded address, in order. The texts before each @ do not overlap: the time taken is linear."""
    done = 0
    for tail in TAIL.finditer(text):
        local = _local_part(text[max(done, tail.start() - REACH) : tail.start()])
        done = tail.end() if local else tail.end(1)
        if local:
            yield tail.start() - len(local), tail.end(), f"{_decode(local)}@{_decode(tail[2])}"


def _local_part(before: str) -> str:
    """The end of the text before an @, as it is written there; empty if that is no local part, as in `; @media`."""
    word = BORDER.split(before)[-1]
    if word.startswith("/") or "?" in word:
        word = BORDER_IN_LINK.split(word)[-1]
    quoted = None if word else QUOTED.search(before)
    return quoted[1] if quoted else LEAD.sub("", word)


def _decode(part: str) -> str:
    while (plain := unquote(part)) != part:
        part = plain
    part = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), html.unescape(part))
    return part.replace("\\", "")
