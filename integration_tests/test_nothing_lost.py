"""Nothing is lost, ever: many syncs of an account that changes between and during them, some of them killed.

Each sync is the connector's own `read`, over a real socket, in this process: hundreds of them must fit into a minute.
"""

import contextlib
import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from sandbox import Fault, Sandbox, lost_route
from sandbox.connector import STREAMS, catalog
from sandbox.life.mutations import Mutator
from sandbox.truth.streams import PRIMARY_KEYS
from sandbox.world.times import HOUR, MINUTE
from source_mailcoach import SourceMailcoach
from source_mailcoach.streams.pages import Pages
from source_mailcoach.sync.reader import Reader
from unit_tests.seeds import TIMES, combined, count, seeds

Table = dict[tuple[Any, ...], Mapping[str, Any]]
# Where the server does not tell: see "What incremental does not see" in docs/mailcoach.md.
UNTOLD = {
    # A row that is not read again keeps the state of the campaign that it was read with.
    *("campaign_statistics_calculated_at", "campaign_sent_at"),
    "email_list",  # of a campaign: a change of the list moves nothing of the campaign
}

ACCOUNTS = [("v6", 0), ("v8", 2), ("cloud", 5), ("v7", 1), ("v8", 3), ("cloud", 4)]
CAMPAIGNS, OPENS = (10, 25) if TIMES > 1 else (6, 15)


class Destination:
    """Tables that are upserted by primary key, and the last state that came."""

    def __init__(self, deleted_rows: str) -> None:
        self.deleted_rows = deleted_rows
        self.tables: defaultdict[str, Table] = defaultdict(dict)
        self.state: dict[str, AirbyteStateMessage] = {}

    def take(self, message: AirbyteMessage) -> None:
        if message.type is Type.RECORD and message.record:
            key = tuple(message.record.data[field] for field in PRIMARY_KEYS[message.record.stream])
            self.tables[message.record.stream][key] = message.record.data
        elif message.type is Type.STATE and message.state and message.state.stream:
            # Through JSON, as a platform keeps it.
            kept = json.loads(json.dumps(AirbyteStateMessageSerializer.dump(message.state)))
            self.state[message.state.stream.stream_descriptor.name] = AirbyteStateMessageSerializer.load(kept)

    def passes_under_way(self) -> set[str]:
        """The streams whose last sync ended in the middle: the next goes on there."""
        states = {name: message.stream.stream_state for name, message in self.state.items() if message.stream}
        return {name for name, state in states.items() if state and "pass" in vars(state)}


def sync(sandbox: Sandbox, destination: Destination) -> Iterator[AirbyteMessage]:
    """One incremental sync, message by message, so that a test can stop it anywhere."""
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog(STREAMS, "incremental"))
    state = list(destination.state.values())
    # Tombstones are rows more, and take no other row away: how each of them comes is in test_deletions.
    # The page size is heeded on Cloud: there early stops and resumed pages are many.
    config = sandbox.config(page_size=3, deleted_rows=destination.deleted_rows)
    for message in SourceMailcoach().read(logging.getLogger("airbyte"), config, configured, state):
        destination.take(message)
        yield message


def truth_of(sandbox: Sandbox) -> dict[str, Table]:
    return {
        stream: {tuple(row[field] for field in PRIMARY_KEYS[stream]): row for row in sandbox.truth(stream)}
        for stream in STREAMS
    }


def known(sandbox: Sandbox, mutator: Mutator, truth: Mapping[str, Table]) -> dict[str, Table]:
    """The rows whose changes the server tells of: of a campaign sent within the engagement window, all of them."""
    window = sandbox.store.now - timedelta(days=6).total_seconds()

    def is_read_again(stream: str, key: tuple[Any, ...]) -> bool:
        return stream.startswith("campaign_") and (sandbox.store.campaigns[key[0]].sent_at or 0) >= window

    untold = {(stream, key) for stream, key in mutator.untold() if not is_read_again(stream, key)}
    return {
        stream: {key: row for key, row in table.items() if (stream, key) not in untold}
        for stream, table in truth.items()
    }


