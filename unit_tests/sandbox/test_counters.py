"""When counters and `statistics_calculated_at` move, version by version."""

from dataclasses import replace
from typing import Any

import pytest

from sandbox.life.store import Store
from sandbox.world.entities import Campaign, Open, Statistics, Subscriber
from sandbox.world.times import DAY, HOUR, MINUTE
from sandbox.world.versions import VERSIONS

ALL = ("v5", "v6", "v7", "v8", "cloud")


def account(version: str, age: int = 400 * DAY, counted_ago: int | None = DAY, **fields: Any) -> tuple[Store, Campaign]:
    """One campaign, sent `age` seconds ago, that two of three people opened before its last count."""
    store = Store(VERSIONS[version])
    store.add_email_list("Everybody")
    made: dict[str, Any] = {
        "sent_at": store.now - age,
        "created_at": store.now - age - HOUR,
        "updated_at": store.now - age,
        "statistics_calculated_at": None if counted_ago is None else store.now - counted_ago,
    }
    campaign = store.add_campaign("The campaign", **{**made, **fields})
    for number in range(3):
        store.add_subscriber(next(iter(store.email_lists)), f"reader{number}@example.org")
    for who in people(store)[:2]:
        store.events[campaign.uuid].opens.append(Open(who, store.now - age + 1))
    campaign.statistics = Statistics(open_count=2, unique_open_count=2)
    return store, campaign


def people(store: Store) -> list[Subscriber]:
    return list(store.subscribers.values())


EVENTS = {
    "open": lambda store, campaign, at: store.add_open(campaign, people(store)[2], at),
    "click": lambda store, campaign, at: store.add_click(campaign, people(store)[2], "https://shop.example.com/", at),
    "unsubscribe": lambda store, campaign, at: store.add_unsubscribe(campaign, people(store)[2], at),
    "complaint": lambda store, campaign, at: store.add_bounce(campaign, people(store)[2], "complaint", at),
    "bounce": lambda store, campaign, at: store.add_bounce(campaign, people(store)[2], "bounce", at),
    "soft_bounce": lambda store, campaign, at: store.add_bounce(campaign, people(store)[2], "soft_bounce", at),
    "suppressed": lambda store, campaign, at: store.add_bounce(campaign, people(store)[2], "suppressed", at),
}
ENGAGEMENT = ("open", "click", "unsubscribe", "complaint")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("version", ["v6", "v7", "v8", "cloud"])
def test_an_event_has_a_campaign_counted_at_any_age(version: str, event: str) -> None:
    """But bounces and suppressed mails do so since v8 only."""
    store, campaign = account(version)
    stamp, before, updated = campaign.statistics_calculated_at, campaign.statistics, campaign.updated_at
    EVENTS[event](store, campaign, None)
    noticed = event in ENGAGEMENT or version in ("v8", "cloud")
    assert campaign.statistics_calculated_at == (store.now if noticed else stamp)
    assert campaign.updated_at == (store.now if noticed and version == "v6" else updated)
    assert (campaign.statistics != before) == (noticed and event != "suppressed")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("version", ["v6", "v7", "v8", "cloud"])
def test_a_back_dated_event_moves_the_stamp_and_since_v8_not_the_counters(version: str, event: str) -> None:
    store, campaign = account(version, counted_ago=HOUR)
    stamp, before = campaign.statistics_calculated_at, campaign.statistics
    EVENTS[event](store, campaign, store.now - 5 * HOUR)
    new = version in ("v8", "cloud")
    assert campaign.statistics_calculated_at == (store.now if new or event in ENGAGEMENT else stamp)
    assert (campaign.statistics != before) == (not new and event in ENGAGEMENT)


def test_what_came_in_back_dated_is_counted_with_the_next_event() -> None:
    store, campaign = account("v8", counted_ago=HOUR)
    store.add_open(campaign, people(store)[0], store.now - 5 * HOUR)
    assert campaign.statistics.open_count == 2
    store.add_open(campaign, people(store)[2])
    assert campaign.statistics.open_count == 4


def test_v5_counts_sent_campaigns_alone_and_only_after_a_new_open_or_click() -> None:
    for event, at, status, counted in (
        ("open", None, "sent", True),
        ("open", 5 * HOUR, "sent", False),
        ("open", None, "cancelled", False),
        ("unsubscribe", None, "sent", False),
    ):
        store, campaign = account("v5", counted_ago=HOUR, status=status)
        EVENTS[event](store, campaign, None if at is None else store.now - at)
        assert (campaign.statistics_calculated_at == store.now) == counted


@pytest.mark.parametrize(
    ("status", "version"), [("cancelled", "v6"), ("sending", "v7"), ("cancelled", "v8"), ("paused", "v8")]
)
def test_campaigns_that_are_not_sent_are_counted_too(status: str, version: str) -> None:
    store, campaign = account(version, status=status)
    store.add_open(campaign, people(store)[2])
    assert campaign.statistics_calculated_at == store.now
    assert campaign.statistics.unique_open_count == 3


