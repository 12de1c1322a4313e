"""Lists whose rows have lists of their own. They are fetched at most once an hour, however many streams need them."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import Any, ClassVar, TypeGuard

from source_mailcoach.messages.findings import RowsUnusable
from source_mailcoach.streams.absence import denied
from source_mailcoach.streams.adapter import MailcoachStream

# Pages: a longer list is not read again for one row that may be gone.
DEAR = 10
LISTING_LASTS = 3600.0  # seconds
USABLE = re.compile(r"(?!true$|false$|[0-9]+$)[0-9A-Za-z_-]+")


def is_usable(uuid: object) -> TypeGuard[str]:
    """Whether a uuid can be part of a path. Numbers, true, false and slashes would ask for nothing or another list."""
    return isinstance(uuid, str) and USABLE.fullmatch(uuid) is not None


def count_of(value: object) -> int:
    """A counter for an estimate; 0 if it is none."""
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


class ListingStream(MailcoachStream, ABC):
    """A stream whose rows have lists below them. Streams of these use its listing, and ask it what was deleted since.

    In a sync of hours, a listing grows old and has to be renewed. That happens only where a stream begins a pass: the
    pass goes by that one listing to its end, and its cursor claims no more than that listing saw.
    """

    clock: ClassVar[Callable[[], float]] = time.monotonic
    _listing: Any = None
    _made_at = 0.0
    _listed_anew: Collection[str] | None = None

    def renew(self) -> None:
        """Drop the listing if it is too old. Whoever asks for it next makes a new one."""
        if type(self).clock() - self._made_at >= LISTING_LASTS:
            self._listing = self._listed_anew = None
            self.pages.missing = 0

    @abstractmethod
    def listed(self) -> Collection[str]:
        """The uuids of the rows, as they were listed."""

    def is_gone(self, uuid: str) -> bool:
        """Whether good answers show that a row is no longer there. Errors alone never show it.

        A list of up to DEAR pages is read again, once for all rows that have gone by then. In a longer list that would
        cost too much: the row itself is asked for twice, and a page of a list after each time, so 4 requests.
        """
        if self._listed_anew is not None and uuid not in self._listed_anew:
            self.client.confirm()
            return True
        others = {other for other in self.listed() if other != uuid}
        if len(others) >= DEAR * self.client.rows_per_page:
            return bool(denied(self.client, {uuid: f"{self.facts.endpoint}/{uuid}"}))
        return self._is_missing_anew(uuid, others)

    def _is_missing_anew(self, uuid: str, others: Collection[str]) -> bool:
        """By a reading of its own: whatever it lacks was not to be emitted, so no row counts as missing for that."""
        found: set[str] = set()
        total = 0
        for page, _ in self.pages.whole_list_reader(self.facts.sort, {}):
            found.update(str(row.get("uuid")) for row in page.rows)
            total = page.total
            if uuid in found:
                self.client.end_requests()
                return False
        # If none of the other rows is there, another database has answered. A list with gaps proves nothing.
        if len(found) < total or (others and found.isdisjoint(others)):
            return False
        self._listed_anew = found
        return True

    def warn_of_unusable(self, count: int) -> None:
        """Tell how many rows have no usable uuid, so that the lists below them cannot be read."""
        if count:
            self.pages.emit(RowsUnusable(self.name, count))
