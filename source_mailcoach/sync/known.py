"""Which rows of a stream the destination has, so that it can be told which of them were deleted. Pure, for `state`.

Mailcoach tells of no deletion. What shows one is that a list has fewer rows than are known. Which they are shows when
all of it is read again: `Known` has the sketch of all rows that have come, and the difference from the sketch of the
rows that are there now names those that are gone (see `sketch`).

    read     when the last reading of the whole lists began, whether it came to its end or not
    until    rows that were created before this time are known, and any other row is new: a little after the cursor
    rows     how many rows are known
    sketch   of these rows; "" before the first reading of the whole lists
    recent   rows that were created since, up to `ROOM` of them, each with that time: the next pass has to come across
             them again, so it notices at once if one is gone. Those beyond are only known after that.
    fresh    the same, of those that the pass under way has come across
    latest   the latest change of a row that came: a destination heeds no tombstone that is earlier than its row
    gone     rows that seem to be gone, and have yet to be asked for. Only Mailcoach's own word makes a tombstone.

The cursor of a stream is the one time that is reckoned by the clock that stamps rows, however wrong other clocks are.
So each row gets into the sketch once. If one does not (the process was killed), or does twice, the next reading of the
whole lists puts it right, at the cost of a request. What a pass changes of all this is in `tally`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from source_mailcoach.sync.saved import time_of
from source_mailcoach.sync.sketch import Sketch
from source_mailcoach.sync.times import parse_time, sortable

ROOM = 32
Times = Mapping[bytes, str]


@dataclass(frozen=True)
class Known:
    """The rows of a stream that the destination has. Keys are those of `key_of`."""

    read: str | None = None
    until: str | None = None
    rows: int = 0
    sketch: str = ""
    recent: Times = field(default_factory=dict)
    fresh: Times = field(default_factory=dict)
    latest: str | None = None
    gone: tuple[bytes, ...] = ()

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"read": self.read, "until": self.until, "rows": self.rows, "sketch": self.sketch}
        for name, times in (("recent", self.recent), ("fresh", self.fresh)):
            if times:
                content[name] = {_text(key): created for key, created in times.items()}
        if self.latest:
            content["latest"] = self.latest
        if self.gone:
            content["gone"] = list(map(_text, self.gone))
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Known":
        """Raises ValueError, KeyError or TypeError for anything that `to_json` does not make."""
        rows, sketch = int(content["rows"]), content["sketch"]
        if rows < 0 or (sketch and not Sketch.from_text(sketch)):
            raise ValueError("not what is known of the rows")
        recent, fresh = (
            {_bytes(key): _time(created) for key, created in content.get(name, {}).items()}
            for name in ("recent", "fresh")
        )
        until, latest = (time and _time(time) for time in (content["until"], content.get("latest")))
        gone = tuple(map(_bytes, content.get("gone", ())))
        return cls(time_of(content["read"]), until, rows, sketch, recent, fresh, latest, gone)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not a key") from error


def _time(value: Any) -> str:
    if time := sortable(value):
        return time
    raise ValueError("not a time")


def key_of(*uuids: Any) -> bytes | None:
    """The key of a row: its uuid, and that of its email list if it has one, in 16 bytes each.

    None if one of them is no uuid in the usual form, from which it could not be told again. Such rows are counted only.
    """
    try:
        parts = [UUID(uuid) for uuid in uuids]
    except (AttributeError, TypeError, ValueError):
        return None
    return b"".join(part.bytes for part in parts) if list(map(str, parts)) == list(uuids) else None


def uuids_of(key: bytes) -> list[str]:
    """The uuids of which `key_of` made a key."""
    return [str(UUID(bytes=key[start : start + 16])) for start in range(0, len(key), 16)]


def is_whole_due(known: Known, now: datetime | None, every: timedelta, *, is_off: bool, is_short: bool) -> bool:
    """Whether all lists are to be read whole. `is_off`: they have more or fewer rows than are known.

    Short lists are read whole as soon as they are off, and after the time `every` anyway. Other lists only if they are
    off, and not again before that time; never if it is 0.
    """
    read = parse_time(known.read)
    has_waited = bool(every) and (read is None or (now is not None and now - read >= every))
    if is_short:
        return not known.sketch or is_off or has_waited
    return has_waited and (not known.sketch or is_off)
