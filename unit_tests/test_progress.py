"""Lines in the log from which a person sees how far a sync is, and that it is alive."""

import logging
import math

import pytest

from source_mailcoach.messages.progress import INTERVAL, Progress, duration

CAMPAIGNS = "28 of 40 campaigns are to be read"


class Clock:
    seconds = 0.0
    retries = 0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    log = logging.getLogger("airbyte.test")
    return Progress(log, "opens", "campaigns", lambda: (round(clock.seconds), clock.retries), clock)


def test_says_nothing_within_the_interval(progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        for clock.seconds in range(int(INTERVAL)):
            progress.say()
    assert caplog.messages == []


def test_says_how_much_is_done_and_how_long_the_rest_will_take(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress.whole, progress.done, progress.rows = 200, 20, 5400
    clock.seconds = 60
    with caplog.at_level("INFO"):
        progress.say()
        progress.say()
    assert caplog.messages == ["opens: 20 of 200 campaigns, 5,400 rows, 60 requests, about 9 minutes left at this rate"]


def test_does_not_guess_before_anything_is_done(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress.whole = 200
    clock.seconds = 90
    with caplog.at_level("INFO"):
        progress.say()
    assert caplog.messages == ["opens: 0 of 200 campaigns, 0 rows, 90 requests, 90 seconds so far"]


@pytest.mark.parametrize(
    ("per_minute", "line"),
    [
        (60, f"opens: {CAMPAIGNS}, about 145 requests: 2 minutes at the 60 a minute that this server allows"),
        (300, f"opens: {CAMPAIGNS}, about 145 requests"),
        (math.inf, f"opens: {CAMPAIGNS}, about 145 requests"),
    ],
)
def test_says_at_the_start_how_much_there_is_and_how_long_it_takes_at_the_servers_limit(
    progress: Progress, caplog: pytest.LogCaptureFixture, per_minute: float, line: str
) -> None:
    with caplog.at_level("INFO"):
        progress.start(CAMPAIGNS, 145, per_minute)
    assert caplog.messages == [line]


def test_sums_up_at_the_end_what_was_read_what_not_and_what_that_saved(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress.whole, progress.done, progress.rows, progress.skipped, progress.saved = 28, 28, 2009, 1, 90
    clock.seconds, clock.retries = 145, 2
    with caplog.at_level("INFO"):
        progress.finish()
    assert caplog.messages == [
        "opens: 28 of 28 campaigns (1 left out), 2,009 rows, 145 requests (2 tried again), finished in 2 minutes; "
        "about 90 requests saved, as an earlier sync had these rows"
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 seconds"), (119, "119 seconds"), (600, "10 minutes"), (9000, "2.5 hours")]
)
def test_a_length_of_time_is_told_in_the_unit_that_people_would_use(seconds: float, text: str) -> None:
    assert duration(seconds) == text
