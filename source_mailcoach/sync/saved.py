"""The parts of a saved state, to JSON and back. What is not such a part raises ValueError, KeyError or TypeError.

A state comes back from outside, and may have been changed there. So all of it is checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.times import parse_time


@dataclass(frozen=True)
class ResumePoint:
    """Where to go on in a list that was read in part. A position is valid for one sort only."""

    sort: str
    position: Position

    def to_json(self) -> dict[str, Any]:
        return {"sort": self.sort, "position": position_to_json(self.position)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ResumePoint | None":
        """The resume point, or None if there is none, or one that cannot be found again."""
        parts = content.get("position")
        position = None if parts is None else position_of(parts)
        return None if position is None else cls(str(content["sort"]), position)


def position_to_json(position: Position) -> list[Any]:
    numbers = [position.rows, position.total, position.size]
    return [*numbers, position.since, position.top, position.ahead, *position.marks]


def position_of(parts: Sequence[Any]) -> Position | None:
    """None for a position that an earlier version saved, because it may not be found again: its list is read anew."""
    rows, total, size = (int(number) for number in parts[:3])
    if min(rows, total) < 0 or size < 1:
        raise ValueError("not a position in a list")
    if len(parts) < 6:
        return None
    since, top, ahead, *marks = parts[3:]
    if int(ahead) < 0 or not all(isinstance(mark, str) for mark in marks):
        raise ValueError("not a position in a list")
    return Position(rows, total, size, time_of(since), tuple(marks), time_of(top), int(ahead))


def text_of(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("not a text")
    return value


def time_of(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or parse_time(value) is None):
        raise ValueError("not a time")
    return value
