"""Lines in the log from which a person sees how far a sync is, and that it is alive."""

import logging

import pytest

from source_mailcoach.progress import INTERVAL, Progress, duration


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress(logging.getLogger("airbyte.test"), "campaigns", lambda: round(clock.seconds), clock)


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
    assert caplog.messages == ["20 of 200 campaigns, 5,400 rows, 60 requests, about 9 minutes left at this rate"]


def test_does_not_guess_before_anything_is_done(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress.whole = 200
    clock.seconds = 90
    with caplog.at_level("INFO"):
        progress.say()
    assert caplog.messages == ["0 of 200 campaigns, 0 rows, 90 requests, 90 seconds so far"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 seconds"), (119, "119 seconds"), (600, "10 minutes"), (9000, "2.5 hours")]
)
def test_a_length_of_time_is_told_in_the_unit_that_people_would_use(seconds: float, text: str) -> None:
    assert duration(seconds) == text
