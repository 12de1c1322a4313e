"""How a campaign's counters and `statistics_calculated_at` move: by schedule and by events, version by version."""

from __future__ import annotations

from sandbox.world.aggregate import count, newest, of_first_variant
from sandbox.world.entities import Campaign, Events
from sandbox.world.times import DAY, HOUR, MINUTE
from sandbox.world.versions import Version

WINDOWS = ((5 * MINUTE, 0), (2 * HOUR, 10 * MINUTE), (DAY, HOUR), (14 * DAY, 4 * HOUR))
"""Up to which age of `sent_at` the schedule counts again what was counted how long ago, in seconds."""


def is_due(campaign: Campaign, version: Version, now: int) -> bool:
    """Whether the schedule, which runs every minute, counts the campaign at this moment."""
    if campaign.status == "sending" and version.number >= 6:
        return True
    if campaign.sent_at is None or campaign.sent_at > now:
        return False
    age, counted = now - campaign.sent_at, campaign.statistics_calculated_at
    wait = next((wait for until, wait in WINDOWS if age <= until), None)
    return wait is not None and (counted is None or now - counted >= wait)


def is_noticed(campaign: Campaign, events: Events, version: Version) -> bool:
    """Whether an open, click, unsubscribe or complaint that just came in has the campaign counted, at any age.

    On v5 only if some mail, open or click isn't older than the last count; the time of an unsubscribe is ignored.
    """
    if version.number >= 6:
        return campaign.status != "draft"
    seen = Events(opens=events.opens, links=events.links)
    return campaign.status == "sent" and _latest(campaign, seen) >= (campaign.statistics_calculated_at or 0)


def calculate(campaign: Campaign, events: Events, version: Version, now: int) -> None:
    """What a count does. Since 8.7, if everything is older than the last count, it moves nothing but the stamp."""
    counted = campaign.statistics_calculated_at
    if version.skips_old_events and counted is not None and _latest(campaign, events) < counted:
        campaign.statistics_calculated_at = now
    else:
        recount(campaign, events, version, now)


def recount(campaign: Campaign, events: Events, version: Version, until: int) -> None:
    """Count the events up to `until`, from the rows that are there now."""
    campaign.statistics = count(of_first_variant(events, campaign.later_variants), until)
    campaign.statistics_calculated_at = until
    if version.counters_on_campaign:
        campaign.updated_at = until


def _latest(campaign: Campaign, events: Events) -> int:
    """The moment of the latest event, the sending included."""
    return max(newest(events), campaign.sent_at or 0)
