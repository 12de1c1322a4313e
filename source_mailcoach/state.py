"""How far a stream has come, and what is due next. Pure functions on plain data.

A sync is a *pass* through the parents of a stream (campaigns, email lists, or the account as a whole) in the order of
their creation, which never changes. The state of a stream has the same size however many parents there are:

    {"scope": {…}, "cursor": "2026-11-20T08:00:00Z",
     "pass": {"mode": "incremental", "cursor": "2026-11-21T08:00:00Z", "after": ["2026-01-05T10:00:00Z", "<uuid>"],
              "parent": "<uuid>", "sort": "-first_opened_at,email", "position": [600, 1234, 15, …]}}

`cursor` is how far the last finished pass saw, `pass` is there while one is unfinished: the cursor it will leave, the
last parent it is done with, and its position in the one that it is reading (see `paging.Position`), which holds for
the same sort only.

The cursor that a pass leaves is not beyond the time, by the clock that stamps rows, at which its earliest page was
answered: whatever changes after its page was read is then new to the next pass. `watermark` tells that time from both
the answers' times and the rows', since neither clock can be believed alone. In particular,

- a list that is read newest first shows its newest row on its first page: later pages add nothing;
- rows of lists that are read later count less the time between, as they can be newer than what the first one missed;
- a pass that is killed and goes on hours later keeps the time when it began (`began`), and reckons from there;
- rows from the future count for nothing, and if no row shows a time, the cursor before holds;
- a full refresh leaves no cursor.

Of the campaigns, a pass reads only those that the *gate* lets through, from their listing: those recounted since the
last finished pass, and those sent within the engagement window.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from source_mailcoach.paging import Position
from source_mailcoach.times import format_time, latest, parse_time
from source_mailcoach.watermark import Watermark

Mode = Literal["full_refresh", "incremental"]
Place = tuple[str, str]
Anyone = TypeVar("Anyone", bound="Parent")
# What a state was made for: settings by which rows are left out, or look different, and their values as text. The
# gate knows nothing of campaigns that were not in the listing then.
Scope = Mapping[str, str | None]

# A recount may be under way while the campaigns are listed: its stamp is then a little older than the listing.
GATE_MARGIN = timedelta(minutes=15)
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
class Campaign(Parent):
    """What is known of a campaign from the listing."""

    status: str
    sent_at: str | None = None
    statistics_calculated_at: str | None = None
    counters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def was_sent(self) -> bool:
        """Drafts, the scheduled ones among them, went to nobody: they have nothing below them."""
        return self.status != "draft"


@dataclass(frozen=True)
class Listing:
    """The campaigns in scope, how late it is at the least, how far it surely saw the statistics, and its `began`."""

    campaigns: Sequence[Campaign]
    time: datetime
    cursor: str | None = None
    began: str | None = None


@dataclass(frozen=True)
class Pass:
    """A pass under way, with the server's time at its earliest page. The last three are of a list half read."""

    mode: Mode
    cursor: str | None
    began: str | None = field(default=None, kw_only=True)
    after: Place | None = None
    parent: str | None = None
    sort: str | None = None
    position: Position | None = None


@dataclass(frozen=True)
class State:
    """The state of one stream; `running` is None between two passes."""

    scope: Scope
    cursor: str | None = None
    running: Pass | None = None

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
            if position := running.position:
                content["pass"]["parent"] = running.parent
                content["pass"]["sort"] = running.sort
                content["pass"]["position"] = [position.rows, position.total, position.size]
                content["pass"]["position"] += [position.since, position.top, position.ahead, *position.marks]
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "State":
        """Raises ValueError for anything that `to_json` does not make."""
        try:
            running = content.get("pass")
            return cls(
                scope={str(setting): _text(value) for setting, value in content["scope"].items()},
                cursor=_time(content.get("cursor")),
                running=None if running is None else _pass(running),
            )
        except (AttributeError, KeyError, OverflowError, TypeError) as error:
            raise ValueError("not a state of this stream") from error


