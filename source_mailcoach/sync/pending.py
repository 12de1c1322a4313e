"""Lists that could not be read, and so are pending: they are read again until they come. Pure, for `state`.

As many as `ROOM` are remembered, so that the state stays small whatever fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from source_mailcoach.sync.saved import ResumePoint, time_of

ROOM = 10


@dataclass(frozen=True)
class Pending:
    """The list of a parent that is still to be read: all that changed since a time, or (None) all of it.

    It goes on at `resume`, if it was read in part. That can be from a pass that was closed without this list: `until`
    is then the cursor of that pass. What changed after it is not behind that point, and stays pending when the rest
    has come. `is_new`: it failed in this sync for the first time. That is not saved.
    """

    parent: str
    since: str | None = None
    resume: ResumePoint | None = None
    until: str | None = None
    is_new: bool = False

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"parent": self.parent, "since": self.since}
        if self.resume:
            content |= self.resume.to_json()
            content |= {"until": self.until} if self.until else {}
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Pending":
        if not isinstance(content["parent"], str):
            raise ValueError("not a parent")
        resume = ResumePoint.from_json(content)
        until = time_of(content.get("until")) if resume else None
        return cls(content["parent"], time_of(content["since"]), resume, until)

    def carried(self, cursor: str | None) -> "Pending":
        """As it is left to the next pass, by one that leaves this cursor. Without a cursor it begins anew."""
        if self.resume is None or cursor is None:
            return Pending(self.parent, self.since)
        return replace(self, until=self.until or cursor, is_new=False)

    def finished(self) -> "Pending | None":
        """What of it is pending still after it was read to its end."""
        return Pending(self.parent, self.until) if self.until else None
