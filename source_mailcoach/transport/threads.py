"""The threads that send requests: each sends one after another, since to start a thread takes long."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

Task = Callable[[], Callable[[], None]]
"""What a thread does, and then what tells of it. Whoever is told finds the thread idle."""


class Threads:
    """As many threads as are busy at one time. They are daemons: nobody waits for one that hangs."""

    def __init__(self) -> None:
        self.idle: deque[_Thread] = deque()
        self.is_closed = False

    def start(self, task: Task) -> None:
        """Start a task in a thread that is idle, or in a new one; RuntimeError if the machine starts no more."""
        try:
            thread = self.idle.pop()
        except IndexError:
            thread = _Thread(self)
            thread.start()
        thread.tasks.put(task)

    def close(self) -> None:
        """Leave no idle thread. One that is busy ends after its task."""
        self.is_closed = True
        while self.idle:
            thread = self.idle.pop()
            thread.tasks.put(None)
            thread.join()


class _Thread(threading.Thread):
    def __init__(self, threads: Threads) -> None:
        super().__init__(name="mailcoach", daemon=True)
        self.tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads = threads

    def run(self) -> None:
        while task := self.tasks.get():
            self._do(task)
            del task  # with the answer, which may be large
            if self._threads.is_closed:
                return

    def _do(self, task: Task) -> None:
        tell = task()
        self._threads.idle.append(self)
        tell()
