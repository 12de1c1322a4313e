"""With a start date a sync costs what is kept: no mail from before it is read to be dropped again."""

import pytest

from integration_tests.in_process import read_here as read
from integration_tests.tables import assert_all_there, rows, table
from sandbox import Request, Sandbox
from sandbox.world.entities import Campaign
from sandbox.world.times import DAY, HOUR, MINUTE, wire_time
from unit_tests.seeds import combined


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
@pytest.mark.parametrize("days", [0.5, 2, 6, 20])
@pytest.mark.parametrize("stream", ["sends", "transactional_mails"])
def test_mails_since_a_start_date_cost_their_own_pages_and_one_more(stream: str, days: float, mode: str) -> None:
    """Also where the engagement window is longer, in which mails are read again."""
    with Sandbox(
        version="v8",
        campaigns=12,
        seed=5,
        opens=40,
        in_window=4,
        sent_only=True,
        shuffle_ties=False,
        database="postgresql",
    ) as sandbox:
        start = wire_time(int(sandbox.store.now - days * DAY))
        config = sandbox.config(start_date=start, engagement_window_days=14, max_parallel_requests=1)
        first = read(sandbox, ["email_lists", stream], config, mode)
        kept = len(sandbox.truth(stream, start_date=start))
        assert kept < len(sandbox.truth(stream))
        assert_all_there(first, sandbox, [stream], start_date=start)
        asked = [request for request in sandbox.requests if request.kind == stream]
        assert len(asked) <= kept // 15 + 2
        if mode == "incremental":
            sandbox.reset_stats()
            assert read(sandbox, ["email_lists", stream], config, mode, first.state).exit_code == 0
            asked = [request for request in sandbox.requests if request.kind == stream]
            assert len(asked) <= kept // 15 + 2


OF_EVENTS = ("campaign_opens", "campaign_unsubscribes", "campaign_bounces")


def old_campaign(sandbox: Sandbox) -> Campaign:
    """A campaign of more than a hundred opens, sent long ago and counted never since."""
    store = sandbox.store
    campaign = min(store.campaigns.values(), key=lambda each: each.sent_at or store.now)
    people = [each for each in store.subscribers.values() if each.email_list is campaign.email_list][:120]
    for number, who in enumerate(people):
        at = int(campaign.sent_at or 0) + number * MINUTE
        store.add_open(campaign, who, at)
        if number % 3 == 0:
            store.add_bounce(campaign, who, "complaint", at)
    store.recount(campaign, until=int(campaign.sent_at or 0) + 200 * MINUTE)
    return campaign


@pytest.mark.parametrize(
    ("version", "mode"),
    combined(["v6", "v7", "v8", "cloud"], ["full_refresh", "incremental"]),
)
def test_a_campaign_from_before_the_start_date_is_read_once_something_happens_to_it(version: str, mode: str) -> None:
    with Sandbox(version=version, campaigns=8, seed=5, opens=150, sent_only=True, in_window=0) as sandbox:
        store, campaign = sandbox.store, old_campaign(sandbox)
        start = wire_time(int(store.now - DAY))
        config = sandbox.config(start_date=start, page_size=15)
        streams = ["campaigns", *OF_EVENTS, "campaign_clicks", "campaign_click_events", "campaign_sends"]
        before = read(sandbox, streams, config, mode)
        assert_all_there(before, sandbox, streams, start_date=start)
        assert campaign.uuid not in {row["uuid"] for row in before.records("campaigns")}
        store.advance(HOUR, schedule=False)
        who = [each for each in store.subscribers.values() if each.email_list is campaign.email_list][-1]
        store.add_open(campaign, who)
        store.add_click(campaign, who, "https://www.example.com/late")
        store.add_unsubscribe(campaign, who)
        store.add_bounce(campaign, who, "bounce")
        sandbox.reset_stats()
        after = read(sandbox, streams, config, mode, before.state if mode == "incremental" else ())
        if mode == "full_refresh":
            assert_all_there(after, sandbox, streams, start_date=start)
        for stream in streams:
            key = "uuid" if stream == "campaigns" else "campaign_uuid"
            of_campaign = [row for row in after.records(stream) if row[key] == campaign.uuid]
            needed = [r for r in sandbox.truth(stream, start_date=start, needed_only=True) if r[key] == campaign.uuid]
            assert set(rows(needed)) <= set(table(stream, of_campaign)), stream
            assert needed or (stream == "campaign_click_events" and version == "v6"), stream
        if version in ("v8", "cloud"):
            for stream in OF_EVENTS:
                whole = [row for row in sandbox.truth(stream) if row["campaign_uuid"] == campaign.uuid]
                read_rows = [row for row in after.records(stream) if row["campaign_uuid"] == campaign.uuid]
                assert len(read_rows) < len(whole), stream
                asked = [r for r in sandbox.requests if r.path.endswith(f"{campaign.uuid}/{stream.split('_')[1]}")]
                assert len(asked) < -(-len(whole) // 15), stream


def test_rows_that_come_to_the_front_while_an_older_campaign_is_read_are_not_lost_by_a_full_refresh() -> None:
    """An open of somebody who is further back, again: the reading ends before the place where it was."""
    with Sandbox(version="v8", campaigns=8, seed=5, opens=150, sent_only=True, in_window=0) as sandbox:
        store, campaign = sandbox.store, old_campaign(sandbox)
        people = [each for each in store.subscribers.values() if each.email_list is campaign.email_list]
        for number, who in enumerate(people[:40]):
            store.add_open(campaign, who, store.now - number * MINUTE)
        start = wire_time(int(store.now - DAY))
        seen: list[int] = []

        def open_again(request: Request) -> None:
            if request.path.endswith(f"{campaign.uuid}/opens"):
                seen.append(1)
                if len(seen) == 2:
                    store.now += 1
                    store.add_open(campaign, people[35])
                    store.add_open(campaign, people[100])

        sandbox.on_request = open_again
        result = read(sandbox, ["campaign_opens"], sandbox.config(start_date=start, max_parallel_requests=1))
        found = {row["subscriber_uuid"] for row in result.records("campaign_opens")}
        assert {who.uuid for who in (*people[:40], people[100])} <= found
        assert len(seen) < 8


def test_a_state_from_when_older_campaigns_were_left_out_is_read_again_once_and_the_log_says_why() -> None:
    with Sandbox(version="v8", campaigns=8, seed=5, opens=20, sent_only=True) as sandbox:
        start = wire_time(int(sandbox.store.now - DAY))
        config = sandbox.config(start_date=start)
        streams = ["campaigns", "campaign_opens", "sends"]
        first = read(sandbox, streams, config, "incremental")
        states = first.state
        for state in states:
            state["stream"]["stream_state"]["scope"]["start_date"] = f"{start[:19]}Z"
        again = read(sandbox, streams, config, "incremental", states)
        now = f"{start[:19]}Z (older campaigns that Mailcoach has counted since are in)"
        assert again.logs("WARN") == [
            f"All {what} read again: start_date was {start[:19]}Z and is now {now}."
            for what in ("campaigns are", "of campaign_opens is")
        ]
        assert read(sandbox, streams, config, "incremental", again.state).logs("WARN") == []
