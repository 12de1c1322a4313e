"""What all kinds of random mutations share: who, what and when, and what is written down of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sandbox.life.keys import Key, all_keys
from sandbox.life.store import Store
from sandbox.world.aggregate import send_uuid
from sandbox.world.entities import Campaign, EmailList, Subscriber
from sandbox.world.times import DAY, wire_time

YEAR = 365 * DAY
KNOWN = 0.4
"""How often somebody or something is chosen that took part before."""


class Life:
    """A store, a generator, and the book: `deleted` rows, and in `_quiet` when a row changed in silence."""

    def __init__(self, store: Store, rng: random.Random) -> None:
        self.store = store
        self.rng = rng
        self.deleted: set[Key] = set()
        self._quiet: dict[Key, int] = {}
        self._begun: dict[str, int] = {}
        self._made = 0

    @contextmanager
    def _deleting(self) -> Iterator[None]:
        """Writes down every row that is gone afterwards."""
        before = all_keys(self.store)
        yield
        for key in before - all_keys(self.store):
            self.deleted.add(key)
            self._quiet.pop(key, None)

    def _silently(self, stream: str, *key: str) -> None:
        self._quiet[stream, key] = self.store.now

    def _engaged(self, campaign: Campaign, subscriber: Subscriber) -> None:
        """The send counts it, and nothing that sends can be sorted by moves."""
        uuid = send_uuid(campaign, subscriber)
        self._silently("sends", uuid)
        self._silently("campaign_sends", campaign.uuid, uuid)

    def _lost_clicks(self, gone: set[Subscriber]) -> None:
        """Links lose the clicks of deleted subscribers, and their counts with them."""
        for uuid, events in self.store.events.items():
            for link in events.links:
                if any(click.subscriber in gone for click in link.clicks):
                    self._silently("campaign_clicks", uuid, link.uuid)

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

    def _list(self) -> EmailList | None:
        lists = list(self.store.email_lists.values())
        return self.rng.choice(lists) if lists else None

    def _somebody(self) -> Subscriber | None:
        everybody = list(self.store.subscribers.values())
        return self.rng.choice(everybody) if everybody else None

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
