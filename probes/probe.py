"""What a probe is: a belief, the requests that show it, and the function that judges their answers."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.sync.paging import Page
from source_mailcoach.transport.diagnosis import diagnose, page_of, parse_body
from source_mailcoach.transport.request import Answer, Query

V6, V7, V8, CLOUD = "6", "7", "8 or later", "Cloud"
EVERY = frozenset({V6, V7, V8, CLOUD})
SELF_HOSTED = EVERY - {CLOUD}
# A name of Mailcoach's for a field, a sort or a status. Any other text in such a place may come from a user.
NAME = re.compile(r"[a-z][a-zA-Z0-9_.]{0,40}")

Row = dict[str, Any]


class Verdict(Enum):
    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    CANNOT_TELL = "this server cannot tell"


@dataclass(frozen=True)
class Finding:
    """`detail` says what was seen in counts, status codes, types and Mailcoach's own names: nothing of any row."""

    verdict: Verdict
    detail: str = ""


class CannotTell(Exception):
    """The belief cannot be checked on this server. The text says why, as a detail."""


def holds(detail: str = "") -> Finding:
    return Finding(Verdict.HOLDS, detail)


def fails(detail: str) -> Finding:
    return Finding(Verdict.DOES_NOT_HOLD, detail)


def holds_if(condition: bool, detail: str) -> Finding:
    return holds(detail) if condition else fails(detail)


@dataclass(frozen=True)
class Question(Query):
    """A query that may be asked in a way in which the connector never asks.

    Without the header that asks for JSON, with a token that is made up, or for another `reading` of the same page.
    """

    as_browser: bool = False
    as_stranger: bool = False
    reading: int = 1


@dataclass(frozen=True)
class Reply:
    """An answer, good or bad, to a question. `url` is the API's base URL; `text` the question as the probe has it."""

    text: str
    query: Question
    answer: Answer
    url: str

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def payload(self) -> Any:
        """The JSON of a good answer; CannotTell of any other."""
        if self.status != 200:
            raise CannotTell(f"{self.text} answered {self.status}")
        try:
            return parse_body(self.answer, self.url)
        except MailcoachError:
            raise CannotTell(f"{self.text} answered with no JSON") from None

    @property
    def page(self) -> Page:
        try:
            return page_of(self.payload, self.url)
        except MailcoachError:
            raise CannotTell(f"{self.text} answered with no page of a list") from None

    @property
    def rows(self) -> list[Row]:
        """At least one row; CannotTell if the list is empty."""
        found = [row for row in self.page.rows if isinstance(row, dict) and row]
        if not found:
            raise CannotTell(f"{self.text} has no rows")
        return found

    @property
    def message(self) -> str | None:
        """The message of an error that Laravel sent; None if it has none, or if something else sent it."""
        try:
            said = json.loads(self.answer.content)
        except ValueError:
            return None
        message = said.get("message") if isinstance(said, dict) else None
        return message if isinstance(message, str) else None

    @property
    def error(self) -> MailcoachError | None:
        """How the connector understands the answer, after the server has answered for other lists."""
        return diagnose(self.answer, self.query, self.url, {"email-lists"})


@dataclass(frozen=True)
class Probe:
    """`asks` are paths and parameters; `{sent}` and its like in them are filled in by `account`.

    `judge` gets a Reply for each, and may raise CannotTell. `hangs_on` are the files of the connector that would be
    wrong with the belief, `versions` those of which it is believed.
    """

    name: str
    belief: str
    hangs_on: tuple[str, ...]
    asks: tuple[str, ...]
    judge: Callable[..., Finding]
    versions: frozenset[str] = EVERY


def names(found: Iterable[object]) -> str:
    """Names as a report may show them: Mailcoach's own, and not what a user may have written in such a place."""
    shown = {name if isinstance(name, str) and NAME.fullmatch(name) else "(another)" for name in found}
    return ", ".join(sorted(shown)) or "none"


def kinds(values: Iterable[object]) -> str:
    """The JSON types of some values."""
    return ", ".join(sorted({JSON_TYPES.get(type(value), "number") for value in values})) or "none"


JSON_TYPES = {type(None): "null", bool: "boolean", int: "integer", str: "text", list: "list", dict: "object"}
