"""Opens of one campaign that are computed from their index when a page is asked for, and never stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.world.entities import EmailList, OpenGroup, Statistics, Subscriber
from sandbox.world.order import Ordered, SelfOrdered
from sandbox.world.times import DAY, HOUR

AGE = 200 * DAY
BUSY = 2 * DAY
"""All opens come within two days of the sending, some in each second."""


class GeneratedOpens(SelfOrdered[OpenGroup]):
    """Opens by index, from 0: the order of their email addresses and of their times. Each subscriber opened once."""

    def __init__(self, size: int, email_list: EmailList, sent_at: int) -> None:
        self.size = size
        self.email_list = email_list
        self.sent_at = sent_at
        self.per_second = 1 + size // BUSY

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._row(each) for each in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(index)
        return self._row(index % self.size)

    def _row(self, index: int) -> OpenGroup:
        at = self.sent_at + 1 + index // self.per_second
        joined = self.sent_at - 30 * DAY
        who = Subscriber(
            id=1_000_000_000 + index,
            uuid=f"6e000000-0000-4000-8000-{index:012x}",
            email_list=self.email_list,
            email=f"opener{index:09d}@example.com",
            first_name=None,
            last_name=None,
            extra_attributes={},
            tags=[],
            subscribed_at=joined,
            unsubscribed_at=None,
            created_at=joined,
            updated_at=at,
        )
        return OpenGroup(who, 1, at, at)

    def in_order(self, sorts: Sequence[str]) -> Ordered[OpenGroup]:
        """All have the same `open_count`, and those of one second the same times; emails are unique."""
        keys = [sort for sort in sorts if sort.lstrip("-") != "open_count"]
        if not keys:
            return Ordered(self, [0])
        descending = keys[0].startswith("-")
        emails = next((place for place, key in enumerate(keys) if key.lstrip("-") == "email"), None)
        if emails == 0:
            return Ordered(_Places(self, descending, 1, False), range(self.size))
        if emails is None:
            return Ordered(_Places(self, descending, 1, False), _Starts(self.size, self.per_second, descending))
        turned = keys[emails].startswith("-") != descending
        return Ordered(_Places(self, descending, self.per_second, turned), range(self.size))


class _Places(Sequence[OpenGroup]):
    """Opens from the first or the last on; `turned` reverses each group of `group` neighbours in its place."""

    def __init__(self, opens: GeneratedOpens, descending: bool, group: int, turned: bool) -> None:
        self.opens = opens
        self.descending = descending
        self.group = group
        self.turned = turned

    def __len__(self) -> int:
        return len(self.opens)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        index = len(self) - 1 - place if self.descending else place
        if self.turned:
            first = index // self.group * self.group
            index = first + min(first + self.group, len(self)) - 1 - index
        return self.opens[index]


class _Starts(Sequence[int]):
    """Where groups of equal rows begin. The group that isn't full comes last, or first in descending order."""

    def __init__(self, size: int, group: int, descending: bool) -> None:
        self.places = range(-(-size % group) if descending else 0, size, group)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, number: Any) -> Any:
        return max(0, self.places[number])


def campaign_fields(size: int, email_list: EmailList, now: int) -> dict[str, Any]:
    """A campaign that was sent long ago and that nothing happens to any more."""
    sent = now - AGE
    return {
        "email_list": email_list,
        "created_at": sent - HOUR,
        "updated_at": sent,
        "last_modified_at": sent - HOUR,
        "sent_at": sent,
        "statistics_calculated_at": sent + 14 * DAY,
        "sent_to_number_of_subscribers": size,
        "statistics": Statistics(open_count=size, unique_open_count=size),
        "html_bytes": 100,
    }
