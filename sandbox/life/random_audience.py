"""Random life of the audience: subscribers join and change, tags and segments come and go, lists vanish."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.life.random_life import Life
from sandbox.world.audience_entities import IMPORT_STATUSES, SUPPRESSION_REASONS
from sandbox.world.entities import EmailList, Subscriber

LEAST_LISTS = 2
MOST_LISTS = 4


class AudienceLife(Life):
    """What may happen: each says what it did, or gives None if it can't be done now."""

    def _join(self) -> str | None:
        owner = self._list()
        if owner is None:
            return None
        at = self.rng.choice([None, self.store.now])
        who = self.store.add_subscriber(owner, self._name("joined") + "@example.org", subscribed_at=at)
        return f"{who.email} joined {owner.name}"

    def _change_subscriber(self) -> str | None:
        """The address stays, for it is in rows of campaigns that nothing would be told of."""
        who = self._somebody()
        if who is None:
            return None
        name = self._name("Ada ")
        self.store.update_subscriber(who, first_name=name, extra_attributes={**who.extra_attributes, "name": name})
        return f"{who.email} is now called {name}"

    def _tag_subscriber(self) -> str | None:
        who = self._somebody()
        tags = [tag for tag in self.store.tags.values() if who is not None and tag.email_list is who.email_list]
        if who is None or not tags:
            return None
        tag = self.rng.choice(tags)
        self.store.tag_subscriber(who, tag.name)
        self._retagged([who])
        return f"{who.email} is now tagged {tag.name}"

    def _add_tag(self) -> str | None:
        owner = self._list()
        return None if owner is None else f"new tag {self.store.add_tag(owner, self._name('tag ')).name}"

    def _rename_tag(self) -> str | None:
        tags = list(self.store.tags.values())
        if not tags:
            return None
        tag, name = self.rng.choice(tags), self._name("renamed ")
        self._retagged(self.store.tagged(tag))
        self.store.rename_tag(tag, name)
        return f"a tag is now {name}"

    def _delete_tag(self) -> str | None:
        tags = list(self.store.tags.values())
        if not tags:
            return None
        tag = self.rng.choice(tags)
        self._retagged(self.store.tagged(tag))
        with self._deleting():
            self.store.delete_tag(tag)
        return f"tag {tag.name} deleted"

    def _add_segment(self) -> str | None:
        owner = self._list()
        return None if owner is None else f"new segment {self.store.add_segment(owner, self._name('segment ')).name}"

    def _delete_segment(self) -> str | None:
        segments = list(self.store.segments.values())
        if not segments:
            return None
        segment = self.rng.choice(segments)
        with self._deleting():
            self.store.delete_segment(segment)
        return f"segment {segment.name} deleted"

    def _suppress(self) -> str:
        reason = self.rng.choice(SUPPRESSION_REASONS)
        made = self.store.add_suppression(self._name("suppressed") + "@example.net", reason)
        return f"{made.email} suppressed: {reason}"

    def _reactivate(self) -> str | None:
        suppressions = list(self.store.suppressions.values())
        if not suppressions:
            return None
        suppression = self.rng.choice(suppressions)
        with self._deleting():
            self.store.delete_suppression(suppression)
        return f"{suppression.email} reactivated"

    def _import(self) -> str | None:
        owner = self._list()
        if owner is None:
            return None
        status = self.rng.choice(IMPORT_STATUSES)
        self.store.add_import(owner, status, imported_subscribers_count=self.rng.randrange(100))
        return f"import {status} into {owner.name}"

    def _prune_imports(self) -> str | None:
        with self._deleting():
            gone = self.store.prune_imports()
        return f"{len(gone)} imports pruned" if gone else None

    def _add_list(self) -> str | None:
        """Once others have gone."""
        if not 0 < len(self.store.email_lists) < MOST_LISTS:
            return None
        made = self.store.add_email_list(self._name("List "))
        for _ in range(3):
            self.store.add_subscriber(made, self._name("joined") + "@example.org")
        return f"new list {made.name}"

    def _delete_list(self) -> str | None:
        """Not one of the last two, and not that of the last campaign that is a year old."""
        old = {campaign.email_list for campaign in self._year_old()[-1:]}
        lists = [each for each in self.store.email_lists.values() if each not in old]
        if len(self.store.email_lists) <= LEAST_LISTS or not lists:
            return None
        email_list = self.rng.choice(lists)
        self._lost_list(email_list)
        with self._deleting():
            self.store.delete_email_list(email_list)
        return f"list {email_list.name} deleted"

    def _lost_list(self, gone: EmailList) -> None:
        """Its campaigns stay, without a list and without any sign of it."""
        self._lost_clicks({who for who in self.store.subscribers.values() if who.email_list is gone})
        for campaign in self.store.campaigns.values():
            if campaign.email_list is gone:
                self._silently("campaigns", campaign.uuid)

    def _retagged(self, people: Iterable[Subscriber]) -> None:
        for who in people:
            self._silently("subscribers", who.uuid)
