"""Which campaigns a pass reads, where it goes on, and what it leaves for the next one."""

import json
import random
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_mailcoach.sync.gate import Campaign, Listing, early_stop, gate, seen_before
from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.pending import ROOM, Pending
from source_mailcoach.sync.saved import ResumePoint
from source_mailcoach.sync.state import (
    ACCOUNT,
    HalfRead,
    Mode,
    Parent,
    Pass,
    Scope,
    State,
    at_position,
    due,
    ended,
    failed,
    finished,
    listed,
    saw,
    start_of,
    start_pass,
)
from source_mailcoach.sync.times import format_time, latest

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
WEEK, DAY, HOUR, MINUTE = timedelta(days=7), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SCOPE: Scope = {"api_base_url": "https://news.example.com/api", "campaign_status": "sent", "start_date": None}
SORT = "-first_opened_at,email"


def time(ago: timedelta) -> str:
    return (NOW - ago).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def campaign(name: str, sent: timedelta | None = 60 * DAY, counted: timedelta | None = None, **more: Any) -> Campaign:
    fields: dict[str, Any] = {"created_at": time(100 * DAY), "status": "sent", **more}
    sent_at, counted_at = (None if ago is None else time(ago) for ago in (sent, counted))
    return Campaign(uuid=name, **fields, sent_at=sent_at, statistics_calculated_at=counted_at)


def listing(*campaigns: Campaign) -> Listing:
    newest = latest(*(found.statistics_calculated_at for found in campaigns))
    return Listing(campaigns, NOW, format_time(newest) if newest else None)


def start(stored: dict[str, Any], scope: Scope, mode: Mode, found: Listing) -> tuple[State, str | None]:
    return start_pass(stored, scope, mode, found.time, found.cursor)


def due_names(state: State, *campaigns: Campaign, window: timedelta = WEEK) -> list[str]:
    return [found.uuid for found in due(state, gate(state, listing(*campaigns), window))]


SINCE = State(SCOPE, time(HOUR))


@pytest.mark.parametrize(
    ("what", "is_due"),
    [
        (campaign("recounted since", counted=30 * MINUTE), True),
        (campaign("recounted just before", counted=70 * MINUTE), True),  # it may have been under way
        (campaign("recounted long before", counted=80 * MINUTE), False),
        (campaign("recounted at the cursor", counted=HOUR), True),
        (campaign("never recounted"), True),
        (campaign("sent this week", sent=6 * DAY, counted=2 * HOUR), True),
        (campaign("sent last week", sent=8 * DAY, counted=2 * HOUR), False),
        (campaign("being sent", sent=None, counted=2 * HOUR, status="sending"), True),
        (campaign("a draft", sent=None, status="draft"), False),
    ],
    ids=lambda value: value.uuid if isinstance(value, Campaign) else "",
)
def test_the_gate_lets_through_what_can_have_changed(what: Campaign, is_due: bool) -> None:
    assert bool(due_names(SINCE, what)) is is_due


def test_a_window_of_no_days_looks_at_recounts_alone() -> None:
    for sent in (MINUTE, None):
        assert due_names(SINCE, campaign("a", sent=sent, counted=2 * HOUR), window=timedelta(0)) == []


def test_the_first_pass_reads_everything_that_was_sent_oldest_first() -> None:
    young = campaign("a", counted=DAY, created_at=time(DAY))
    old, draft = campaign("z", counted=50 * DAY), campaign("d", status="draft")
    assert due_names(State(SCOPE), young, old, draft) == ["z", "a"]


def test_a_pass_goes_on_after_the_campaign_that_it_has_finished() -> None:
    first, second, third = campaign("a"), campaign("b"), campaign("c", created_at=time(DAY))
    state, _ = start({}, SCOPE, "incremental", listing(first, second, third))
    assert due_names(finished(state, first), first, second, third) == ["b", "c"]


def test_a_pass_goes_on_within_a_campaign_by_the_same_sort_only() -> None:
    state, _ = start({}, SCOPE, "incremental", listing(campaign("a")))
    state = at_position(state, campaign("a"), SORT, Position(600, 1234, 15))
    restored = State.from_json(json.loads(json.dumps(state.to_json())))
    assert start_of(restored, campaign("a"), SORT) == Position(600, 1234, 15)
    assert start_of(restored, campaign("a"), "-last_opened_at,email") is None
    assert start_of(restored, campaign("b"), SORT) is None
    assert start_of(finished(restored, campaign("a")), campaign("a"), SORT) is None


