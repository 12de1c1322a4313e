"""What happens to the account: the clock, the mutations that a live server would see, and their consequences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sandbox.life.audience import Audience
from sandbox.life.counters import calculate, is_due, is_noticed, recount
from sandbox.life.library import Library
from sandbox.world.account import Moment
from sandbox.world.aggregate import send_uuid, since, without
from sandbox.world.entities import (
    FEEDBACK_TYPES,
    Campaign,
    Click,
    EmailList,
    Feedback,
    Link,
    Open,
    Subscriber,
    Unsubscribe,
)
from sandbox.world.times import epoch


class Store(Audience, Library):
    """An account that lives. What a mutation does to counters and stamps depends on the version."""

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """What list endpoints show, by kind and uuid. Sends are left out: most are made when they are asked for."""
        return {
            "email_lists": self.email_lists,
            "subscribers": self.subscribers,
            "tags": self.tags,
            "segments": self.segments,
            "subscriber_imports": self.imports,
            "campaigns": self.campaigns,
            "suppressions": self.suppressions,
            "templates": self.templates,
            "transactional_mails": self.transactional_mails,
            "transactional_mail_templates": self.transactional_mail_templates,
            "automation_mails": self.automation_mails,
        }

    def entities(self, kind: str) -> Mapping[str, Any]:
        """By uuid, all that the list endpoint of a kind shows."""
        return {send.uuid: send for send in self.sends()} if kind == "sends" else self.tables()[kind]

    def entities_of(self, email_list: EmailList, kind: str) -> list[Any]:
        """Those of one email list."""
        return [each for each in self.entities(kind).values() if each.email_list is email_list]

    # The clock

    def advance(self, seconds: int, schedule: bool = True) -> int:
        """Moves the clock and gives the new time. The schedule runs once, at the new time, if at all."""
        with self.lock:
            self.now += seconds
            if schedule:
                self.run_schedule()
            return self.now

    def run_schedule(self) -> list[Campaign]:
        """The scheduled recount that is due now; gives the campaigns that it counted."""
        with self.lock:
            due = [campaign for campaign in self.campaigns.values() if is_due(campaign, self.version, self.now)]
            for campaign in due:
                self._calculate(campaign)
            return due

    # Campaigns, subscribers and lists

    def set_status(self, campaign: Campaign | str, status: str) -> None:
        """Sent and cancelled campaigns have a `sent_at`, and a sent one has no mails that wait. The counters wait for
        the schedule or the first event."""
        if status not in self.version.statuses:
            raise ValueError(f"{status} is none of {', '.join(self.version.statuses)}")
        with self.lock:
            target = self._campaign(campaign)
            self.campaign_sends(target)
            target.status, target.updated_at = status, self.now
            if status == "sent":
                self.finish_sends(target)
            if status in ("sent", "cancelled"):
                target.sent_at = self.now
            if status != "draft":
                target.scheduled_at = None
            if status in ("sending", "sent") and target.email_list and not target.sent_to_number_of_subscribers:
                target.sent_to_number_of_subscribers = self.active_subscribers(target.email_list)
            self.changed(target)

    def delete_campaign(self, campaign: Campaign | str) -> None:
        with self.lock:
            gone = self.campaigns.pop(self._campaign(campaign).uuid)
            self.events.pop(gone.uuid)
            self.generated.pop(gone.uuid, None)
            self._forget_sends(gone)
            self.changed(gone)

    def delete_subscriber(self, subscriber: Subscriber | str) -> None:
        """Its events and sends vanish with it. The campaigns' counters stay as they are until their next recount."""
        with self.lock:
            gone = self._subscriber(subscriber)
            self._drop_sends([gone])
            del self.subscribers[gone.uuid]
            self._drop_events({gone.uuid})
            self.changed()

    def delete_email_list(self, email_list: EmailList | str) -> None:
        """Its tags, segments, imports and subscribers, their events and sends vanish with it; its campaigns stay."""
        with self.lock:
            gone = self.email_lists.pop(email_list if isinstance(email_list, str) else email_list.uuid)
            self._drop_list(gone)
            orphans = {key: subscriber for key, subscriber in self.subscribers.items() if subscriber.email_list is gone}
            self._drop_sends(orphans.values())
            self.subscribers = {key: kept for key, kept in self.subscribers.items() if key not in orphans}
            self._drop_events(orphans.keys())
            for campaign in self.campaigns.values():
                if campaign.email_list is gone:
                    campaign.email_list = None
                    self.generated.pop(campaign.uuid, None)
            self.changed()

    # Events

    def add_open(self, campaign: Campaign | str, subscriber: Subscriber | str, at: Moment | None = None) -> None:
        with self.lock:
            target, who = self._receiver(campaign, subscriber)
            self.events[target.uuid].opens.append(Open(who, self._at(at)))
            self._engaged(who)
            self._recount_after_event(target)

    def add_click(
        self, campaign: Campaign | str, subscriber: Subscriber | str, url: str, at: Moment | None = None
    ) -> Link:
        with self.lock:
            target, who = self._receiver(campaign, subscriber)
            links = self.events[target.uuid].links
            link = next((link for link in links if link.url == url), None)
            if link is None:
                link = Link(self.new_uuid(), url)
                links.append(link)
            link.clicks.append(Click(self.new_uuid(), send_uuid(target, who), who, self._at(at)))
            self._engaged(who)
            self._recount_after_event(target)
            return link

    def add_later_click(self, campaign: Campaign | str, subscriber: Subscriber | str, at: Moment | None = None) -> None:
        """A click in a later variant of a split test: the campaign shows no link of it, only the mail tells."""
        with self.lock:
            target, who = self._receiver(campaign, subscriber)
            click = Click(self.new_uuid(), send_uuid(target, who), who, self._at(at))
            self.events[target.uuid].later_clicks.append(click)
            self._engaged(who)
            self.changed(target)

    def add_unsubscribe(self, campaign: Campaign | str, subscriber: Subscriber | str, at: Moment | None = None) -> None:
        """Once per campaign and subscriber: a second one changes only the subscriber."""
        with self.lock:
            target, who, moment = *self._receiver(campaign, subscriber), self._at(at)
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
            target, who, moment = *self._receiver(campaign, subscriber), self._at(at)
            self.events[target.uuid].feedback.append(Feedback(who, type, moment))
            if type == "complaint" or (type == "bounce" and self.version.number == 5):
                self.add_unsubscribe(target, who, moment)
            elif self.version.recounts_bounces:
                self._recount_after_event(target)
            self.changed(target)

    def delete_open(self, campaign: Campaign | str, subscriber: Subscriber | str) -> None:
        """All of the subscriber's opens of the campaign, as pruning does: the counters don't notice."""
        with self.lock:
            target, who = self._parties(campaign, subscriber)
            self.campaign_sends(target)
            events = self.events[target.uuid]
            events.opens = [open_ for open_ in events.opens if open_.subscriber is not who]
            self.changed(target)

    def prune(self, kind: str, before: Moment) -> None:
        """What the daily `mailcoach:prune` does to sends, opens, clicks, unsubscribes or bounces: what is older goes,
        and with a send what came back of it. The counters don't notice."""
        if kind not in ("sends", "opens", "clicks", "unsubscribes", "bounces"):
            raise ValueError(f"nothing prunes {kind}")
        with self.lock:
            moment = epoch(before)
            for campaign in self.campaigns.values():
                events, sends = self.events[campaign.uuid], self.campaign_sends(campaign)
                if kind == "sends":
                    gone = {who for who, send in sends.items() if send.sent_at is not None and send.sent_at < moment}
                    for who in gone:
                        del sends[who]
                    kept = without(events, gone)
                    kept.unsubscribes = events.unsubscribes
                else:
                    kept = since(events, moment, {kind})
                self.events[campaign.uuid] = kept
                self.changed(campaign)

    def record_unsubscribe(self, campaign: Campaign, subscriber: Subscriber, at: int) -> None:
        """The bare fact, without its consequence for the counters."""
        unsubscribes = self.events[campaign.uuid].unsubscribes
        if all(known.subscriber is not subscriber for known in unsubscribes):
            unsubscribes.append(Unsubscribe(self.next_id("unsubscribe"), subscriber, at))
        subscriber.unsubscribed_at = max(at, subscriber.unsubscribed_at or 0)
        self.changed(campaign)

    # Counters

    def recount(self, campaign: Campaign, until: int | None = None) -> None:
        """Count the events up to `until` (None: now), whether a count is due or not."""
        with self.lock:
            recount(campaign, self.events[campaign.uuid], self.version, self.now if until is None else until)
            self._kept.pop("", None)

    def _calculate(self, campaign: Campaign) -> None:
        calculate(campaign, self.events[campaign.uuid], self.version, self.now)
        self._kept.pop("", None)

    def _recount_after_event(self, campaign: Campaign) -> None:
        self.changed(campaign)
        if is_noticed(campaign, self.events[campaign.uuid], self.version):
            self._calculate(campaign)

    def _engaged(self, subscriber: Subscriber) -> None:
        """Each open and click counts on the subscriber's row too."""
        if self.version.engagement_on_subscriber:
            subscriber.updated_at = self.now

    def _drop_events(self, subscribers: Collection[str]) -> None:
        for campaign, events in self.events.items():
            self.events[campaign] = without(events, subscribers)

    def _parties(self, campaign: Campaign | str, subscriber: Subscriber | str) -> tuple[Campaign, Subscriber]:
        target = self._campaign(campaign)
        if target.uuid in self.generated:
            raise ValueError(f"the opens of {target.name} are generated: nothing can happen to it")
        return target, self._subscriber(subscriber)

    def _receiver(self, campaign: Campaign | str, subscriber: Subscriber | str) -> tuple[Campaign, Subscriber]:
        """Who engages has got the mail."""
        target, who = self._parties(campaign, subscriber)
        self._delivered(target, who)
        return target, who

    def _campaign(self, campaign: Campaign | str) -> Campaign:
        return self.campaigns[campaign if isinstance(campaign, str) else campaign.uuid]

    def _subscriber(self, subscriber: Subscriber | str) -> Subscriber:
        return self.subscribers[subscriber if isinstance(subscriber, str) else subscriber.uuid]

    def _at(self, at: Moment | None) -> int:
        return self.now if at is None else epoch(at)
