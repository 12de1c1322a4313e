"""Which campaigns a pass reads, where it goes on, and what it leaves for the next one."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_mailcoach.paging import Position
from source_mailcoach.state import (
    Campaign,
    Listing,
    Mode,
    Parent,
    Pass,
    Scope,
    State,
    at_position,
    begin,
    closed,
    due,
    early_stop,
    finished,
    gate,
    saw,
    seen_before,
    start_of,
)
from source_mailcoach.times import format_time, latest

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
WEEK, DAY, HOUR, MINUTE = timedelta(days=7), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SCOPE: Scope = {"api_base_url": "https://news.example.com/api", "campaign_status": "sent", "start_date": None}
SORT = "-first_opened_at,email"


def time(ago: timedelta) -> str:
    return (NOW - ago).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def campaign(name: str, sent: timedelta | None = 60 * DAY, counted: timedelta | None = None, **more: Any) -> Campaign:
    fields = {"created_at": time(100 * DAY), "status": "sent", **more}
    stamps = {"sent_at": sent and time(sent), "statistics_calculated_at": counted and time(counted)}
    return Campaign(uuid=name, **fields, **stamps)


def listing(*campaigns: Campaign) -> Listing:
    newest = latest(*(found.statistics_calculated_at for found in campaigns))
    return Listing(campaigns, NOW, newest and format_time(newest))


def start(stored: dict[str, Any], scope: Scope, mode: Mode, found: Listing) -> tuple[State, str | None]:
    return begin(stored, scope, mode, found.time, found.cursor)


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
    assert due_names(SINCE, campaign("a", sent=MINUTE, counted=2 * HOUR), window=timedelta(0)) == []


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
    assert closed(resumed).cursor == "2026-11-01T10:00:00Z"


def test_the_cursor_goes_back_with_what_a_pass_has_seen() -> None:
    """A cache has answered perhaps, and its rows have overwritten newer ones."""
    state, _ = start(SINCE.to_json(), SCOPE, "incremental", listing(campaign("a", counted=2 * HOUR)))
    assert closed(state).cursor == "2026-11-01T10:00:00Z"
    state, _ = start(SINCE.to_json(), SCOPE, "incremental", listing(campaign("a")))
    assert closed(state).cursor == SINCE.cursor


def test_a_finished_full_refresh_leaves_nothing_to_go_by() -> None:
    state, _ = start({}, SCOPE, "full_refresh", listing(campaign("a", counted=HOUR)))
    assert closed(state).to_json() == {"scope": dict(SCOPE)}


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
        (campaign("being sent", sent=None, status="sending"), None),
    ],
    ids=lambda value: value.uuid if isinstance(value, Campaign) else "",
)
def test_only_a_campaign_that_was_surely_read_before_may_be_read_in_part(
    what: Campaign, known_before: datetime | None
) -> None:
    assert early_stop(SINCE, what, DAY) == known_before
    assert early_stop(State(SCOPE), what, DAY) is None


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


@given(
    cursor=st.none() | st.just(time(HOUR)),
    running=st.none()
    | st.builds(
        Pass,
        mode=st.sampled_from(["full_refresh", "incremental"]),
        cursor=st.none() | st.just(time(HOUR)),
        began=st.none() | st.just(time(DAY)),
        after=st.none() | st.tuples(st.text(max_size=40), st.text(max_size=40)),
        parent=st.just("b" * 36),
        sort=st.just(SORT),
        position=st.builds(Position, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 1000)),
    ),
)
def test_a_state_survives_its_way_through_json(cursor: str | None, running: Pass | None) -> None:
    state = State(SCOPE, cursor, running)
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_the_largest_state_is_less_than_a_kilobyte() -> None:
    url = f"https://{'a' * 253}/{'p' * 100}/api"
    scope = {"api_base_url": url, "email_privacy": "sha256", "campaign_status": "scheduled", "start_date": time(DAY)}
    began = "2026-11-01T11:00:00Z"
    running = Pass(
        "full_refresh", began, (time(DAY), "u" * 36), "u" * 36, SORT, Position(10**9, 10**9, 1000), began=began
    )
    assert len(json.dumps(State(scope, time(DAY), running).to_json())) < 1000


def test_a_pass_through_rows_that_tell_their_time_leaves_what_it_has_seen_at_its_earliest_page() -> None:
    """The first page can be the later one: it failed and was asked for again, while the next waited to be read."""
    state, _ = begin({}, SCOPE, "incremental", NOW)
    state = saw(saw(saw(state, NOW - MINUTE, [NOW - 2 * MINUTE]), NOW - HOUR), NOW, [NOW - DAY])
    assert closed(state).cursor == "2026-11-01T10:59:00Z"
    assert seen_before(closed(state)) == NOW - HOUR - 16 * MINUTE
    assert seen_before(State(SCOPE)) is None


def test_a_pass_that_goes_on_hours_later_reckons_from_when_it_began() -> None:
    half = saw(begin({}, SCOPE, "incremental", NOW)[0], NOW - 9 * HOUR, [NOW - 10 * HOUR])
    resumed, _ = begin(json.loads(json.dumps(half.to_json())), SCOPE, "incremental", NOW)
    assert closed(saw(resumed, NOW, [NOW - MINUTE])).cursor == "2026-11-01T02:59:00Z"


def test_a_pass_of_an_older_state_is_held_against_the_rows_from_now_on() -> None:
    """Its cursor was the server's time when it began, whatever the rows said."""
    half = State(SCOPE, time(20 * HOUR), Pass("incremental", time(9 * HOUR)))
    assert closed(saw(half, NOW)).cursor == half.cursor
    assert closed(saw(half, NOW, [NOW - MINUTE])).cursor == "2026-11-01T02:59:00Z"


def test_where_no_row_shows_a_time_the_cursor_before_holds() -> None:
    state, _ = begin(SINCE.to_json(), SCOPE, "incremental", NOW)
    assert closed(saw(state, NOW, [None])).cursor == SINCE.cursor
    assert closed(saw(begin({}, SCOPE, "incremental", NOW)[0], NOW)).cursor is None


def test_parents_are_read_in_the_order_of_their_creation_whatever_the_order_of_their_listing() -> None:
    young, old = Parent(time(DAY), "a"), Parent(time(2 * DAY), "b")
    state, _ = begin({}, SCOPE, "incremental", NOW, None)
    assert due(state, [young, old]) == [old, young]
    assert due(finished(state, old), [young, old]) == [young]
