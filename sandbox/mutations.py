"""Random life: one realistic mutation after another, and what a test has to know of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from .entities import FEEDBACK_TYPES, Campaign, Subscriber
from .store import Store
from .times import DAY, HOUR, MINUTE, wire_time

Key = tuple[str, tuple[str, ...]]
YEAR = 365 * DAY
LEAST_CAMPAIGNS = 4
KNOWN = 0.4
"""How often somebody or something is chosen that took part before."""


class Mutator:
    """Changes a store at random, by its own generator. `mutate` may be called from `Sandbox.on_request` too.

    `deleted` collects the rows that its deletions took away, as (stream, primary key); it may be cleared at any time.
    A row that came and went between two looks is in it as well.
    """

    def __init__(self, store: Store, rng: random.Random) -> None:
        self.store = store
        self.rng = rng
        self.deleted: set[Key] = set()
        self._quiet: dict[Key, int] = {}
        self._begun: dict[str, int] = {}
        self._made = 0
        self._kinds: dict[Callable[[], str | None], int] = {
            self._open: 6,
            self._click: 4,
            self._unsubscribe: 2,
            self._bounce: 3,
            self._back_dated: 4,
            self._draft: 2,
            self._send: 3,
            self._open_old: 1,
            self._delete_subscriber: 1,
            self._delete_campaign: 1,
            self._advance: 4,
        }

    def mutate(self) -> str:
        """One mutation; says what it was."""
        with self.store.lock:
            while True:
                (kind,) = self.rng.choices(list(self._kinds), list(self._kinds.values()))
                done = kind()
                if done is not None:
                    return done

    def untold(self) -> set[Key]:
        """Rows that have changed without a sign: their campaign hasn't been counted since.

        Up to v7 new bounces and suppressed mails; in every version links that lost clicks with their subscriber.
        """
        with self.store.lock:
            stamps = {uuid: each.statistics_calculated_at for uuid, each in self.store.campaigns.items()}
            return {
                (stream, key)
                for (stream, key), at in self._quiet.items()
                if (stamp := stamps.get(key[0])) is not None and stamp < at
            }

    # What may happen: each says what it did, or None if it can't be done now. `back`: seconds before now

    def _open(self, back: int = 0) -> str | None:
        return self._opened(self._campaign(), back)

    def _open_old(self) -> str | None:
        old = self._year_old()
        return self._opened(self.rng.choice(old), 0) if old else None

    def _opened(self, campaign: Campaign | None, back: int) -> str | None:
        if campaign is None:
            return None
        openers = [group.subscriber for group in self.store.children(campaign, "opens")]
        who, again = self._known_or_new(campaign, openers)
        at = self._moment(campaign, back)
        self.store.add_open(campaign, who, at)
        return f"{who.email} opened {campaign.uuid}{again}{self._when(at)}"

    def _click(self, back: int = 0) -> str | None:
        campaign = self._campaign()
        if campaign is None:
            return None
        links = self.store.events[campaign.uuid].links
        known = bool(links) and self.rng.random() < KNOWN
        url = self.rng.choice(links).url if known else self._name("https://shop.example.com/fresh")
        who, _ = self._known_or_new(campaign, [click.subscriber for link in links for click in link.clicks])
        at = self._moment(campaign, back)
        self.store.add_click(campaign, who, url, at)
        return f"{who.email} clicked {url} in {campaign.uuid}{self._when(at)}"

    def _unsubscribe(self) -> str | None:
        campaign = self._campaign()
        if campaign is None:
            return None
        who = self._newcomer(campaign, [each for each in self._people(campaign) if each.unsubscribed_at is not None])
        self.store.add_unsubscribe(campaign, who)
        return f"{who.email} unsubscribed through {campaign.uuid}"

    def _bounce(self, back: int = 0) -> str | None:
        campaign = self._campaign()
        if campaign is None:
            return None
        kind = self.rng.choice(FEEDBACK_TYPES)
        known = [group.subscriber for group in self.store.children(campaign, "bounces") if group.type == kind]
        who, again = self._known_or_new(campaign, known)
        at = self._moment(campaign, back)
        self.store.add_bounce(campaign, who, kind, at)
        if kind != "complaint" and not self.store.version.recounts_bounces:
            self._quiet["campaign_bounces", (campaign.uuid, who.uuid, kind)] = self.store.now
        return f"{kind} of {who.email} in {campaign.uuid}{again}{self._when(at)}"

    def _back_dated(self) -> str | None:
        """Mailcoach hears of the event late, and stores the provider's time of it."""
        happen: Callable[[int], str | None] = self.rng.choice([self._open, self._click, self._bounce])
        return happen(self.rng.randint(HOUR, 20 * HOUR))

    def _draft(self) -> str | None:
        owners = list(self.store.email_lists.values())
        if not owners:
            return None
        made = self.store.add_campaign(self._name("New "), "draft", email_list=self.rng.choice(owners), html_bytes=50)
        return f"new draft {made.uuid}"

    def _send(self) -> str | None:
        """From draft to sending or at once to sent, from sending to sent."""
        waiting = [each for each in self._campaigns("draft", "sending") if each.email_list is not None]
        if not waiting:
            return None
        campaign = self.rng.choice(waiting)
        if campaign.status == "draft":
            self._begun[campaign.uuid] = self.store.now
        status = "sent" if campaign.status == "sending" else self.rng.choice(["sending", "sent"])
        self.store.set_status(campaign, status)
        return f"{campaign.uuid} is now {status}"

    def _delete_subscriber(self) -> str | None:
        """Mostly somebody who opened something."""
        campaign = self._campaign()
        openers = [group.subscriber for group in self.store.children(campaign, "opens")] if campaign else []
        everybody = openers or list(self.store.subscribers.values())
        if not everybody:
            return None
        who = self.rng.choice(everybody)
        for uuid, events in self.store.events.items():
            self._gone("campaign_opens", [(uuid, who.uuid) for each in events.opens if each.subscriber is who])
            left = [(uuid, who.uuid) for each in events.unsubscribes if each.subscriber is who]
            self._gone("campaign_unsubscribes", left)
            bounced = [(uuid, who.uuid, each.type) for each in events.feedback if each.subscriber is who]
            self._gone("campaign_bounces", bounced)
            for link in events.links:
                if any(click.subscriber is who for click in link.clicks):
                    self._quiet["campaign_clicks", (uuid, link.uuid)] = self.store.now
        self.store.delete_subscriber(who)
        return f"subscriber {who.email} deleted from {who.email_list.name}"

    def _delete_campaign(self) -> str | None:
        """But none of the last few, and not the last one that is a year old."""
        campaigns, old = self._campaigns("sending", "sent", "cancelled", "paused"), self._year_old()
        if len(campaigns) <= LEAST_CAMPAIGNS:
            return None
        campaign = self.rng.choice([each for each in campaigns if [each] != old])
        uuid, store = campaign.uuid, self.store
        self._gone("campaigns", [(uuid,)])
        self._gone("campaign_clicks", [(uuid, row.uuid) for row in store.children(campaign, "clicks")])
        self._gone("campaign_opens", [(uuid, row.subscriber.uuid) for row in store.children(campaign, "opens")])
        left = store.children(campaign, "unsubscribes")
        self._gone("campaign_unsubscribes", [(uuid, row.subscriber.uuid) for row in left])
        bounced = store.children(campaign, "bounces")
        self._gone("campaign_bounces", [(uuid, row.subscriber.uuid, row.type) for row in bounced])
        store.delete_campaign(campaign)
        return f"campaign {uuid} deleted"

    def _advance(self) -> str:
        minutes = self.rng.randint(1, 9 * 60)
        self.store.advance(minutes * MINUTE)
        return f"{minutes} minutes later"

    # Who, what and when

    def _campaigns(self, *statuses: str) -> list[Campaign]:
        campaigns = self.store.campaigns.values()
        return [each for each in campaigns if each.status in statuses and each.uuid not in self.store.generated]

    def _campaign(self) -> Campaign | None:
        """One that was or is being sent, to a list that is still there."""
        sent = self._campaigns("sending", "sent", "cancelled", "paused")
        reached = [each for each in sent if each.email_list is not None]
        return self.rng.choice(reached) if reached else None

    def _year_old(self) -> list[Campaign]:
        limit = self.store.now - YEAR
        sent = self._campaigns("sent", "cancelled")
        return [each for each in sent if each.email_list is not None and (each.sent_at or limit) < limit]

    def _people(self, campaign: Campaign) -> list[Subscriber]:
        """The confirmed subscribers of its list."""
        everybody = self.store.subscribers.values()
        return [who for who in everybody if who.email_list is campaign.email_list and who.subscribed_at is not None]

    def _known_or_new(self, campaign: Campaign, known: Sequence[Subscriber]) -> tuple[Subscriber, str]:
        if known and self.rng.random() < KNOWN:
            return self.rng.choice(known), " again"
        return self._newcomer(campaign, known), ""

    def _newcomer(self, campaign: Campaign, known: Sequence[Subscriber]) -> Subscriber:
        """Somebody on the list who isn't known yet; three people join if there is nobody."""
        former = set(known)
        pool = [who for who in self._people(campaign) if who not in former]
        if not pool and campaign.email_list is not None:
            owner, store = campaign.email_list, self.store
            pool = [store.add_subscriber(owner, self._name("joined") + "@example.org") for _ in range(3)]
        return self.rng.choice(pool)

    def _moment(self, campaign: Campaign, back: int) -> int | None:
        """Nothing comes before the campaign was sent. None: now."""
        begun = self._begun.get(campaign.uuid) or campaign.sent_at or campaign.created_at
        return max(begun, self.store.now - back) if back else None

    def _when(self, at: int | None) -> str:
        return "" if at is None else f" at {wire_time(at)}"

    def _name(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}{self._made}"

    def _gone(self, stream: str, keys: Iterable[tuple[str, ...]]) -> None:
        for key in keys:
            self.deleted.add((stream, key))
            self._quiet.pop((stream, key), None)
