"""What changes in the account, and what follows from it in each version."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.world.entities import Campaign, Subscriber
from sandbox.world.times import epoch, wire_time

from .client import ask, with_rows

SMALL: dict[str, Any] = {"opens": 20, "html_bytes": 20}


def some(sandbox: Sandbox, opens: int = 15) -> tuple[Campaign, Subscriber]:
    """A campaign with so many opens, and a subscriber of its list who did nothing with it."""
    campaign = with_rows(sandbox, "opens", opens)
    events = sandbox.store.events[campaign.uuid]
    known = {event.subscriber for event in events.opens}
    known |= {event.subscriber for event in events.unsubscribes} | {event.subscriber for event in events.feedback}
    for who in sandbox.store.subscribers.values():
        if who.email_list is campaign.email_list and who not in known and who.unsubscribed_at is None:
            return campaign, who
    raise AssertionError("everybody did something")


def test_a_new_open_is_a_new_row_and_moves_the_stamp_and_the_counters() -> None:
    with Sandbox(**SMALL) as running:
        campaign, who = some(running)
        before, updated = campaign.statistics, campaign.updated_at
        running.store.advance(3600)
        running.store.add_open(campaign, who)
        row = ask(running, f"/campaigns/{campaign.uuid}/opens?sort=-first_opened_at").data[0]
        assert (row["subscriber_uuid"], row["open_count"]) == (who.uuid, 1)
        found = ask(running, f"/campaigns/{campaign.uuid}").data
        assert found["statistics_calculated_at"] == wire_time(running.store.now) == "2026-11-01T13:00:00.000000Z"
        assert found["unique_open_count"] == before.unique_open_count + 1
        assert campaign.updated_at == updated


def test_up_to_v6_a_recount_touches_the_campaign() -> None:
    with Sandbox("v6", **SMALL) as running:
        campaign, who = some(running)
        running.store.advance(60)
        running.store.add_open(campaign, who)
        assert campaign.updated_at == running.store.now


def test_another_open_of_the_same_subscriber_grows_its_row() -> None:
    with Sandbox(**SMALL) as running:
        campaign = with_rows(running, "opens", 15)
        group = running.store.children(campaign, "opens")[0]
        running.store.advance(60)
        running.store.add_open(campaign.uuid, group.subscriber.uuid)
        (grown,) = ask(running, f"/campaigns/{campaign.uuid}/opens?filter[search]={group.subscriber.email}").data
        assert len(running.store.children(campaign, "opens")) == 15
        assert grown["open_count"] == group.opens + 1
        assert grown["last_opened_at"] == wire_time(running.store.now)


def test_a_back_dated_event_moves_the_stamp_and_not_the_counters_since_v8() -> None:
    for version, counted in (("v7", True), ("v8", False)):
        with Sandbox(version, **SMALL) as running:
            campaign, who = some(running)
            campaign.statistics_calculated_at = running.store.now
            before = campaign.statistics
            running.store.advance(60)
            running.store.add_open(campaign, who, at=running.store.now - 3600)
            assert campaign.statistics_calculated_at == running.store.now
            assert (campaign.statistics.unique_open_count > before.unique_open_count) == counted


@pytest.mark.parametrize(("version", "recounted"), [("v6", False), ("v7", False), ("v8", True)])
def test_a_bounce_moves_the_stamp_since_v8_only(version: str, recounted: bool) -> None:
    with Sandbox(version, **SMALL) as running:
        campaign, who = some(running)
        rows = len(running.store.children(campaign, "bounces"))
        stamp = campaign.statistics_calculated_at
        running.store.advance(60)
        running.store.add_bounce(campaign, who, "soft_bounce")
        assert len(running.store.children(campaign, "bounces")) == rows + 1
        assert (campaign.statistics_calculated_at != stamp) == recounted


def test_a_complaint_unsubscribes_too() -> None:
    with Sandbox(**SMALL) as running:
        campaign, who = some(running)
        running.store.add_bounce(campaign, who, "complaint", at="2026-11-01T11:00:00Z")
        assert who.unsubscribed_at == epoch("2026-11-01T11:00:00Z")
        rows = ask(running, f"/campaigns/{campaign.uuid}/unsubscribes?filter[search]={who.email}").data
        assert [row["subscriber_uuid"] for row in rows] == [who.uuid]


def test_an_unknown_kind_of_feedback_is_an_error() -> None:
    with Sandbox(**SMALL) as running, pytest.raises(ValueError, match="hard is none of bounce"):
        running.store.add_bounce(*some(running), "hard")


def test_unsubscribing_twice_is_one_row() -> None:
    with Sandbox(**SMALL) as running:
        campaign, who = some(running)
        rows = len(running.store.children(campaign, "unsubscribes"))
        active = running.store.active_subscribers(who.email_list)
        running.store.add_unsubscribe(campaign, who)
        running.store.add_unsubscribe(campaign, who)
        assert len(running.store.children(campaign, "unsubscribes")) == rows + 1
        assert running.store.active_subscribers(who.email_list) == active - 1


def test_the_first_click_makes_the_link() -> None:
    with Sandbox(**SMALL) as running:
        campaign, who = some(running)
        links = len(running.store.children(campaign, "clicks"))
        for _ in range(2):
            running.store.add_click(campaign, who, "https://shop.example.com/new")
        assert len(running.store.children(campaign, "clicks")) == links + 1
        (row,) = ask(running, f"/campaigns/{campaign.uuid}/clicks?filter[search]=/new").data
        assert (row["click_count"], row["unique_click_count"]) == (2, 1)
        assert row["clicks"][0]["send_uuid"] == row["clicks"][1]["send_uuid"]


def test_a_deleted_subscriber_takes_its_events_along_and_leaves_the_counters() -> None:
    with Sandbox(**SMALL) as running:
        who = running.store.children(with_rows(running, "opens", 15), "opens")[0].subscriber
        campaigns = running.truth("campaigns", "all")
        running.store.delete_subscriber(who)
        for stream in ("campaign_opens", "campaign_unsubscribes", "campaign_bounces"):
            assert who.uuid not in {row["subscriber_uuid"] for row in running.truth(stream, "all")}
        clicks = [click for row in running.truth("campaign_clicks", "all") for click in row["clicks"]]
        assert who.uuid not in {click["subscriber_uuid"] for click in clicks}
        ignored = {"email_list"}
        assert [{k: v for k, v in row.items() if k not in ignored} for row in running.truth("campaigns", "all")] == [
            {k: v for k, v in row.items() if k not in ignored} for row in campaigns
        ]


def test_a_deleted_campaign_is_gone_with_its_children() -> None:
    with Sandbox(**SMALL) as running:
        campaign = with_rows(running, "opens", 15)
        running.store.delete_campaign(campaign)
        assert ask(running, f"/campaigns/{campaign.uuid}/opens").status == 404
        assert ask(running, "/campaigns").meta["total"] == 39
        assert campaign.uuid not in {row["campaign_uuid"] for row in running.truth("campaign_opens", "all")}


def test_a_new_campaign_is_served_with_what_happens_to_it() -> None:
    with Sandbox(**SMALL) as running:
        campaign = running.store.add_campaign("Brand new", "sent")
        who = running.store.add_subscriber(campaign.email_list or "", "fresh@example.org")
        running.store.add_open(campaign, who)
        assert ask(running, "/campaigns?filter[search]=brand").data[0]["unique_open_count"] == 1
        assert ask(running, f"/campaigns/{campaign.uuid}/opens").data[0]["subscriber_email"] == "fresh@example.org"


def test_a_deleted_list_leaves_its_campaigns_behind() -> None:
    with Sandbox(**SMALL) as running:
        campaign = with_rows(running, "opens", 15)
        owner = campaign.email_list
        assert owner is not None
        running.store.delete_email_list(owner)
        assert campaign.email_list is None
        assert running.store.children(campaign, "opens") == []
        assert len(ask(running, "/email-lists").data) == 2


def test_pruned_opens_vanish_unnoticed_by_the_counters() -> None:
    with Sandbox(**SMALL) as running:
        campaign = with_rows(running, "opens", 15)
        before = campaign.statistics
        running.store.delete_open(campaign, running.store.children(campaign, "opens")[0].subscriber)
        assert len(running.store.children(campaign, "opens")) == 14
        assert campaign.statistics == before


def test_counters_of_old_campaigns_agree_with_the_rows() -> None:
    with Sandbox(**SMALL) as running:
        store = running.store
        old = [each for each in store.campaigns.values() if each.sent_at and each.sent_at < store.now - 30 * 86400]
        old = [each for each in old if each.email_list is not None]
        assert len(old) > 10
        for campaign in old:
            groups = store.children(campaign, "opens")
            assert campaign.statistics.unique_open_count == len(groups)
            assert campaign.statistics.open_count == sum(group.opens for group in groups)
            assert campaign.statistics.unsubscribe_count == len(store.children(campaign, "unsubscribes"))
