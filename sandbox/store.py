"""The data of the account: entities and events, the mutations that a live server would see, and their consequences."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .aggregate import count, group_feedback, group_opens, newest, send_uuid
from .entities import (
    FEEDBACK_TYPES,
    Campaign,
    Click,
    EmailList,
    Events,
    Feedback,
    Link,
    Open,
    Subscriber,
    Unsubscribe,
)
from .times import epoch
from .versions import Version

T = TypeVar("T")
Moment = int | str
NOW = epoch("2026-11-01T12:00:00Z")


class Store:
    """All entities by uuid, the events by campaign uuid.

    `now` is the account's own clock: it stands still until someone moves it. Every method takes the one lock; so does
    an answer of the server. Whoever changes an entity's attributes directly, and not through a method, calls
    `changed()` afterwards, because grouped and sorted rows are kept until then.
    """

    def __init__(self, version: Version, seed: int = 1, now: Moment = NOW) -> None:
        self.version = version
        self.now = epoch(now)
        self.lock = threading.RLock()
        self.random = random.Random(seed)
        self.email_lists: dict[str, EmailList] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.events: dict[str, Events] = {}
        self._ids: dict[str, int] = {}
        self._kept: dict[str, dict[Any, Any]] = {}

    # Reading

    def keep(self, owner: str, key: Any, compute: Callable[[], T]) -> T:
        """`compute()`, kept until `owner` (a campaign's uuid, or "" for the account) changes."""
        with self.lock:
            kept = self._kept.setdefault(owner, {})
            if key not in kept:
                kept[key] = compute()
            value: T = kept[key]
            return value

    def active_subscribers(self, email_list: EmailList) -> int:
        """Confirmed and not unsubscribed, counted live."""
        return self.keep("", "active", self._count_active).get(email_list.uuid, 0)

    def children(self, campaign: Campaign, kind: str) -> Sequence[Any]:
        """The rows behind `/opens`, `/clicks`, `/unsubscribes` or `/bounces` of a campaign, oldest event first."""
        events = self.events[campaign.uuid]
        if kind == "opens":
            return self.keep(campaign.uuid, kind, lambda: group_opens(events.opens))
        if kind == "bounces":
            return self.keep(campaign.uuid, kind, lambda: group_feedback(events.feedback))
        return events.links if kind == "clicks" else events.unsubscribes

    # The clock

    def advance(self, seconds: int) -> int:
        with self.lock:
            self.now += seconds
            return self.now

    def changed(self, campaign: Campaign | None = None) -> None:
        """Forget what was kept: of one campaign and the account, or (None) of everything."""
        with self.lock:
            if campaign is None:
                self._kept.clear()
            else:
                self._kept.pop(campaign.uuid, None)
                self._kept.pop("", None)

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

    def delete_campaign(self, campaign: Campaign | str) -> None:
        with self.lock:
            gone = self.campaigns.pop(self._campaign(campaign).uuid)
            self.events.pop(gone.uuid)
            self.changed(gone)

    def delete_subscriber(self, subscriber: Subscriber | str) -> None:
        """Its events vanish with it. The counters of the campaigns stay as they are until their next recount."""
        with self.lock:
            gone = self._subscriber(subscriber)
            del self.subscribers[gone.uuid]
            self._drop_events({gone.uuid})
            self.changed()

    def delete_email_list(self, email_list: EmailList | str) -> None:
        """Its subscribers and their events vanish with it; its campaigns stay, without a list."""
        with self.lock:
            gone = self.email_lists.pop(email_list if isinstance(email_list, str) else email_list.uuid)
            orphans = {key for key, subscriber in self.subscribers.items() if subscriber.email_list is gone}
            self.subscribers = {key: kept for key, kept in self.subscribers.items() if key not in orphans}
            self._drop_events(orphans)
            for campaign in self.campaigns.values():
                if campaign.email_list is gone:
                    campaign.email_list = None
            self.changed()

    # Events

    def add_open(self, campaign: Campaign | str, subscriber: Subscriber | str, at: Moment | None = None) -> None:
        with self.lock:
            target, who = self._campaign(campaign), self._subscriber(subscriber)
            self.events[target.uuid].opens.append(Open(who, self._at(at)))
            self._engaged(who)
            self._recount_after_event(target)

    def add_click(
        self, campaign: Campaign | str, subscriber: Subscriber | str, url: str, at: Moment | None = None
    ) -> Link:
        with self.lock:
            target, who = self._campaign(campaign), self._subscriber(subscriber)
            links = self.events[target.uuid].links
            link = next((link for link in links if link.url == url), None)
            if link is None:
                link = Link(self.new_uuid(), url)
                links.append(link)
            link.clicks.append(Click(self.new_uuid(), send_uuid(target, who), who, self._at(at)))
            self._engaged(who)
            self._recount_after_event(target)
            return link

    def add_unsubscribe(self, campaign: Campaign | str, subscriber: Subscriber | str, at: Moment | None = None) -> None:
        """Once per campaign and subscriber: a second one changes only the subscriber."""
        with self.lock:
            target, who, moment = self._campaign(campaign), self._subscriber(subscriber), self._at(at)
            self.record_unsubscribe(target, who, moment)
            who.updated_at = self.now
            self._recount_after_event(target)

    def add_bounce(
        self,
        campaign: Campaign | str,
        subscriber: Subscriber | str,
        type: str = "bounce",
        at: Moment | None = None,
    ) -> None:
        """A complaint unsubscribes too, on every version; a hard bounce does on v5."""
        if type not in FEEDBACK_TYPES:
            raise ValueError(f"{type} is none of {', '.join(FEEDBACK_TYPES)}")
        with self.lock:
            target, who, moment = self._campaign(campaign), self._subscriber(subscriber), self._at(at)
            self.events[target.uuid].feedback.append(Feedback(who, type, moment))
            if type == "complaint" or (type == "bounce" and self.version.number == 5):
                self.add_unsubscribe(target, who, moment)
            elif self.version.number >= 8:
                self._recount_after_event(target)
            self.changed(target)

    def delete_open(self, campaign: Campaign | str, subscriber: Subscriber | str) -> None:
        """All of the subscriber's opens of the campaign, as pruning does: the counters don't notice."""
        with self.lock:
            target, who = self._campaign(campaign), self._subscriber(subscriber)
            events = self.events[target.uuid]
            events.opens = [open_ for open_ in events.opens if open_.subscriber is not who]
            self.changed(target)

    def record_unsubscribe(self, campaign: Campaign, subscriber: Subscriber, at: int) -> None:
        """The bare fact, without its consequence for the counters."""
        unsubscribes = self.events[campaign.uuid].unsubscribes
        if all(known.subscriber is not subscriber for known in unsubscribes):
            unsubscribes.append(Unsubscribe(self.next_id("unsubscribe"), subscriber, at))
        subscriber.unsubscribed_at = at
        self.changed()

    # Counters

    def recount(self, campaign: Campaign, until: int | None = None) -> None:
        """Count the events up to `until` (None: all). Up to v6 this touches the campaign's own row."""
        with self.lock:
            campaign.statistics = count(self.events[campaign.uuid], self.now if until is None else until)
            campaign.statistics_calculated_at = self.now if until is None else until
            if self.version.counters_on_campaign:
                campaign.updated_at = campaign.statistics_calculated_at

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def next_id(self, kind: str) -> int:
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    def _recount_after_event(self, campaign: Campaign) -> None:
        """Since 8.7 events that are all older than the last recount move its stamp and leave the counters."""
        self.changed(campaign)
        if campaign.status == "draft" or (self.version.number == 5 and campaign.status != "sent"):
            return
        stamp = campaign.statistics_calculated_at
        if self.version.number >= 8 and stamp is not None and newest(self.events[campaign.uuid]) < stamp:
            campaign.statistics_calculated_at = self.now
        else:
            self.recount(campaign)

    def _engaged(self, subscriber: Subscriber) -> None:
        """Since 8.8 each open and click counts on the subscriber's row too."""
        if self.version.number >= 8:
            subscriber.updated_at = self.now

    def _drop_events(self, subscribers: set[str]) -> None:
        for events in self.events.values():
            events.opens = [event for event in events.opens if event.subscriber.uuid not in subscribers]
            events.unsubscribes = [event for event in events.unsubscribes if event.subscriber.uuid not in subscribers]
            events.feedback = [event for event in events.feedback if event.subscriber.uuid not in subscribers]
            for link in events.links:
                link.clicks = [click for click in link.clicks if click.subscriber.uuid not in subscribers]

    def _count_active(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for subscriber in self.subscribers.values():
            if subscriber.subscribed_at is not None and subscriber.unsubscribed_at is None:
                counts[subscriber.email_list.uuid] = counts.get(subscriber.email_list.uuid, 0) + 1
        return counts

    def _campaign(self, campaign: Campaign | str) -> Campaign:
        return self.campaigns[campaign if isinstance(campaign, str) else campaign.uuid]

    def _subscriber(self, subscriber: Subscriber | str) -> Subscriber:
        return self.subscribers[subscriber if isinstance(subscriber, str) else subscriber.uuid]

    def _at(self, at: Moment | None) -> int:
        return self.now if at is None else epoch(at)
