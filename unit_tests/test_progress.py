"""Lines in the log from which a person sees how far a sync is, and that it is alive."""

import logging

import pytest

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import (
    ListRead,
    PageRead,
    ReadingEnded,
    ReadingStarted,
    RequestsSaved,
    RequestStarted,
    Retried,
)
from source_mailcoach.messages.findings import ListDeleted, ListLeftOut
from source_mailcoach.messages.progress import INTERVAL, Progress
from source_mailcoach.messages.words import duration

REQUEST = RequestStarted("campaigns/3f/opens", {"page": 1})
ERROR = MailcoachError(problems.SERVER_ERROR, url="https://news.example.com/api")


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock, caplog: pytest.LogCaptureFixture) -> Progress:
    caplog.set_level("INFO")
    return Progress(logging.getLogger("airbyte.test"), clock)


def test_says_nothing_within_the_interval(progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress(ReadingStarted("opens", "campaigns", 9))
    for clock.seconds in range(int(INTERVAL)):
        progress(PageRead(1, 1, 15))
    assert caplog.messages == []


def test_says_how_much_is_done_and_how_long_the_rest_will_take(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress(ReadingStarted("opens", "campaigns", 200))
    for _ in range(20):
        progress(REQUEST)
        progress(PageRead(1, 1, 270))
        progress(ListRead())
    clock.seconds = 60
    for _ in range(2):
        progress(PageRead(1, 1, 0))
    assert caplog.messages == ["opens: 20 of 200 campaigns, 5,400 rows, 20 requests, about 9 minutes left at this rate"]


def test_does_not_guess_before_anything_is_done(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress(ReadingStarted("opens", "campaigns", 200))
    progress(REQUEST)
    clock.seconds = 90
    progress(PageRead(1, 40, 15))
    assert caplog.messages == ["opens: 0 of 200 campaigns, 15 rows, 1 request, 90 seconds so far"]


def test_one_list_is_counted_in_pages(progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress(ReadingStarted("sends", "pages", 0))
    progress(PageRead(7, 40, 15))
    progress(ListRead())
    clock.seconds = 42
    progress(ReadingEnded())
    assert caplog.messages == ["sends: 7 of 40 pages, 15 rows, 0 requests, finished in 42 seconds"]


def test_each_stream_is_counted_for_itself(progress: Progress, caplog: pytest.LogCaptureFixture) -> None:
    """Also after one that has failed, and so never ended."""
    for stream in ("opens", "clicks"):
        progress(REQUEST)  # for the list of campaigns, before
        progress(ReadingStarted(stream, "campaigns", 1))
        progress(RequestsSaved(3))
        for event in (REQUEST, Retried(ERROR), REQUEST, PageRead(1, 1, 15), ListRead(), ListDeleted(stream, "x")):
            progress(event)
    progress(ReadingEnded())
    assert caplog.messages == [
        "clicks: 1 of 1 campaigns (1 left out), 15 rows, 2 requests (1 tried again), finished in 0 seconds; "
        "about 3 requests saved, as an earlier sync had these rows"
    ]


def test_sums_up_at_the_end_what_was_read_what_not_and_what_that_saved(
    progress: Progress, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress(ReadingStarted("opens", "campaigns", 28))
    progress(RequestsSaved(80))
    progress(RequestsSaved(10))
    for _ in range(28):
        progress(REQUEST)
        progress(PageRead(1, 1, 71))
        progress(ListRead())
    for _ in range(2):
        progress(Retried(ERROR))
        progress(REQUEST)
    progress(ListLeftOut("opens", "Campaign 3f", ERROR))
    clock.seconds = 145
    progress(ReadingEnded())
    assert caplog.messages == [
        "opens: 28 of 28 campaigns (1 left out), 1,988 rows, 30 requests (2 tried again), finished in 2 minutes; "
        "about 90 requests saved, as an earlier sync had these rows"
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 seconds"), (119, "119 seconds"), (600, "10 minutes"), (9000, "2.5 hours")]
)
def test_a_length_of_time_is_told_in_the_unit_that_people_would_use(seconds: float, text: str) -> None:
    assert duration(seconds) == text
