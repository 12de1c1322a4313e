"""One page of a list as Mailcoach sends it, and a position in a list. How lists are read is in `reader`."""

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

Row = Mapping[str, Any]

# Laravel writes `meta` last, after the rows, however large they are.
META = re.compile(r'"meta"\s*:\s*(?=\{)')
TAIL = 16 * 1024  # bytes


class PagingError(Exception):
    """The server sent a page that cannot be right. To go on could take for ever, or lose rows."""


class NotAPage(ValueError):
    """JSON that is not a page of one of Mailcoach's lists."""


@dataclass(frozen=True)
class Page:
    """One page: its number (from 1), the last page's number, rows in all, rows per page, and its own rows."""

    number: int
    last: int
    total: int
    size: int
    rows: Sequence[Row]
    _keys: dict[Callable[[Row], int], list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def keys(self, key: Callable[[Row], int]) -> Sequence[int]:
        """The keys of its rows. They are kept, since the pages after it are compared with it."""
        if key not in self._keys:
            self._keys[key] = list(map(key, self.rows))
        return self._keys[key]

    @property
    def is_short(self) -> bool:
        """Whether a row was deleted between the count of all rows and the selection of these."""
        return len(self.rows) < min(self.size, self._rows_to_the_end)

    @property
    def is_overfull(self) -> bool:
        """Whether a row came in between the two."""
        return len(self.rows) > self._rows_to_the_end

    @property
    def _rows_to_the_end(self) -> int:
        return self.total - (self.number - 1) * self.size

    @classmethod
    def from_payload(cls, payload: object) -> "Page":
        """Read Laravel's envelope `{"data": […], "meta": {…}}`; raise NotAPage for anything else.

        The real page size is `meta.per_page`: self-hosted servers give 15 rows whatever was asked for. `links` is not
        used: its URLs lack sort and filter, and name a host that the server made up.
        """
        try:
            data, meta = payload["data"], payload["meta"]  # type: ignore[index]
            if isinstance(data, dict) and data and all(key.isdecimal() for key in data):
                data = list(data.values())  # PHP writes a list with gaps in its numbering as an object
            # A single row can be broken. But if no row is an object, something other than Mailcoach has answered.
            if not isinstance(data, list) or (data and not any(isinstance(row, dict) or row is None for row in data)):
                raise NotAPage
            number, last, total = int(meta["current_page"]), int(meta["last_page"]), int(meta["total"])
            return cls(number, last, total, int(meta["per_page"]), data)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise NotAPage from None


def last_page_of(content: bytes) -> int:
    """How many pages a list has, by an answer that is not parsed yet; 0 if that cannot be told. Only a hint.

    Rows can hold a `meta` and a `last_page` of their own. That of the list is at the end of the answer, and its numbers
    of rows and pages agree.
    """
    tail = content[-TAIL:].decode(errors="replace")
    starts = [found.end() for found in META.finditer(tail)]
    try:
        meta, end = json.JSONDecoder().raw_decode(tail, starts[-1])
        page = Page.from_payload({"data": [], "meta": meta})
    except (IndexError, ValueError, RecursionError):  # NotAPage is a ValueError
        return 0
    is_own = tail[end:].strip() == "}"
    return page.last if is_own and (page.last - 1) * max(1, page.size) < max(1, page.total) else 0


@dataclass(frozen=True)
class Reply:
    """A page, and when it was asked for and answered (monotonic, seconds)."""

    page: Page
    asked: float
    answered: float


Ask = Callable[[int, int], Reply]
"""Asks for the page of a number. Pages after it, up to the second number, may be asked for meanwhile."""


@dataclass(frozen=True)
class Position:
    """How far a list is read: so many `rows` from the front, of a `total`, by pages of a `size`.

    Rows may come and go before a later sync. It finds the place again by `since`, the time of the last row that was
    read (with equal rows: of the first that has to be read), and by `marks`, the fingerprints of the last rows. `top`
    is the time of the first row when the reading began. `ahead` more rows have been read, but they only count if
    nothing has changed since: a deletion shows only in the total of a later page.
    """

    rows: int
    total: int
    size: int
    since: str | None = None
    marks: tuple[str, ...] = ()
    top: str | None = None
    ahead: int = 0


def fingerprint(key: Hashable) -> str:
    """A short text by which a later sync recognizes a row."""
    return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def reverse_of(sort: str) -> str:
    """The sort that lists the rows from the last to the first; `-` is for descending."""
    return ",".join(field[1:] if field.startswith("-") else f"-{field}" for field in sort.split(","))
