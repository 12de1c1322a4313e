"""The owner of lists below an email list."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from source_mailcoach.config import Config
from source_mailcoach.messages.events import Announced, RowsExpected
from source_mailcoach.messages.words import many
from source_mailcoach.streams.adapter import MailcoachSubStream
from source_mailcoach.streams.email_lists import EmailLists
from source_mailcoach.streams.facts import Slice
from source_mailcoach.streams.of_account import OfAccount
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync import clocks, transitions
from source_mailcoach.sync.state import Mode, Parent, State


class OfEmailLists(OfAccount):
    """A list for each email list. Each is read as far as its own rows are new."""

    unit = "email lists"

    def __init__(self, pages: Pages, config: Config, email_lists: EmailLists) -> None:
        super().__init__(pages, config)
        self._email_lists = email_lists

    def parents(self) -> Sequence[Parent]:
        return self._email_lists.listing()

    def parents_listed_at(self) -> datetime | None:
        return self._email_lists.listed_at

    def next_pass(self, saved: Mapping[str, Any], mode: Mode) -> tuple[State, str | None, Sequence[Parent]]:
        self._email_lists.renew()
        return super().next_pass(saved, mode)

    def slice_of(self, parent: Parent) -> Slice:
        return {"email_list_uuid": parent.uuid}

    def is_gone(self, parent: Parent) -> bool:
        return self._email_lists.is_gone(parent.uuid)

    def announce(self, reached: State, due: Sequence[Parent]) -> None:
        if self._facts.counter and not reached.cursor:
            self._pages.emit(RowsExpected(sum(parent.rows for parent in due)))
        what = f"{many(len(due), 'email list')} to be read"
        self._pages.emit(Announced(self._pages.stream, what, len(due), self._client.budget.per_minute))

    def expected_requests(self, mode: Mode, saved: Mapping[str, Any]) -> int:
        """Of each list at least one. Mailcoach only counts subscribers, and not how many of them have changed."""
        reached, _ = transitions.start_pass(saved, self.scope, mode, clocks.latest(self._client.server_time))
        parents = transitions.due(reached, self.parents())
        if not self._facts.counter or reached.cursor:
            return len(parents)
        return sum(self._client.requests_for(parent.rows) for parent in parents)


class EmailListStream(MailcoachSubStream):
    """A list below an email list."""

    parent: EmailLists

    def owner_of_lists(self) -> OfEmailLists:
        return OfEmailLists(self.pages, self.config, self.parent)