def test_the_cursor_of_a_pass_is_of_the_listing_with_which_it_began() -> None:
    state, _ = start({}, SCOPE, "incremental", listing(campaign("a", counted=2 * HOUR)))
    resumed, _ = start(state.to_json(), SCOPE, "incremental", listing(campaign("a", counted=HOUR)))
    assert ended(resumed).cursor == "2026-11-01T10:00:00Z"


def test_the_cursor_goes_back_with_what_a_pass_has_seen() -> None:
    """A cache has answered perhaps, and its rows have overwritten newer ones."""
    state, _ = start(SINCE.to_json(), SCOPE, "incremental", listing(campaign("a", counted=2 * HOUR)))
    assert ended(state).cursor == "2026-11-01T10:00:00Z"
    state, _ = start(SINCE.to_json(), SCOPE, "incremental", listing(campaign("a")))
    assert ended(state).cursor == SINCE.cursor


def test_a_finished_full_refresh_leaves_nothing_to_go_by() -> None:
    state, _ = start({}, SCOPE, "full_refresh", listing(campaign("a", counted=HOUR)))
    assert ended(state).to_json() == {"scope": dict(SCOPE)}


def test_a_full_refresh_reads_everything_whatever_an_incremental_sync_has_left() -> None:
    old = campaign("a", counted=50 * DAY)
    half = at_position(State(SCOPE, time(HOUR), Pass("incremental", time(HOUR))), old, SORT, Position(15, 30, 15))
    state, reason = start(half.to_json(), SCOPE, "full_refresh", listing(old))
    assert reason is None
    assert due_names(state, old) == ["a"]
    assert start_of(state, old, SORT) is None


def test_an_unfinished_full_refresh_is_no_start_for_an_incremental_sync() -> None:
    first, second = campaign("a", counted=HOUR), campaign("b", counted=HOUR)
    state, _ = start({}, SCOPE, "full_refresh", listing(first, second))
    state, _ = start(finished(state, first).to_json(), SCOPE, "incremental", listing(first, second))
    assert due_names(state, first, second) == ["a", "b"]


@pytest.mark.parametrize(
    ("what", "known_before"),
    [
        (campaign("sent before the last pass", sent=2 * HOUR), NOW - HOUR - DAY),
        # It can have been paused, and so out of scope, since its first rows came: perhaps it was never read.
        (campaign("sent since the last pass", sent=30 * MINUTE), None),
        (campaign("sent just before the last pass", sent=70 * MINUTE), None),
        (campaign("being sent", sent=None, status="sending"), None),
    ],
    ids=lambda value: value.uuid if isinstance(value, Campaign) else "",
)
def test_only_a_campaign_that_was_surely_read_before_may_be_read_in_part(
    what: Campaign, known_before: datetime | None
) -> None:
    assert early_stop(SINCE, what, DAY) == known_before
    assert early_stop(State(SCOPE), what, DAY) is None


def test_events_that_come_without_a_recount_are_looked_for_from_the_end_of_the_window_on() -> None:
    old, new = campaign("a", sent=60 * DAY), campaign("b", sent=3 * DAY)
    assert early_stop(SINCE, old, DAY, WEEK) == NOW - 54 * DAY
    assert early_stop(SINCE, new, DAY, WEEK) == NOW - HOUR - DAY, "within the window all of them were"
    assert early_stop(SINCE, old, DAY, timedelta(0)) == NOW - HOUR - DAY


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        (
            {**SCOPE, "api_base_url": "https://other.example.com/api"},
            "api_base_url was https://news.example.com/api and is",
        ),
        ({**SCOPE, "campaign_status": "all"}, "campaign_status was sent and is now all"),
        ({**SCOPE, "start_date": "2026-01-01T00:00:00Z"}, "start_date was not set and is now 2026-01-01"),
        ({**SCOPE, "email_privacy": "sha256"}, "email_privacy was not set and is now sha256"),
        ({"api_base_url": SCOPE["api_base_url"]}, "campaign_status was sent and is now not set"),
    ],
)
def test_a_state_of_another_scope_is_not_gone_by(scope: Scope, reason: str) -> None:
    state, why = start(SINCE.to_json(), scope, "incremental", listing())
    assert state.cursor is None
    assert reason in (why or "")


@pytest.mark.parametrize("ahead", [2 * DAY, 300_000 * DAY])
def test_a_state_from_the_future_is_not_gone_by(ahead: timedelta) -> None:
    for far in (State(SCOPE, time(-ahead)), State(SCOPE, None, Pass("incremental", time(-ahead)))):
        state, why = start(far.to_json(), SCOPE, "incremental", listing())
        assert state == State(SCOPE, None, Pass("incremental", None))
        assert why == "the saved state is from the future"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)
