"""Fixtures of the unit tests: a client of a made-up server, and waits that take no time."""

import pytest

from source_mailcoach.api import MailcoachClient
from source_mailcoach.config import Config

URL = "https://news.example.com/api"
TOKEN = "token-of-the-unit-tests"
CONFIG = {"api_base_url": URL, "api_token": TOKEN}


@pytest.fixture
def client() -> MailcoachClient:
    return MailcoachClient(Config.parse(CONFIG))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each wait between two tries, in place of the waits themselves."""
    seconds: list[float] = []
    monkeypatch.setattr("time.sleep", lambda length: seconds.append(length) if length else None)
    return seconds
