"""Times as text: what Mailcoach sends, and what it might."""

from datetime import datetime, timezone

import pytest

from source_mailcoach.sync.times import format_time, latest, parse_time, sortable

TEN = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T10:00:00.000000000Z",
        "2026-01-05T12:00:00.000+0200",
        "2026-01-05 10:00:00 UTC",
        "2026-01-05T10:00:00.000000Z",
        "2026-01-05T10:00:00Z",
        "2026-01-05 10:00:00",
        "2026-01-05T12:00:00+02:00",
    ],
)
def test_a_time_is_utc_unless_it_names_a_zone(text: str) -> None:
    assert parse_time(text) == TEN
    assert format_time(TEN) == "2026-01-05T10:00:00Z"


def test_a_year_has_four_digits_so_that_times_sort_as_text() -> None:
    assert format_time(datetime(999, 1, 1, tzinfo=timezone.utc)) == "0999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2026-13-45T10:00:00Z",
        "2026-01-05",
        "-0001-11-30T00:00:00.000000Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        1767607200,
        {},
        ["2026-01-05T10:00:00Z"],
    ],
)
def test_what_is_no_time_is_none(text: object) -> None:
    assert parse_time(text) is None


def test_times_of_all_zones_and_fractions_sort_as_texts() -> None:
    texts = [
        "2026-01-05T12:00:00+02:00",
        "2026-01-05T10:00:00.5Z",
        "2026-01-05T10:00:01.000000Z",
        "2026-01-05 10:00:00",
    ]
    assert [sortable(text) for text in texts] == [
        "2026-01-05T10:00:00.000000Z",
        "2026-01-05T10:00:00.500000Z",
        "2026-01-05T10:00:01.000000Z",
        "2026-01-05T10:00:00.000000Z",
    ]
    assert sortable("yesterday") is None


def test_the_latest_time_is_found_among_gaps() -> None:
    assert latest(None, "2026-01-05T09:00:00Z", "?", "2026-01-05T10:00:00Z") == TEN
    assert latest(None, "") is None
