"""How runs of the connector start: as forks of a process that has imported it, unless a test asks for a cold start."""

import signal
import time
from collections.abc import Iterator

import pytest

from sandbox import connector
from sandbox.fork_server import ForkServer


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> Iterator[ForkServer]:
    """A job in the background of a shell ignores SIGINT, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.MonkeyPatch.context() as patch:
        server = ForkServer()
        patch.setattr(connector, "start", server.start)
        yield server
        server.close()


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs start the interpreter, and import all that they need."""
    monkeypatch.setattr(connector, "start", connector.start_cold)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """For reads in this process: a second of waiting takes 20 ms. What lasts by a clock takes as long as ever."""
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 50))


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For reads in this process, of a server on which nothing lasts by a clock: a wait takes no time."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
