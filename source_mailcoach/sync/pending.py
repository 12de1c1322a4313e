"""Lists that could not be read, and so are pending: they are read again until they come. Pure, for `state`.

As many as `ROOM` are remembered, so that the state stays small whatever fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.saved import position_of, position_to_json, text_of, time_of

ROOM = 10


@dataclass(frozen=True)
class Pending:
    """The list of a parent that is still to be read: all that changed since a time, or (None) all of it.

    It goes on at a position, which holds for one sort only. The position can be from a pass that was closed without
    this list: `until` is then the cursor of that pass. What changed after it is not behind the position, and stays
    pending when the rest has come. `is_new`: it failed in this sync for the first time. That is not saved.
    """

    parent: str
    since: str | None = None
    sort: str | None = None
    position: Position | None = None
    until: str | None = None
    is_new: bool = False

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"parent": self.parent, "since": self.since}
        if self.position:
            content |= {"sort": self.sort, "position": position_to_json(self.position)}
            content |= {"until": self.until} if self.until else {}
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Pending":
        position = None if content.get("position") is None else position_of(content["position"])
        if not isinstance(content["parent"], str):
            raise ValueError("not a parent")
        pending = cls(content["parent"], time_of(content["since"]))
        if position is None:
            return pending
        sort, until = text_of(content["sort"]), time_of(content.get("until"))
        return replace(pending, sort=sort, position=position, until=until)

    def carried(self, cursor: str | None) -> "Pending":
        """As it is left to the next pass, by one that leaves this cursor. Without a cursor it begins anew."""
        if self.position is None or cursor is None:
            return Pending(self.parent, self.since)
        return replace(self, until=self.until or cursor, is_new=False)

    def finished(self) -> "Pending | None":
        """What of it is pending still after it was read to its end."""
        return Pending(self.parent, self.until) if self.until else None
