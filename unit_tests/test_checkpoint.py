"""When a STATE is due, and that one which waits for it goes out if a signal ends the process."""

import io
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from airbyte_cdk.sources.streams.checkpoint import CheckpointReader

from source_mailcoach.output import Output
from source_mailcoach.streams.checkpoint import Checkpoint, DueCheckpointReader


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def checkpoint(clock: Clock) -> Checkpoint:
    return Checkpoint("tags", clock)


def said(checkpoint: Checkpoint, will_wait: bool = False) -> list[Any]:
    states = [message.state for message in checkpoint.messages(will_wait)]
    return [vars(state.stream.stream_state) for state in states if state and state.stream]


def test_a_state_is_due_once_a_second(checkpoint: Checkpoint, clock: Clock) -> None:
    told = []
    for tenth in range(1, 41):
        clock.time = tenth / 10
        checkpoint.reach({"page": tenth})
        told += said(checkpoint)
    assert told == [{"page": 10}, {"page": 20}, {"page": 30}, {"page": 40}]


def test_before_a_wait_it_is_due_at_once_and_once(checkpoint: Checkpoint) -> None:
    checkpoint.reach({"page": 1})
    assert said(checkpoint) == []
    assert said(checkpoint, will_wait=True) == [{"page": 1}]
    assert said(checkpoint, will_wait=True) == []


def test_where_nothing_was_reached_there_is_no_state(checkpoint: Checkpoint, clock: Clock) -> None:
    clock.time = 9.0
    assert said(checkpoint, will_wait=True) == []


def test_the_latest_that_waits_is_held_until_a_state_is_written(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    output = Output(writer)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", output)
        checkpoint.reach({"page": 1})
        checkpoint.reach({"page": 2})
    held = json.loads(output.held())
    stream = {"stream_descriptor": {"name": "tags"}, "stream_state": {"page": 2}}
    assert held == {"type": "STATE", "state": {"type": "STREAM", "stream": stream}}
    output.write('{"type":"RECORD","record":{}}\n')
    assert output.held()
    output.write('{"type":"STATE","state":{}}\n')
    assert output.held() == ""
    for descriptor in (reader, writer):
        os.close(descriptor)


def test_without_an_output_of_the_protocol_nothing_is_held(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        output = io.StringIO()
        patch.setattr(sys, "stdout", output)
        checkpoint.reach({"page": 1})
        assert output.getvalue() == ""


def test_the_cdk_makes_a_state_where_one_is_due_and_nowhere_else() -> None:
    class Reader(CheckpointReader):
        def next(self) -> Mapping[str, Any] | None:
            return {}

        def observe(self, new_state: Mapping[str, Any]) -> None:
            pass

        def get_checkpoint(self) -> Mapping[str, Any] | None:
            return {"page": 1}

    due = iter([False, True])
    reader = DueCheckpointReader(Reader(), lambda: next(due))
    assert [reader.get_checkpoint(), reader.get_checkpoint()] == [None, {"page": 1}]
