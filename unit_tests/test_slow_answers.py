"""How an answer is read, over real sockets: as it comes, whole or not at all, and not for ever."""

import gzip
import json
import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from source_mailcoach.config import Config
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError, Problem
from source_mailcoach.transport.api import SYNC, MailcoachClient
from source_mailcoach.transport.request import Patience, Query
from unit_tests.conftest import CONFIG, Traffic, sender_threads

ROWS = [{"uuid": str(number), "text": random.Random(number).randbytes(300).hex()} for number in range(2000)]
META = {"current_page": 1, "last_page": 1, "total": len(ROWS), "per_page": 2000}
PAGE = json.dumps({"data": ROWS, "meta": META}).encode()
PACKED = gzip.compress(PAGE)
LISTS = Query("email-lists", (("page", 1),))
# Silence of so long is borne in these tests, and no drop comes later than that.
SILENCE, DROP = 5.0, 0.02

Parts = Callable[[], Iterable[bytes]]
Client = Callable[..., MailcoachClient]


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Makes a client of a loopback server that answers each request in parts, until the client or the test leaves.

    For a second page there can be other ones.
    """
    over = threading.Event()
    listeners: list[socket.socket] = []
    clients: list[MailcoachClient] = []

    def make(parts: Parts, patience: Patience, second: Parts | None = None) -> MailcoachClient:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=accept, args=(listener, parts, second or parts), daemon=True).start()
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", host)
        clients.append(MailcoachClient(Config.parse({**CONFIG, "api_base_url": f"http://{host}/api"}), patience))
        return clients[-1]

    def accept(listener: socket.socket, *parts: Parts) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0], *parts), daemon=True).start()

    def answer(connection: socket.socket, first: Parts, second: Parts) -> None:
        with connection, suppress(OSError):
            parts = second if b"page=2 " in connection.recv(65536) else first
            for part in parts():
                connection.sendall(part)
                if over.is_set():
                    return

    yield make
    over.set()
    for client in clients:
        client.end_requests()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in sender_threads():
        thread.join(SILENCE)
        assert not thread.is_alive()


def dripping(begin: bytes, drop: Callable[[int], bytes]) -> Parts:
    def parts() -> Iterator[bytes]:
        yield begin
        for number in range(10**6):
            time.sleep(DROP)
            yield drop(number)

    return parts


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "status": dripping(b"HTTP/1.1 200 ", lambda _: b"O"),
    "interim answers": dripping(b"", lambda _: b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header": dripping(OK + b"X-Long: ", lambda _: b"x"),
    "headers": dripping(OK, lambda number: b"X: y\r\n" if number < 99 else b""),
    "body": dripping(OK + b"Content-Length: 9999999\r\n\r\n", lambda _: b" "),
    "body without a length": dripping(OK + b"\r\n", lambda _: b" "),
    "chunk": dripping(CHUNKED + b"ffffff\r\n", lambda _: b" "),
    "chunks": dripping(CHUNKED, lambda _: b"1\r\n \r\n"),
    "size of a chunk": dripping(CHUNKED, lambda _: b"0"),
    "packed body": dripping(
        OK + b"Content-Encoding: gzip\r\nContent-Length: 9999999\r\n\r\n" + PACKED[:10],
        lambda number: PACKED[10 + number : 11 + number],
    ),
    "error": dripping(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999999\r\n\r\n", lambda _: b" "),
}


@pytest.mark.parametrize("parts", DRIPS.values(), ids=DRIPS.keys())
def test_an_answer_that_drips_is_a_time_out_however_little_comes_and_wherever(
    client_of: Client, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = time.sleep
    monkeypatch.setattr("source_mailcoach.transport.overlap.time.sleep", lambda seconds: sleep(seconds / 100))
    client = client_of(parts, replace(SYNC, tries=2, read_timeout=SILENCE, longest_answer=0.3))
    client.events.listeners.append(traffic := Traffic())
    with pytest.raises(MailcoachError) as error:
        client.fetch(LISTS)
    assert error.value.problem is problems.TIMEOUT
    assert (traffic.requests, traffic.retries) == (2, 1)


@pytest.mark.parametrize("name", ["body", "body without a length", "chunk", "chunks", "error"])
def test_a_request_that_was_given_up_reads_no_further_than_to_the_next_part(client_of: Client, name: str) -> None:
    client = client_of(DRIPS[name], replace(SYNC, tries=1, read_timeout=SILENCE, longest_answer=0.2))
    with pytest.raises(MailcoachError):
        client.fetch(LISTS)
    for thread in sender_threads():
        thread.join(SILENCE)
        assert not thread.is_alive()


def test_a_request_that_is_under_way_at_the_end_reads_no_further_either(
    client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_mailcoach.transport.overlap.LAST_WAIT", 0.1)
    good = OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
    client = client_of(lambda: [good], SYNC, DRIPS["body"])
    client.fetch(LISTS)
    client.fetch(LISTS, [Query("email-lists", (("page", 2),))])
    client.end_requests()
    for thread in sender_threads():
        thread.join(SILENCE)
        assert not thread.is_alive()


def in_parts(begin: bytes, body: bytes, size: int) -> Parts:
    def parts() -> Iterator[bytes]:
        yield begin
        for start in range(0, len(body), size):
            time.sleep(DROP)
            yield body[start : start + size]

    return parts


def chunked(body: bytes, size: int) -> bytes:
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


SLOW = {
    "plain": in_parts(OK + b"Content-Length: %d\r\n\r\n" % len(PAGE), PAGE, 50_000),
    "packed": in_parts(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED), PACKED, 30_000),
    "in chunks": in_parts(CHUNKED, chunked(PAGE, 70_000), 50_000),
    "packed in chunks": in_parts(CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n", chunked(PACKED, 7_000), 30_000),
    "until the end of the connection": in_parts(OK + b"\r\n", PAGE, 50_000),
}


@pytest.mark.parametrize("parts", SLOW.values(), ids=SLOW.keys())
def test_a_large_page_that_comes_slowly_but_in_time_is_read_whole(client_of: Client, parts: Parts) -> None:
    client = client_of(parts, SYNC)
    client.events.listeners.append(traffic := Traffic())
    assert client.fetch(LISTS).rows == ROWS
    assert (traffic.requests, traffic.retries) == (1, 0)


CUT = {
    "nothing": (b"", problems.CONNECTION_LOST),
    "half a body": (OK + b"Content-Length: 1000000\r\n\r\n" + PAGE[:5000], problems.CONNECTION_LOST),
    "half a chunk": (CHUNKED + b"fffff\r\n" + PAGE[:5000], problems.CONNECTION_LOST),
    "no last chunk": (CHUNKED + chunked(PAGE, 5000)[:-5], problems.CONNECTION_LOST),
    "damaged compression": (
        OK + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + b"x" * 20,
        problems.CONNECTION_LOST,
    ),
    "half a packed body": (
        OK + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + PACKED[:20],
        problems.BROKEN_ANSWER,
    ),
}


@pytest.mark.parametrize(("answer", "problem"), CUT.values(), ids=CUT.keys())
def test_an_answer_that_is_cut_is_not_taken_for_whole(client_of: Client, answer: bytes, problem: Problem) -> None:
    client = client_of(lambda: [answer], replace(SYNC, tries=1, read_timeout=SILENCE))
    with pytest.raises(MailcoachError) as error:
        client.fetch(LISTS)
    assert error.value.problem is problem


def test_what_is_wrong_with_headers_is_not_logged_by_the_thread_that_reads_them(
    client_of: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = OK + b"nonsense\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
    client = client_of(lambda: [answer], replace(SYNC, tries=1, read_timeout=SILENCE))
    with caplog.at_level(logging.INFO), suppress(MailcoachError):
        client.fetch(LISTS)
    assert [record for record in caplog.records if record.threadName == "mailcoach"] == []
