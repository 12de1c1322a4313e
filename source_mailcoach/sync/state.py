"""How far a stream has come: what is saved of it, and its JSON. Which state follows which is in `transitions`.

A sync is a *pass* through the parents of a stream (campaigns, email lists, or the account as a whole) in the order of
their creation, which never changes. The state of a stream has the same size however many parents there are:

    {"scope": {…}, "cursor": "2026-11-20T08:00:00Z",
     "pass": {"mode": "incremental", "cursor": "2026-11-21T08:00:00Z", "after": ["2026-01-05T10:00:00Z", "<uuid>"],
              "parent": "<uuid>", "sort": "-first_opened_at,email", "position": [600, 1234, 15, …]},
     "pending": [{"parent": "<uuid>", "since": "2026-11-20T08:00:00Z", "sort": …, "position": […]}]}

`cursor` is how far the last finished pass saw. `pass` is there while one is unfinished. It has the cursor that the pass
will leave, the last parent that it is done with, and the position in the list that it is reading (see
`paging.Position`). A position is valid for the same sort only. `pending` are lists that could not be read (see
`pending`), and `known` shows that rows were deleted (see `known`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from source_mailcoach.sync.known import Known
from source_mailcoach.sync.pending import Pending
from source_mailcoach.sync.saved import ResumePoint, text_of, time_of

Mode = Literal["full_refresh", "incremental"]
Place = tuple[str, str]
# The settings for which a state is valid, with their values as text. They decide which rows are read and how they look.
# Under other settings other campaigns are listed, and a state says nothing about those.
Scope = Mapping[str, str | None]


@dataclass(frozen=True)
class Parent:
    """What a list belongs to. `created_at` is text as Mailcoach sends it; `rows` is Mailcoach's own count, if any."""

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
    """A pass under way. `began` is the server's time at its earliest page, `after` the last parent that is done.

    `whole`: all lists are read whole, to find rows that were deleted. `missing`: how many rows the server counts in the
    lists so far and never gave. `stands`: a list failed and could not be
    remembered, so `after` no longer moves. That is not saved.
    """

    mode: Mode
    cursor: str | None
    began: str | None = field(default=None, kw_only=True)
    whole: bool = field(default=False, kw_only=True)
    missing: int = field(default=0, kw_only=True)
    stands: bool = field(default=False, kw_only=True)
    after: Place | None = None
    half_read: HalfRead | None = None

    @property
    def is_new(self) -> bool:
        """Whether no row of it is out yet."""
        return self.after is None and self.half_read is None


@dataclass(frozen=True)
class State:
    """The state of one stream; `running` is None between two passes, `known` unless deletions are looked for."""

    scope: Scope
    cursor: str | None = None
    running: Pass | None = None
    pending: tuple[Pending, ...] = ()
    known: Known | None = None

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
            if running.whole:
                content["pass"]["whole"] = True
            if running.missing:
                content["pass"]["missing"] = running.missing
            if running.after:
                content["pass"]["after"] = list(running.after)
            if half_read := running.half_read:
                content["pass"] |= {"parent": half_read.parent, **half_read.resume.to_json()}
        if self.pending:
            content["pending"] = [each.to_json() for each in self.pending]
        if self.known:
            content["known"] = self.known.to_json()
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "State":
        """Raises ValueError for anything that `to_json` does not make."""
        try:
            running, known = content.get("pass"), content.get("known")
            return cls(
                scope={str(setting): text_of(value) for setting, value in content["scope"].items()},
                cursor=time_of(content.get("cursor")),
                running=None if running is None else _pass(running),
                pending=tuple(map(Pending.from_json, content.get("pending", ()))),
                known=None if known is None else Known.from_json(known),
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
        whole=bool(content.get("whole")),
        missing=int(content.get("missing", 0)),
        after=None if after is None else (after[0], after[1]),
        half_read=None if resume is None else HalfRead(str(content["parent"]), resume),
    )
