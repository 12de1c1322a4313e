"""When the STATE of a stream is written."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.sources.streams.checkpoint import CheckpointReader

from source_mailcoach import output

INTERVAL = 1.0  # seconds


class Checkpoint:
    """The latest state of a stream; all rows up to it are out.

    A STATE is due at most once a second, and before any wait: for the limit of requests, or for the next page if
    requests go one at a time. So a sync that is killed loses at most what it has read within a second, and what is
    under way. A sync that is ended by a signal only loses what is under way: `output` writes the last state then.
    """

    def __init__(self, stream: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = StreamDescriptor(name=stream)
        self._clock = clock
        self._said = clock()
        self._is_out = True
        self._state: Mapping[str, Any] = {}

    def reach(self, state: Mapping[str, Any]) -> None:
        """Take in a new state, now that all rows up to it are out."""
        self._state, self._is_out = state, False
        output.hold(lambda: f"{AirbyteEntrypoint.airbyte_message_to_string(self._message())}\n")

    def is_due(self, will_wait: bool) -> bool:
        return not self._is_out and (will_wait or self._clock() - self._said >= INTERVAL)

    def said(self) -> None:
        """Note that the latest state goes out now."""
        self._said, self._is_out = self._clock(), True

    def messages(self, will_wait: bool = True) -> Iterator[AirbyteMessage]:
        """The STATE, if it is due."""
        if self.is_due(will_wait):
            self.said()
            yield self._message()

    def _message(self) -> AirbyteMessage:
        stream = AirbyteStreamState(self._descriptor, AirbyteStateBlob(self._state))
        return AirbyteMessage(Type.STATE, state=AirbyteStateMessage(AirbyteStateType.STREAM, stream))


class DueCheckpointReader(CheckpointReader):
    """The CDK makes a STATE after each slice, which would be too many for short lists. This makes only those due."""

    def __init__(self, reader: CheckpointReader, is_due: Callable[[], bool]) -> None:
        self._reader, self._is_due = reader, is_due

    def next(self) -> Mapping[str, Any] | None:
        return self._reader.next()

    def observe(self, new_state: Mapping[str, Any]) -> None:
        self._reader.observe(new_state)

    def get_checkpoint(self) -> Mapping[str, Any] | None:
        return self._reader.get_checkpoint() if self._is_due() else None
