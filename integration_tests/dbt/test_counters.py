"""Rows add up to Mailcoach's counters as far as is explained, and a wrong row is noticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from examples.newsletter import Newsletter
from sandbox import Sandbox
from sandbox.world.entities import Campaign, Subscriber
from sandbox.world.times import DAY

from .warehouse import Warehouse

EXACT = {"mailcoach_counter_tolerance": 0}
TEST = "rows_add_up_to_counters"
SELECT = "--select +campaign_counters --exclude test_type:unit --indirect-selection buildable"


class OnTime(Newsletter):
    """Nothing is reported late, which no row could explain."""

    def _event(self, campaign: Campaign, who: Subscriber, delay: int, happen: Callable[[int], object]) -> None:
        at = self.store.now + delay
        self._plan(at, lambda: happen(at) if who.uuid in self.store.subscribers else None)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """An account with deletions, a split test and pruning, which goes on and loses somebody between two syncs."""
    warehouse = Warehouse(tmp_path_factory.mktemp("troubled") / "mailcoach.duckdb")
    with Sandbox(version="v9", empty=True) as sandbox:
        life, store = OnTime(sandbox.store, people=90), sandbox.store
        life.live(12)
        *_, lagging, split, last = store.campaigns.values()
        got = list(store.campaign_sends(split).values())
        split.later_variants = frozenset(send.subscriber.uuid for send in got[::2] if send.subscriber)
        split.sent_to_number_of_subscribers = len(got) - len(split.later_variants)
        store.recount(split)
        receiver = got[0].subscriber
        assert receiver
        store.add_later_click(split, receiver)
        for kind in ("sends", "opens", "clicks", "unsubscribes", "bounces"):
            store.prune(kind, store.now - 40 * DAY)
        # Young events that no count has seen yet.
        mails = store.campaign_sends(lagging).values()
        silent = [send.subscriber for send in mails if send.subscriber and not store.engagement(send).opens]
        for who in silent[:3]:
            store.add_open(lagging, who)
        store.recount(lagging, until=store.now - 1)
        warehouse.load(sandbox)
        # Read incrementally, the rows of somebody who is deleted stay, and the counter goes down.
        openers = [event.subscriber for event in store.events[last.uuid].opens]
        store.delete_subscriber(openers[0])
        store.recount(last)
        warehouse.load(sandbox, ["email_lists", "subscribers", "campaigns"])
    warehouse.build(SELECT, **EXACT)
    return warehouse


def test_rows_add_up_to_the_counters_with_pruning_a_split_test_and_deletions(troubled: Warehouse) -> None:
    """To the last one: nothing needs the tolerance for what is reported late."""
    assert troubled.mart("campaign_counters", ["sum(unexplained) as n"]) == [{"n": 0}]
    reasons = {row["reason"] for row in troubled.mart("campaign_counters", ["reason"])}
    assert reasons == {"equal", "lag", "split test", "pruned", "deleted"}


def test_a_click_in_a_later_variant_is_in_the_marts(troubled: Warehouse, tmp_path: Path) -> None:
    warehouse = troubled.copy(tmp_path)
    warehouse.build(SELECT.replace("+campaign_counters", "+campaigns +activities"))
    (split,) = warehouse.query("select * from main_mailcoach.campaigns where is_split_test")
    rows = f"from main.campaign_click_events where campaign_uuid = '{split['campaign_uuid']}'"
    assert split["clicks"] == warehouse.query(f"select count(*) as n {rows}")[0]["n"] + 1
    (events,) = warehouse.query(
        "select sum(events) as clicks from main_mailcoach.activities "
        f"where activity_type = 'clicked' and campaign_uuid = '{split['campaign_uuid']}'"
    )
    assert events["clicks"] == split["clicks"]


def sound(measure: str) -> str:
    """The newest campaign that adds up, and has more to add up than the one person explains who was deleted."""
    return (
        "(select arg_max(campaign_uuid, sent_at) from main_mailcoach.campaign_counters "
        f"where measure = '{measure}' and reason = 'equal' and from_rows > 1)"
    )


WRONG = {
    "opens": f"update campaign_opens set open_count = 100 where campaign_uuid = {sound('opens')}",
    "openers": f"""
        insert into campaign_opens
        select * replace (
            (select min(uuid) from subscribers where uuid not in (
                select subscriber_uuid from campaign_opens where campaign_uuid = {sound("openers")}
            )) as subscriber_uuid
        )
        from campaign_opens where campaign_uuid = {sound("openers")} limit 1
    """,
    "clicks": f"""
        insert into campaign_click_events
        select * replace (uuid || '-again' as uuid) from campaign_click_events where campaign_uuid = {sound("clicks")}
    """,
    "clickers": f"""
        update campaign_sends set click_count = 0 where campaign_uuid = {sound("clickers")};
        update sends set click_count = 0 where campaign_uuid = {sound("clickers")};
        delete from campaign_click_events where campaign_uuid = {sound("clickers")}
    """,
    "unsubscribes": f"""
        insert into campaign_unsubscribes by name
        select campaign_uuid, subscriber_uuid, campaign_sent_at as subscriber_unsubscribed_at, _airbyte_extracted_at
        from campaign_opens where campaign_uuid = {sound("openers")}
    """,
    "bounced": f"""
        update campaign_sends set hard_bounce_count = 0, soft_bounce_count = 0 where campaign_uuid = {sound("bounced")};
        update sends set hard_bounce_count = 0, soft_bounce_count = 0 where campaign_uuid = {sound("bounced")};
        delete from campaign_bounces where campaign_uuid = {sound("bounced")}
    """,
}
"""Rows that are wrong, by the measure in which that shows."""


@pytest.mark.parametrize("measure", WRONG)
def test_a_wrong_row_is_noticed(troubled: Warehouse, tmp_path: Path, measure: str) -> None:
    warehouse = troubled.copy(tmp_path)
    warehouse.query(WRONG[measure])
    done = warehouse.dbt(f"build {SELECT}", EXACT)
    assert done.returncode == 1
    assert list(warehouse.failed) == [TEST]
    noticed = warehouse.query("select measure from main_mailcoach.campaign_counters where unexplained > 0")
    assert {"measure": measure} in noticed
