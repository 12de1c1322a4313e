"""Clocks that differ lose no rows: the database stamps the rows, a web server or a cache dates the answers."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pytest

from integration_tests.in_process import read_here
from integration_tests.tables import by_key, rows
from integration_tests.test_incremental_feeds import CHANGES, new_suppression, waiting_mail_sent
from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, Run
from sandbox.world.times import DAY, HOUR, MINUTE
from source_mailcoach.sync import clocks
from unit_tests.seeds import combined, count

AHEAD = [20 * MINUTE, -3 * HOUR, 4000 * DAY, -3 * DAY, -20 * MINUTE, 3 * HOUR, 3 * DAY][: count(4)]
CHANGED = tuple(dict.fromkeys(stream for stream, _ in CHANGES))


def sync(sandbox: Sandbox, state: Any = (), **config: Any) -> Run:
    result = read_here(sandbox, STREAMS, sandbox.config(**config), "incremental", state)
    assert result.exit_code == 0, result.stdout
    return result


def others(sandbox: Sandbox) -> Iterable[Any]:
    return sandbox.store.other_sends.values()


def change_everything(sandbox: Sandbox, rounds: int, every: int) -> set[tuple[str, Any]]:
    """One change of each kind a round; gives the keys of the rows that have changed."""
    changed: set[tuple[str, Any]] = set()
    for _ in range(rounds):
        for stream, change in CHANGES:
            if change is new_suppression:
                address = f"gone{len(sandbox.store.suppressions)}@example.net"
                changed.add((stream, (sandbox.store.add_suppression(address, "hard_bounce").uuid,)))
            elif change is not waiting_mail_sent or any(send.sent_at is None for send in others(sandbox)):
                changed.add((stream, change(sandbox)))
        sandbox.store.advance(every)
    return changed


def assert_arrived(sandbox: Sandbox, changed: set[Any], *runs: Run) -> None:
    for stream in CHANGED:
        truth = by_key(stream, sandbox.truth(stream))
        found = by_key(stream, [record for run in runs for record in run.records(stream)])
        for key in (key for name, key in changed if name == stream):
            assert key in found, (stream, key)
            assert rows([found[key]]) == rows([truth[key]]), (stream, key)


def read_again(run: Run) -> list[str]:
    return [line for line in run.logs("WARN") if "read again" in line]


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An account, and a machine whose own clock is right."""
    with Sandbox(
        version="v8", campaigns=4, seed=2, opens=12, html_bytes=50, sent_only=True, in_window=0, shuffle_ties=False
    ) as running:

        class Right(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> "Right":
                return cls.fromtimestamp(running.store.now, tz)

        monkeypatch.setattr(clocks, "datetime", Right)
        change_everything(running, 1, MINUTE)  # so that there are fresh rows
        yield running


@pytest.mark.parametrize("ahead", AHEAD)
def test_what_changes_after_a_sync_arrives_in_the_next_whatever_the_web_servers_clock_says(
    sandbox: Sandbox, ahead: int
) -> None:
    sandbox.settings.clock_ahead = ahead
    first = sync(sandbox)
    changed = change_everything(sandbox, 6, 4 * MINUTE)
    sandbox.store.advance(HOUR)
    second = sync(sandbox, first.state)
    assert_arrived(sandbox, changed, second)
    assert not read_again(second), "nothing is read again because of a clock"
    assert sum("A clock is wrong" in line for line in second.logs("INFO")) == 1


@pytest.mark.parametrize(("ahead", "cached"), combined([0, 20 * MINUTE], ["age", "date"]))
def test_what_a_cache_has_kept_back_arrives_when_it_is_gone(sandbox: Sandbox, cached: Any, ahead: int) -> None:
    sandbox.settings.clock_ahead = ahead
    sandbox.add_fault(Fault(times=None, cached=cached))
    before = sync(sandbox)
    changed = change_everything(sandbox, 6, 10 * MINUTE)
    stale = sync(sandbox, before.state)
    sandbox.clear_faults()
    assert_arrived(sandbox, changed, sync(sandbox, stale.state))


def test_a_clock_that_is_set_right_between_two_syncs_costs_no_rows(sandbox: Sandbox) -> None:
    last, changed = sync(sandbox), set()
    for ahead in (2 * HOUR, -2 * DAY, 25 * MINUTE, 0):
        sandbox.settings.clock_ahead = ahead
        changed |= change_everything(sandbox, 2, 3 * MINUTE)
        last = sync(sandbox, last.state)
        assert_arrived(sandbox, changed, last)
        assert not read_again(last)
        changed = change_everything(sandbox, 2, 3 * MINUTE)


def test_rows_with_a_date_in_the_future_hide_nothing(sandbox: Sandbox) -> None:
    subscribers = list(sandbox.store.subscribers.values())
    for imported in subscribers[:20]:
        imported.updated_at = sandbox.store.now + 900 * DAY
    sandbox.settings.clock_ahead = 20 * MINUTE
    first = sync(sandbox)
    sandbox.store.advance(2 * MINUTE)
    sandbox.store.update_subscriber(subscribers[30], first_name="Renamed")
    sandbox.store.advance(HOUR)
    second = sync(sandbox, first.state)
    assert (subscribers[30].uuid,) in by_key("subscribers", second.records("subscribers"))
    assert len(second.records("subscribers")) < len(subscribers), "and not all of it is read again"
