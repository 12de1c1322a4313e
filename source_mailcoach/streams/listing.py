"""Lists whose rows have lists of their own: fetched once an hour at the most, however many streams need them."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import Any, ClassVar, TypeGuard

from source_mailcoach.messages.errors import RowNotFound
from source_mailcoach.messages.events import RowsUnusable
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.transport.request import Query

# Pages: a list that is longer is not read anew for one row that may be gone.
DEAR = 10
LISTING_LASTS = 3600.0  # seconds
USABLE = re.compile(r"(?!true$|false$|[0-9]+$)[0-9A-Za-z_-]+")


def is_usable(uuid: object) -> TypeGuard[str]:
    """Whether a list below a row can be asked for: numbers and what changes the path lead to none, or to another."""
    return isinstance(uuid, str) and USABLE.fullmatch(uuid) is not None


def count_of(value: object) -> int:
    """A counter for an estimate; 0 if it is none."""
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


class ListingStream(MailcoachStream, ABC):
    """Streams of lists below this one go by its listing, and ask it whether a parent was deleted since.

    A listing is as old as a sync of hours gets, unless it is renewed. That happens where a stream begins its pass, and
    there alone: a pass goes by one listing to its end, by that of its own beginning, and claims no more than that saw.
    """

    clock: ClassVar[Callable[[], float]] = time.monotonic
    _listing: Any = None
    _made_at = 0.0
    _listed_anew: Collection[str] | None = None

    def renew(self) -> None:
        """Whoever asks for the listing next makes a new one, if this one is too old."""
        if type(self).clock() - self._made_at >= LISTING_LASTS:
            self._listing = self._listed_anew = None

    @abstractmethod
    def listed(self) -> Collection[str]:
        """The uuids of the rows, as they were listed."""

    def is_gone(self, uuid: str) -> bool:
        """Whether good answers say that a row is no longer there.

        It is missing where the list is read anew, in up to DEAR requests, once for all that have gone by then. Of a
        longer list the row itself is asked for twice, and a page of a list each time: 4 requests. Never errors alone.
        """
        if self._listed_anew is not None and uuid not in self._listed_anew:
            self.client.confirm()
            return True
        others = {other for other in self.listed() if other != uuid}
        if len(others) >= DEAR * self.client.rows_per_page:
            return self._is_denied(uuid) and self._is_denied(uuid)
        return self._is_missing_anew(uuid, others)

    def _is_missing_anew(self, uuid: str, others: Collection[str]) -> bool:
        found: set[str] = set()
        total = 0
        for page in self.pages.whole_list(self.facts.sort, {}):
            found.update(str(row.get("uuid")) for row in page.rows)
            total = page.total
            if uuid in found:
                self.client.end_requests()
                return False
        # A list that shows nothing of what it showed is another database's, and one with gaps proves nothing.
        if len(found) < total or (others and found.isdisjoint(others)):
            return False
        self._listed_anew = found
        return True

    def warn_of_unusable(self, count: int) -> None:
        """Rows whose uuid leads to no list below them."""
        if count:
            self.pages.emit(RowsUnusable(self.name, count))

    def _is_denied(self, uuid: str) -> bool:
        """Whether Mailcoach says that there is no such row, and right after answers well for others."""
        try:
            self.client.fetch(Query(f"{self.facts.endpoint}/{uuid}"))
        except RowNotFound:
            self.client.confirm()
            return True
        return False
