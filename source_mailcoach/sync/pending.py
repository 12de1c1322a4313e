"""Lists that could not be read are *pending*: each sync tries them again until they come. Pure, for `state`.

At most `ROOM` of them are remembered, so that the state stays small whatever fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from source_mailcoach.sync.saved import ResumePoint, time_of

ROOM = 10


@dataclass(frozen=True)
class Pending:
    """The list of a parent that still has to be read: what changed since a time, or (None) all of it.

    `resume`: where to go on, if it was read in part. If that was in a pass that is closed by now, `until` is the cursor
    of that pass. Later changes may be before the resume point, so they stay pending when the rest has come. `is_new`:
    it failed for the first time in this sync. That is not saved.
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
        """What the next pass gets from one that ends with this cursor. Without one, the list is read from its start."""
        if self.resume is None or cursor is None:
            return Pending(self.parent, self.since)
        return replace(self, until=self.until or cursor, is_new=False)

    def finished(self) -> "Pending | None":
        """What is still pending after the list was read to its end."""
        return Pending(self.parent, self.until) if self.until else None
