"""Random mutations: all kinds of them, and what they tell a test is right."""

import random
import re
from collections import Counter
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.mutations import Key, Mutator
from sandbox.times import DAY, HOUR, epoch
from sandbox.truth import STREAMS

from .client import ask

SMALL = {"campaigns": 20, "opens": 12, "html_bytes": 20}
KEYS = {
    "email_lists": ["uuid"],
    "campaigns": ["uuid"],
    "campaign_clicks": ["campaign_uuid", "uuid"],
    "campaign_opens": ["campaign_uuid", "subscriber_uuid"],
    "campaign_unsubscribes": ["campaign_uuid", "subscriber_uuid"],
    "campaign_bounces": ["campaign_uuid", "subscriber_uuid", "type"],
}
VERSIONS = ["v6", "v7", "v8", "cloud"]
WORDS = {
    "opened": r"opened \S+$",
    "opened again": r"opened \S+ again$",
    "back-dated open": r"opened .* at 2026",
    "clicked a new link": r"clicked \S+fresh\d+ in \S+$",
    "clicked an old link": r"clicked .+#\d+ in \S+$",
    "back-dated click": r"clicked .* at 2026",
    "unsubscribed": r"unsubscribed through",
    **{kind: rf"^{kind} of \S+ in \S+$" for kind in ("bounce", "soft_bounce", "complaint", "suppressed")},
    "bounced again": r"^\S+ of \S+ in \S+ again$",
    "back-dated bounce": r"^\S+ of .* at 2026",
    "draft": r"^new draft",
    "sending": r"is now sending$",
    "sent": r"is now sent$",
    "subscriber deleted": r"^subscriber .* deleted",
    "campaign deleted": r"^campaign .* deleted",
    "later": r"^\d+ minutes later$",
}


def rows(running: Sandbox) -> dict[Key, dict[str, Any]]:
    """All records of all campaigns, by stream and primary key."""
    return {
        (stream, tuple(record[name] for name in KEYS[stream])): record
        for stream in STREAMS
        for record in running.truth(stream, "all")
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_happens(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        mutator = Mutator(running.store, random.Random(1))
        done = [mutator.mutate() for _ in range(1200)]
    seen = Counter(name for text in done for name, pattern in WORDS.items() if re.search(pattern, text))
    assert not WORDS.keys() - seen.keys()
    assert sum(seen.values()) == len(done)


def test_a_campaign_is_opened_after_a_year() -> None:
    with Sandbox(**SMALL) as running:
        store = running.store
        (old,) = [row for row in store.campaigns.values() if row.sent_at and row.sent_at < store.now - 365 * DAY]
        mutator, opens = Mutator(store, random.Random(2)), len(store.events[old.uuid].opens)
        while len(store.events[old.uuid].opens) == opens:
            mutator.mutate()
        assert (old.statistics_calculated_at or 0) > store.now - DAY


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("version", VERSIONS)
def test_rows_vanish_only_as_it_is_told(version: str, seed: int) -> None:
    with Sandbox(version, seed=seed, **SMALL) as running:
        mutator = Mutator(running.store, random.Random(seed))
        for _ in range(8):
            before = rows(running)
            mutator.deleted.clear()
            for _ in range(40):
                mutator.mutate()
            after = rows(running)
            assert before.keys() - mutator.deleted <= after.keys()
            assert not mutator.deleted & after.keys()


def count_of(row: dict[str, Any]) -> Any:
    return next(row[name] for name in ("open_count", "click_count", "bounce_count") if name in row)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("version", VERSIONS)
def test_who_follows_the_stamps_misses_nothing_but_what_is_untold(version: str, seed: int) -> None:
    """A reader of every campaign that was counted since it was last read; the stamp of the same second counts too."""
    streams = ("campaign_opens", "campaign_clicks", "campaign_bounces")
    with Sandbox(version, seed=seed, **SMALL) as running:
        store = running.store
        mutator = Mutator(store, random.Random(seed))
        known: dict[Key, int] = {}
        read_at: dict[str, int] = {}
        missed = 0
        for _ in range(60):
            now = {key: count_of(row) for key, row in rows(running).items() if key[0] in streams}
            for uuid, campaign in store.campaigns.items():
                stamp = campaign.statistics_calculated_at
                if uuid not in read_at or stamp is None or stamp >= read_at[uuid]:
                    known |= {key: count for key, count in now.items() if key[1][0] == uuid}
                    read_at[uuid] = store.now
            untold = mutator.untold()
            assert {key for key, count in now.items() if known.get(key) != count} <= untold
            missed += sum(known.get(key) != count for key, count in now.items())
            for _ in range(10):
                mutator.mutate()
        assert missed


def test_events_come_at_most_20_hours_late_and_never_before_their_campaign() -> None:
    with Sandbox(**SMALL) as running:
        store, mutator = running.store, Mutator(running.store, random.Random(3))
        begun = {uuid: campaign.sent_at or campaign.created_at for uuid, campaign in store.campaigns.items()}
        late = []
        for _ in range(1000):
            drafts = {uuid for uuid, campaign in store.campaigns.items() if campaign.status == "draft"}
            text = mutator.mutate()
            begun |= {uuid: store.now for uuid in drafts if uuid in text}
            if event := re.search(r" (\S{36})( again)? at (\S+)$", text):
                late.append(store.now - epoch(event[3]))
                assert epoch(event[3]) >= begun[event[1]]
        assert max(late) <= 20 * HOUR
        assert min(late) < HOUR
        assert sum(late) / len(late) > 8 * HOUR


def test_the_same_generator_gives_the_same_life() -> None:
    def life(seed: int) -> list[str]:
        with Sandbox(**SMALL) as running:
            mutator = Mutator(running.store, random.Random(seed))
            return [mutator.mutate() for _ in range(100)]

    assert life(1) == life(1)
    assert life(1) != life(2)


def test_people_join_when_everybody_did_everything() -> None:
    with Sandbox(campaigns=1, lists=1, opens=0, html_bytes=20) as running:
        people, mutator = len(running.store.subscribers), Mutator(running.store, random.Random(1))
        for _ in range(400):
            mutator.mutate()
        assert len(running.store.subscribers) > people
        assert len(running.store.campaigns) >= 4


@pytest.mark.parametrize("options", [{"empty": True}, {"campaigns": 0}, {"empty": True, "big_campaign_opens": 20}])
def test_an_empty_account_comes_to_life(options: dict[str, Any]) -> None:
    with Sandbox(html_bytes=20, **options) as running:
        mutator = Mutator(running.store, random.Random(1))
        done = [mutator.mutate() for _ in range(200)]
        assert (running.truth("campaign_opens") != []) == (running.store.email_lists != {})
        assert any("later" in text for text in done)
        assert running.big_campaign_uuid is None or running.big_campaign_uuid in running.store.campaigns


def test_a_request_may_mutate() -> None:
    with Sandbox(**SMALL) as running:
        mutator = Mutator(running.store, random.Random(1))
        done: list[str] = []
        running.on_request = lambda _: done.append(mutator.mutate())
        answers = [ask(running, "/campaigns") for _ in range(30)]
        assert [answer.status for answer in answers] == [200] * 30
        assert len(done) == 30
        assert answers[0].headers["date"] != answers[-1].headers["date"]
