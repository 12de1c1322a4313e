"""Killed anywhere (SIGKILL), a sync goes on where it stopped: nothing is lost, and next to nothing is read again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from integration_tests.tables import rows, table
from sandbox import Sandbox
from sandbox.connector import Message, read_and_kill
from sandbox.life.store import Store

# The listing of the parents, and the page that was under way. A row that opens a run of equal rows may not be the last
# of it, so a page of such a list is read again from there: runs are up to 40 mails, on four pages. Links have no order
# that holds: they start again with their campaign.
LISTING, UNDER_WAY, EDGE, RUN, CAMPAIGN = 1, 1, 1, 4, 2
ALLOWED = {
    ("campaign_opens", "full_refresh"): LISTING + UNDER_WAY,
    ("campaign_opens", "incremental"): LISTING + UNDER_WAY,
    ("campaign_unsubscribes", "incremental"): LISTING + UNDER_WAY,
    ("campaign_bounces", "incremental"): LISTING + UNDER_WAY + EDGE,
    ("campaign_clicks", "incremental"): LISTING + UNDER_WAY + CAMPAIGN,
    ("campaign_click_events", "incremental"): LISTING + UNDER_WAY + CAMPAIGN,
    ("campaign_sends", "incremental"): LISTING + UNDER_WAY + RUN,
    ("sends", "incremental"): LISTING + UNDER_WAY + RUN,
    ("subscribers", "full_refresh"): LISTING + UNDER_WAY,
    ("subscribers", "incremental"): LISTING + UNDER_WAY,
    ("tags", "incremental"): LISTING + UNDER_WAY + EDGE,
    ("suppressions", "incremental"): LISTING + UNDER_WAY + EDGE,
    ("templates", "incremental"): LISTING + UNDER_WAY + EDGE,
    ("transactional_mails", "incremental"): LISTING + UNDER_WAY,
}


@dataclass(frozen=True)
class Outcome:
    """What the runs gave together, what there is, and how many requests the kills cost."""

    kills: int
    records: list[str]
    truth: list[str]
    asked_again: int


def grow(store: Store) -> None:
    """So many rows of what is few in the seed that a run can be killed in the middle of them."""
    email_list = next(iter(store.email_lists.values()))
    for number in range(80):
        made = store.now - number // 2 * 3600
        store.add_suppression(f"Gone.{number}@example.org", created_at=made)
        store.add_template(f"Letter {number % 3}", created_at=made)
        store.add_tag(email_list, f"tag {number}", created_at=made)


def kill_and_go_on(case: tuple[str, str]) -> Outcome:
    stream, mode = case
    # The answer to the listing tells the server's time, which is not that of this machine.
    streams = [stream] if stream.startswith("campaign_") else ["email_lists", stream]
    rng = random.Random(f"{stream}{mode}")
    with Sandbox(
        version="v8", campaigns=10, seed=4, opens=30, sent_only=True, shuffle_ties=False, latency_ms=20
    ) as sandbox:
        grow(sandbox.store)
        least, truth = sandbox.least_requests(streams), rows(sandbox.truth(stream))
        records: list[Mapping[str, Any]] = []
        state: dict[str, Message] = {}
        kills = 0
        while kills < 30:
            # Later and later: what goes on with a whole campaign gets nowhere if it is killed too early each time.
            lines = 16 + 10 * len(streams) + rng.randint(0, (least + len(truth)) * (1 + kills) // 4)
            result = read_and_kill(sandbox, streams, mode, list(state.values()), lines)
            records += result.records(stream)
            state |= {each["stream"]["stream_descriptor"]["name"]: each for each in result.state}
            # Killed after its last message it has done everything: whatever runs next is the next sync.
            if "COMPLETE" in result.stream_statuses(stream):
                break
            kills += 1
        return Outcome(kills, table(stream, records), truth, len(sandbox.requests) - least)


@pytest.mark.parametrize("case", ALLOWED, ids="-".join)
def test_killed_anywhere_it_goes_on_where_it_stopped(case: tuple[str, str]) -> None:
    outcome = kill_and_go_on(case)
    assert outcome.kills >= 2
    assert outcome.records == outcome.truth
    assert outcome.asked_again <= ALLOWED[case] * outcome.kills