def settled(truth: Mapping[str, Table]) -> dict[str, Table]:
    """Without mails that wait: one that is sent meanwhile has moved to the front, and comes with the next sync."""
    return {
        stream: {
            key: row for key, row in table.items() if "sent_at" not in row or row["sent_at"] or stream == "campaigns"
        }
        for stream, table in truth.items()
    }


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field not in UNTOLD and value is not None}


def assert_nothing_lost(destination: Destination, truth: Mapping[str, Table]) -> None:
    for stream, table in truth.items():
        missing = table.keys() - destination.tables[stream].keys()
        assert not missing, f"{stream} lacks {len(missing)} of {len(table)} rows, such as {next(iter(missing))}"


def assert_newest(destination: Destination, truth: Mapping[str, Table]) -> None:
    """Rows are as they are now. Of unsubscribes and bounces the server tells the first event only."""
    for stream in set(STREAMS) - {"campaign_unsubscribes", "campaign_bounces"}:
        for key, row in truth[stream].items():
            assert told(destination.tables[stream][key]) == told(row), stream


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("airbyte"), "disabled", True)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("version", "seed", "deleted_rows"),
    [(*account, deleted_rows) for account, deleted_rows in combined(ACCOUNTS[: count(3)], ["mark", "ignore"])],
)
def test_after_each_sync_the_destination_holds_all_that_the_server_had_throughout(
    version: str, seed: int, deleted_rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    announced: set[str] = set()

    def warn_of_missing(pages: Pages, reader: Reader, _: object) -> None:
        if reader.missing or reader.unproved:
            announced.add(pages.stream)

    monkeypatch.setattr(Pages, "warn_of_missing", warn_of_missing)
    # A second of waiting takes 10 ms, so that a proxy's tenth of a second is long.
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 100))
    with Sandbox(version=version, campaigns=CAMPAIGNS, seed=seed, opens=OPENS, html_bytes=50) as sandbox:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
        mutator, destination = Mutator(sandbox.store, rng), Destination(deleted_rows)
        cache, clocks = Fault(times=None, cached="age" if seed % 2 else "date"), random.Random(seed)
        # The web server's clock is apart from the database's; one of three syncs comes from a cache as well.
        sandbox.settings.clock_ahead = clocks.choice([0, 20 * MINUTE, -20 * MINUTE, 3 * HOUR])
        for number in seeds(2):
            if number % 3 == 0:
                sandbox.add_fault(cache)
                with contextlib.suppress(AirbyteTracedException):  # pages that a cache has mixed up can be refused
                    killed(sync(sandbox, destination), clocks)
                sandbox.clear_faults()
            # What comes in behind a pass that goes on is new to the next one only.
            late = destination.passes_under_way()
            for _ in range(rng.randint(0, 12)):
                mutator.mutate()
            before = settled(known(sandbox, mutator, truth_of(sandbox)))
            mutator.deleted.clear()
            sandbox.on_request = lambda _: mutator.mutate() if rng.random() < 0.2 else None
            for _ in range(50):
                flap(sandbox, rng)
                if not killed(sync(sandbox, destination), rng):
                    break
            else:
                raise AssertionError("no sync of fifty came to its end")
            sandbox.on_request = None
            sandbox.clear_faults()
            late |= announced  # rows that a database hides in ties are given up with a warning
            assert_nothing_lost(
                destination,
                {
                    stream: {key: row for key, row in table.items() if (stream, key) not in mutator.deleted}
                    for stream, table in before.items()
                    if stream not in late
                },
            )
            list(sync(sandbox, destination))
            truth = known(sandbox, mutator, truth_of(sandbox))
            truth |= {stream: {} for stream in announced}
            assert_nothing_lost(destination, truth)
            assert_newest(destination, truth)


def flap(sandbox: Sandbox, rng: random.Random) -> None:
    """In one of two syncs the proxy loses its route to Mailcoach for a moment, once or twice."""
    for _ in range(rng.choice([0, 0, 1, 2])):
        sandbox.add_fault(lost_route(rng.uniform(0.01, 0.2), after=rng.randint(0, 60)))


def killed(messages: Iterator[AirbyteMessage], rng: random.Random) -> bool:
    """Takes messages until the end, or in one of three syncs until somewhere before it, or until the sync fails."""
    lives = rng.choice([rng.randint(1, 400), None, None])
    try:
        return any(number == lives for number, _ in enumerate(messages))
    except AirbyteTracedException:
        return True
