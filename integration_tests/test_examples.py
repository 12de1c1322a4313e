"""The examples do what they say: the pipe ends in the right tables, and the SQL in the right answers."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from examples.newsletter import another_week, sandbox_with_newsletter
from sandbox import Sandbox
from sandbox.connector import FULL_REFRESH_ONLY, STREAMS, run, trust
from sandbox.life.keys import all_keys
from sandbox.truth.streams import PRIMARY_KEYS
from sandbox.world.entities import Campaign

EXAMPLES = Path(__file__).parent.parent / "examples"
Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass
class Synced:
    """A sandbox, and where it was read to."""

    sandbox: Sandbox
    folder: Path


def pipe(sandbox: Sandbox, folder: Path, *streams: str, **config: Any) -> subprocess.CompletedProcess[str]:
    (folder / "config.json").write_text(json.dumps(sandbox.config(**config)))
    return subprocess.run(
        [str(EXAMPLES / "pipe/sync.sh"), str(folder / "config.json"), str(folder / "data"), *streams],
        env={**os.environ, **trust(sandbox), "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def sync(sandbox: Sandbox, folder: Path, *streams: str, **config: Any) -> str:
    """The steps of the pipe, without its cold starts of the connector: for what is proved of tables. What was said."""
    (folder / "config.json").write_text(json.dumps(sandbox.config(**config)))
    data = folder / "data"
    data.mkdir(exist_ok=True)
    catalog, state = data / "catalog.json", data / "state.json"
    if not (catalog.exists() and catalog.read_text()):
        catalog.write_text(step("choose", *streams, of=connect(sandbox, folder, "discover")).stdout)
    if not (state.exists() and state.read_text()):
        state.write_text("[]")
    messages = connect(sandbox, folder, "read", "--catalog", str(catalog), "--state", str(state))
    return step("to_sqlite", str(catalog), str(data / "mailcoach.db"), str(state), of=messages).stderr


def connect(sandbox: Sandbox, folder: Path, command: str, *arguments: str) -> str:
    """What the connector prints."""
    done = run(command, "--config", str(folder / "config.json"), *arguments, environ=trust(sandbox))
    assert done.exit_code == 0, done.stdout
    return done.stdout


def step(script: str, *arguments: str, of: str) -> subprocess.CompletedProcess[str]:
    """A script of the pipe, and what it reads."""
    command = [sys.executable, str(EXAMPLES / f"pipe/{script}.py"), *arguments]
    return subprocess.run(command, input=of, capture_output=True, text=True, timeout=120, check=True)


def query(folder: Path, sql: str) -> list[Row]:
    connection = sqlite3.connect(folder / "data/mailcoach.db")
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(sql)]
    finally:
        connection.commit()
        connection.close()


def ask(folder: Path, question: str) -> list[Row]:
    return query(folder, (EXAMPLES / f"sql/{question}.sql").read_text())


def by_key(stream: str, rows: list[Row]) -> dict[Key, Row]:
    return {tuple(row[field] for field in PRIMARY_KEYS[stream]): row for row in rows}


def as_stored(record: Mapping[str, Any], columns: Mapping[str, Any]) -> Row:
    """What SQLite makes of a record."""
    values = {field: record.get(field) for field in columns}
    return {f: json.dumps(v) if isinstance(v, (dict, list)) else v for f, v in values.items()}


def assert_as_in_mailcoach(sandbox: Sandbox, folder: Path, gone: Collection[tuple[str, Key]] = ()) -> None:
    """Every table has the rows of the truth, and those that have gone from Mailcoach since they were read."""
    for stream in STREAMS:
        table = by_key(stream, query(folder, f"select * from {stream}"))
        truth = by_key(stream, sandbox.truth(stream))
        assert table.keys() - truth.keys() == {key for name, key in gone if name == stream}, stream
        for key, record in truth.items():
            assert comparable(table[key]) == comparable(as_stored(record, table[key])), stream


def comparable(row: Row) -> Row:
    """Nested values without their nulls, which do not pass the protocol.

    Without the subscriber within an unsubscribe and the list within a campaign: both can change without any sign of it.
    """
    nested = {field: without_nulls(json.loads(value)) for field, value in row.items() if is_json(value)}
    return {field: value for field, value in (row | nested).items() if field not in ("subscriber", "email_list")}


def is_json(value: Any) -> bool:
    return isinstance(value, str) and value[:1] + value[-1:] in ("[]", "{}")


def without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return {k: without_nulls(v) for k, v in value.items() if v is not None} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def newsletter() -> Iterator[Synced]:
    """A newsletter that was read once."""
    sandbox, _ = sandbox_with_newsletter(version="v8", weeks=6, people=50)
    with tempfile.TemporaryDirectory() as folder, sandbox:
        sync(sandbox, Path(folder))
        yield Synced(sandbox, Path(folder))


def test_the_first_run_fills_a_table_for_each_stream(tmp_path: Path) -> None:
    sandbox, _ = sandbox_with_newsletter(version="v8", weeks=3, people=25)
    with sandbox:
        done = pipe(sandbox, tmp_path)
        assert done.returncode == 0, done.stderr
        assert_as_in_mailcoach(sandbox, tmp_path)
    assert "automation_mails needs" in done.stderr
    lines = (tmp_path / "data/sync.jsonl").read_text().splitlines()
    kinds = Counter(json.loads(line)["type"] for line in lines)
    assert kinds["RECORD"] >= sum(len(sandbox.truth(stream)) for stream in STREAMS)
    state = json.loads((tmp_path / "data/state.json").read_text())
    assert {each["stream"]["stream_descriptor"]["name"] for each in state} >= set(STREAMS) - set(FULL_REFRESH_ONLY)


def test_the_second_run_brings_what_has_changed(tmp_path: Path) -> None:
    """The window and the lookback are longer than anything in the newsletter comes late."""
    sandbox, life = sandbox_with_newsletter(version="v8", weeks=3, people=25)
    with sandbox:
        sync(sandbox, tmp_path)
        first = len(sandbox.requests)
        before = all_keys(sandbox.store)
        another_week(life)
        sandbox.reset_stats()
        done = pipe(sandbox, tmp_path, engagement_window_days=60, lookback_hours=480)
        assert done.returncode == 0, done.stderr
        assert_as_in_mailcoach(sandbox, tmp_path, before - all_keys(sandbox.store))
        assert len(sandbox.requests) < first


def test_named_streams_alone_are_read_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    with Sandbox(version="v8", campaigns=6, opens=5) as sandbox:
        refused = pipe(sandbox, tmp_path, "campaigns", "opens")
        assert (refused.returncode, refused.stderr) == (1, "There is no stream opens.\n")
        sync(sandbox, tmp_path, "campaigns", "campaign_opens")
        tables = query(tmp_path, "select name from sqlite_master where type = 'table' order by name")
        assert [table["name"] for table in tables] == ["campaign_opens", "campaigns"]


def test_a_failure_is_told_and_the_exit_code_says_so(tmp_path: Path) -> None:
    with Sandbox(version="v8", campaigns=6, opens=5) as sandbox:
        sync(sandbox, tmp_path, "campaigns")
        done = pipe(sandbox, tmp_path, api_token="another-token")
        assert done.returncode == 1
        assert "refused the API token (401)" in done.stderr


# The questions --------------------------------------------------------------------------------------------------


def test_opens_clicks_unsubscribes_and_bounces_are_those_that_happened(newsletter: Synced) -> None:
    store = newsletter.sandbox.store
    expected = {}
    for campaign in store.campaigns.values():
        events, counted = store.events[campaign.uuid], campaign.statistics
        clicks = [click for link in events.links for click in link.clicks]
        bounced = {event.subscriber.uuid for event in events.feedback if event.type in ("bounce", "soft_bounce")}
        kinds = {(event.subscriber.uuid, event.type) for event in events.feedback}
        measures = {
            "opens": (len(events.opens), counted.open_count),
            "people who opened": (len({event.subscriber for event in events.opens}), counted.unique_open_count),
            "clicks": (len(clicks), counted.click_count),
            "people who clicked": (len({click.subscriber for click in clicks}), counted.unique_click_count),
            "unsubscribes": (len(events.unsubscribes), counted.unsubscribe_count),
            "bounces": (len(bounced), counted.bounce_count),
            "complaints": (sum(kind == "complaint" for _, kind in kinds), None),
            "suppressed": (sum(kind == "suppressed" for _, kind in kinds), None),
        }
        expected.update({(campaign.uuid, measure): numbers for measure, numbers in measures.items()})
    found = ask(newsletter.folder, "campaigns_against_counters")
    assert {(row["campaign_uuid"], row["measure"]): (row["from_rows"], row["counter"]) for row in found} == expected
    assert any(row["difference"] for row in found)
    for row in found:
        assert row["difference"] == (None if row["counter"] is None else row["from_rows"] - row["counter"])
        assert bool(row["why"]) == (row["difference"] != 0)


REASONS = {
    "younger than the last count": (
        "update campaigns set statistics_calculated_at = '2020-01-01T00:00:00.000000Z', open_count = 0",
        "opens",
    ),
    "never counted": ("update campaigns set open_count = open_count - 100000", "opens"),
    "deleted since": ("update campaigns set open_count = open_count + 100000", "opens"),
    "split test": ("update campaigns set sent_to_number_of_subscribers = 1, open_count = -1", "opens"),
    "before 7.0": ("delete from campaign_click_events", "clicks"),
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_difference_has_its_reason(newsletter: Synced, tmp_path: Path, reason: str) -> None:
    shutil.copytree(newsletter.folder / "data", tmp_path / "data")
    change, measure = REASONS[reason]
    query(tmp_path, change)
    rows = [row for row in ask(tmp_path, "campaigns_against_counters") if row["measure"] == measure]
    assert {reason in row["why"] for row in rows if row["difference"]} == {True}


def test_the_funnel_counts_people(newsletter: Synced) -> None:
    store, expected = newsletter.sandbox.store, {}
    for campaign in store.campaigns.values():
        sends = [send for send in store.campaign_sends(campaign).values() if send.sent_at is not None]
        events = store.events[campaign.uuid]
        returned = {event.subscriber for event in events.feedback if event.type in ("bounce", "suppressed")}
        clicked = {click.subscriber for link in events.links for click in link.clicks}
        opened = {event.subscriber for event in events.opens} | clicked
        arrived = [send for send in sends if send.failed_at is None and send.subscriber not in returned]
        expected[campaign.name] = [len(sends), len(arrived), len(opened), len(clicked), len(events.unsubscribes)]
    rows = ask(newsletter.folder, "funnel")
    steps = ("sent", "arrived", "opened", "clicked", "unsubscribed")
    assert {row["campaign"]: [row[step] for step in steps] for row in rows} == expected
    for row in rows:
        assert row["opened_percent"] == pytest.approx(100 * row["opened"] / row["arrived"], abs=0.051)


def test_the_most_engaged_read_the_last_ten_campaigns(newsletter: Synced) -> None:
    store = newsletter.sandbox.store
    reading: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    lists: defaultdict[str, list[Campaign]] = defaultdict(list)
    for campaign in sorted(store.campaigns.values(), key=lambda campaign: campaign.sent_at or 0):
        assert campaign.email_list
        lists[campaign.email_list.uuid].append(campaign)
    for campaign in (campaign for campaigns in lists.values() for campaign in campaigns[-10:]):
        clicked = {click.subscriber for link in store.events[campaign.uuid].links for click in link.clicks}
        opened = {event.subscriber for event in store.events[campaign.uuid].opens}
        for send in store.campaign_sends(campaign).values():
            who = send.subscriber
            assert who
            if who.subscribed_at and not who.unsubscribed_at:
                numbers = (1, who in opened or who in clicked, who in clicked)
                reading[who.uuid] = [a + b for a, b in zip(reading[who.uuid], numbers, strict=True)]
    found = ask(newsletter.folder, "most_engaged")
    answer = {row["subscriber_uuid"]: [row["received"], row["opened"], row["clicked"]] for row in found}
    assert answer == {uuid: reads for uuid, reads in reading.items() if reads[1]}
    ranks = [(row["clicked"], row["opened"], row["last_seen_at"]) for row in found]
    assert ranks == sorted(ranks, reverse=True)


def test_the_lists_grow_to_what_mailcoach_counts(newsletter: Synced) -> None:
    store = newsletter.sandbox.store
    expected: Counter[tuple[str, str, str]] = Counter()
    feedback = [event for events in store.events.values() for event in events.feedback]
    complained = {event.subscriber for event in feedback if event.type == "complaint"}
    by_campaign = {event.subscriber for events in store.events.values() for event in events.unsubscribes}
    for who in store.subscribers.values():
        if who.subscribed_at:
            expected[who.email_list.uuid, week_of(who.subscribed_at), "joined"] += 1
            if who.unsubscribed_at:
                way = "complaint" if who in complained else "campaign" if who in by_campaign else ""
                way = f"left_by_{way}" if way else "left_otherwise"
                expected[who.email_list.uuid, week_of(who.unsubscribed_at), way] += 1
    rows = ask(newsletter.folder, "list_growth")
    kinds = ("joined", "left_by_campaign", "left_by_complaint", "left_otherwise")
    found = {(row["email_list_uuid"], row["week"], kind): row[kind] for row in rows for kind in kinds if row[kind]}
    assert found == expected
    active = {row["email_list_uuid"]: row["active"] for row in rows}
    assert active == {
        each["uuid"]: each["active_subscribers_count"] for each in newsletter.sandbox.truth("email_lists")
    }


def week_of(moment: int) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%W")


def test_what_reads_with_pyairbyte_and_draws_compiles() -> None:
    """Its libraries are not here: `make example` runs it."""
    for path in (*(EXAMPLES / "pyairbyte").glob("*.py"), *(EXAMPLES / "answers").glob("*.py")):
        compile(path.read_text(), str(path), "exec")
