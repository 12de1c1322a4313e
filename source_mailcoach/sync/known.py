"""Which rows of a stream the destination has, so that it can be told which of them were deleted. Pure, for `state`.

Mailcoach tells of no deletion. What shows one is that a list has fewer rows than are known. Which they are shows when
all of it is read again: `Known` has the sketch of all rows that have come, and the difference from the sketch of the
rows that are there now names those that are gone (see `sketch`).

    read     when the last reading of the whole lists began, whether it came to its end or not
    rows     how many rows are known that were created before the cursor of the stream
    sketch   of these rows; "" before the first reading of the whole lists
    recent   rows that were created since, up to `ROOM` of them, each with that time: the next pass has to come across
             them again, so it notices at once if one is gone. Those beyond count as new again in the next pass.
    fresh    the same, of those that the pass under way has come across
    gone     rows that seem to be gone, and have yet to be asked for. Only Mailcoach's own word makes a tombstone.

A row that was created before the cursor is known, and any other is new: the cursor is the one time that is reckoned by
the clock that stamps rows, however wrong other clocks are. So each row gets into the sketch once. If one does not (the
process was killed), or does twice, the next reading of the whole lists puts it right, at the cost of a request.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from source_mailcoach.sync.saved import time_of
from source_mailcoach.sync.sketch import Sketch
from source_mailcoach.sync.times import parse_time, sortable

ROOM = 32
HELD = 5000
"""Rows of a pass whose keys are kept in memory: so a row that comes twice counts once, except in a longer list."""
PAGE = 15
Times = Mapping[bytes, str]


@dataclass(frozen=True)
class Known:
    """The rows of a stream that the destination has. Keys are those of `key_of`."""

    read: str | None = None
    rows: int = 0
    sketch: str = ""
    recent: Times = field(default_factory=dict)
    fresh: Times = field(default_factory=dict)
    gone: tuple[bytes, ...] = ()

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"read": self.read, "rows": self.rows, "sketch": self.sketch}
        for name, times in (("recent", self.recent), ("fresh", self.fresh)):
            if times:
                content[name] = {_text(key): created for key, created in times.items()}
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
        return cls(time_of(content["read"]), rows, sketch, recent, fresh, tuple(map(_bytes, content.get("gone", ()))))


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


class Rows:
    """The rows that a reading came across: a sketch, and one by one those that the cursor may not cover."""

    def __init__(self, sketch: Sketch, rows: int = 0, held: Times | None = None) -> None:
        self.sketch, self.rows = sketch, rows
        self.held = dict(held or {})

    def add(self, key: bytes | None, created: str | None, cursor: str | None) -> bool:
        """Take in a row; whether that changed the sketch. Of rows after the cursor so far, only `HELD` are taken."""
        if key and created and (cursor is None or created >= cursor):
            if len(self.held) < HELD:
                self.held[key] = created
            return False
        self.rows += 1
        if key:
            self.sketch.add(key)
        return key is not None

    def settle(self, cursor: str | None) -> None:
        """Take in those that the cursor covers in the end; the others stay held."""
        for key, created in list(self.held.items()):
            if cursor and created < cursor:
                self.add(key, self.held.pop(key), cursor)


class Tally:
    """What a pass comes across in this process, given what was known before it.

    `is_whole`: it reads all lists whole. `is_resumed`: it goes on after a part that this process has not seen.
    """

    def __init__(self, known: Known, width: int, is_whole: bool, is_resumed: bool) -> None:
        self._known, self._width = known, width
        self._text = known.sketch
        self._old = Rows(Sketch.from_text(known.sketch), known.rows, known.fresh) if known.sketch else None
        self._recent = dict(known.recent)
        self._gone = dict.fromkeys(known.gone)
        self._now = Rows(Sketch(width)) if is_whole and not is_resumed else None
        self._is_whole, self._is_complete = is_whole, not is_resumed
        self._came: set[bytes] = set()
        self._total: int | None = None
        self._counted = self._hidden = 0
        self.unnamed = 0
        """How many rows are gone that nothing names."""

    @property
    def known(self) -> Known:
        """What is known now: all rows that have come so far are in it."""
        if self._old is None:
            return self._known
        self._text = self._text or self._old.sketch.to_text()
        fresh = dict(list(self._old.held.items())[:ROOM])
        return Known(self._known.read, self._old.rows, self._text, self._recent, fresh, tuple(self._gone))

    @property
    def is_off(self) -> bool:
        """Whether the lists had more or fewer rows than are known; False if not all of them were seen."""
        return self._old is not None and self._is_complete and self._counted != self._known.rows

    def begin_list(self, is_resumed: bool) -> None:
        self._total = None
        self._is_complete = self._is_complete and not is_resumed

    def end_list(self, hidden: int) -> None:
        """The list has been read. The server counts so many more rows than it gave."""
        if self._now:
            self._now.rows += hidden
            self._hidden += hidden

    def fail(self) -> None:
        """A list could not be read."""
        self._is_complete = False

    def see(self, key: bytes | None, created: str | None, since: str | None, cursor: str | None) -> None:
        """Take in a row. Rows created `since` are new to the pass; `cursor` is the one that it will leave, so far."""
        if key and key in self._came:
            return
        if key and len(self._came) < HELD:
            self._came.add(key)
        if self._now:
            self._now.add(key, created, cursor)
        if self._old and (since is None or (created is not None and created >= since)):
            self._counted -= 1
            if key:
                self._recent.pop(key, None)
            if self._old.add(key, created, cursor):
                self._text = ""

    def see_total(self, total: int) -> None:
        """How many rows the list has. The first page tells: rows that come in later are not new to this pass."""
        if self._total is None:
            self._total = total
            self._counted += total

    def end(self, cursor: str | None, began: str | None) -> None:
        """The pass is over, and leaves this cursor."""
        old = self._old
        if old:
            old.settle(cursor)
            self._text = ""
            if self._is_complete:
                self._suspect(self._recent)
                self._recent = {}
        if self._is_whole:
            self._known = Known(began or self._known.read, self._known.rows, self._known.sketch)
        if self._now and self._is_complete:
            self._now.settle(cursor)
            if old:
                self._compare(old, self._now)
            self._old, self._text = self._now, ""
        if self._old:
            held = sorted(self._old.held.items(), key=lambda item: item[1])
            self._recent |= dict(held[: ROOM - len(self._recent)])
            self._old.held = {}

    def _compare(self, old: Rows, now: Rows) -> None:
        """If all of many rows are gone at once, another database has answered: that is told as too much to be named."""
        named = old.sketch.difference(now.sketch)
        if named is None or len(named.first) >= max(old.rows, PAGE):
            self.unnamed = max(1, old.rows - now.rows)
        else:
            self._suspect(sorted(named.first))

    def _suspect(self, keys: Iterable[bytes]) -> None:
        self._gone.update(dict.fromkeys(keys))

    # Those that seem to be gone -------------------------------------------------------------------------------------

    def is_gone(self, key: bytes) -> None:
        """Mailcoach says that there is no such row."""
        self._gone.pop(key, None)

    def is_there(self, key: bytes) -> None:
        """It is there all the same: it was counted twice, a page was wrong, or it is hidden behind equal rows.

        It stays known. If this pass came across it, it is known already.
        """
        self._gone.pop(key, None)
        if self._old and key not in self._came:
            self._old.rows += not self._hidden
            self._hidden = max(0, self._hidden - 1)
            self._old.sketch.add(key)
            self._text = ""

    def stays_unsure(self, key: bytes) -> None:
        """It could not be asked for. The next sync does so, after the others."""
        self._gone[key] = self._gone.pop(key, None)
