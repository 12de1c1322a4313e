"""The threads that send: no more than are busy at a time, none that is idle at the end, and nothing kept."""

import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from source_mailcoach.transport.threads import Threads
from unit_tests.conftest import sender_threads
from unit_tests.seeds import seeds

Make = Callable[[], Threads]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Threads] = []

    def make() -> Threads:
        made.append(Threads())
        return made[-1]

    yield make
    for threads in made:
        threads.close()
    assert sender_threads() == []


class Work:
    """A task that lasts until it is let go, and tells in which thread it was done."""

    def __init__(self, seconds: float = 0) -> None:
        self.may_end, self.has_ended = threading.Event(), threading.Event()
        self.seconds = seconds
        self.thread: threading.Thread | None = None

    def __call__(self) -> Callable[[], None]:
        self.thread = threading.current_thread()
        self.may_end.wait(5)
        time.sleep(self.seconds)
        return self.has_ended.set


def done(threads: Threads) -> Work:
    work = Work()
    work.may_end.set()
    threads.start(work)
    assert work.has_ended.wait(5)
    return work


def test_tasks_one_after_another_are_done_in_one_thread(make: Make) -> None:
    threads = make()
    assert len({done(threads).thread for _ in range(50)}) == 1
    assert len(sender_threads()) == 1


def test_whoever_is_told_of_an_end_finds_the_thread_idle(make: Make) -> None:
    threads, following = make(), Work()
    following.may_end.set()
    threads.start(lambda: lambda: threads.start(following))
    assert following.has_ended.wait(5)
    assert sender_threads() == [following.thread]


@pytest.mark.parametrize("seed", seeds(5))
def test_there_are_as_many_threads_as_were_busy_at_one_time_and_each_task_is_done(make: Make, seed: int) -> None:
    rng, threads = random.Random(seed), make()
    busy: list[Work] = []
    most = 0
    for _ in range(300):
        if busy and rng.random() < 0.5:
            work = busy.pop(rng.randrange(len(busy)))
            work.may_end.set()
            assert work.has_ended.wait(5)
        else:
            busy.append(Work())
            threads.start(busy[-1])
            most = max(most, len(busy))
        assert len(sender_threads()) == most
    for work in busy:
        work.may_end.set()
        assert work.has_ended.wait(5)


def test_one_that_hangs_is_not_waited_for_and_ends_after_its_task(make: Make) -> None:
    threads, hanging = make(), Work()
    threads.start(hanging)
    done(threads)
    threads.close()
    assert sender_threads() == [hanging.thread]
    hanging.may_end.set()
    assert hanging.thread
    hanging.thread.join(5)
    assert sender_threads() == []


@pytest.mark.parametrize("seed", seeds(20))
def test_whatever_ends_while_they_are_closed_leaves_no_thread(make: Make, seed: int) -> None:
    rng, threads = random.Random(seed), make()
    works = [Work(rng.random() / 1000) for _ in range(4)]
    for work in works:
        threads.start(work)
        work.may_end.set()
    time.sleep(rng.random() / 1000)
    threads.close()
    for work in works:
        assert work.has_ended.wait(5)
        assert work.thread
        work.thread.join(5)
    assert sender_threads() == []


def test_an_idle_thread_keeps_nothing_of_what_it_has_done(make: Make) -> None:
    threads = make()
    kept = weakref.ref(done(threads))
    for _ in range(100):
        if kept() is None:
            break
        time.sleep(0.01)
    assert kept() is None


def test_where_the_machine_starts_no_more_threads_it_says_so_and_those_that_are_idle_serve(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = make()
    first = done(threads).thread

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    busy = Work()
    threads.start(busy)
    with pytest.raises(RuntimeError):
        threads.start(Work())
    busy.may_end.set()
    assert busy.has_ended.wait(5)
    assert done(threads).thread is busy.thread is first
