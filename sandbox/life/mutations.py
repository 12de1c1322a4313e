"""Random life: one realistic mutation after another, and what a test has to know of them."""

from __future__ import annotations

import random
from collections.abc import Callable

from sandbox.life.keys import Key
from sandbox.life.random_audience import AudienceLife
from sandbox.life.random_campaigns import CampaignLife
from sandbox.life.store import Store
from sandbox.world.times import DAY

__all__ = ["Key", "Mutator"]


class Mutator(CampaignLife, AudienceLife):
    """Changes a store at random, by its own generator. `mutate` may be called from `Sandbox.on_request` too.

    `deleted` collects the rows that its deletions took away, as (stream, primary key); it may be cleared at any time.
    A row that came and went between two looks is in it as well.
    """

    def __init__(self, store: Store, rng: random.Random) -> None:
        super().__init__(store, rng)
        self._kinds: dict[Callable[[], str | None], float] = {
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
            self._join: 1,
            self._change_subscriber: 1.5,
            self._tag_subscriber: 0.5,
            self._add_tag: 1,
            self._rename_tag: 0.5,
            self._delete_tag: 0.5,
            self._add_segment: 0.5,
            self._delete_segment: 0.5,
            self._suppress: 1,
            self._reactivate: 0.5,
            self._import: 0.5,
            self._prune_imports: 0.5,
            self._add_list: 0.2,
            self._delete_list: 0.3,
            self._queue_send: 1,
            self._finish_sends: 0.5,
            self._automate: 1,
            self._engage: 1,
            self._add_automation_mail: 0.3,
            self._transactional_mail: 1,
            self._add_transactional_template: 0.3,
            self._add_template: 0.5,
            self._change_template: 1,
            self._delete_template: 0.4,
        }

    def mutate(self) -> str:
        """One mutation; says what it was."""
        with self.store.lock:
            while True:
                (kind,) = self.rng.choices(list(self._kinds), list(self._kinds.values()))
                done = kind()
                if done is not None:
                    return done

    def untold(self, engagement_window: int = 6 * DAY) -> set[Key]:
        """Rows that have changed without a sign.

        - of a campaign that hasn't been counted since: up to v7 new bounces and suppressed mails, in every version
          links that lost clicks with their subscriber, sends that were queued or went out, the campaign whose list
          was deleted;
        - subscribers whose tags changed and nothing else since;
        - sends that wait, or that somebody engaged with and that were sent before the last `engagement_window` seconds.

        The subscriber that is nested in an unsubscribe can change at any time; that isn't in here.
        """
        store = self.store
        with store.lock:
            sent_at = {send.uuid: send.sent_at or 0 for send in store.sends()}
            found = set()
            for (stream, key), at in self._quiet.items():
                if stream == "subscribers":
                    silent = store.subscribers[key[0]].updated_at < at
                elif stream == "sends":
                    silent = sent_at[key[0]] < store.now - engagement_window
                else:
                    stamp = store.campaigns[key[0]].statistics_calculated_at
                    silent = stamp is not None and stamp < at
                if silent:
                    found.add((stream, key))
            return found
