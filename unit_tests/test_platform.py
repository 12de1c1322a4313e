"""What the platform shows while a sync runs: a limit that is waited out, and how much is to come."""

from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteMessageSerializer

from source_mailcoach.messages.events import (
    Event,
    ListRead,
    PageRead,
    ReadingEnded,
    ReadingStarted,
    RowsExpected,
    StreamStarted,
    Waited,
    Waiting,
)
from source_mailcoach.messages.platform import Estimates, Statuses


def statuses(*events: Event) -> list[dict[str, Any]]:
    said: list[AirbyteMessage] = []
    listener = Statuses(said.append, lambda: 1_700_000_000.0)
    for event in events:
        listener(event)
    return [AirbyteMessageSerializer.dump(message)["trace"]["stream_status"] for message in said]


def estimates(*events: Event) -> list[tuple[str, int, int]]:
    """Stream, rows and bytes of each."""
    said: list[AirbyteMessage] = []
    listener = Estimates(said.append, lambda: 1_700_000_000.0)
    for event in events:
        listener(event)
    traces = [AirbyteMessageSerializer.dump(message)["trace"] for message in said]
    assert all(trace["type"] == "ESTIMATE" and trace["estimate"]["type"] == "STREAM" for trace in traces)
    return [(each["name"], each["row_estimate"], each["byte_estimate"]) for each in (t["estimate"] for t in traces)]


LIMIT = Waiting(42.5, "Going on", for_limit=True)


def test_a_stream_is_rate_limited_until_the_limit_ends_and_plainly_running_after_it() -> None:
    limited, running = statuses(StreamStarted("sends"), LIMIT, Waited())
    assert limited["stream_descriptor"]["name"] == running["stream_descriptor"]["name"] == "sends"
    assert limited["status"] == running["status"] == "RUNNING"
    assert limited["reasons"] == [{"type": "RATE_LIMITED", "rate_limited": {"quota_reset": 1_700_000_042_500}}]
    assert not running.get("reasons")


@pytest.mark.parametrize(
    "wait", [Waiting(4.9, "Going on", for_limit=True), Waiting(60, "Trying again")], ids=["a short one", "for a try"]
)
def test_other_waits_change_no_status(wait: Waiting) -> None:
    assert statuses(StreamStarted("sends"), wait, Waited()) == []


def test_a_check_that_waits_has_no_stream_to_tell_the_status_of() -> None:
    assert statuses(LIMIT, Waited()) == []


def page(number: int, rows: int, total: int, came: int = 15, size: int = 100) -> PageRead:
    return PageRead(number, -(-total // 15), rows, 15 * number - 15, came, total, size)


def test_a_single_list_is_estimated_by_its_first_page() -> None:
    events = StreamStarted("sends"), ReadingStarted("sends", "pages", 0), page(1, 15, 400), page(2, 15, 400)
    assert estimates(*events) == [("sends", 400, 40_000)]


def test_counters_tell_the_rows_before_the_first_page_and_that_tells_their_size() -> None:
    events = ReadingStarted("opens", "campaigns", 3), RowsExpected(90), page(1, 15, 50, size=200)
    assert estimates(StreamStarted("opens"), *events) == [("opens", 90, 0), ("opens", 90, 18_000)]


@pytest.mark.parametrize(("total", "said"), [(59, 1), (60, 1), (61, 2)])
def test_an_estimate_that_is_off_by_more_than_a_fifth_is_made_anew(total: int, said: int) -> None:
    events = ReadingStarted("sends", "pages", 0), page(1, 15, 50), page(2, 15, total)
    assert len(estimates(StreamStarted("sends"), *events)) == said


def test_lists_to_come_are_taken_to_be_as_long_as_those_that_were_read() -> None:
    events = ReadingStarted("tags", "email lists", 4), page(1, 10, 10, came=10), ListRead(), page(1, 12, 12, came=12)
    assert estimates(StreamStarted("tags"), *events) == [("tags", 40, 4000)]


def test_a_page_that_is_read_again_makes_no_list_longer_or_shorter() -> None:
    events = ReadingStarted("sends", "pages", 0), page(1, 15, 400), page(26, 2, 400, came=2), page(1, 1, 400, came=1)
    assert estimates(StreamStarted("sends"), *events) == [("sends", 400, 40_000)]


def test_what_was_read_before_a_stop_is_not_to_come() -> None:
    events = ReadingStarted("sends", "pages", 0), page(11, 15, 400)
    assert estimates(StreamStarted("sends"), *events) == [("sends", 250, 25_000)]


def test_a_row_with_many_records_counts_as_many_times() -> None:
    """Clicks come within the rows of their links."""
    events = ReadingStarted("clicks", "campaigns", 1), page(1, 60, 30)
    assert estimates(StreamStarted("clicks"), *events) == [("clicks", 120, 12_000)]


def test_the_listing_that_a_stream_needs_is_not_the_stream() -> None:
    events = ReadingStarted("campaigns", "pages", 0), page(1, 15, 400), ReadingEnded(), ReadingStarted("opens", "", 1)
    assert estimates(StreamStarted("opens"), *events) == []


def test_at_its_end_the_estimate_is_what_came() -> None:
    events = ReadingStarted("opens", "campaigns", 1), RowsExpected(90), page(1, 15, 15), ReadingEnded()
    assert estimates(StreamStarted("opens"), *events)[-1] == ("opens", 15, 1500)
    assert estimates(StreamStarted("opens"), ReadingStarted("opens", "campaigns", 0), ReadingEnded()) == [
        ("opens", 0, 0)
    ]
