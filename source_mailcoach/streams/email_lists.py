"""The email lists of the account, and the listing that tells the streams below them which lists there are."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from airbyte_cdk.models import SyncMode

from source_mailcoach.streams.facts import Facts, Row
from source_mailcoach.streams.listing import ListingStream, count_of, is_usable
from source_mailcoach.sync.state import Parent
from source_mailcoach.sync.times import sortable


class EmailLists(ListingStream):
    """Sortable by name, creation time and subscribers only. Lists created together have the same second."""

    facts = Facts(endpoint="email-lists", key=("uuid",), sort="-created_at,name")
    listed_at: datetime | None = None
    _listing: Sequence[Parent] | None = None

    def read_whole(self, sync_mode: SyncMode) -> Iterator[Row]:
        """All email lists."""
        found: list[Parent] = []
        self.listed_at, unusable = None, 0
        for row in super().read_whole(sync_mode):
            self.listed_at = min(self.pages.now, self.listed_at or self.pages.now)
            if is_usable(uuid := row.get("uuid")):
                rows = count_of(row.get("active_subscribers_count"))
                found.append(Parent(sortable(row.get("created_at")) or "", uuid, rows=rows))
            else:
                unusable += 1
            yield row
        self.warn_of_unusable(unusable)
        self._made_at, self._listing = type(self).clock(), found

    def listing(self) -> Sequence[Parent]:
        """The email lists, from the reading of this stream. If it was not read yet, it is read for this."""
        if self._listing is None:
            for _ in self.read_whole(SyncMode.full_refresh):
                pass
        assert self._listing is not None
        return self._listing

    def listed(self) -> Collection[str]:
        return [email_list.uuid for email_list in self.listing()]
