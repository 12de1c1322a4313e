"""The stdout of the protocol: whole lines, in UTF-8, through any pipe."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from source_mailcoach import output
from source_mailcoach.output import Output, encoded


class Ended(BaseException):
    """Stands in for the end of the process."""


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals by which the process would have ended."""
    by: list[int] = []

    def end_by(number: int) -> None:
        by.append(number)
        raise Ended

    monkeypatch.setattr(output, "end_by", end_by)
    return by


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def everything(reader: int) -> bytes:
    content = b""
    while block := os.read(reader, 1 << 16):
        content += block
    return content


@pytest.mark.parametrize("seed", range(10))
def test_what_is_written_comes_out_whole_and_in_order(seed: int, pipe: tuple[int, int]) -> None:
    rng = random.Random(seed)
    lines = [rng.choice("aé€😀") * int(rng.expovariate(1 / 2000)) + "\n" for _ in range(200)]
    lines += ["x" * 300_000 + "\n"]
    rng.shuffle(lines)
    reader, writer = pipe
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(everything(reader)))
    thread.start()
    stream = Output(writer)
    for line in lines:
        stream.write(line)
        if rng.random() < 0.3:
            stream.flush()
    stream.flush()
    os.close(writer)
    thread.join()
    assert read == ["".join(lines).encode()]


def test_it_writes_into_a_file(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        stream = Output(file.fileno())
        stream.write("é" * 3_000_000 + "\n")
        stream.flush()
    assert (tmp_path / "out").read_text() == "é" * 3_000_000 + "\n"


def test_half_a_line_waits_for_its_end(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stream = Output(writer)
    stream.write("one\ntwo")
    stream.flush()
    assert os.read(reader, 100) == b"one\n"
    stream.write("\n")
    stream.flush()
    assert os.read(reader, 100) == b"two\n"


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("é€😀\n", "é€😀\n".encode()),
        ("a\ud800b\n", "a\ufffdb\n".encode()),
        ("\udc00\ud800\n", "\ufffd\ufffd\n".encode()),
        ("\ud83d\ude00\udfff\n", "😀\ufffd\n".encode()),
    ],
    ids=ascii,
)
def test_what_utf_8_has_no_bytes_for_is_replaced(text: str, bytes_: bytes) -> None:
    assert encoded(text) == bytes_


def test_lines_of_another_thread_go_with_the_next_of_the_main_thread(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stream = Output(writer)

    def write() -> None:
        stream.write("of a thread\n")
        stream.flush()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    stream.write("of the main thread\n")
    stream.flush()
    assert os.read(reader, 100) == b"of a thread\nof the main thread\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_prints_what_is_there_and_ends_the_process(
    number: signal.Signals, pipe: tuple[int, int], ends: list[int]
) -> None:
    reader, writer = pipe
    stream = Output(writer)
    stream.write('{"type":"RECORD"}\n{"type":"STA')
    with pytest.raises(Ended):
        stream.end(number, None)
    record, last, rest = os.read(reader, 1000).decode().split("\n")
    assert record == '{"type":"RECORD"}'
    assert f"Ended by {number.name}. The next sync goes on from the last state." in last
    assert rest == ""
    assert ends == [number]


@pytest.mark.parametrize("interrupted", range(4))
def test_a_signal_in_the_middle_of_a_line_waits_for_its_end(
    interrupted: int, pipe: tuple[int, int], ends: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any of the writes that it takes: a long line, and lines that wait behind it."""
    stream, write = Output(pipe[1]), os.write
    writes: list[int] = []

    def short_write(descriptor: int, content: bytes) -> int:
        if len(writes) == interrupted:
            stream.end(signal.SIGTERM, None)
        writes.append(write(descriptor, content[:4000]))
        return writes[-1]

    monkeypatch.setattr(os, "write", short_write)
    lines = ("a" * 9000 + "\n") + 2000 * "b\n"
    stream.write(lines)
    with pytest.raises(Ended):
        stream.flush()
    assert ends == [signal.SIGTERM]
    content = os.read(pipe[0], 1 << 16).decode()
    assert content.startswith(lines)
    assert content[len(lines) :].count("\n") == 1


def test_a_write_that_nobody_reads_is_given_up_after_the_last_line_that_fits(
    pipe: tuple[int, int], ends: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "GRACE", 0.3)
    reader, writer = pipe
    stream = Output(writer)
    stream.write("".join(f"{number:01000}\n" for number in range(200)))
    with pytest.raises(Ended):
        stream.end(signal.SIGTERM, None)
    assert ends == [signal.SIGTERM]
    content = os.read(reader, 1 << 20)
    assert content.endswith(b"\n")
    assert [int(line) for line in content.splitlines()] == list(range(content.count(b"\n")))


def test_a_second_signal_ends_what_hangs_beyond_the_time(
    pipe: tuple[int, int], ends: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have filled the pipe after it was seen to have room."""
    monkeypatch.setattr(output, "GRACE", 0.0)

    def hang(descriptor: int, content: bytes) -> int:
        stream.end(signal.SIGTERM, None)
        stream.end(signal.SIGTERM, None)
        raise AssertionError("it goes on")

    stream = Output(pipe[1])
    stream.write("line\n")
    monkeypatch.setattr(os, "write", hang)
    with pytest.raises(Ended):
        stream.flush()
    assert ends == [signal.SIGTERM]


def test_a_pipe_that_nobody_reads_any_more_is_an_end_like_sigterm(pipe: tuple[int, int], ends: list[int]) -> None:
    reader, writer = pipe
    stream = Output(writer)
    os.close(reader)
    stream.write("line\n")
    with pytest.raises(Ended):
        stream.flush()
    assert ends == [signal.SIGTERM]


def test_a_pipe_that_another_process_made_non_blocking_is_waited_for(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    lines = "x" * 500_000 + "\n"
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(everything(reader)))
    stream = Output(writer)
    stream.write(lines)
    thread.start()
    stream.flush()
    os.close(writer)
    thread.join()
    assert read == [lines.encode()]
