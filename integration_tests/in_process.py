"""The connector's own `read` in this process: for tests of many short syncs, where starting processes takes longest."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import AirbyteLogFormatter
from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from sandbox import Sandbox
from sandbox.connector import STREAMS, Message, Run, catalog, trust
from source_mailcoach import SourceMailcoach

BRIEF = {"source_mailcoach.streams.absence.PAUSE": 0.02}
"""Constants of a read that waits less before it believes that something is not there."""


class Lines(logging.Handler):
    """All that a run would print, a message a line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(AirbyteLogFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def read_here(
    sandbox: Sandbox,
    streams: Iterable[str] = STREAMS,
    config: Mapping[str, Any] | None = None,
    mode: str = "full_refresh",
    state: Sequence[Message] = (),
) -> Run:
    """As `sandbox.connector.read`. The protocol's messages are the same, those of the CDK's entry point are missing."""
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog(streams, mode))
    stored = [AirbyteStateMessageSerializer.load(dict(message)) for message in state]
    logger, output, exit_code = logging.getLogger("airbyte"), Lines(), 0
    logger.addHandler(output)
    with pytest.MonkeyPatch.context() as patch:
        for constant, seconds in BRIEF.items():
            patch.setattr(constant, seconds)
        for name, value in trust(sandbox).items():
            patch.setenv(name, value)
        try:
            for message in SourceMailcoach().read(logger, config or sandbox.config(), configured, stored):
                output.lines.append(AirbyteEntrypoint.airbyte_message_to_string(message))
        except AirbyteTracedException:
            exit_code = 1
        finally:
            logger.removeHandler(output)
    return Run(exit_code, "".join(f"{line}\n" for line in output.lines), "")
