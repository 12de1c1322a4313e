"""How far a stream has come, and what is due next. Pure functions on plain data.

A sync is a *pass* through the parents of a stream (campaigns, email lists, or the account as a whole) in the order of
their creation, which never changes. The state of a stream has the same size however many parents there are:

    {"scope": {…}, "cursor": "2026-11-20T08:00:00Z",
     "pass": {"mode": "incremental", "cursor": "2026-11-21T08:00:00Z", "after": ["2026-01-05T10:00:00Z", "<uuid>"],
              "parent": "<uuid>", "sort": "-first_opened_at,email", "position": [600, 1234, 15, …]}}

`cursor` is how far the last finished pass saw, `pass` is there while one is unfinished: the cursor it will leave, the
last parent it is done with, and its position in the one that it is reading (see `paging.Position`), which holds for
the same sort only.

A parent whose list cannot be read does not stop a pass. It is *pending*, and the pass goes on behind it:

    "pending": [{"parent": "<uuid>", "since": "2026-11-20T08:00:00Z", "sort": …, "position": […]}]

- The next sync reads what has come since, and pending lists last, from where each of them stopped. Nothing else is read
  again, and the pass stays open.
- If they fail in that sync too, an incremental pass is closed all the same, or changes of all other parents would wait
  for them; `since` is the cursor that counts for them from then on. A full refresh stays open until they have come.
- `pending.ROOM` of them are remembered. With one more, `after` stands still where that one failed: what follows is read
  in this sync, and all of it once more in the next.

The cursor that a pass leaves is not beyond the time, by the clock that stamps rows, at which its earliest page was
answered: whatever changes after its page was read is then new to the next pass. `watermark` tells that time from both
the answers' times and the rows', since neither clock can be believed alone. In particular,

- a list that is read newest first shows its newest row on its first page: later pages add nothing;
- rows of lists that are read later count less the time between, as they can be newer than what the first one missed;
- a pass that is killed and goes on hours later keeps the time when it began (`began`), and reckons from there;
- rows from the future count for nothing, and if no row shows a time, the cursor before holds;
- a full refresh leaves no cursor.

What of a list is known already, and need not be read, is in `gate`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.pending import ROOM, Pending
from source_mailcoach.sync.saved import ResumePoint, text_of, time_of
from source_mailcoach.sync.times import format_time, latest, parse_time
from source_mailcoach.sync.watermark import Watermark

Mode = Literal["full_refresh", "incremental"]
Place = tuple[str, str]
AnyParent = TypeVar("AnyParent", bound="Parent")
# What a state was made for: settings by which rows are left out, or look different, and their values as text. The
# gate knows nothing of campaigns that were not in the listing then.
Scope = Mapping[str, str | None]

# A cursor from beyond both clocks, by more than this, would let nothing through for as long.
FUTURE_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True)
class Parent:
    """What a stream has a list for. Times are text as Mailcoach sends it; `rows` are those that it counts, if any."""

    created_at: str
    uuid: str
    rows: int = field(default=0, kw_only=True)

    @property
    def place(self) -> Place:
        """Its place in the order of a pass."""
        return self.created_at, self.uuid


ACCOUNT = Parent("", "")


@dataclass(frozen=True)
class HalfRead:
    """The list that a pass is reading, and where it has come to in it."""

    parent: str
    resume: ResumePoint


@dataclass(frozen=True)
class Pass:
    """A pass under way, with the server's time at its earliest page.

    `stands`: a parent before others failed, and could not be remembered. That is not saved.
    """

    mode: Mode
    cursor: str | None
    began: str | None = field(default=None, kw_only=True)
    stands: bool = field(default=False, kw_only=True)
    after: Place | None = None
    half_read: HalfRead | None = None


@dataclass(frozen=True)
class State:
    """The state of one stream; `running` is None between two passes."""

    scope: Scope
    cursor: str | None = None
    running: Pass | None = None
    pending: tuple[Pending, ...] = ()

    def pending_of(self, parent: Parent) -> Pending | None:
        return next((each for each in self.pending if each.parent == parent.uuid), None)

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"scope": dict(self.scope)}
        if self.cursor:
            content["cursor"] = self.cursor
        if running := self.running:
            content["pass"] = {"mode": running.mode, "cursor": running.cursor}
            if running.began:
                content["pass"]["began"] = running.began
            if running.after:
                content["pass"]["after"] = list(running.after)
            if half_read := running.half_read:
                content["pass"] |= {"parent": half_read.parent, **half_read.resume.to_json()}
        if self.pending:
            content["pending"] = [each.to_json() for each in self.pending]
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "State":
        """Raises ValueError for anything that `to_json` does not make."""
        try:
            running = content.get("pass")
            return cls(
                scope={str(setting): text_of(value) for setting, value in content["scope"].items()},
                cursor=time_of(content.get("cursor")),
                running=None if running is None else _pass(running),
                pending=tuple(map(Pending.from_json, content.get("pending", ()))),
            )
        except (AttributeError, KeyError, OverflowError, TypeError) as error:
            raise ValueError("not a state of this stream") from error


def _pass(content: Mapping[str, Any]) -> Pass:
    if content["mode"] not in ("full_refresh", "incremental"):
        raise ValueError("not a sync mode")
    after, resume = content.get("after"), ResumePoint.from_json(content)
    if after is not None and [type(part) for part in after] != [str, str]:
        raise ValueError("not a place in the order of parents")
    return Pass(
        mode=content["mode"],
        cursor=time_of(content["cursor"]),
        began=time_of(content.get("began")),
        after=None if after is None else (after[0], after[1]),
        half_read=None if resume is None else HalfRead(str(content["parent"]), resume),
    )


def start_pass(
    stored: Mapping[str, Any],
    scope: Scope,
    mode: Mode,
    now: datetime,
    cursor: str | None = None,
    began: str | None = None,
) -> tuple[State, str | None]:
    """The state with a pass that runs: the stored one if it can go on, or a new one, which will leave the cursor.

    Returns with it the reason, for the log, if what was stored could not be used at all.
    """
    old, reason = usable(stored, scope, now)
    if mode == "full_refresh":
        old = replace(old, cursor=None)
    if old.running and old.running.mode == mode:
        return old, reason
    if old.running or mode == "full_refresh":  # the pass of another mode is given up, and with it what it has left
        old = replace(old, pending=())
    return replace(old, running=Pass(mode, cursor, began=began)), reason


def usable(stored: Mapping[str, Any], scope: Scope, now: datetime) -> tuple[State, str | None]:
    """The stored state if it can be gone by, else an empty one and, unless nothing was stored, the reason."""
    fresh = State(scope)
    if not stored:
        return fresh, None
    try:
        old = State.from_json(stored)
    except ValueError:
        return fresh, "the saved state cannot be read"
    for setting in sorted({*scope, *old.scope}):
        was, wanted = old.scope.get(setting), scope.get(setting)
        if was != wanted:
            return fresh, f"{setting} was {was or 'not set'} and is now {wanted or 'not set'}"
    newest = latest(old.cursor, old.running.cursor if old.running else None)
    if newest and newest > now + FUTURE_TOLERANCE:
        return fresh, "the saved state is from the future"
    return old, None


def due(state: State, parents: Iterable[AnyParent]) -> list[AnyParent]:
    """The parents that the pass is not yet done with, in its order, and after them those that are pending."""
    after = state.running.after if state.running else None
    ordered = sorted(parents, key=lambda parent: parent.place)
    first = [parent for parent in ordered if after is None or parent.place > after]
    return [parent for parent in first if not state.pending_of(parent)] + list(filter(state.pending_of, ordered))


def listed(state: State, parents: Iterable[Parent]) -> State:
    """Without what is pending of parents that are no longer there."""
    uuids = {parent.uuid for parent in parents}
    return replace(state, pending=tuple(each for each in state.pending if each.parent in uuids))


def saw(state: State, time: datetime, changes: Iterable[datetime | None] = ()) -> State:
    """A page came of the server's time, whose rows changed at these times."""
    running = state.running
    if running is None:
        return state
    # States without `began` have that time as their cursor: it was never held against the rows.
    before = Watermark(parse_time(running.began or running.cursor), parse_time(running.began and running.cursor))
    after = before.after(time, changes)
    cursor, began = (format_time(moment) if moment else None for moment in (after.cursor, after.began))
    return replace(state, running=replace(running, cursor=cursor, began=began))


