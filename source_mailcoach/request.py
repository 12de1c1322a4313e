"""One request: what is asked, how much trouble that is worth, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Query:
    """One GET: a path below the API's base URL, and its parameters."""

    path: str
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def of_list(self) -> tuple[str, frozenset[tuple[str, Any]]]:
        """The list that it asks for a page of, in whatever order."""
        return self.path, frozenset(param for param in self.params if param[0] not in ("page", "sort"))

    @property
    def wants_page(self) -> bool:
        return any(name == "page" for name, _ in self.params)

    @property
    def endpoint(self) -> str:
        """What it asks, whichever row it asks it of: campaigns/*/opens, campaigns/*, transactional-mails/templates."""
        first, *rest = self.path.split("/")
        of_row = len(rest) == 2 or not self.wants_page
        return "/".join([first, *("*" for _ in rest[:1]), *rest[1:]]) if of_row else self.path


@dataclass(frozen=True)
class Answer:
    """Any answer, good or bad. Not parsed while it waits to be read: parsed it takes six times the memory.

    `received_at` is monotonic. With what the headers say: requests left in the window, and seconds to wait.
    """

    content: bytes
    headers: Mapping[str, str]
    received_at: float
    remaining: int | None = None
    status: int = 200
    wait: float | None = None


@dataclass(frozen=True)
class Patience:
    """How much trouble a request is worth: tries in all, and seconds for connecting, reading and one wait."""

    tries: int
    connect_timeout: float
    read_timeout: float
    longest_wait: float
