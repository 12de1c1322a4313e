"""Pure sums over a campaign's events: the rows of the grouped endpoints, and the counters."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sandbox.world.entities import (
    FEEDBACK_TYPES,
    BounceGroup,
    Campaign,
    Events,
    Feedback,
    Open,
    OpenGroup,
    Statistics,
    Subscriber,
)


def send_uuid(campaign: Campaign, subscriber: Subscriber) -> str:
    """The uuid of the one mail that this subscriber got of this campaign."""
    return str(uuid.uuid5(uuid.UUID(campaign.uuid), subscriber.uuid))


def group_opens(opens: list[Open]) -> list[OpenGroup]:
    groups: dict[int, list[Any]] = {}
    for subscriber, at in opens:
        group = groups.get(subscriber.id)
        if group is None:
            groups[subscriber.id] = [subscriber, 1, at, at]
        else:
            group[1] += 1
            if at < group[2]:
                group[2] = at
            elif at > group[3]:
                group[3] = at
    return [OpenGroup(*group) for group in groups.values()]


def group_feedback(feedback: list[Feedback]) -> list[BounceGroup]:
    groups: dict[tuple[int, str], BounceGroup] = {}
    for subscriber, kind, at in feedback:
        known = groups.get((subscriber.id, kind))
        count, first = (1, at) if known is None else (known.bounces + 1, min(known.first, at))
        groups[subscriber.id, kind] = BounceGroup(subscriber, kind, count, first)
    return list(groups.values())


def count(events: Events, until: int) -> Statistics:
    opens = [event for event in events.opens if event.at <= until]
    clicks = [click for link in events.links for click in link.clicks if click.at <= until]
    bounced = {
        event.subscriber.id for event in events.feedback if event.type in FEEDBACK_TYPES[:2] and event.at <= until
    }
    return Statistics(
        open_count=len(opens),
        unique_open_count=len({event.subscriber.id for event in opens}),
        click_count=len(clicks),
        unique_click_count=len({click.subscriber.id for click in clicks}),
        unsubscribe_count=sum(event.at <= until for event in events.unsubscribes),
        bounce_count=len(bounced),
    )


def newest(events: Events) -> int:
    """The moment of the latest event, 0 if there is none."""
    moments = [event.at for event in events.opens]
    moments += [click.at for link in events.links for click in link.clicks]
    moments += [event.at for event in events.unsubscribes]
    moments += [event.at for event in events.feedback]
    return max(moments, default=0)


def since(events: Events, moment: int, kinds: Collection[str]) -> Events:
    """The events but for those of some kinds that are older than a moment. A link stays when its last click goes."""
    if "clicks" in kinds:
        for link in events.links:
            link.clicks = [click for click in link.clicks if click.at >= moment]
    return Events(
        opens=[each for each in events.opens if each.at >= moment or "opens" not in kinds],
        links=events.links,
        later_clicks=[each for each in events.later_clicks if each.at >= moment or "clicks" not in kinds],
        unsubscribes=[each for each in events.unsubscribes if each.at >= moment or "unsubscribes" not in kinds],
        feedback=[each for each in events.feedback if each.at >= moment or "bounces" not in kinds],
    )


def of_first_variant(events: Events, later_variants: Collection[str]) -> Events:
    """What the counters of a split test are made of."""
    return Events(
        opens=[event for event in events.opens if event.subscriber.uuid not in later_variants],
        links=events.links,
        unsubscribes=[event for event in events.unsubscribes if event.subscriber.uuid not in later_variants],
        feedback=[event for event in events.feedback if event.subscriber.uuid not in later_variants],
    )


def without(events: Events, subscribers: Collection[str]) -> Events:
    """The events but for those of some subscribers, by uuid. A link stays when its last click goes."""
    for link in events.links:
        link.clicks = [click for click in link.clicks if click.subscriber.uuid not in subscribers]
    return Events(
        opens=[event for event in events.opens if event.subscriber.uuid not in subscribers],
        links=events.links,
        later_clicks=[click for click in events.later_clicks if click.subscriber.uuid not in subscribers],
        unsubscribes=[event for event in events.unsubscribes if event.subscriber.uuid not in subscribers],
        feedback=[event for event in events.feedback if event.subscriber.uuid not in subscribers],
    )
