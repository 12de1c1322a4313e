"""What Mailcoach prunes goes, and the counters stay; of a split test they know the first variant alone."""

import pytest

from sandbox import Sandbox, Store
from sandbox.world.entities import Campaign, Subscriber
from sandbox.world.times import DAY

URL = "https://www.example.com/"


def a_campaign(store: Store) -> tuple[Campaign, list[Subscriber]]:
    """Everything has happened to it once by each of two people, ten days ago by the first and now by the second."""
    owner = store.add_email_list("Digest")
    people = [store.add_subscriber(owner, f"reader{number}@example.org") for number in range(2)]
    campaign = store.add_campaign("Weekly", email_list=owner, sent_to_number_of_subscribers=2)
    for who in people:
        store.add_open(campaign, who)
        store.add_click(campaign, who, URL)
        store.add_unsubscribe(campaign, who)
        store.add_bounce(campaign, who, "soft_bounce")
        store.advance(10 * DAY)
    store.recount(campaign)
    return campaign, people


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("opens", ["campaign_opens"]),
        ("clicks", ["campaign_click_events"]),
        ("unsubscribes", ["campaign_unsubscribes"]),
        ("bounces", ["campaign_bounces"]),
        ("sends", ["campaign_sends", "campaign_opens", "campaign_click_events", "campaign_bounces"]),
    ],
)
def test_what_is_older_goes_and_the_counters_stay(kind: str, streams: list[str]) -> None:
    of_campaigns = ("opens", "click_events", "unsubscribes", "bounces", "sends")
    with Sandbox(empty=True) as sandbox:
        campaign, (_, second) = a_campaign(sandbox.store)
        counted = campaign.statistics
        sandbox.store.prune(kind, sandbox.store.now - 15 * DAY)
        for stream in (f"campaign_{each}" for each in of_campaigns):
            rows = sandbox.truth(stream)
            assert len(rows) == (1 if stream in streams else 2), stream
            assert rows[-1]["subscriber_uuid"] == second.uuid
        assert campaign.statistics == counted


def test_nothing_else_can_be_pruned() -> None:
    with Sandbox(empty=True) as sandbox, pytest.raises(ValueError, match="nothing prunes campaigns"):
        sandbox.store.prune("campaigns", 0)


def test_counters_of_a_split_test_know_the_first_variant_and_mails_know_all() -> None:
    with Sandbox(empty=True) as sandbox:
        campaign, (first, second) = a_campaign(sandbox.store)
        campaign.later_variants = frozenset([second.uuid])
        sandbox.store.add_later_click(campaign, second)
        sandbox.store.recount(campaign)
        counted = campaign.statistics
        assert (counted.unique_open_count, counted.unsubscribe_count, counted.bounce_count) == (1, 1, 1)
        assert len(sandbox.truth("campaign_opens")) == 2
        assert len(sandbox.truth("campaign_click_events")) == 2
        clicks = {row["subscriber_uuid"]: row["click_count"] for row in sandbox.truth("campaign_sends")}
        assert clicks == {first.uuid: 1, second.uuid: 2}
