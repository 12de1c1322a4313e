"""Keeps email addresses out of records, as `email_privacy` of the configuration asks for.

A hash is the lower-case hex SHA-256 of the trimmed, lower-cased address in UTF-8. An address has the same hash in every
stream and place, however it is written there, so that joins still work. Addresses are in fields of their own, and
anywhere in texts: HTML, links, CSV, JSON kept as text, failure reasons. In texts too much is protected rather than too
little, even the name of an image such as `logo@2x.png`. What is not found is listed in docs/mailcoach.md.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from typing import Any, Literal

import idna

from source_mailcoach.records.decoding import (
    ASSIGNED,
    ENCODED_WORDS,
    INVISIBLE,
    Decoded,
    decode_words,
    may_have_at_sign,
    parts_with_at_sign,
)

Privacy = Literal["plain", "sha256", "drop"]

NOT_ADDRESSES = frozenset({"transport_message_id"})
"""Fields whose values look like addresses, but are a mail service's identifiers of mails."""

REACH = 400
"""How many characters before an @ are searched for its local part, and for the start of a link around it."""

# Letters and signs of any script may be part of an address; spaces, typographic quotes and dashes are not.
PUNCTUATION = r"\s\x00-\x1f\x7f-\xa0¡«»¿\u2000-\u206f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\ufeff"
IN_LABEL = rf"[^!-,./:-@\[-^`{{-~{PUNCTUATION}]"
TAIL = re.compile(rf"@({IN_LABEL}+(?:\.{IN_LABEL}+)*(?<![-_])|\[[0-9A-Fa-f:.IViv]+\])")

BORDER = re.compile(rf'["(),:<>@\[\]|;\\{PUNCTUATION}]')
BORDER_IN_LINK = re.compile("[/?&#]")
PARAMETER = re.compile(r"[?&](?=[\w.\[\]-]+=)")
MARKS = re.compile(r"\A(?:['*`~.&#/}]|\{(?![^{}]*\}))+")
"""What is not part of an address but stands before it. A brace that is closed again is part of it, as in `jane{x}`."""
QUOTED = re.compile(r'(?:\A|[\s"<:,;(\[=])("\w[^"<>]*?")\Z')
SEPARATOR = re.compile(r"[\s,;|/&]+")
UNSEEN = re.compile(f"[{INVISIBLE}]")
LIST = re.compile(r"[\s<>,;:]")
PLAIN_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)
"""As nearly all are written. The rest of the search takes ten times as long, and finds the same."""


def protect(record: dict[str, Any], privacy: Privacy) -> None:
    """Replace each address in a record, in place. Call it only once: a hash in an email field would be hashed again."""
    if privacy != "plain":
        fields = _protect(record, privacy)
        record.clear()
        record.update(fields)


def domain_of(address: object, privacy: Privacy) -> str | None:
    """The domain of the one address in a field, in lower case and else as it is written (`xn--…`).

    None if there is no address, as in the encrypted text of some servers, or more than one @, or if addresses are
    dropped.
    """
    if privacy == "drop" or not isinstance(address, str):
        return None
    plain, found = _read_field(address)
    if not found or plain.count("@") != 1:
        return None
    return plain[slice(*found[0])].rpartition("@")[2].lower() or None


