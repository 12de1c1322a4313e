"""The end-to-end tests of checks and reads once more, each of their runs a container, locked up as by hosts."""

from collections.abc import Iterator

import pytest

import sandbox.connector
from integration_tests.image import container
from integration_tests.test_all_streams import *  # noqa: F403
from integration_tests.test_check import *  # noqa: F403
from integration_tests.test_read import *  # noqa: F403
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, read


@pytest.fixture(scope="module", autouse=True)
def runs_are_containers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox.connector, "run", container.run)
        yield


def test_a_second_sync_goes_on_from_the_mounted_state_of_the_first() -> None:
    with Sandbox(
        version="v8", campaigns=24, seed=7, opens=30, shuffle_ties=False, sent_only=True, in_window=0
    ) as server:
        first = read(server, CORE_STREAMS, mode="incremental")
        server.reset_stats()
        second = read(server, CORE_STREAMS, mode="incremental", state=first.state)
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert len(second.of_type("RECORD")) < len(first.of_type("RECORD")) / 2
        assert len(server.requests) < server.least_requests(CORE_STREAMS) / 2
