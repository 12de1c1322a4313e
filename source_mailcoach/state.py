"""How far a stream of single campaigns has come, and what is due next. Pure functions on plain data.

A sync is a *pass* through the campaigns in the order of their creation, which never changes. What a pass has to read
is decided by the *gate*, from the listing of campaigns: those recounted since the last finished pass, and those sent
within the engagement window. The state of a stream has the same size however many campaigns there are:

    {"scope": {…}, "cursor": "2026-11-20T08:00:00Z",
     "pass": {"mode": "incremental", "cursor": "2026-11-21T08:00:00Z", "after": ["2026-01-05T10:00:00Z", "<uuid>"],
              "campaign": "<uuid>", "sort": "-first_opened_at,email", "position": [600, 1234, 15]}}

`cursor` is how far the last finished pass saw the campaigns' statistics, `pass` is there while one is unfinished:
the cursor it will leave, the last campaign it is done with, and its position in the one that it is reading (rows
read, of how many, by pages of which size), which holds for the same sort only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from source_mailcoach.paging import Position
from source_mailcoach.times import format_time, latest, parse_time

Mode = Literal["full_refresh", "incremental"]
Place = tuple[str, str]

# A recount may be under way while the campaigns are listed: its stamp is then a little older than the listing.
GATE_MARGIN = timedelta(minutes=15)
# No server's clock is so wrong. A cursor from beyond would let nothing through for as long.
FUTURE_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True)
class Scope:
    """What a state was made for. The gate knows nothing of campaigns that were not in the listing then."""

    api_base_url: str
    campaign_status: str
    start_date: str | None


@dataclass(frozen=True)
class Campaign:
    """What is known of a campaign from the listing. Times are text as Mailcoach sends it."""

    created_at: str
    uuid: str
    status: str
    sent_at: str | None = None
    statistics_calculated_at: str | None = None

    @property
    def was_sent(self) -> bool:
        """Drafts, the scheduled ones among them, went to nobody: they have nothing below them."""
        return self.status != "draft"

    @property
    def place(self) -> Place:
        """Its place in the order of a pass."""
        return self.created_at, self.uuid


@dataclass(frozen=True)
class Listing:
    """The campaigns in scope, oldest first, and the server's time when the listing began."""

    campaigns: Sequence[Campaign]
    time: datetime

    def cursor(self) -> str | None:
        """How far the listing saw the statistics: the latest recount, but none from after the listing began.

        A campaign can be recounted after its page was read while a page read later shows an even later recount.
        """
        newest = latest(*(campaign.statistics_calculated_at for campaign in self.campaigns))
        return format_time(min(newest, self.time)) if newest else None


@dataclass(frozen=True)
class Pass:
    """A pass under way. `campaign`, `sort` and `position` are there while a campaign is half read."""

    mode: Mode
    cursor: str | None
    after: Place | None = None
    campaign: str | None = None
    sort: str | None = None
    position: Position | None = None


@dataclass(frozen=True)
class State:
    """The state of one stream; `running` is None between two passes."""

    scope: Scope
    cursor: str | None = None
    running: Pass | None = None

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"scope": asdict(self.scope)}
        if self.cursor:
            content["cursor"] = self.cursor
        if running := self.running:
            content["pass"] = {"mode": running.mode, "cursor": running.cursor}
            if running.after:
                content["pass"]["after"] = list(running.after)
            if position := running.position:
                content["pass"]["campaign"] = running.campaign
                content["pass"]["sort"] = running.sort
                content["pass"]["position"] = [position.rows, position.total, position.size]
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "State":
        """Raises ValueError for anything that `to_json` does not make."""
        try:
            running = content.get("pass")
            return cls(
                scope=Scope(**content["scope"]),
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
        raise ValueError("not a place in the order of campaigns")
    rows, total, size = (0, 0, 1) if position is None else (int(number) for number in position)
    if min(rows, total) < 0 or size < 1:
        raise ValueError("not a position in a list")
    return Pass(
        mode=content["mode"],
        cursor=_time(content["cursor"]),
        after=None if after is None else (after[0], after[1]),
        campaign=None if position is None else str(content["campaign"]),
        sort=None if position is None else str(content["sort"]),
        position=None if position is None else Position(rows, total, size),
    )


def _time(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or parse_time(value) is None):
        raise ValueError("not a time")
    return value


def begin(stored: Mapping[str, Any], scope: Scope, mode: Mode, listing: Listing) -> tuple[State, str | None]:
    """The state with a pass that runs: the stored one if it can go on, or a new one.

    Returns with it the reason, for the log, if what was stored could not be used at all.
    """
    old, reason = usable(stored, scope, listing.time)
    if mode == "full_refresh":
        old = replace(old, cursor=None)
    if old.running and old.running.mode == mode:
        return old, reason
    return replace(old, running=Pass(mode, listing.cursor())), reason


def usable(stored: Mapping[str, Any], scope: Scope, now: datetime) -> tuple[State, str | None]:
    """The stored state if it can be gone by, else an empty one and, unless nothing was stored, the reason."""
    fresh = State(scope)
    if not stored:
        return fresh, None
    try:
        old = State.from_json(stored)
    except ValueError:
        return fresh, "the saved state cannot be read"
    wanted = asdict(scope)
    for field, was in asdict(old.scope).items():
        if was != wanted[field]:
            return fresh, f"{field} was {was or 'not set'} and is now {wanted[field] or 'not set'}"
    newest = latest(old.cursor, old.running.cursor if old.running else None)
    if newest and newest > now + FUTURE_TOLERANCE:
        return fresh, "the saved state is from the future"
    return old, None


def due(state: State, listing: Listing, window: timedelta) -> list[Campaign]:
    """The campaigns that the pass still has to read, in its order."""
    after = state.running.after if state.running else None
    return [
        campaign
        for campaign in listing.campaigns
        if campaign.was_sent
        and (after is None or campaign.place > after)
        and _gate(campaign, state.cursor, listing.time, window)
    ]


def _gate(campaign: Campaign, cursor: str | None, now: datetime, window: timedelta) -> bool:
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


def start_of(state: State, campaign: Campaign, sort: str) -> Position | None:
    """Where to go on in a campaign that is read by this sort; None for its first page."""
    running = state.running
    return running.position if running and (running.campaign, running.sort) == (campaign.uuid, sort) else None


def at_position(state: State, campaign: Campaign, sort: str, position: Position) -> State:
    """A page of a campaign is read, and more are to come."""
    running = state.running
    return replace(state, running=running and replace(running, campaign=campaign.uuid, sort=sort, position=position))


def finished(state: State, campaign: Campaign) -> State:
    """A campaign is read to its end."""
    running = state.running
    return replace(
        state, running=running and replace(running, after=campaign.place, campaign=None, sort=None, position=None)
    )


def closed(state: State) -> State:
    """The pass is through. A full refresh leaves no cursor: the next one, and an incremental sync, start from zero."""
    running = state.running
    if running is None or running.mode == "full_refresh":
        return State(state.scope)
    newest = latest(state.cursor, running.cursor)
    return State(state.scope, format_time(newest) if newest else None)


def sort_campaigns(campaigns: Iterable[Campaign]) -> list[Campaign]:
    """In the order of a pass."""
    return sorted(campaigns, key=lambda campaign: campaign.place)
