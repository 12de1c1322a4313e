"""Random mutations: all kinds of them, and what they tell a test is right."""

import random
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.life.mutations import Key, Mutator
from sandbox.truth.streams import PRIMARY_KEYS, STREAMS
from sandbox.world.times import DAY, HOUR, epoch

from .client import ask

SMALL: dict[str, Any] = {"campaigns": 20, "opens": 12, "html_bytes": 20}
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
    "joined": r"^\S+ joined ",
    "subscriber changed": r"is now called",
    "subscriber tagged": r"is now tagged",
    "tag added": r"^new tag",
    "tag renamed": r"^a tag is now",
    "tag deleted": r"^tag .* deleted",
    "segment added": r"^new segment",
    "segment deleted": r"^segment .* deleted",
    "suppressed address": r"^\S+ suppressed: ",
    "reactivated": r"reactivated$",
    "imported": r"^import \w+ into",
    "imports pruned": r"imports pruned$",
    "list added": r"^new list",
    "list deleted": r"^list .* deleted",
    "sends queued": r"mails of \S+ wait$",
    "sends finished": r"mails of \S+ sent$",
    "automation send": r"^automation mail .* sent to",
    "single mail engaged": r"of the single mail",
    "automation mail added": r"^new automation mail",
    "transactional mail sent": r"^transactional mail",
    "transactional template added": r"^new transactional template",
    "template added": r"^new template",
    "template changed": r"^template .* changed$",
    "template deleted": r"^template .* deleted$",
}


def rows(running: Sandbox) -> dict[Key, dict[str, Any]]:
    """All records of all campaigns, by stream and primary key."""
    return {
        (stream, tuple(record[name] for name in PRIMARY_KEYS[stream])): record
        for stream in STREAMS
        for record in running.truth(stream, "all")
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_happens(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        mutator = Mutator(running.store, random.Random(1))
        done = [mutator.mutate() for _ in range(2000)]
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


def without_stamps(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("campaign_s")}


def rows_of(running: Sandbox, streams: Iterable[str]) -> dict[Key, dict[str, Any]]:
    """The records of some streams by primary key, without the stamps of their campaigns."""
    return {
        (stream, tuple(record[name] for name in PRIMARY_KEYS[stream])): without_stamps(record)
        for stream in streams
        for record in running.truth(stream, "all")
    }


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("version", VERSIONS)
def test_who_follows_the_stamps_misses_nothing_but_what_is_untold(version: str, seed: int) -> None:
    """A reader of every campaign that was counted since it was last read; the stamp of the same second counts too."""
    streams = ("campaign_opens", "campaign_clicks", "campaign_click_events", "campaign_bounces", "campaign_sends")
    with Sandbox(version, seed=seed, **SMALL) as running:
        store = running.store
        mutator = Mutator(store, random.Random(seed))
        known: dict[Key, dict[str, Any]] = {}
        read_at: dict[str, int] = {}
        missed = 0
        for _ in range(40):
            now = rows_of(running, streams)
            due = set()
            for uuid, campaign in store.campaigns.items():
                stamp = campaign.statistics_calculated_at
                if uuid not in read_at or stamp is None or stamp >= read_at[uuid]:
                    due.add(uuid)
                    read_at[uuid] = store.now
            known |= {key: row for key, row in now.items() if row["campaign_uuid"] in due}
            silent = {key for key, row in now.items() if known.get(key) != row}
            assert silent <= mutator.untold()
            missed += len(silent)
            for _ in range(15):
                mutator.mutate()
        assert missed


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("version", VERSIONS)
def test_who_follows_the_cursors_misses_nothing_but_what_is_untold(version: str, seed: int) -> None:
    """A reader of rows whose time isn't before its last look, or of sends not before the engagement window."""
    cursors = {
        **dict.fromkeys(("subscribers", "tags", "templates"), "updated_at"),
        **dict.fromkeys(("suppressions", "transactional_mails"), "created_at"),
        "sends": "sent_at",
    }
    with Sandbox(version, seed=seed, **SMALL) as running:
        store, mutator = running.store, Mutator(running.store, random.Random(seed))
        known: dict[Key, dict[str, Any]] = {}
        looked, missed = 0, Counter[str]()
        for _ in range(40):
            now = rows_of(running, cursors)
            since = {stream: looked - (6 * DAY if stream == "sends" else 0) for stream in cursors}
            for key, row in now.items():
                moment = row[cursors[key[0]]]
                if not looked or (moment is not None and epoch(moment) >= since[key[0]]):
                    known[key] = row
            silent = {key for key, row in now.items() if known.get(key) != row}
            assert silent <= mutator.untold()
            missed.update(stream for stream, _ in silent)
            looked = store.now
            for _ in range(15):
                mutator.mutate()
        assert set(missed) == {"subscribers", "sends"}


@pytest.mark.parametrize("version", VERSIONS)
def test_existing_sends_stay_told_but_for_those_that_changed(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        mutator = Mutator(running.store, random.Random(1))
        before = rows_of(running, ["sends", "subscribers"])
        for _ in range(100):
            mutator.mutate()
        after, untold = rows_of(running, ["sends", "subscribers"]), mutator.untold()
        assert len(untold) < len(after) / 10
        assert {key for key in untold if key[0] in ("sends", "subscribers")} <= after.keys()
        assert any(before[key] != after[key] for key in untold & before.keys())


def test_a_list_vanishes_with_all_that_is_on_it_and_its_campaigns_are_untold() -> None:
    with Sandbox(**SMALL) as running:
        mutator = Mutator(running.store, random.Random(5))
        while not (done := re.match(r"list (.*) deleted", mutator.mutate())):
            before = rows(running)
            mutator.deleted.clear()
        gone = next(key[1][0] for key in mutator.deleted if key[0] == "email_lists")
        assert before["email_lists", (gone,)]["name"] == done[1]
        vanished = {stream for stream, _ in mutator.deleted}
        assert {"subscribers", "campaign_opens", "campaign_click_events", "campaign_sends", "sends"} <= vanished
        campaigns = {("campaigns", (uuid,)) for uuid, row in running.store.campaigns.items() if row.email_list is None}
        assert campaigns & mutator.untold()


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
