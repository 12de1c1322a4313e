"""Fixtures of the unit tests: a client of a made-up server, and waits that take no time."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import settings

from source_mailcoach.config import Config
from source_mailcoach.messages.events import Event, RequestStarted, Retried
from source_mailcoach.transport.api import MailcoachClient
from unit_tests.seeds import count

URL = "https://news.example.com/api"
TOKEN = "token-of-the-unit-tests"
CONFIG = {"api_base_url": URL, "api_token": TOKEN}

settings.register_profile("ours", max_examples=count(20), deadline=None)
settings.load_profile("ours")


def sender_threads() -> list[threading.Thread]:
    """The threads of this process that send requests, or wait for one to send."""
    return [thread for thread in threading.enumerate() if thread.name == "mailcoach"]


@pytest.fixture
def client() -> Iterator[MailcoachClient]:
    """None of its threads outlives a test."""
    client = MailcoachClient(Config.parse(CONFIG))
    yield client
    client.end_requests()
    assert sender_threads() == []


class Traffic:
    """Listens to how many requests are sent, and how many of them are further tries."""

    def __init__(self) -> None:
        self.requests = self.retries = 0

    def __call__(self, event: Event) -> None:
        self.requests += isinstance(event, RequestStarted)
        self.retries += isinstance(event, Retried)


class Clock:
    """Stands in for the time module's clock: a sleep takes no time, but the clock goes on by it."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.monotonic = time.monotonic

    def now(self) -> float:
        return self.monotonic() + sum(self.slept)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each wait, in place of the waits themselves."""
    clock = Clock()
    monkeypatch.setattr("time.sleep", clock.slept.append)
    monkeypatch.setattr("time.monotonic", clock.now)
    return clock.slept
