"""Which campaigns a pass reads, where it goes on, and what it leaves for the next one."""

import json
from datetime import datetime, timedelta

import pytest

from source_mailcoach.sync.gate import Campaign, before_history, early_stop, seen_before
from source_mailcoach.sync.known import Known
from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.state import ACCOUNT, Parent, Pass, State
from source_mailcoach.sync.transitions import at_position, due, ended, finished, saw, start_of, start_pass
from unit_tests.states import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SCOPE,
    SINCE,
    SORT,
    WEEK,
    campaign,
    due_names,
    listing,
    start,
    time,
)


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


@pytest.mark.parametrize(
    ("what", "is_bounded"),
    [
        (campaign("sent before", sent=31 * DAY), True),
        (campaign("sent on that day", sent=30 * DAY), False),
        (campaign("made before and sent since", sent=DAY), False),
        (campaign("made before and paused", sent=None), True),
        (campaign("made since and paused", sent=None, created_at=time(DAY)), False),
        (campaign("made nobody knows when", sent=None, created_at=""), False),
    ],
    ids=lambda value: value.uuid if isinstance(value, Campaign) else "",
)
def test_history_before_the_start_date_is_that_of_campaigns_from_before_it(what: Campaign, is_bounded: bool) -> None:
    day = NOW - 30 * DAY
    assert before_history(what, day, HOUR) == (day - HOUR if is_bounded else None)
    assert before_history(what, None, HOUR) is None


def test_the_end_of_a_pass_keeps_what_is_known_of_the_rows() -> None:
    closed = ended(State(SCOPE, running=Pass("incremental", time(HOUR)), known=Known(rows=3)))
    assert (closed.running, closed.cursor, closed.known) == (None, time(HOUR), Known(rows=3))