@pytest.mark.parametrize(
    ("age", "counted_ago", "due"),
    [
        (2 * MINUTE, 0, True),
        (5 * MINUTE, 1, True),
        (6 * MINUTE, 9 * MINUTE, False),
        (6 * MINUTE, 10 * MINUTE, True),
        (2 * HOUR + 1, HOUR - 1, False),
        (23 * HOUR, HOUR, True),
        (2 * DAY, 4 * HOUR - 1, False),
        (14 * DAY, 4 * HOUR, True),
        (14 * DAY + 1, 4 * HOUR, False),
        (400 * DAY, 300 * DAY, False),
        (3 * DAY, None, True),
        (400 * DAY, None, False),
    ],
)
@pytest.mark.parametrize("version", ALL)
def test_the_schedule_counts_for_14_days_ever_less_often(
    version: str, age: int, counted_ago: int | None, due: bool
) -> None:
    store, campaign = account(version, age, counted_ago)
    stamp = campaign.statistics_calculated_at
    assert store.run_schedule() == ([campaign] if due else [])
    assert campaign.statistics_calculated_at == (store.now if due else stamp)


@pytest.mark.parametrize(("version", "due"), [("v5", False), ("v6", True), ("v7", True), ("v8", True)])
def test_what_is_still_being_sent_is_counted_at_any_age_since_v6(version: str, due: bool) -> None:
    store, campaign = account(version, counted_ago=0, status="sending", sent_at=None)
    assert store.run_schedule() == ([campaign] if due else [])


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_the_schedule_leaves_alone_what_was_not_sent(status: str) -> None:
    store, _ = account("v8", counted_ago=None, status=status, sent_at=None)
    assert store.run_schedule() == []


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_the_schedule_finds_bounces_that_nobody_noticed(version: str) -> None:
    store, campaign = account(version, age=3 * DAY, counted_ago=0)
    EVENTS["bounce"](store, campaign, None)
    store.advance(4 * HOUR - 1)
    assert campaign.statistics.bounce_count == (1 if version == "v8" else 0)
    store.advance(1)
    assert campaign.statistics.bounce_count == 1
    assert campaign.statistics_calculated_at == store.now


def test_the_clock_can_move_without_the_schedule() -> None:
    store, campaign = account("v8", age=3 * DAY)
    stamp = campaign.statistics_calculated_at
    assert store.advance(DAY, schedule=False) == store.now
    assert campaign.statistics_calculated_at == stamp
    store.advance(0)
    assert campaign.statistics_calculated_at == store.now


@pytest.mark.parametrize(("version", "left"), [("v6", 1), ("v7", 1), ("v8", 2)])
def test_the_counters_hear_of_a_deleted_subscriber_at_the_next_count(version: str, left: int) -> None:
    """Since v8 not even then, for nothing is as new as the last count; only with the next event."""
    store, campaign = account(version, age=3 * DAY)
    before, stamp = campaign.statistics, campaign.statistics_calculated_at
    store.delete_subscriber(people(store)[0])
    assert (campaign.statistics, campaign.statistics_calculated_at) == (before, stamp)
    assert len(store.children(campaign, "opens")) == 1
    store.advance(HOUR)
    assert campaign.statistics.unique_open_count == left
    store.add_open(campaign, people(store)[1])
    assert campaign.statistics.unique_open_count == 2
    assert campaign.statistics == replace(before, open_count=2, unique_open_count=2)


def test_a_new_campaign_is_counted_once_it_was_sent() -> None:
    store, _ = account("v8")
    fresh = store.add_campaign("Fresh", "draft", scheduled_at=store.now + HOUR)
    store.advance(HOUR)
    assert store.campaigns[fresh.uuid].statistics_calculated_at is None
    store.set_status(fresh, "sending")
    assert (fresh.scheduled_at, fresh.sent_at, fresh.sent_to_number_of_subscribers) == (None, None, 3)
    store.advance(MINUTE)
    assert fresh.statistics_calculated_at == store.now
    store.set_status(fresh.uuid, "sent")
    assert fresh.sent_at == fresh.updated_at == store.now
    store.advance(MINUTE)
    assert fresh.statistics_calculated_at == store.now


@pytest.mark.parametrize("status", ["sending", "paused", "cancelled", "sent", "draft"])
def test_a_change_of_status_touches_the_campaign(status: str) -> None:
    store, campaign = account("v8", status="sending", sent_at=None)
    store.set_status(campaign, status)
    assert (campaign.status, campaign.updated_at) == (status, store.now)
    assert campaign.sent_at == (store.now if status in ("cancelled", "sent") else None)


@pytest.mark.parametrize(("version", "status"), [("v8", "scheduled"), ("v7", "paused"), ("v6", "")])
def test_a_status_that_the_version_does_not_know_is_an_error(version: str, status: str) -> None:
    store, campaign = account(version)
    with pytest.raises(ValueError, match="is none of draft, sending, sent, cancelled"):
        store.set_status(campaign, status)