state_like = st.fixed_dictionaries(
    {},
    optional={
        "scope": json_values | st.just(dict(SCOPE)),
        "cursor": json_values | st.just(time(HOUR)),
        "pass": json_values
        | st.fixed_dictionaries(
            {"mode": st.just("incremental") | json_values, "cursor": json_values},
            optional={"after": json_values, "parent": json_values, "sort": json_values, "position": json_values},
        ),
    },
)


@given(state_like)
def test_whatever_is_handed_back_as_a_state_is_used_or_refused_but_never_a_crash(stored: dict[str, Any]) -> None:
    state, reason = start(stored, SCOPE, "incremental", listing(campaign("a", counted=HOUR)))
    assert state.running
    assert reason is None or state.cursor is None
    due_names(state, campaign("a", counted=HOUR))


positions = st.builds(Position, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 1000))


@given(
    cursor=st.none() | st.just(time(HOUR)),
    running=st.none()
    | st.builds(
        Pass,
        mode=st.sampled_from(["full_refresh", "incremental"]),
        cursor=st.none() | st.just(time(HOUR)),
        began=st.none() | st.just(time(DAY)),
        after=st.none() | st.tuples(st.text(max_size=40), st.text(max_size=40)),
        half_read=st.none() | st.builds(HalfRead, st.just("b" * 36), st.builds(ResumePoint, st.just(SORT), positions)),
    ),
)
def test_a_state_survives_its_way_through_json(cursor: str | None, running: Pass | None) -> None:
    state = State(SCOPE, cursor, running)
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_the_largest_state_is_less_than_a_kilobyte() -> None:
    url = f"https://{'a' * 253}/{'p' * 100}/api"
    scope = {"api_base_url": url, "email_privacy": "sha256", "campaign_status": "scheduled", "start_date": time(DAY)}
    began = "2026-11-01T11:00:00Z"
    resume = ResumePoint(SORT, Position(10**9, 10**9, 1000))
    running = Pass("full_refresh", began, (time(DAY), "u" * 36), HalfRead("u" * 36, resume), began=began)
    assert len(json.dumps(State(scope, time(DAY), running).to_json())) < 1000


def test_a_pass_through_rows_that_tell_their_time_leaves_what_it_has_seen_at_its_earliest_page() -> None:
    """The first page can be the later one: it failed and was asked for again, while the next waited to be read."""
    state, _ = start_pass({}, SCOPE, "incremental", NOW)
    state = saw(saw(saw(state, NOW - MINUTE, [NOW - 2 * MINUTE]), NOW - HOUR), NOW, [NOW - DAY])
    assert ended(state).cursor == "2026-11-01T10:59:00Z"
    assert seen_before(ended(state), ACCOUNT) == NOW - HOUR - 16 * MINUTE
    assert seen_before(State(SCOPE), ACCOUNT) is None


def test_a_pass_that_goes_on_hours_later_reckons_from_when_it_began() -> None:
    half = saw(start_pass({}, SCOPE, "incremental", NOW)[0], NOW - 9 * HOUR, [NOW - 10 * HOUR])
    resumed, _ = start_pass(json.loads(json.dumps(half.to_json())), SCOPE, "incremental", NOW)
    assert ended(saw(resumed, NOW, [NOW - MINUTE])).cursor == "2026-11-01T02:59:00Z"


def test_a_pass_of_an_older_state_is_held_against_the_rows_from_now_on() -> None:
    """Its cursor was the server's time when it began, whatever the rows said."""
    half = State(SCOPE, time(20 * HOUR), Pass("incremental", time(9 * HOUR)))
    assert ended(saw(half, NOW)).cursor == half.cursor
    assert ended(saw(half, NOW, [NOW - MINUTE])).cursor == "2026-11-01T02:59:00Z"


def test_where_no_row_shows_a_time_the_cursor_before_holds() -> None:
    state, _ = start_pass(SINCE.to_json(), SCOPE, "incremental", NOW)
    assert ended(saw(state, NOW, [None])).cursor == SINCE.cursor
    assert ended(saw(start_pass({}, SCOPE, "incremental", NOW)[0], NOW)).cursor is None


def test_parents_are_read_in_the_order_of_their_creation_whatever_the_order_of_their_listing() -> None:
    young, old = Parent(time(DAY), "a"), Parent(time(2 * DAY), "b")
    state, _ = start_pass({}, SCOPE, "incremental", NOW, None)
    assert due(state, [young, old]) == [old, young]
    assert due(finished(state, old), [young, old]) == [young]


# Lists that cannot be read ---------------------------------------------------------------------------------------

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
