"""What an incremental sync asks for when nothing has changed, and that each kind of change arrives in the next one."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.in_process import read_here
from integration_tests.tables import by_key, rows
from sandbox import Sandbox
from sandbox.connector import STREAMS, Run
from sandbox.world.order import Database
from sandbox.world.times import DAY, HOUR

FEEDS = ("subscribers", "tags", "sends", "suppressions", "templates", "transactional_mails")
CHILDREN = ("campaign_clicks", "campaign_opens", "campaign_unsubscribes", "campaign_bounces")
WINDOW = 7 * DAY


def sync(sandbox: Sandbox, state: Any = (), parallel: int = 1) -> Run:
    result = read_here(sandbox, STREAMS, sandbox.config(max_parallel_requests=parallel), "incremental", state)
    assert result.exit_code == 0
    return result


def in_window(sandbox: Sandbox) -> int:
    """How many mails will be read again."""
    return sum((send.sent_at or 0) >= sandbox.store.now - WINDOW for send in sandbox.store.sends())


@pytest.mark.parametrize(("version", "size"), [("v7", 15), ("v8", 15), ("cloud", 100)])
def test_an_unchanged_account_costs_a_page_of_each_feed(version: str, size: int) -> None:
    """And of the mails of the engagement window all pages, since opens of them move nothing."""
    with Sandbox(
        version=version, campaigns=10, seed=2, opens=30, html_bytes=50, sent_only=True, in_window=0, lists=4
    ) as sandbox:
        sandbox.settings.shuffle_ties = False
        first = sync(sandbox)
        sandbox.store.advance(HOUR)
        sandbox.reset_stats()
        idle = sync(sandbox, first.state)
        single = [request for request in sandbox.requests if "filter[campaign_uuid]" in request.query]
        asked = Counter(request.kind for request in sandbox.requests)
        asked["sends"] -= len(single)
        expected = {
            **{parent: sandbox.least_requests([parent]) for parent in ("email_lists", "campaigns")},
            **dict.fromkeys(("subscribers", "tags"), len(sandbox.store.email_lists)),
            **dict.fromkeys(("suppressions", "templates", "transactional_mails"), 1),
            "sends": in_window(sandbox) // size + 1,
        }
        if version == "v7":
            del expected["suppressions"]
        # That the API answers is shown by the email lists, once for each endpoint that this version lacks, and for the
        # templates of transactional mails by the mails themselves.
        expected["email_lists"] += {"v7": 2, "v8": 1, "cloud": 0}[version]
        expected["transactional_mails"] += version == "v7"
        assert {kind: asked[kind] for kind in expected} == expected
        for stream in expected.keys() & set(FEEDS):
            assert len(idle.records(stream)) <= size * expected[stream]
        # Of the campaigns the gate lets the one through that was recounted last.
        assert len({request.key for request in sandbox.requests if request.kind in CHILDREN}) <= 1
        assert len({request.query["filter[campaign_uuid]"] for request in single}) <= 1


def test_one_request_more_at_the_most_is_a_guess_in_each_list() -> None:
    with Sandbox(version="v8", campaigns=10, seed=2, opens=30, html_bytes=50, sent_only=True, in_window=3) as sandbox:
        sandbox.settings.shuffle_ties = False
        first = sync(sandbox)
        needed = {}
        for parallel in (1, 4):
            sandbox.reset_stats()
            sync(sandbox, first.state, parallel)
            needed[parallel] = len(sandbox.requests)
        lists = len(sandbox.store.email_lists)
        assert needed[4] - needed[1] <= 2 * lists + len(FEEDS) - 2 + 6 * 4


Change = Callable[[Sandbox], tuple[str, ...]]


def new_subscriber(sandbox: Sandbox) -> tuple[str, ...]:
    email_list = list(sandbox.store.email_lists.values())[-1]
    return (sandbox.store.add_subscriber(email_list, "joined@example.org").uuid,)


def renamed_subscriber(sandbox: Sandbox) -> tuple[str, ...]:
    oldest = min(sandbox.store.subscribers.values(), key=lambda each: each.updated_at)
    sandbox.store.update_subscriber(oldest, first_name="Renamed")
    return (oldest.uuid,)


def renamed_tag(sandbox: Sandbox) -> tuple[str, ...]:
    oldest = min(sandbox.store.tags.values(), key=lambda each: each.updated_at)
    sandbox.store.rename_tag(oldest, "renamed")
    return (oldest.uuid,)


def new_suppression(sandbox: Sandbox) -> tuple[str, ...]:
    return (sandbox.store.add_suppression("gone@example.net", "hard_bounce").uuid,)


def changed_template(sandbox: Sandbox) -> tuple[str, ...]:
    oldest = min(sandbox.store.templates.values(), key=lambda each: each.updated_at)
    sandbox.store.update_template(oldest, html="<p>changed</p>")
    return (oldest.uuid,)


def new_transactional_mail(sandbox: Sandbox) -> tuple[str, ...]:
    return (sandbox.store.add_transactional_mail("New", [{"email": "b@example.org", "name": None}]).uuid,)


def new_send(sandbox: Sandbox) -> tuple[str, ...]:
    mail, who = next(iter(sandbox.store.automation_mails)), next(iter(sandbox.store.subscribers.values()))
    return (sandbox.store.add_automation_send(mail, who).uuid,)


def waiting_mail_sent(sandbox: Sandbox) -> tuple[str, ...]:
    waiting = next(send for send in sandbox.store.other_sends.values() if send.sent_at is None)
    waiting.sent_at = waiting.updated_at = sandbox.store.now
    sandbox.store.changed()
    return (waiting.uuid,)


def opened_mail_in_the_window(sandbox: Sandbox) -> tuple[str, ...]:
    since = sandbox.store.now - WINDOW + HOUR
    oldest = min(
        (send for send in sandbox.store.other_sends.values() if send.sent_at and send.sent_at >= since),
        key=lambda send: send.sent_at or 0,
    )
    sandbox.store.engage(oldest, "open")
    return (oldest.uuid,)


def click(sandbox: Sandbox) -> tuple[str, str, str]:
    """Of the oldest campaign: its uuid, the click's and the mail's."""
    campaign = min(sandbox.store.campaigns.values(), key=lambda each: each.sent_at or 0)
    who = next(each for each in sandbox.store.subscribers.values() if each.email_list is campaign.email_list)
    made = sandbox.store.add_click(campaign, who, "https://example.com/new").clicks[-1]
    return campaign.uuid, made.uuid, made.send_uuid


CHANGES: list[tuple[str, Change]] = [
    ("subscribers", new_subscriber),
    ("subscribers", renamed_subscriber),
    ("tags", renamed_tag),
    ("suppressions", new_suppression),
    ("templates", changed_template),
    ("transactional_mails", new_transactional_mail),
    ("sends", new_send),
    ("sends", waiting_mail_sent),
    ("sends", opened_mail_in_the_window),
    ("campaign_click_events", lambda sandbox: click(sandbox)[1:2]),
    ("campaign_sends", lambda sandbox: click(sandbox)[::2]),
]


@pytest.mark.parametrize("database", ["mysql", "postgresql"])
def test_each_change_arrives_in_the_next_sync(database: Database) -> None:
    with Sandbox(
        version="v8", campaigns=6, seed=2, opens=12, html_bytes=50, sent_only=True, in_window=0, database=database
    ) as sandbox:
        last = sync(sandbox, parallel=4)
        for stream, change in CHANGES:
            sandbox.store.advance(HOUR)
            key = change(sandbox)
            last = sync(sandbox, last.state, parallel=4)
            truth = by_key(stream, sandbox.truth(stream))
            found = by_key(stream, last.records(stream))
            assert rows([found[key]]) == rows([truth[key]]), (stream, key)
            assert len(last.records(stream)) < len(truth), "not all of it is read again"