def _pass(content: Mapping[str, Any]) -> Pass:
    if content["mode"] not in ("full_refresh", "incremental"):
        raise ValueError("not a sync mode")
    after, position = content.get("after"), content.get("position")
    if after is not None and [type(part) for part in after] != [str, str]:
        raise ValueError("not a place in the order of parents")
    place = None if position is None else _position(position)
    return Pass(
        mode=content["mode"],
        cursor=_time(content["cursor"]),
        began=_time(content.get("began")),
        after=None if after is None else (after[0], after[1]),
        parent=None if place is None else str(content["parent"]),
        sort=None if place is None else str(content["sort"]),
        position=place,
    )


def _position(parts: Sequence[Any]) -> Position | None:
    """None for one that an earlier version left, which cannot be found again for sure: its list begins anew."""
    rows, total, size = (int(number) for number in parts[:3])
    if min(rows, total) < 0 or size < 1:
        raise ValueError("not a position in a list")
    if len(parts) < 6:
        return None
    since, top, ahead, *marks = parts[3:]
    if int(ahead) < 0 or not all(isinstance(mark, str) for mark in marks):
        raise ValueError("not a position in a list")
    return Position(rows, total, size, _time(since), tuple(marks), _time(top), int(ahead))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("not a setting")
    return value


def _time(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or parse_time(value) is None):
        raise ValueError("not a time")
    return value


def begin(
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


def due(state: State, parents: Iterable[Anyone]) -> list[Anyone]:
    """The parents that the pass is not yet done with, in its order."""
    after = state.running.after if state.running else None
    return sorted(
        (parent for parent in parents if after is None or parent.place > after), key=lambda parent: parent.place
    )


def gate(state: State, listing: Listing, window: timedelta) -> list[Campaign]:
    """The campaigns of which something can be new since the last finished pass."""
    return [
        campaign
        for campaign in listing.campaigns
        if campaign.was_sent and _can_be_new(campaign, state.cursor, listing.time, window)
    ]


def _can_be_new(campaign: Campaign, cursor: str | None, now: datetime, window: timedelta) -> bool:
    since, counted = parse_time(cursor), parse_time(campaign.statistics_calculated_at)
    if since is None or counted is None or counted >= since - GATE_MARGIN:
        return True
    sent = parse_time(campaign.sent_at)
    return bool(window) and (sent is None or sent >= now - window)


def early_stop(state: State, campaign: Campaign, lookback: timedelta) -> datetime | None:
    """The time before which rows of a campaign are known already; None if all of it has to be read.

    A campaign that was not yet sent when the last pass began may never have been read: it can have been paused, and
    out of scope, since its first rows came.
    """
    since, sent = parse_time(state.cursor), parse_time(campaign.sent_at)
    if since is None or sent is None or sent >= since - GATE_MARGIN:
        return None
    return since - lookback


def seen_before(state: State) -> datetime | None:
    """The time before which the last finished pass saw all rows of a list that tell when they changed."""
    since = parse_time(state.cursor)
    return since and since - GATE_MARGIN


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
    running = state.running
    return running.position if running and (running.parent, running.sort) == (parent.uuid, sort) else None


def at_position(state: State, parent: Parent, sort: str, position: Position) -> State:
    """A page of a parent's list is read, and more are to come."""
    running = state.running
    return replace(state, running=running and replace(running, parent=parent.uuid, sort=sort, position=position))


def finished(state: State, parent: Parent) -> State:
    """A parent's list is read to its end."""
    running = state.running
    return replace(
        state, running=running and replace(running, after=parent.place, parent=None, sort=None, position=None)
    )


def closed(state: State) -> State:
    """The pass is through. A full refresh leaves no cursor: the next one, and an incremental sync, start from zero.

    The cursor goes back if a pass has seen less, as from a cache: what it brought can be older than what was there.
    """
    running = state.running
    if running is None or running.mode == "full_refresh":
        return State(state.scope)
    return State(state.scope, running.cursor or state.cursor)
