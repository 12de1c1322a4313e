"""Half a year of an invented newsletter, played in the sandbox event by event, so that counters lag as real ones do."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from functools import partial

from sandbox import Sandbox, Store
from sandbox.life.bulk import fail
from sandbox.seeds.audience import seed_audience
from sandbox.seeds.mails import seed_mails
from sandbox.world.entities import Campaign, EmailList, Subscriber
from sandbox.world.times import DAY, HOUR, MINUTE, epoch

BEGIN = epoch("2026-05-04T06:00:00Z")  # a Monday
LINKS = {"pricing": 7, "blog/what-is-new": 4, "events/summer": 2, "": 1}
"""Where mails lead to, and how that attracts."""
DOMAINS = ("example.com", "gmail.com", "example.net", "outlook.com", "gmail.com", "yahoo.com") * 2 + (
    *("example.org", "gmail.com", "icloud.com", "outlook.com", "gmail.com", "example.net"),
)
YAHOO_REFUSES_FROM = 14
"""The week from which on Yahoo turns mails back, and puts others among spam."""
JOIN_SOURCES = (3, 5, 4, 6, 22, 9, 5, 4)
"""New subscribers in a week of the first list, and again from the start: a conference now and then."""


class Newsletter:
    """Two lists of a store that are written to, the first each week and the second every other week."""

    def __init__(self, store: Store, people: int = 240, seed: int = 1) -> None:
        self.store = store
        self.rng = random.Random(seed)
        self.weeks = 0
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._planned = 0
        self._eagerness: dict[str, float] = {}
        self._made = 0
        store.now = BEGIN
        self.lists = [store.add_email_list("Weekly digest"), store.add_email_list("Product news")]
        for owner, count in zip(self.lists, (people, people // 2), strict=True):
            for _ in range(count):
                self._join(owner, at=BEGIN - self.rng.randrange(180 * DAY))

    def live(self, weeks: int) -> None:
        """Plan and play so many weeks; opens and clicks that come later wait for the next call."""
        for _ in range(weeks):
            monday = BEGIN + self.weeks * 7 * DAY
            for place, owner in enumerate(self.lists):
                for _ in range(JOIN_SOURCES[self.weeks % len(JOIN_SOURCES)] // (place + 1)):
                    self._plan(monday + self.rng.randrange(7 * DAY), partial(self._join, owner))
                for _ in range(self.rng.randrange(3)):
                    self._plan(monday + self.rng.randrange(7 * DAY), partial(self._leave_by_hand, owner))
                if self.weeks % (place + 1) == 0:
                    tuesday = monday + DAY + 2 * HOUR + place * 26 * HOUR
                    self._plan(tuesday, partial(self._send, owner))
            if self.weeks % 2:
                self._plan(monday + 6 * DAY, self.delete_somebody)
            self.weeks += 1
            self._play(BEGIN + self.weeks * 7 * DAY)

    # The clock

    def _plan(self, at: int, happen: Callable[[], object]) -> None:
        self._planned += 1
        heapq.heappush(self._due, (at, self._planned, happen))

    def _play(self, until: int) -> None:
        while self._due and self._due[0][0] <= until:
            at, _, happen = heapq.heappop(self._due)
            self._advance(at)
            happen()
        self._advance(until)

    def _advance(self, to: int) -> None:
        """The schedule that counts campaigns runs every minute; once an hour is often enough here."""
        while self.store.now < to:
            self.store.advance(min(HOUR, to - self.store.now))

    # What people do

    def _join(self, owner: EmailList, at: int | None = None) -> None:
        """One in 25 never confirms. None of the providers gives out such an address, so nobody has it."""
        self._made += 1
        moment = self.store.now if at is None else at
        who = self.store.add_subscriber(
            owner,
            f"{self._made:04d}_reader@{DOMAINS[self._made % len(DOMAINS)]}",
            subscribed_at=None if self.rng.random() < 0.04 else moment,
            created_at=moment,
            updated_at=moment,
        )
        self._eagerness[who.uuid] = self.rng.betavariate(1.2, 2.0)

    def _active(self, owner: EmailList) -> list[Subscriber]:
        everybody = self.store.subscribers.values()
        return [who for who in everybody if who.email_list is owner and who.subscribed_at and not who.unsubscribed_at]

    def _leave_by_hand(self, owner: EmailList) -> None:
        """In the preference center, or by a request to support: no campaign knows of it."""
        who = self.rng.choice(self._active(owner))
        self.store.update_subscriber(who, unsubscribed_at=self.store.now)

    def delete_somebody(self) -> None:
        """Mailcoach drops all traces, and counts old campaigns again only if something else happens to them."""
        readers = [who for who in self._active(self.lists[0]) if who.created_at < self.store.now - 60 * DAY]
        self.store.delete_subscriber(max(readers, key=lambda who: self._eagerness[who.uuid] * self.rng.random()))

    # Campaigns

    def _send(self, owner: EmailList) -> None:
        store, name = self.store, owner.name.split()[0]
        number = 1 + sum(each.email_list is owner for each in store.campaigns.values())
        people = self._active(owner)
        campaign = store.add_campaign(
            f"{name} {number:02d}",
            email_list=owner,
            created_at=store.now - DAY,
            sent_to_number_of_subscribers=len(people),
            html_bytes=500,
        )
        appeal = self.rng.uniform(0.7, 1.4)
        for place, who in enumerate(people):
            send = store.add_send(campaign, who)
            send.sent_at = send.updated_at = store.now + place // 10
            fate = self.rng.random()
            if fate < 0.004:
                fail(send)
            elif fate < 0.02:
                kind = "soft_bounce" if fate < 0.012 else "bounce" if fate < 0.018 else "suppressed"
                self._bounce(campaign, who, kind, 5 * MINUTE)
            elif self.weeks < YAHOO_REFUSES_FROM or not who.email.endswith("@yahoo.com"):
                self._read(campaign, who, appeal)
            elif fate < 0.12:
                self._bounce(campaign, who, "soft_bounce", 5 * MINUTE)
            else:
                self._read(campaign, who, appeal / 2)

    def _read(self, campaign: Campaign, who: Subscriber, appeal: float) -> None:
        """The longer somebody is on the list, the less."""
        store, rng = self.store, self.rng
        eager = self._eagerness[who.uuid] * (0.7 + 0.8 * 0.5 ** ((store.now - who.created_at) / (60 * DAY)))
        if rng.random() >= eager * appeal:
            if rng.random() < 0.001:
                self._bounce(campaign, who, "complaint", HOUR)
            return
        first = 5 * MINUTE + int(rng.expovariate(1 / (9 * HOUR)))
        for again in range(rng.choice((1, 1, 1, 2, 4))):
            delay = first + again * int(rng.expovariate(1 / (2 * DAY)))
            self._event(campaign, who, delay, lambda at: store.add_open(campaign, who, at))
        if rng.random() < 0.5 * eager:
            url = f"https://www.example.com/{rng.choices(list(LINKS), list(LINKS.values()))[0]}"
            self._event(campaign, who, first + MINUTE, lambda at: store.add_click(campaign, who, url, at))
        if rng.random() < 0.015 * (1 - eager):
            self._event(campaign, who, first + 2 * MINUTE, lambda at: store.add_unsubscribe(campaign, who, at))

    def _bounce(self, campaign: Campaign, who: Subscriber, kind: str, delay: int) -> None:
        self._event(campaign, who, delay, lambda at: self.store.add_bounce(campaign, who, kind, at))

    def _event(self, campaign: Campaign, who: Subscriber, delay: int, happen: Callable[[int], object]) -> None:
        """One in fifty is reported hours or days late, with the time at which it happened."""
        at = awake(self.store.now + delay)
        late = self.rng.randrange(HOUR, 8 * DAY) if self.rng.random() < 0.02 else 0
        self._plan(at + late, lambda: happen(at) if who.uuid in self.store.subscribers else None)


def awake(at: int) -> int:
    """What would be between 22 and 8 o'clock happens after 6, in the same order."""
    night = (at - 22 * HOUR) % DAY
    return at if night >= 10 * HOUR else at - night + 8 * HOUR + night // 5


def sandbox_with_newsletter(version: str = "v9", weeks: int = 26, people: int = 240) -> tuple[Sandbox, Newsletter]:
    """A sandbox, not yet started, in which the newsletter has been living for so many weeks."""
    sandbox = Sandbox(version=version, empty=True)
    newsletter = Newsletter(sandbox.store, people)
    newsletter.live(weeks)
    seed_audience(sandbox.store)
    seed_mails(sandbox.store)
    return sandbox, newsletter


def another_week(newsletter: Newsletter) -> None:
    """What the second sync has to find: a week of the newsletter, and a few changes elsewhere in the account."""
    newsletter.live(1)
    newsletter.delete_somebody()
    store = newsletter.store
    store.add_suppression("unreachable@example.net", "hard_bounce")
    store.update_template(next(iter(store.templates)), html="<p>[[[content]]]</p>")
    store.add_tag(newsletter.lists[1], "webinar")
    store.add_transactional_mail("Your receipt", [{"email": "buyer@example.org", "name": None}], body="<p>Thanks</p>")
