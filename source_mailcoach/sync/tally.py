"""What a pass comes across of a stream's rows, and which of those that were `known` are gone after it. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from source_mailcoach.sync.known import ROOM, Known, Times
from source_mailcoach.sync.sketch import Sketch
from source_mailcoach.sync.times import parse_time, sortable

HELD = 5000
"""Rows of a pass whose keys are kept in memory: so a row that comes twice counts once, except in a longer list."""
PAGE = 15
SECOND = timedelta(seconds=1)


class Rows:
    """The rows that a reading came across: a sketch of those that its cursor covers, and the others one by one.

    The cursor so far only grows, mostly. Rows of its very second may be very many, after an import: they have a sketch
    of their own, the `edge`, until it is clear whether they are covered.
    """

    def __init__(self, sketch: Sketch, rows: int = 0, held: Times | None = None) -> None:
        self.sketch, self.rows = sketch, rows
        self._held = dict(held or {})
        self._cursor: str | None = None
        self._edge, self._rows_of_edge = Sketch(sketch.width), 0
        self._of_edge: dict[bytes, str] = {}

    @property
    def held(self) -> Times:
        """The rows that are not in the sketch, up to ROOM of them, the oldest first."""
        return dict(sorted({**self._held, **self._of_edge}.items(), key=lambda item: item[1])[:ROOM])

    @property
    def is_crowded(self) -> bool:
        """Whether the second of the cursor has more rows than can be held."""
        return self._rows_of_edge > ROOM

    def add(self, key: bytes | None, created: str | None, cursor: str | None) -> bool:
        """Take in a row, given the cursor so far; whether that changed the sketch."""
        before = self.rows
        if cursor != self._cursor:
            self._move(cursor)
        if not key or not created or (cursor and created < cursor):
            self.rows += 1
            if key:
                self.sketch.add(key)
        elif cursor and created < second_after(cursor):
            self._edge.add(key)
            self._rows_of_edge += 1
            if len(self._of_edge) < ROOM:
                self._of_edge[key] = created
        elif len(self._held) < HELD:
            self._held[key] = created
        return self.rows != before

    def settle(self, until: str | None) -> None:
        """Take in all rows that were created before a time, and hold the others."""
        self._move(until)
        for key, created in list(self._held.items()):
            if until and created < until:
                self.add(key, self._held.pop(key), until)

    def _move(self, cursor: str | None) -> None:
        if self._cursor and cursor and self._cursor < cursor:
            self.sketch.add_all(self._edge)
            self.rows += self._rows_of_edge
        else:
            self._held |= self._of_edge
        self._cursor = cursor
        self._edge, self._rows_of_edge, self._of_edge = Sketch(self.sketch.width), 0, {}


@lru_cache(maxsize=8)
def second_after(time: str) -> str:
    at = parse_time(time)
    return sortable((at + SECOND).isoformat()) or time if at else time


class Tally:
    """What a pass comes across in this process, given what was known before it.

    `is_whole`: it reads all lists whole. `is_resumed`: it goes on after a part that this process has not seen. Times
    are such as `sortable` makes.
    """

    def __init__(self, known: Known, width: int, is_whole: bool, is_resumed: bool) -> None:
        self._known = known
        self._text = known.sketch
        self._old = Rows(Sketch.from_text(known.sketch), known.rows, known.fresh) if known.sketch else None
        self._recent = dict(known.recent)
        self._gone = dict.fromkeys(known.gone)
        self._now = Rows(Sketch(width)) if is_whole and not is_resumed else None
        self._is_whole, self._is_complete = is_whole, not is_resumed
        self._came: set[bytes] = set()
        self._total: int | None = None
        self._counted = self._hidden = 0
        self._rows_before, self._has_ended = known.rows, False
        self.latest = known.latest
        self.unnamed = 0
        """How many rows are gone that nothing names."""

    @property
    def known(self) -> Known:
        """What is known now: all rows that have come so far are in it."""
        if self._old is None:
            return self._known
        self._text = self._text or self._old.sketch.to_text()
        held = self._old.held
        recent, fresh = ({**self._recent, **held}, {}) if self._has_ended else (self._recent, held)
        return replace(
            self._known,
            rows=self._old.rows,
            sketch=self._text,
            recent=dict(list(recent.items())[:ROOM]),
            fresh=fresh,
            latest=self.latest,
            gone=tuple(self._gone),
        )

    @property
    def is_off(self) -> bool:
        """Whether the lists had more or fewer rows than are known; False if not all of them were seen."""
        return self._old is not None and self._is_complete and self._counted != self._rows_before

    def begin_list(self, is_resumed: bool) -> None:
        self._total = None
        self._is_complete = self._is_complete and not is_resumed

    def lacked(self, missing: int) -> None:
        """The server counts so many more rows of a list than it gave."""
        if self._now:
            self._now.rows += missing
            self._hidden += missing

    def fail(self) -> None:
        """A list could not be read."""
        self._is_complete = False

    def see(self, key: bytes | None, created: str | None, cursor: str | None, since: str | None = None) -> None:
        """Take in a row. `cursor` is the one that the pass will leave, so far.

        `since`: rows of its list that were created since are new, because earlier passes could not read it.
        """
        if key and key in self._came:
            return
        if key and len(self._came) < HELD:
            self._came.add(key)
        if self._now:
            self._now.add(key, created, cursor)
        since = since or self._known.until
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
        """The pass is over, and leaves this cursor. `began`: the server's time at its earliest page.

        The cursor covers its own second only if that has too many rows to hold. More could have come in that second,
        and no clock tells whether it was over. The next whole reading finds those.
        """
        old, now, until = self._old, self._now if self._is_complete else None, cursor
        if cursor and any(rows.is_crowded for rows in (old, now) if rows):
            until = second_after(cursor)
        for rows in (old, now):
            if rows:
                rows.settle(until)
        if old and self._is_complete:
            self._suspect(self._recent)
            self._recent = {}
        if now and old:
            self._compare(old, now)
        self._old, self._text, self._has_ended = now or old, "", True
        read = began or self._known.read if self._is_whole else self._known.read
        self._known = Known(read, until if self._old else None)

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
        """Mailcoach says that there is no such row, or nobody wants it any more."""
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