def start_of(state: State, parent: Parent, sort: str) -> Position | None:
    """Where to go on in a list that is read by this sort; None for its first page."""
    resume = _resume_point(state, parent)
    return resume.position if resume and resume.sort == sort else None


def _resume_point(state: State, parent: Parent) -> ResumePoint | None:
    if pending := state.pending_of(parent):
        return pending.resume
    half_read = state.running.half_read if state.running else None
    return half_read.resume if half_read and half_read.parent == parent.uuid else None


def at_position(state: State, parent: Parent, sort: str, position: Position) -> State:
    """A page of a parent's list is read, and more are to come."""
    resume = ResumePoint(sort, position)
    if pending := state.pending_of(parent):
        until = pending.until if pending.resume and pending.resume.sort == sort else None
        return _with_pending(state, parent, replace(pending, resume=resume, until=until))
    running = state.running
    return replace(state, running=running and replace(running, half_read=HalfRead(parent.uuid, resume)))


def finished(state: State, parent: Parent) -> State:
    """A parent's list is read to its end."""
    if pending := state.pending_of(parent):
        return _with_pending(state, parent, pending.finished())
    return _behind(state, parent)


def failed(state: State, parent: Parent) -> State:
    """A parent's list could not be read: it is pending, from where it stopped, and the pass goes on."""
    running = state.running
    if running is None or state.pending_of(parent):
        return state
    if running.stands or len(state.pending) >= ROOM:
        return replace(state, running=replace(running, stands=True))
    pending = Pending(parent.uuid, state.cursor, _resume_point(state, parent), is_new=True)
    return _behind(_with_pending(state, parent, pending), parent)


def _behind(state: State, parent: Parent) -> State:
    running = state.running
    if running is None:
        return state
    after = running.after if running.stands else parent.place
    return replace(state, running=replace(running, after=after, half_read=None))


def _with_pending(state: State, parent: Parent, pending: Pending | None) -> State:
    others = tuple(each for each in state.pending if each.parent != parent.uuid)
    return replace(state, pending=(*others, pending) if pending else others)


def ended(state: State) -> State:
    """All parents that were due have been tried. A pass is closed unless some may still come with it.

    A full refresh leaves no cursor: the next one, and an incremental sync, start from zero. The cursor goes back if a
    pass has seen less, as from a cache: what it brought can be older than what was there.
    """
    running = state.running
    if running is None or running.mode == "full_refresh":
        return state if state.pending or (running and running.stands) else State(state.scope)
    if running.stands or any(each.is_new for each in state.pending):
        return state
    cursor = running.cursor or state.cursor
    return State(state.scope, cursor, pending=tuple(each.carried(cursor) for each in state.pending))
