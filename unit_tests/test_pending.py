"""Lists that cannot be read: the others come, and the next sync reads the ones that failed."""

import json
import random
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from source_mailcoach.sync.gate import early_stop, seen_before
from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.pending import ROOM, Pending
from source_mailcoach.sync.saved import ResumePoint
from source_mailcoach.sync.state import Mode, Parent, Pass, State
from source_mailcoach.sync.transitions import at_position, due, ended, failed, finished, listed, start_of, start_pass
from unit_tests.states import DAY, HOUR, MINUTE, NOW, SCOPE, SINCE, SORT, campaign, due_names, listing, start, time

PARENTS = [Parent(time(days * DAY), name) for days, name in ((9, "a"), (8, "b"), (7, "c"), (6, "d"))]
A, B, C, D = PARENTS
HALF = Position(15, 90, 15, time(DAY), ("mark",), time(HOUR), 15)


def sync(state: State, failing: Collection[Parent], mode: Mode = "incremental", cursor: str | None = None) -> State:
    """A sync that goes on with a saved state: some lists fail, each after a page of it was read."""
    state, _ = start_pass(json.loads(json.dumps(state.to_json())), SCOPE, mode, NOW, cursor)
    for parent in due(state, PARENTS):
        state = at_position(state, parent, SORT, HALF)
        state = failed(state, parent) if parent in failing else finished(state, parent)
    return ended(state)


def names(state: State) -> list[str]:
    return [parent.uuid for parent in due(state, PARENTS)]


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
@pytest.mark.parametrize("failing", PARENTS, ids=lambda parent: parent.uuid)
def test_behind_a_list_that_fails_all_are_read_and_the_next_sync_reads_it_alone(failing: Parent, mode: Mode) -> None:
    state = sync(State(SCOPE, time(DAY)), [failing], mode, time(HOUR))
    assert state.running
    assert state.cursor == (time(DAY) if mode == "incremental" else None)
    assert names(state) == [failing.uuid]
    assert start_of(state, failing, SORT) == HALF
    resumed, _ = start_pass(state.to_json(), SCOPE, mode, NOW)
    assert names(finished(resumed, failing)) == [], "killed after that, it is not read once more"
    done = sync(state, [], mode)
    assert done == State(SCOPE, time(HOUR) if mode == "incremental" else None)


def test_what_is_new_is_read_before_what_is_pending() -> None:
    state = finished(failed(finished(start_pass({}, SCOPE, "incremental", NOW)[0], A), B), C)
    assert names(state) == ["d", "b"]
    new_pass = State(SCOPE, time(HOUR), pending=state.pending)
    assert names(start_pass(new_pass.to_json(), SCOPE, "incremental", NOW)[0]) == ["a", "c", "d", "b"]


def test_a_list_that_fails_again_lets_an_incremental_pass_be_closed_and_keeps_its_own_cursor() -> None:
    once = sync(State(SCOPE, time(9 * DAY)), [B], cursor=time(DAY))
    twice = sync(once, [B])
    assert (twice.running, twice.cursor) == (None, time(DAY))
    thrice = sync(twice, [B], cursor=time(HOUR))
    assert (thrice.running, thrice.cursor) == (None, time(HOUR))
    assert seen_before(thrice, B) == NOW - 9 * DAY - 15 * MINUTE
    assert seen_before(thrice, A) == NOW - HOUR - 15 * MINUTE


def test_a_list_that_goes_on_in_a_later_pass_is_read_once_more_for_what_changed_in_front_of_its_position() -> None:
    state = sync(sync(State(SCOPE, time(9 * DAY)), [B], cursor=time(DAY)), [B])
    state = sync(sync(state, [B], cursor=time(HOUR)), [], cursor=time(MINUTE))
    assert state.cursor == time(MINUTE)
    assert seen_before(state, B) == NOW - DAY - 15 * MINUTE, "the pass in which it was begun"
    assert start_of(state, B, SORT) is None
    assert sync(state, []).pending == ()


def test_a_list_that_is_begun_anew_in_a_later_pass_is_done_when_it_was_read() -> None:
    state = sync(sync(State(SCOPE, time(9 * DAY)), [B], cursor=time(DAY)), [B])
    state, _ = start_pass(state.to_json(), SCOPE, "incremental", NOW)
    assert finished(at_position(state, B, "-another_sort", HALF), B).pending == ()


