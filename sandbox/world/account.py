"""The data of the account: its entities, the events of each campaign, and how they are read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sandbox.world.aggregate import group_feedback, group_opens
from sandbox.world.entities import Campaign, EmailList, Events, Subscriber
from sandbox.world.generated import GeneratedOpens, campaign_fields
from sandbox.world.order import Database
from sandbox.world.times import epoch
from sandbox.world.versions import Version

T = TypeVar("T")
Moment = int | str
NOW = epoch("2026-11-01T12:00:00Z")


class Account:
    """All entities by uuid, the events by campaign uuid.

    `now` is the account's own clock: it stands still until someone moves it. Every method takes the one lock; so does
    an answer of the server. Whoever changes an entity's attributes directly, and not through a method, calls
    `changed()` afterwards, because grouped, filtered and sorted rows are kept until then.
    """

    def __init__(self, version: Version, seed: int = 1, now: Moment = NOW) -> None:
        self.version = version
        self.seed = seed
        self.now = epoch(now)
        self.database: Database = "mysql"
        self.lock = threading.RLock()
        self.random = random.Random(seed)
        self.email_lists: dict[str, EmailList] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.events: dict[str, Events] = {}
        self.generated: dict[str, GeneratedOpens] = {}
        self._ids: dict[str, int] = {}
        self._kept: dict[str, dict[Any, Any]] = {}

    # Reading

    @property
    def nulls_first(self) -> bool:
        """In descending order: as PostgreSQL sorts, while MySQL puts them last."""
        return self.database == "postgresql"

    def keep(self, owner: str, key: Any, compute: Callable[[], T]) -> T:
        """`compute()`, kept until `owner` (a campaign's uuid, or "" for the account) changes."""
        with self.lock:
            kept = self._kept.setdefault(owner, {})
            if key not in kept:
                kept[key] = compute()
            value: T = kept[key]
            return value

    def changed(self, campaign: Campaign | None = None) -> None:
        """Forget what was kept: of one campaign and the account, or (None) of everything."""
        with self.lock:
            if campaign is None:
                self._kept.clear()
            else:
                self._kept.pop(campaign.uuid, None)
                self._kept.pop("", None)

    def active_subscribers(self, email_list: EmailList) -> int:
        """Confirmed and not unsubscribed, counted live."""
        return self.keep("", "active", self._count_active).get(email_list.uuid, 0)

    def children(self, campaign: Campaign, kind: str) -> Sequence[Any]:
        """The rows behind `/opens`, `/clicks`, `/unsubscribes` or `/bounces` of a campaign, oldest event first."""
        events = self.events[campaign.uuid]
        if kind == "opens" and campaign.uuid in self.generated:
            return self.generated[campaign.uuid]
        if kind == "opens":
            return self.keep(campaign.uuid, kind, lambda: group_opens(events.opens))
        if kind == "bounces":
            return self.keep(campaign.uuid, kind, lambda: group_feedback(events.feedback))
        return events.links if kind == "clicks" else events.unsubscribes

    # Entities

    def add_email_list(self, name: str, **fields: Any) -> EmailList:
        with self.lock:
            made: dict[str, Any] = {"uuid": self.new_uuid(), "created_at": self.now, "updated_at": self.now} | fields
            email_list = EmailList(id=self.next_id("email_list"), name=name, **made)
            self.email_lists[email_list.uuid] = email_list
            self.changed()
            return email_list

    def add_subscriber(self, email_list: EmailList | str, email: str, **fields: Any) -> Subscriber:
        with self.lock:
            made: dict[str, Any] = {
                "uuid": self.new_uuid(),
                "first_name": None,
                "last_name": None,
                "extra_attributes": {},
                "tags": [],
                "subscribed_at": self.now,
                "unsubscribed_at": None,
                "created_at": self.now,
                "updated_at": self.now,
            } | fields
            owner = self.email_lists[email_list] if isinstance(email_list, str) else email_list
            subscriber = Subscriber(id=self.next_id("subscriber"), email_list=owner, email=email, **made)
            self.subscribers[subscriber.uuid] = subscriber
            self._kept.pop("", None)
            return subscriber

    def add_campaign(self, name: str = "New campaign", status: str = "sent", **fields: Any) -> Campaign:
        """A campaign of now on the first list, unless `fields` (of `Campaign`) say otherwise."""
        with self.lock:
            done = self.now if status in ("sent", "cancelled") else None
            made: dict[str, Any] = {
                "uuid": self.new_uuid(),
                "subject": f"{name}: the subject",
                "email_list": next(iter(self.email_lists.values()), None),
                "created_at": self.now,
                "updated_at": self.now,
                "last_modified_at": self.now,
                "sent_at": done,
                "statistics_calculated_at": done,
            } | fields
            campaign = Campaign(id=self.next_id("campaign"), name=name, status=status, **made)
            self.campaigns[campaign.uuid] = campaign
            self.events[campaign.uuid] = Events()
            self.changed(campaign)
            return campaign

    def add_big_campaign(self, opens: int) -> Campaign:
        """A sent campaign of so many opens that exist only while they are looked at; nothing can happen to it."""
        with self.lock:
            owner = next(iter(self.email_lists.values()), None) or self.add_email_list("Everybody")
            campaign = self.add_campaign("The big one", **campaign_fields(opens, owner, self.now))
            assert campaign.sent_at is not None
            self.generated[campaign.uuid] = GeneratedOpens(opens, owner, campaign.sent_at)
            return campaign

    def new_uuid(self, rng: random.Random | None = None) -> str:
        """Drawn from the account's own generator, or from another one, which leaves the account's as it is."""
        digits = f"{(rng or self.random).getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def stamps(self, fields: dict[str, Any]) -> dict[str, Any]:
        """`fields` with a uuid and moments of now, unless given; `updated_at` is `created_at` unless given."""
        made = {"created_at": self.now} | fields
        made["uuid"] = made.get("uuid") or self.new_uuid()
        made.setdefault("updated_at", made["created_at"])
        return made

    def next_id(self, kind: str) -> int:
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    def _count_active(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for subscriber in self.subscribers.values():
            if subscriber.subscribed_at is not None and subscriber.unsubscribed_at is None:
                counts[subscriber.email_list.uuid] = counts.get(subscriber.email_list.uuid, 0) + 1
        return counts
