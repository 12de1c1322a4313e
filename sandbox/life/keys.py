"""The primary keys of everything that an account holds, without the records."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.life.store import Store
from sandbox.world.entities import Campaign

Key = tuple[str, tuple[str, ...]]
"""A stream and a row's primary key in it."""


def all_keys(store: Store) -> set[Key]:
    """Of every stream, whether the version has it or not. Generated opens are left out."""
    with store.lock:
        tables = {**store.tables(), "sends": store.other_sends}
        keys: set[Key] = {(stream, (uuid,)) for stream, found in tables.items() for uuid in found}
        for campaign in store.campaigns.values():
            keys.update(_of_campaign(store, campaign))
        return keys


def _of_campaign(store: Store, campaign: Campaign) -> Iterator[Key]:
    uuid, events = campaign.uuid, store.events[campaign.uuid]
    for opened in events.opens:
        yield "campaign_opens", (uuid, opened.subscriber.uuid)
    for left in events.unsubscribes:
        yield "campaign_unsubscribes", (uuid, left.subscriber.uuid)
    for event in events.feedback:
        yield "campaign_bounces", (uuid, event.subscriber.uuid, event.type)
    for link in events.links:
        yield "campaign_clicks", (uuid, link.uuid)
        for click in link.clicks:
            yield "campaign_click_events", (click.uuid,)
    for send in store.campaign_sends(campaign).values():
        yield "sends", (send.uuid,)
        yield "campaign_sends", (uuid, send.uuid)
