"""A list on a server that lives, as plain seeds make it: for the tests of the reader."""

import bisect
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_mailcoach.sync.paging import Ask, Page, Position, Reply, Row
from source_mailcoach.sync.reader import Reader
from source_mailcoach.sync.trail import Order


def uuid_of(row: Row) -> int:
    uuid: int = row["uuid"]
    return uuid


def time_of(row: Row) -> str | None:
    return row["at"]  # type: ignore[no-any-return]


BY_ID = Order(uuid_of)
BY_TIME = Order(uuid_of, time_of, moves=True)
TIED = Order(uuid_of, time_of, time_of, moves=True)
WHOLE = Order(uuid_of, None, lambda row: ())
ORDERS = {"id": BY_ID, "time": BY_TIME, "tied": TIED, "whole": WHOLE}


def text(time: int | None) -> str | None:
    return None if time is None else f"{time:09}"


@dataclass
class MovingList:
    """Rows of a list, newest first. Counted, then selected, with `life` before and between.

    `ties`: how the database orders rows of one time: "same" always, "anew" for each page, or "by page": the same
    each time for one page, and another one for the next, so that some rows are on no page. Up to `parallel` requests
    are under way, and answered in any order.
    """

    kind: str
    rng: random.Random
    rows: list[dict[str, Any]]
    size: int = 15
    ties: str = "same"
    parallel: int = 1
    rate: float = 0.0
    changes: tuple[str, ...] = ()
    half_steps: bool = True
    requests: int = 0
    changed: int = 0
    stays: set[int] = field(default_factory=set)
    _next: int = 1_000_000
    _clock: int = 0
    _under_way: dict[tuple[int, bool], int] = field(default_factory=dict)
    _answers: dict[tuple[int, bool], Reply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stays = {row["uuid"] for row in self.rows}
        self.newest = max((row["at"] or 0 for row in self.rows), default=0)
        self.rows.sort(key=self.place_of)

    def place_of(self, row: dict[str, Any]) -> tuple[int, int]:
        return (0, -row["uuid"]) if self.kind == "id" else (-(row["at"] or 0), row["uuid"])

    def live(self) -> None:
        if self.rng.random() >= self.rate:
            return
        getattr(self, self.rng.choice(self.changes))()
        self.changed += 1

    def insert(self, at: int | None) -> None:
        self._next += 1
        bisect.insort(self.rows, {"uuid": self._next, "at": at}, key=self.place_of)

    def front(self) -> None:
        self.newest += 1
        self.insert(self.newest)

    def front_in_bulk(self) -> None:
        self.newest += 1
        for _ in range(self.rng.randrange(1, 4 * self.size)):
            self.insert(self.newest)

    def further_down(self) -> None:
        self.insert(self.rng.randint(1, max(1, self.newest)))

    def at_the_end(self) -> None:
        self.insert(None)

    def delete(self) -> None:
        if len(self.rows) > 2 * self.size:
            self.stays.discard(self.rows.pop(self.rng.randrange(len(self.rows)))["uuid"])

    def delete_in_bulk(self) -> None:
        for _ in range(self.rng.randrange(1, 4 * self.size)):
            self.delete()

    def move(self) -> None:
        self.newest += 1
        if self.rows:
            row = self.rows.pop(self.rng.randrange(len(self.rows)))
            self.stays.discard(row["uuid"])
            bisect.insort(self.rows, {**row, "at": self.newest}, key=self.place_of)

    def move_in_bulk(self) -> None:
        for _ in range(self.rng.randrange(1, 4 * self.size)):
            self.move()

    def select(self, number: int, reverse: bool) -> Page:
        self.live()
        total = len(self.rows)
        if self.half_steps:
            self.live()
        rows = self.rows
        if self.kind in ("tied", "whole"):
            seed = {"same": 0, "anew": self.rng.random(), "by page": number * 2 + reverse}[self.ties]
            sign = 1 if reverse else -1

            def place(row: Row) -> tuple[int, int]:
                level = 0 if self.kind == "whole" else row["at"] or 0
                return sign * level, sign * hash((seed, row["uuid"]))

            if self.ties != "same" or reverse:
                rows = sorted(rows, key=place)
        elif reverse:
            rows = rows[::-1]
        last = max(1, -(-total // self.size))
        return Page(
            number,
            last,
            total,
            self.size,
            [{**row, "at": text(row["at"])} for row in rows[(number - 1) * self.size :][: self.size]],
        )

    def asker(self, reverse: bool = False) -> Ask:
        def ask(number: int, last: int) -> Reply:
            wanted = (number, reverse)
            for each in range(number, max(number, min(last, number + self.parallel - 1)) + 1):
                self._start((each, reverse))
            while wanted not in self._answers:
                self._answer()
            while self._under_way and self.rng.random() < 0.5:
                self._answer()
            return self._answers.pop(wanted)

        return ask

    def _start(self, wanted: tuple[int, bool]) -> None:
        if wanted not in self._under_way and wanted not in self._answers:
            self._clock += 1
            self._under_way[wanted] = self._clock
            self.requests += 1

    def _answer(self) -> None:
        wanted = self.rng.choice(list(self._under_way))
        page = self.select(*wanted)
        self._clock += 1
        self._answers[wanted] = Reply(page, self._under_way.pop(wanted), self._clock)

    def forget(self) -> None:
        self._under_way.clear()
        self._answers.clear()

    def reader(self, start: Position | None = None, catch_up: bool = False) -> Reader:
        self.forget()
        order = ORDERS[self.kind]
        return Reader(self.asker(), order, reverse=self.asker(True), start=start, forget=self.forget, catch_up=catch_up)

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.rows) // self.size))

    @property
    def wanted(self) -> set[int]:
        """Rows that were there throughout and did not move; those without a time come when they have one."""
        waiting = {row["uuid"] for row in self.rows if row["at"] is None}
        return self.stays - waiting if self.kind == "tied" else self.stays


def a_list(seed: int, kind: str, **more: Any) -> MovingList:
    """A list whose length is drawn evenly; if it is tied, with runs of equal times that are a page or two long."""
    rng = random.Random(seed)
    length, size = rng.randrange(0, 400), rng.choice([4, 15, 15, 30])
    run = rng.choice([1, 2, 5, size, 2 * size]) if kind == "tied" else 1
    waiting = rng.choice([0, 0, 20]) if kind == "tied" else 0
    rows = [{"uuid": n, "at": None if n < waiting else n // run + 1} for n in range(length)]
    return MovingList(kind, rng, rows, **{"size": size, **more})


@dataclass
class Outcome:
    """What a reading gave: the keys, its reader with what it says of itself, and the requests beyond one a page."""

    came: list[int]
    reader: Reader
    lost: set[int]
    more: int


def read(server: MovingList, start: Position | None = None, catch_up: bool = False) -> Outcome:
    pages, before = server.pages, server.requests
    reader = server.reader(start, catch_up)
    came = [row["uuid"] for page, _ in reader for row in page.rows]
    more = server.requests - before - max(pages, server.pages)
    return Outcome(came, reader, server.wanted - set(came), more)


@dataclass
class Scripted(MovingList):
    """What happens before which request is counted, or before its rows are selected: by the number of such moments."""

    script: Mapping[int, Callable[[MovingList], None]] = field(default_factory=dict)
    moment: int = 0

    def live(self) -> None:
        self.moment += 1
        if change := self.script.get(self.moment):
            change(self)
            self.changed += 1


def numbered(count: int, waiting: int = 0) -> list[dict[str, Any]]:
    return [{"uuid": number, "at": None if number < waiting else number} for number in range(count)]


def first_is_deleted(server: MovingList) -> None:
    server.stays.discard(server.rows.pop(0)["uuid"])


def last_moves_to_the_front(server: MovingList) -> None:
    """The last row there is, or the last without a time, gets the newest time."""
    server.newest += 1
    row = server.rows.pop()
    server.stays.discard(row["uuid"])
    server.rows.insert(0, {**row, "at": server.newest})
