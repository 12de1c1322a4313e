"""One page of a list as Mailcoach sends it, and a position in a list. How lists are read is in `reader`."""

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

Row = Mapping[str, Any]

# Laravel writes `meta` last, after the rows, however large they are.
META = re.compile(r'"meta"\s*:\s*(?=\{)')
TAIL = 16 * 1024  # bytes


class PagingError(Exception):
    """The server sent a page that cannot be right; going on could loop for ever or lose rows."""


class NotAPage(ValueError):
    """JSON that is not one page of a list of Mailcoach's."""


@dataclass(frozen=True)
class Page:
    """One page: its number (from 1), the last page's number, rows in all, rows per page, and its own rows."""

    number: int
    last: int
    total: int
    size: int
    rows: Sequence[Row]

    @property
    def is_short(self) -> bool:
        """Whether a row vanished after the rows were counted, before they were selected."""
        return len(self.rows) < min(self.size, self._rows_to_the_end)

    @property
    def is_overfull(self) -> bool:
        """Whether a row came in after the rows were counted, before they were selected."""
        return len(self.rows) > self._rows_to_the_end

    @property
    def _rows_to_the_end(self) -> int:
        return self.total - (self.number - 1) * self.size

    @classmethod
    def from_payload(cls, payload: object) -> "Page":
        """Read Laravel's envelope `{"data": […], "meta": {…}}`; raise NotAPage for anything else.

        The size in force is `meta.per_page`: self-hosted servers give 15 rows whatever was asked for. `links` is left
        alone: its URLs drop sort and filter, and name a host that the server made up.
        """
        try:
            data, meta = payload["data"], payload["meta"]  # type: ignore[index]
            if isinstance(data, dict) and data and all(key.isdecimal() for key in data):
                data = list(data.values())  # PHP writes a list with gaps in its numbering as an object
            # A row can be broken, but where no row is an object, something else than Mailcoach answers.
            if not isinstance(data, list) or (data and not any(isinstance(row, dict) or row is None for row in data)):
                raise NotAPage
            number, last, total = int(meta["current_page"]), int(meta["last_page"]), int(meta["total"])
            return cls(number, last, total, int(meta["per_page"]), data)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise NotAPage from None


def last_page_of(content: bytes) -> int:
    """How many pages a list has, by an answer whose rows nobody has read yet; 0 if that does not show. A hint.

    Rows can hold a `meta` and a `last_page` of their own: the list's is what the answer ends with, and says how many
    rows there are on so many pages.
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
    """A page, and when it was asked for and answered, by one clock that never goes back."""

    page: Page
    asked: float
    answered: float


Ask = Callable[[int, int], Reply]
"""Asks for a page. Those that follow it, up to the second number, may be asked for meanwhile."""


@dataclass(frozen=True)
class Position:
    """How far a list is read: how many rows from the front on, of how many, by pages of which size.

    A later sync finds the place again though rows have come and gone meanwhile: by `since`, the time of the last row
    that was read (with equal rows: of the first that has to be read), and by `marks`, the fingerprints of the last
    rows. `top` is the time of the first row when the reading began. `ahead` more rows have been read, which holds only
    if nothing has changed since: a deletion shows in the total of a later page.
    """

    rows: int
    total: int
    size: int
    since: str | None = None
    marks: tuple[str, ...] = ()
    top: str | None = None
    ahead: int = 0


def fingerprint(key: Hashable) -> str:
    """A short text by which a later sync knows a row again."""
    return blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def reverse_of(sort: str) -> str:
    """The sort that lists the rows from the last to the first; `-` is for descending."""
    return ",".join(field[1:] if field.startswith("-") else f"-{field}" for field in sort.split(","))