def test_a_list_that_fails_in_a_pass_that_leaves_no_cursor_begins_anew() -> None:
    """Nothing tells which changes in front of its position the next pass would bring."""
    state = sync(sync(State(SCOPE), [B]), [B])
    assert (state.running, state.cursor, names(state)) == (None, None, ["a", "c", "d", "b"])
    assert start_of(state, B, SORT) is None


def test_a_full_refresh_is_open_until_all_lists_have_come_however_often_they_fail() -> None:
    state = State(SCOPE)
    for _ in range(4):
        state = sync(state, [B, D], "full_refresh")
        assert names(state) == ["b", "d"]
    assert sync(state, [], "full_refresh") == State(SCOPE)


@pytest.mark.parametrize(("before", "after"), [("full_refresh", "incremental"), ("incremental", "full_refresh")])
def test_a_pass_of_the_other_mode_reads_everything_in_its_order(before: Mode, after: Mode) -> None:
    state = sync(State(SCOPE), [B], before)
    assert names(start_pass(state.to_json(), SCOPE, after, NOW)[0]) == ["a", "b", "c", "d"]


def test_a_campaign_that_is_pending_passes_the_gate_whether_or_not_it_was_recounted() -> None:
    rests = campaign("a", sent=60 * DAY, counted=50 * DAY)
    assert due_names(SINCE, rests) == []
    state = replace(SINCE, pending=(Pending("a", time(55 * DAY)),))
    assert due_names(state, rests) == ["a"]
    assert early_stop(state, rests, DAY) == NOW - 56 * DAY


def test_what_is_pending_of_a_parent_that_is_gone_is_forgotten() -> None:
    state = listed(State(SCOPE, pending=(Pending("a"), Pending("b"))), [A, C])
    assert [each.parent for each in state.pending] == ["a"]


def test_where_more_fail_than_are_remembered_the_place_of_the_first_of_them_is_kept_and_no_list_is_lost() -> None:
    rng = random.Random(3)
    many = [Parent(time(timedelta(days=100 - number)), f"{number:02}") for number in range(60)]
    for _ in range(200):
        ill = set(rng.sample(many, rng.randint(0, 40)))
        state, came = State(SCOPE, time(DAY)), set()
        for mode_of_server in ("ill", "ill", "well", "well"):
            state, _ = start_pass(json.loads(json.dumps(state.to_json())), SCOPE, "incremental", NOW, time(HOUR))
            for parent in due(state, many):
                if mode_of_server == "ill" and parent in ill:
                    state = failed(state, parent)
                else:
                    came.add(parent)
                    state = finished(state, parent)
            state = ended(state)
            assert came >= set(many) - ill, "what can be read is read, whatever fails"
            assert len(state.pending) <= ROOM
            if state.cursor == time(HOUR):
                assert came >= set(many) - {parent for parent in many if state.pending_of(parent)}
        assert came == set(many)


def test_a_full_refresh_is_open_for_a_list_that_was_not_remembered_though_all_that_were_have_come() -> None:
    many = [Parent(time(timedelta(days=100 - number)), f"{number:02}") for number in range(ROOM + 1)]
    state, _ = start_pass({}, SCOPE, "full_refresh", NOW)
    for parent in due(state, many):
        state = failed(state, parent)
    state, _ = start_pass(ended(state).to_json(), SCOPE, "full_refresh", NOW)
    for parent in due(state, many):
        state = failed(state, parent) if parent is many[-1] else finished(state, parent)
    state, _ = start_pass(ended(state).to_json(), SCOPE, "full_refresh", NOW)
    assert due(state, many) == [many[-1]]


def test_a_state_in_which_lists_are_pending_survives_its_way_through_json() -> None:
    resume = ResumePoint(SORT, HALF)
    pending = (Pending("a"), Pending("b", time(DAY), resume), Pending("c", None, resume, time(HOUR)))
    state = State(SCOPE, time(HOUR), Pass("incremental", None), pending)
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


@pytest.mark.parametrize("broken", [7, [7], [{}], [{"parent": 7, "since": None}], [{"parent": "a", "since": "later"}]])
def test_a_state_with_a_broken_list_of_what_is_pending_is_not_gone_by(broken: Any) -> None:
    state, reason = start({**SINCE.to_json(), "pending": broken}, SCOPE, "incremental", listing())
    assert (state.cursor, reason) == (None, "the saved state cannot be read")
