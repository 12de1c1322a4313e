"""The sends of the account: of campaigns, automation mails and transactional mails together."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import Any

from sandbox.life.bulk import FAILS, bulk_sends, engagements, fail
from sandbox.world.account import Account, Moment
from sandbox.world.aggregate import send_uuid
from sandbox.world.entities import Campaign, Subscriber
from sandbox.world.mail_entities import Engagement, Send
from sandbox.world.times import epoch

NOTHING = Engagement()


class Outbox(Account):
    """An account whose mails are known one by one.

    The sends of a seeded campaign follow from its events and are made when they are first asked for, or just before
    anything happens to the campaign. Campaigns with generated opens have none.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.other_sends: dict[str, Send] = {}
        """Those that are no campaign's, by uuid."""
        self._campaign_sends: dict[str, dict[str, Send]] = {}
        self._pools: dict[str, Sequence[Subscriber]] = {}

    # Reading

    def campaign_sends(self, campaign: Campaign) -> dict[str, Send]:
        """The sends of a campaign by the subscriber's uuid."""
        with self.lock:
            pool = self._pools.pop(campaign.uuid, None)
            if pool is not None:
                rng = random.Random(f"{self.seed}/sends/{campaign.uuid}")
                self._campaign_sends[campaign.uuid] = bulk_sends(campaign, self.events[campaign.uuid], pool, rng)
            return self._campaign_sends.setdefault(campaign.uuid, {})

    def sends(self) -> list[Send]:
        """All of them, campaign by campaign, then the others."""
        return self.keep("", "sends", self._all_sends)

    def engagement(self, send: Send) -> Engagement:
        """What came back of a send, as of now."""
        if send.campaign is None or send.subscriber is None:
            return send.own or NOTHING
        events = self.events[send.campaign.uuid]
        found = self.keep(send.campaign.uuid, "engagement", lambda: engagements(events))
        return found.get(send.subscriber.uuid, NOTHING)

    # Living

    def expect_sends(self, campaign: Campaign, pool: Sequence[Subscriber]) -> None:
        """The campaign has been sent to everybody who engaged with it, and to some of the pool who did not."""
        self._pools[campaign.uuid] = pool

    def add_send(self, campaign: Campaign | str, subscriber: Subscriber | str, pending: bool = False) -> Send:
        """The one mail that a subscriber gets of a campaign, sent now or still waiting."""
        with self.lock:
            target = self.campaigns[campaign if isinstance(campaign, str) else campaign.uuid]
            who = self.subscribers[subscriber if isinstance(subscriber, str) else subscriber.uuid]
            sends = self.campaign_sends(target)
            if who.uuid in sends:
                raise ValueError(f"{who.email} has got {target.name} before")
            at = None if pending else self.now
            send = sends[who.uuid] = Send(send_uuid(target, who), who, self.now, self.now, at, target)
            self.changed(target)
            return send

    def finish_sends(self, campaign: Campaign | str) -> list[Send]:
        """What was waiting is sent now, but for one in 17, which fails now. Gives what was waiting."""
        with self.lock:
            target = self.campaigns[campaign if isinstance(campaign, str) else campaign.uuid]
            waiting = [send for send in self.campaign_sends(target).values() if send.sent_at is None]
            for number, send in enumerate(waiting):
                send.sent_at = send.updated_at = self.now
                if number % FAILS == FAILS - 1:
                    fail(send)
            self.changed(target)
            return waiting

    def add_automation_send(self, automation_mail_uuid: str, subscriber: Subscriber, **fields: Any) -> Send:
        """A mail of an automation to a subscriber, sent now unless `fields` (of `Send`) say otherwise."""
        return self._add_other(subscriber, fields | {"automation_mail_uuid": automation_mail_uuid})

    def engage(self, send: Send, kind: str, at: Moment | None = None) -> None:
        """An `open` or a `click` of an automation's or a transactional mail. It moves `updated_at` of nothing."""
        with self.lock:
            if send.own is None or kind not in ("open", "click"):
                raise ValueError(f"a {kind} of {send.uuid}: campaigns have methods of their own")
            moments: list[int] = getattr(send.own, f"{kind}s")
            moments.append(self.now if at is None else epoch(at))
            self._kept.pop("", None)

    def _add_other(self, subscriber: Subscriber | None, fields: dict[str, Any]) -> Send:
        with self.lock:
            made: dict[str, Any] = {
                "uuid": fields.get("uuid") or self.new_uuid(),
                "created_at": self.now,
                "updated_at": self.now,
                "sent_at": self.now,
                "own": Engagement(),
            }
            send = Send(subscriber=subscriber, **(made | fields))
            self.other_sends[send.uuid] = send
            self._kept.pop("", None)
            return send

    def _delivered(self, campaign: Campaign, subscriber: Subscriber) -> None:
        """Whoever engages has got the mail: now, if not before."""
        send = self.campaign_sends(campaign).get(subscriber.uuid)
        if send is None:
            self.add_send(campaign, subscriber)
        elif send.sent_at is None:
            send.sent_at = send.updated_at = self.now

    def _drop_sends(self, gone: Collection[Subscriber]) -> None:
        lists = {who.email_list for who in gone}
        for campaign in self.campaigns.values():
            if campaign.email_list in lists:
                self.campaign_sends(campaign)
        former = set(gone)
        for sends in (*self._campaign_sends.values(), self.other_sends):
            for key in [key for key, send in sends.items() if send.subscriber in former]:
                del sends[key]

    def _forget_sends(self, campaign: Campaign) -> None:
        self._pools.pop(campaign.uuid, None)
        self._campaign_sends.pop(campaign.uuid, None)

    def _all_sends(self) -> list[Send]:
        mails = [send for campaign in self.campaigns.values() for send in self.campaign_sends(campaign).values()]
        return mails + list(self.other_sends.values())
