"""The sends of a seeded campaign: who got it, when, and who did not."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sandbox.world.aggregate import send_uuid
from sandbox.world.entities import Campaign, Events, Subscriber
from sandbox.world.mail_entities import Engagement, Send
from sandbox.world.times import MINUTE

BATCHES = (40, 4, 18)
"""How many mails a campaign sends in one second: up to three pages of sends with the same `sent_at`."""

FAILS = 17
"""One mail in so many fails, unless somebody engaged with it."""


def bulk_sends(campaign: Campaign, events: Events, pool: Sequence[Subscriber], rng: random.Random) -> dict[str, Send]:
    """A send for everybody who engaged and for some of `pool` who did not, by the subscriber's uuid, oldest first.

    Of a campaign that isn't through, half of those who did not engage are still waiting for their mail.
    """
    engaged = dict.fromkeys(_engaged(events))
    others = [who for who in pool if who not in engaged]
    others = rng.sample(others, min(len(others), 3 + len(engaged) // 5))
    waiting = [] if campaign.status == "sent" else others[::2]
    receivers = [*engaged, *(others if campaign.status == "sent" else others[1::2])]
    rng.shuffle(receivers)
    begin = campaign.created_at + 10 * MINUTE if campaign.sent_at is None else campaign.sent_at
    batch = BATCHES[campaign.id % len(BATCHES)]
    found: dict[str, Send] = {}
    for number, who in enumerate(receivers):
        at = begin + number // batch
        send = found[who.uuid] = Send(send_uuid(campaign, who), who, begin - 1, at, at, campaign)
        if who not in engaged and number % FAILS == 0:
            fail(send)
    for who in waiting:
        found[who.uuid] = Send(send_uuid(campaign, who), who, begin - 1, begin - 1, None, campaign)
    return found


def fail(send: Send) -> None:
    """The provider refused a mail, and says whose."""
    who = send.subscriber
    address = "the recipient" if who is None else who.email
    send.failed_at = send.sent_at
    send.failure_reason = (
        f'Expected response code "250" but got code "550", with message "550 5.1.1 <{address}>: gone".'
    )


def engagements(events: Events) -> dict[str, Engagement]:
    """What came back of a campaign, by the subscriber's uuid."""
    found: dict[str, Engagement] = {}

    def of(who: Subscriber) -> Engagement:
        return found.setdefault(who.uuid, Engagement())

    for opened in events.opens:
        of(opened.subscriber).opens.append(opened.at)
    for click in [*(click for link in events.links for click in link.clicks), *events.later_clicks]:
        of(click.subscriber).clicks.append(click.at)
    for event in events.feedback:
        if event.type == "bounce":
            of(event.subscriber).hard_bounces += 1
        elif event.type == "soft_bounce":
            of(event.subscriber).soft_bounces += 1
    return found


def _engaged(events: Events) -> list[Subscriber]:
    return [
        *(event.subscriber for event in events.opens),
        *(event.subscriber for event in events.unsubscribes),
        *(event.subscriber for event in events.feedback),
        *(click.subscriber for link in events.links for click in link.clicks),
    ]
