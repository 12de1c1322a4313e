"""Writes the protocol's messages to stdout, and ends the process.

However the process ends, each message has been written whole or not at all. This module imports little: importing the
CDK takes most of a second, and SIGTERM has to work before that.
"""

import errno
import fcntl
import io
import os
import select
import signal
import stat
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

# Seconds. Messages are collected for GATHER before they are written. After SIGTERM the reader has GRACE to take them.
GATHER, GRACE = 0.1, 5.0
WAKE = 100  # milliseconds
FILE_BLOCK = 1 << 20  # bytes
STATE = '{"type":"STATE"'
LAST_WORDS = (
    '{"type":"LOG","log":{"level":"INFO","message":"Ended by %s. The next sync goes on from the last state."}}\n'
)


class Output(io.TextIOBase):
    """Writes text to a descriptor: in UTF-8 whatever the locale, in order, and in whole lines only.

    No write ever blocks, because a blocked process would not notice SIGTERM. A pipe is written to only when it has
    room, and gets no more than it is sure to take at once: PIPE_BUF bytes, or its whole capacity if it is empty. It
    takes such a write as a whole, so lines of up to PIPE_BUF bytes are never torn. Only the main thread writes. Lines
    of other threads go out with its next write.

    `held` makes the text of a STATE for the rows that have been written, which is not due yet. It is written if a
    signal ends the process, unless another STATE was written since.
    """

    def __init__(self, descriptor: int) -> None:
        self.held: Callable[[], str] = str
        self._descriptor = descriptor
        self._pending = bytearray()
        self._sent_at = time.monotonic()
        self._sending = False
        self._deadline: float | None = None
        self._signal: int = signal.SIGTERM
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        mode = os.fstat(descriptor).st_mode
        self._is_file = stat.S_ISREG(mode)
        self._is_pipe = stat.S_ISFIFO(mode)

    def write(self, text: str) -> int:
        self._pending += encoded(text)
        if text.startswith(STATE):
            self.held = str
        if time.monotonic() - self._sent_at >= GATHER:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self._sending or threading.current_thread() is not threading.main_thread():
            return
        self._sending = True
        try:
            self._send()
        finally:
            self._sending = False
        if self._deadline is not None:
            self._finish()

    def close(self) -> None:
        """Do nothing: the descriptor stays open as long as the process. Python calls this for a deleted object, too."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def end(self, number: int, frame: FrameType | None) -> None:
        """The handler of SIGTERM and SIGINT: end after the last whole line. Requests under way are not waited for.

        If lines are being written at this moment, `flush` ends the process after them.
        """
        now = time.monotonic()
        if self._deadline is None:
            self._deadline, self._signal = now + GRACE, number
        elif now > self._deadline:
            end_by(self._signal)
        if not self._sending:
            self._finish()

    def _finish(self) -> NoReturn:
        self._sending = True
        del self._pending[self._pending.rfind(b"\n") + 1 :]
        self._pending += encoded(self.held() + LAST_WORDS % signal.Signals(self._signal).name)
        self._send()
        end_by(self._signal)

    def _send(self) -> None:
        """Write all whole lines. After a signal, give up when the reader's time is over."""
        whole = self._pending.rfind(b"\n") + 1
        while whole > 0:
            if self._deadline is not None and time.monotonic() > self._deadline:
                end_by(self._signal)
            if not (room := self._room()):
                continue
            cut = self._pending.rfind(b"\n", 0, room) + 1 or room
            try:
                written = os.write(self._descriptor, self._pending[:cut])
            except BlockingIOError:
                continue
            except OSError as error:
                self._give_up(error)
            del self._pending[:written]
            whole -= written
        self._sent_at = time.monotonic()

    def _room(self) -> int:
        """How many bytes can be written at once without blocking; 0 if nobody has made room for them within WAKE."""
        if self._is_file:
            return FILE_BLOCK
        if self._is_pipe and is_empty(self._descriptor):
            return capacity(self._descriptor)
        return select.PIPE_BUF if self._poll.poll(WAKE) else 0

    def _give_up(self, error: OSError) -> NoReturn:
        """End after a failed write: as after a signal if nobody reads any more, else (a full disk) with a message."""
        if isinstance(error, ConnectionError) or error.errno == errno.EBADF:
            end_by(self._signal)
        if sys.stderr:
            sys.stderr.write(f"The messages cannot be written to stdout: {error.strerror}.\n")
            sys.stderr.flush()
        os._exit(1)


def capacity(pipe: int) -> int:
    """How many bytes an empty pipe takes in one write."""
    return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) if sys.platform == "linux" else select.PIPE_BUF


def is_empty(pipe: int) -> bool:
    return not any(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))


def encoded(text: str) -> bytes:
    """Text in UTF-8, with U+FFFD for what UTF-8 has no bytes for (unpaired surrogates)."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def end_by(number: int) -> NoReturn:
    """End like a process without a handler: of SIGTERM its parent sees the signal (-15), and a shell 128 + 15 (143).

    In the first process of a container signals have no default action, so it exits with what a shell would show.
    """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def hold(spell: Callable[[], str]) -> None:
    """Keep the STATE of the rows that are out, in place of the one before, in case a signal ends the process."""
    if isinstance(sys.stdout, Output):
        sys.stdout.held = spell


def take_stdout() -> Output:
    """Put an `Output` in the place of stdout, and let SIGTERM and SIGINT end the process through it.

    To be called before the CDK is imported, whose buffer writes to `sys.__stdout__` and whose logs go there too.
    """
    if sys.__stdout__ is None:  # closed: the next file or connection would get its number, and the messages
        end_by(signal.SIGTERM)
    output = Output(sys.__stdout__.fileno())
    signal.signal(signal.SIGTERM, output.end)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # ignored, as for a background job of a shell
        signal.signal(signal.SIGINT, output.end)
    sys.stdout = sys.__stdout__ = output  # type: ignore[assignment, misc]
    return output
