"""Starts the connector for tests in 0.04 s instead of 1.6 s: a process that has imported it forks for each run.

A run is a process of its own all the same: its own arguments, environment, folder and streams, the real `main.py` from
its first line to the end of the interpreter, and a status that says by which signal it ended. What it doesn't show is
the start of the interpreter and the imports; those are what `sandbox.connector.start_cold` is for.

`python -m sandbox.fork_server SOCKET` is the warm process. It forks for each message that comes over the socket, and
ends, with all that still runs, when the other end is closed.
"""

import contextlib
import dataclasses
import gc
import importlib
import io
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

ROOT = Path(__file__).parent.parent
MAIN = ROOT / "main.py"
LARGEST = 1 << 17  # bytes of a message
MOST_FILES = 1 << 20
Target = int | IO[Any] | None


class Forked:
    """A run, as far as tests use `subprocess.Popen`."""

    def __init__(self, report: socket.socket, stdout: IO[Any] | None, stderr: IO[Any] | None) -> None:
        self._report = report
        self.stdout, self.stderr = stdout, stderr
        self.returncode: int | None = None
        self._lock = threading.Lock()
        self.pid = self._told()

    def _told(self) -> int:
        message = self._report.recv(32)
        if not message:
            raise RuntimeError("the fork server has ended")
        return int(message)

    def wait(self, timeout: float | None = None) -> int:
        ended = select.poll()  # a process that runs many tests can have more files open than `select` can do with
        ended.register(self._report, select.POLLIN)
        if self.returncode is None and not ended.poll(None if timeout is None else timeout * 1000):
            raise subprocess.TimeoutExpired("the connector", timeout or 0)
        with self._lock:
            if self.returncode is None:
                self.returncode = os.waitstatus_to_exitcode(self._told())
        return self.returncode

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and the server has not told yet
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for stream in filter(None, (self.stdout, self.stderr)):
            stream.close()
        self.wait()
        self._report.close()


class ForkServer:
    """The other end: starts the warm process, and asks it to fork."""

    def __init__(self, main: Path = MAIN) -> None:
        self._main = main
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "sandbox.fork_server", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def close(self) -> None:
        self._control.close()
        self._process.wait()

    def start(
        self,
        *command: str,
        environ: Mapping[str, str],
        stdout: Target = None,
        stderr: Target = None,
        text: bool = False,
        changes: Mapping[str, Any] | None = None,
    ) -> Forked:
        """Start `main.py` with these arguments, as `sandbox.connector.start_cold` does.

        `changes` are made in the fork before anything of the connector runs: a name such as
        `source_mailcoach.transport.api.SYNC` gets another value, or, if that is a dict, a dataclass other values in
        these fields.
        """
        message = {
            "arguments": (str(self._main), *command),
            "environ": dict(environ),
            "folder": os.getcwd(),
            "changes": changes or {},
        }
        report, of_server = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with open(os.devnull) as nothing, of_server:
            (out, ours), (err, our_err) = (
                end_of(target, number, text) for target, number in ((stdout, 1), (stderr, 2))
            )
            descriptors = [nothing.fileno(), out, err, of_server.fileno()]
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)
            for target, descriptor in ((stdout, out), (stderr, err)):
                if target in (subprocess.PIPE, subprocess.DEVNULL):
                    os.close(descriptor)
        return Forked(report, ours, our_err)


def end_of(target: Target, number: int, text: bool) -> tuple[int, IO[Any] | None]:
    """The descriptor that a run gets for a stream, and what is read at the other end if there is one."""
    if target == subprocess.PIPE:
        reader, writer = os.pipe()
        return writer, open(reader) if text else open(reader, "rb")
    if target == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_WRONLY), None
    return (number if target is None else target if isinstance(target, int) else target.fileno()), None


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for each message until the other end is closed. In a fork this gives the message, in the server None."""
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    running: dict[int, int] = {}  # by process, where its end is told
    while True:
        for key, _ in selector.select():
            if key.data:
                pid, report = key.data
                selector.unregister(key.fd)
                os.close(key.fd)
                tell(report, os.waitpid(pid, 0)[1])
                os.close(running.pop(pid))
                continue
            message, descriptors, _, _ = socket.recv_fds(control, LARGEST, 4)
            if not message:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return None
            pid = os.fork()
            *streams, report = descriptors
            if not pid:
                selector.close()
                control.detach()
                for number, descriptor in enumerate(streams):
                    os.dup2(descriptor, number)
                os.closerange(3, MOST_FILES)
                request: dict[str, Any] = json.loads(message)
                return request
            running[pid] = report
            tell(report, pid)
            for descriptor in streams:
                os.close(descriptor)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, report))


def tell(report: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody asks any more
        os.write(report, b"%d" % number)


def become(request: Mapping[str, Any]) -> None:
    """Make this process what it would be if it had been started for this run."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = request["arguments"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    sys.stdin = sys.__stdin__ = stream(0, "r", sys.__stdin__)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = stream(1, "w", sys.__stdout__)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = stream(2, "w", sys.__stderr__)  # type: ignore[misc]
    for name, value in request["changes"].items():
        module, _, attribute = name.rpartition(".")
        known = getattr(importlib.import_module(module), attribute)
        setattr(
            sys.modules[module], attribute, dataclasses.replace(known, **value) if isinstance(value, dict) else value
        )


def stream(descriptor: int, mode: str, like: Any) -> io.TextIOWrapper:
    """A standard stream as the interpreter makes it at its start."""
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    return io.TextIOWrapper(
        open(descriptor, f"{mode}b", closefd=False),
        like.encoding,
        like.errors,
        line_buffering=descriptor == 2 and not unbuffered,
        write_through=unbuffered,
    )


def main() -> None:
    for name in ("source_mailcoach.run", "source_mailcoach.entrypoint"):
        importlib.import_module(name)
    # A fork has one thread, whatever the others held locked.
    assert len(os.listdir("/proc/self/task")) == 1
    gc.freeze()
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which a terminal sends to all
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is None:
        os._exit(0)  # taking down an interpreter with so much in it takes long, and whoever closed the socket waits
    signal.signal(signal.SIGINT, interrupt)
    become(request)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
