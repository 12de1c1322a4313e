"""What is handed back as a state: which one is gone by, and what none can break."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_mailcoach.sync.paging import Position
from source_mailcoach.sync.saved import ResumePoint
from source_mailcoach.sync.state import HalfRead, Pass, Scope, State
from unit_tests.states import DAY, HOUR, SCOPE, SINCE, SORT, campaign, due_names, listing, start, time


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
        missing=st.integers(0, 9),
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
