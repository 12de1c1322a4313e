"""The owner of lists of the account, and what all owners of lists with times of change have in common."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from source_mailcoach.config import Config
from source_mailcoach.messages.events import Counter
from source_mailcoach.streams.facts import Slice
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync import clocks, gate, transitions
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.state import ACCOUNT, Mode, Parent, Scope, State
from source_mailcoach.sync.times import parse_time


class Owner(Protocol):
    """Tells which lists of an endpoint are due in a pass, and what of each is known. Each stream has its own owner.

    `unit` is what a log line counts: what the lists belong to, or the pages if there is only one list. `scope` has the
    settings for which a state is valid. Rows before the `start_date` are left out.
    """

    @property
    def unit(self) -> str: ...

    @property
    def scope(self) -> Scope: ...

    @property
    def start_date(self) -> datetime | None: ...

    def next_pass(self, saved: Mapping[str, Any], mode: Mode) -> tuple[State, str | None, Sequence[Parent]]:
        """The state with a running pass, the reason if the saved state cannot be used, and the parents that are due."""

    def slice_of(self, parent: Parent) -> Slice:
        """What the requests for a parent's list need, and what its records are stamped with."""

    def known_before(self, reached: State, parent: Parent) -> datetime | None:
        """The time before which the rows of a parent are known already; None if all of them have to be read."""

    def saw(self, reached: State, page: Page, parent: Parent, newest_first: bool) -> State:
        """Take in a page of a parent's list. `newest_first`: it was read by a sort with the latest changes first."""

    def is_gone(self, parent: Parent) -> bool:
        """After a 404: whether good answers show that the parent was deleted after it had been listed."""

    def counter_of(self, parent: Parent) -> Counter | None:
        """The parent's own count of its rows, if it has one that counts the same."""

    def announce(self, reached: State, due: Sequence[Parent]) -> None:
        """Tell how much will be read, as far as that is known before the first page."""

    def expected_requests(self, mode: Mode, saved: Mapping[str, Any]) -> int:
        """How many requests a pass in this mode with this saved state will take, by what is known now."""


class OfAccount:
    """A single list. The cursor that a pass leaves comes from the times of rows and answers: see `transitions`."""

    unit = "pages"

    def __init__(self, pages: Pages, config: Config) -> None:
        self._pages, self._client, self._facts = pages, pages.client, pages.facts
        self._window = config.engagement_window
        self._shown_of: Parent | None = None
        self.scope: Scope = config.scope()
        self.start_date: datetime | None = None
        if self._facts.starts:
            self.scope = {**self.scope, "start_date": config.start}
            self.start_date = parse_time(config.start)

    def parents(self) -> Sequence[Parent]:
        return [ACCOUNT]

    def parents_listed_at(self) -> datetime | None:
        """The time when the parents were listed, if there is a listing. Later parents are new to the next pass."""
        return None

    def next_pass(self, saved: Mapping[str, Any], mode: Mode) -> tuple[State, str | None, Sequence[Parent]]:
        parents = self.parents()
        reached, reason = transitions.start_pass(saved, self.scope, mode, clocks.latest(self._client.server_time))
        if listed_at := self.parents_listed_at():
            reached = transitions.saw(reached, listed_at)
        reached = transitions.listed(reached, parents)
        return reached, reason, transitions.due(reached, parents)

    def slice_of(self, parent: Parent) -> Slice:
        return {}

    def known_before(self, reached: State, parent: Parent) -> datetime | None:
        known = gate.seen_before(reached, parent)
        if known and self._facts.rereads:
            known = min(known, clocks.earliest(self._client.server_time) - self._window)
        return max((time for time in (known, self.start_date) if time), default=None)

    def saw(self, reached: State, page: Page, parent: Parent, newest_first: bool) -> State:
        """In a list read newest first, only the first page counts: newer rows on a later page come from a cache."""
        changes = [change for row in page.rows if (change := self._facts.changed_at(row))]
        self._pages.compare_clocks(max(changes, default=None))
        past = [change for change in changes if change <= self._pages.now]
        shown = () if newest_first and self._shown_of is parent else past
        self._shown_of = parent if past else self._shown_of
        return transitions.saw(reached, self._pages.now, shown)

    def is_gone(self, parent: Parent) -> bool:
        return False

    def counter_of(self, parent: Parent) -> Counter | None:
        return None

    def announce(self, reached: State, due: Sequence[Parent]) -> None:
        """Nothing: the first page tells how many rows there are."""

    def expected_requests(self, mode: Mode, saved: Mapping[str, Any]) -> int:
        return 1
