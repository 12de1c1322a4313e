"""One line says how much a sync has to do, and how long that takes at the limit of the server."""

import logging

import pytest

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import PassStarting
from source_mailcoach.messages.forecast import Forecast

REST = "Lists of the whole account, such as sends, are counted as one until they are begun."


@pytest.fixture
def forecast() -> Forecast:
    return Forecast(logging.getLogger("airbyte.test"))


@pytest.mark.parametrize(
    ("per_minute", "says"),
    [(60, "1,260 requests: 21 minutes at the 60 a minute that this server allows"), (float("inf"), "1,260 requests")],
)
def test_says_once_what_all_streams_together_will_take(
    forecast: Forecast, caplog: pytest.LogCaptureFixture, per_minute: float, says: str
) -> None:
    forecast.expected += [lambda: 1250, lambda: 10]
    with caplog.at_level("INFO"):
        forecast(PassStarting(per_minute))
        forecast(PassStarting(per_minute))
    assert caplog.messages == [f"This sync takes about {says}. {REST}"]


def test_a_stream_that_cannot_be_foreseen_is_left_to_say_so_itself(
    forecast: Forecast, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> int:
        raise MailcoachError(problems.TOKEN_MAY_NOT_READ, url="https://news.example.com/api")

    forecast.expected += [fails, lambda: 1]
    with caplog.at_level("INFO"):
        forecast(PassStarting(60))
    assert caplog.messages == [f"This sync takes about 1 request. {REST}"]
