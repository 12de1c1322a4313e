"""Which state of a stream follows which, and what is due next. Pure functions: each is given a state and makes another.

A parent whose list cannot be read does not stop a pass. It is *pending*, and the pass goes on with the next parent:

- The pass stays open. The next sync reads parents that are new, and then the pending lists, from where each of them
  stopped. It reads nothing else.
- If they fail in that sync too, an incremental pass is closed all the same. Otherwise changes of all other parents
  would have to wait for them. From then on `since` is the cursor that counts for the pending list. A full refresh stays
  open until they have come.
- At most `pending.ROOM` of them are remembered. If one more fails, `after` no longer moves. What follows is read in
  this sync, and all of it again in the next.

The cursor that a pass leaves must not be later than the time when its earliest page was answered, by the clock that
stamps rows. Then whatever changes after a page was read is new to the next pass. `watermark` finds that time from the
times of answers and of rows, because neither clock can be trusted alone. In particular,

- a list that is read newest first shows its newest row on the first page, so later pages add nothing;
- rows of lists that are read later may be newer than changes that the first list missed, so they only count less the
  time in between;
- a pass that is killed and goes on hours later keeps the time when it began (`began`), and counts from there;
- rows from the future do not count, and if no row shows a time, the cursor of the pass before stays;
- a full refresh leaves no cursor.

What is known of a list and need not be read again is in `gate`. A pass that reads all lists `whole`, to find rows that
were deleted, is a pass as any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.pending import ROOM, Pending
from source_mailcoach.sync.saved import ResumePoint
from source_mailcoach.sync.state import HalfRead, Mode, Parent, Pass, Scope, State
from source_mailcoach.sync.times import format_time, latest, parse_time
from source_mailcoach.sync.watermark import Watermark

AnyParent = TypeVar("AnyParent", bound=Parent)

# A cursor that is later than both clocks by more than this is not used: nothing would be read until then.
FUTURE_TOLERANCE = timedelta(days=1)


def start_pass(
    stored: Mapping[str, Any],
    scope: Scope,
    mode: Mode,
    now: datetime,
    cursor: str | None = None,
    began: str | None = None,
) -> tuple[State, str | None]:
    """The state with a running pass: the stored pass if it can go on, or a new one, which will leave this cursor.

    Also returns the reason, for the log, if the stored state could not be used at all.
    """
    old, reason = usable(stored, scope, now)
    if mode == "full_refresh":
        old = replace(old, cursor=None)
    if old.running and old.running.mode == mode:
        return old, reason
    if old.running or mode == "full_refresh":  # the pass of another mode is given up, and with it what it has left
        old = replace(old, pending=())
    return replace(old, running=Pass(mode, cursor, began=began)), reason


def read_whole(state: State) -> State:
    """The state with a pass that has not begun yet, which is to read all lists whole."""
    running = state.running or Pass("incremental", None)
    return replace(state, running=replace(running, whole=True))


def usable(stored: Mapping[str, Any], scope: Scope, now: datetime) -> tuple[State, str | None]:
    """The stored state if it can be used. Otherwise an empty one, and the reason unless nothing was stored."""
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
    """The parents that the pass still has to read, in its order, and after them those that are pending."""
    after = state.running.after if state.running else None
    ordered = sorted(parents, key=lambda parent: parent.place)
    first = [parent for parent in ordered if after is None or parent.place > after]
    return [parent for parent in first if not state.pending_of(parent)] + list(filter(state.pending_of, ordered))


def listed(state: State, parents: Iterable[Parent]) -> State:
    """The state after a listing: what is pending of parents that no longer exist is dropped."""
    uuids = {parent.uuid for parent in parents}
    return replace(state, pending=tuple(each for each in state.pending if each.parent in uuids))


def saw(state: State, time: datetime, changes: Iterable[datetime | None] = ()) -> State:
    """The state after a page: `time` is the server's when it answered, `changes` are the times of its rows."""
    running = state.running
    if running is None:
        return state
    # States without `began` have that time as their cursor, and it was never compared with the rows.
    before = Watermark(parse_time(running.began or running.cursor), parse_time(running.began and running.cursor))
    after = before.after(time, changes)
    if running.began and after == before:
        return state
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
    """The state after a page of a parent's list that has more pages."""
    resume = ResumePoint(sort, position)
    if pending := state.pending_of(parent):
        until = pending.until if pending.resume and pending.resume.sort == sort else None
        return _with_pending(state, parent, replace(pending, resume=resume, until=until))
    running = state.running
    return replace(state, running=running and replace(running, half_read=HalfRead(parent.uuid, resume)))


def lacked(state: State, missing: int) -> State:
    """The state after the server has counted so many more rows of a list than it gave."""
    running = state.running
    return replace(state, running=running and replace(running, missing=running.missing + missing))


def finished(state: State, parent: Parent) -> State:
    """The state after the end of a parent's list."""
    if pending := state.pending_of(parent):
        return _with_pending(state, parent, pending.finished())
    return _behind(state, parent)


def failed(state: State, parent: Parent) -> State:
    """The state after a parent's list failed: it is pending from where it stopped, and the pass goes on."""
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
    """The state after all parents that were due have been tried. The pass is closed, unless a list is still open.

    A full refresh leaves no cursor: the next one, and an incremental sync, start from the beginning. The cursor goes
    back if a pass saw less than the one before, for example from a cache with old answers.
    """
    running = state.running
    if running is None or running.mode == "full_refresh":
        return state if state.pending or (running and running.stands) else State(state.scope)
    if running.stands or any(each.is_new for each in state.pending):
        return state
    cursor = running.cursor or state.cursor
    pending = tuple(each.carried(cursor) for each in state.pending)
    return State(state.scope, cursor, pending=pending, known=state.known)