def _protect(value: Any, privacy: Privacy, name: str = "") -> Any:
    """`name` is the field that holds the value. An item of a list, or a key with its value, is dropped altogether."""
    if name in NOT_ADDRESSES:
        return value
    if isinstance(value, str):
        # Servers with encryption enabled may send the encrypted text here, which does not look like an address.
        if (name == "email" or name.endswith("_email")) and value.strip():
            return _protect_field(value, privacy)
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
    return sha256(_canonical(address).encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(address: str) -> str:
    """One form for all ways to write an address: lower case, the domain in letters (`müller`, not `xn--mller-kva`)."""
    address = address.strip()
    if not address.isascii():  # JSON writes characters such as emoji as two halves
        address = address.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    local, at, domain = address.lower().rpartition("@")
    return local + at + (".".join(map(_in_letters, domain.split("."))) if "xn--" in domain else domain)


def _in_letters(label: str) -> str:
    try:
        return idna.ulabel(label) if label.startswith("xn--") else label
    except UnicodeError:  # IDNAError is one
        return label


def _protect_field(value: str, privacy: Privacy) -> str | None:
    """The hashes of the addresses in a field made for one; mostly it is one. Other text, such as a name, is removed."""
    if privacy == "drop":
        return None
    decoded, found = _read_field(value)
    if not found:
        return _replacement(value, privacy)
    hashes = [str(_replacement(decoded[start:end], privacy)) for start, end in found]
    between = [decoded[end:start] for (_, end), (start, _) in pairwise(found)]
    separators = [each if SEPARATOR.fullmatch(each) else ", " for each in between]
    return "".join(part for pair in zip(["", *separators], hashes, strict=True) for part in pair)


def _read_field(value: str) -> tuple[str, list[tuple[int, int]]]:
    """The plain text of a field made for an address, and start and end of each address in it."""
    if PLAIN_ADDRESS.fullmatch(value):
        return value, [(0, len(value))]
    decoded = Decoded(ENCODED_WORDS.sub(lambda words: decode_words(words[0]), value)).text
    alone = UNSEEN.sub("", decoded).strip()
    if alone.count("@") == 1 and not LIST.search(alone):
        return alone, [(0, len(alone))]
    return decoded, list(_addresses(decoded))


def _protect_text(text: str, privacy: Privacy) -> str | None:
    """None if the text is an address as a whole and addresses are dropped."""
    if "=?" in text:
        text = ENCODED_WORDS.sub(_decode_words_with_addresses, text)
    if not may_have_at_sign(text):
        return text
    pieces, done, whole = [], 0, len(text.strip())
    for first, last in parts_with_at_sign(text):
        decoded = Decoded(text[first:last])
        for address in _addresses(decoded.text):
            start, end = decoded.written(*address)
            replacement = _replacement(decoded.text[slice(*address)], privacy)
            if end - start == whole:
                return replacement
            pieces += [text[done : first + start], replacement or ""]
            done = first + end
    return "".join([*pieces, text[done:]])


def _decode_words_with_addresses(words: re.Match[str]) -> str:
    plain = decode_words(words[0])
    return plain if any(_addresses(Decoded(plain).text)) else words[0]


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each address, in order. No part is searched twice, so the time grows with the length only."""
    done = 0
    for tail in TAIL.finditer(text):
        local = _local_part(text[max(done, tail.start() - REACH) : tail.start()], text[tail.end() : tail.end() + 1])
        # No address is a rule of a style sheet, as in `p{}@media`: it has braces, and no dot after the @.
        if local and ("." in tail[1] or not set(local) & set("{}")):
            done = tail.end()
            yield tail.start() - len(local), done
        else:
            done = tail.start() + 1


def _local_part(before: str, after: str) -> str:
    """The local part at the end of the text before an @; empty if there is none, as in `; @media`.

    `after` is the character after the address. In `\\email{jane@example.com}` it closes a brace that is not part of it.
    """
    word = BORDER.split(before)[-1]
    if not word:
        quoted = QUOTED.search(before)
        return quoted[1] if quoted else ""
    if word.startswith("/") or "?" in word:
        word = BORDER_IN_LINK.split(word)[-1]
    word = PARAMETER.split(word)[-1]
    if after == "}" and "}" not in word:
        word = word.rpartition("{")[2]
    word = MARKS.sub("", word)
    name, assigns, value = word.partition("=")
    if assigns and (not name or value.startswith("'") or ASSIGNED.search(before[: len(before) - len(value) - 1])):
        word = MARKS.sub("", value)
    return word
