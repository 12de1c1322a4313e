"""However far clocks are apart, a pass leaves no cursor beyond what it has surely seen."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest

from source_mailcoach.sync import gate, transitions
from source_mailcoach.sync.state import ACCOUNT, State
from source_mailcoach.sync.watermark import Watermark

NOON = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SIZE = 3


def test_the_cursor_is_the_newest_row_of_the_first_page() -> None:
    mark = Watermark().after(NOON, [NOON - HOUR, None, NOON - 2 * HOUR])
    assert (mark.began, mark.cursor) == (NOON, NOON - HOUR)


def test_a_row_of_a_later_page_counts_less_the_time_between_the_pages() -> None:
    mark = Watermark().after(NOON, [NOON - 5 * HOUR]).after(NOON + HOUR, [NOON + HOUR - MINUTE])
    assert mark.cursor == NOON - MINUTE


def test_an_answer_that_is_older_than_the_first_page_moves_the_beginning_back() -> None:
    mark = Watermark().after(NOON, [NOON - MINUTE]).after(NOON - HOUR, [])
    assert (mark.began, mark.cursor) == (NOON - HOUR, NOON - HOUR - MINUTE)


def test_rows_from_the_future_count_for_nothing() -> None:
    assert Watermark().after(NOON, [NOON + 900 * HOUR, NOON - HOUR]).cursor == NOON - HOUR
    assert Watermark().after(NOON, [NOON + MINUTE]).cursor is None


@pytest.mark.parametrize("year", [1, 9999])
def test_a_clock_at_an_end_of_the_calendar_is_borne(year: int) -> None:
    odd = NOON.replace(year=year)
    for times in ((NOON, odd), (odd, NOON)):
        for changes in ([NOON, odd], [odd]):
            mark = Watermark()
            for time in times:
                mark = mark.after(time, changes)
            assert mark.cursor is None or mark.cursor <= NOON


@dataclass
class Server:
    """Lists of rows, {row: (when it changed by the database's clock, its version)}, and clocks that are apart."""

    rng: random.Random
    ahead: timedelta
    lists: list[dict[int, tuple[datetime, int]]] = field(default_factory=list)
    time: datetime = NOON
    """By the database's clock."""
    rests: bool = False

    def live(self) -> None:
        """Some time passes, in which some rows come and some change: mostly of one list, while others rest."""
        for _ in range(0 if self.rests else self.rng.randint(0, 4)):
            self.time += timedelta(seconds=self.rng.choice([0, 1, 30, 600, 9000]))
            rows = self.rng.choice([self.lists[0], self.lists[0], self.lists[-1], self.rng.choice(self.lists)])
            row = self.rng.randrange(len(rows) + 1)
            changed, version = rows.get(row, (self.time, 0))
            if changed <= self.time:
                wrong = self.rng.random() < 0.03
                rows[row] = self.time + 10**5 * HOUR if wrong else self.time, version + 1

    def pages(self, rows: dict[int, tuple[datetime, int]], newest_first: bool) -> Iterator[tuple[datetime, list[int]]]:
        """Pages one after another, each with its time by the web server's clock; life goes on in between."""
        number = 0
        while number == 0 or number * SIZE < len(rows):
            order = sorted(rows, key=lambda row: (rows[row][0], row) if newest_first else row, reverse=True)
            yield self.time + self.ahead, order[number * SIZE :][:SIZE]
            self.live()
            number += 1


def one_pass(server: Server, stored: State, kept: list[dict[int, int]], rng: random.Random) -> State:
    """An incremental pass as `FeedStream` makes it; it is killed now and then, and goes on hours later."""
    known = gate.seen_before(stored, ACCOUNT)
    reached, _ = transitions.start_pass(stored.to_json(), {}, "incremental", NOON + 10**5 * HOUR)
    reached = transitions.saw(reached, server.time + server.ahead)
    for rows, copies in zip(server.lists, kept, strict=True):
        server.live()
        shown = False
        for time, page in server.pages(rows, known is not None):
            changes = [rows[row][0] for row in page]
            copies.update((row, rows[row][1]) for row in page)
            reached = transitions.saw(reached, time, () if known and shown else changes)
            shown = shown or any(change <= time for change in changes)
            if known and changes and changes[-1] < known:
                break
        if rng.random() < 0.2:
            reached = State.from_json(reached.to_json())
            server.time += timedelta(hours=rng.randint(1, 40))
    return transitions.ended(reached)


@pytest.mark.parametrize("seed", range(30))
def test_no_change_is_lost_whichever_clock_is_ahead_and_without_any_margin(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "GATE_MARGIN", timedelta(0))
    rng = random.Random(seed)
    ahead = rng.choice([-1, 0, 1]) * rng.choice([MINUTE, 20 * MINUTE, 30 * HOUR])
    server = Server(rng, ahead, [{} for _ in range(rng.choice([1, 2, 6]))])
    kept: list[dict[int, int]] = [{} for _ in server.lists]
    reached = State({})
    for _ in range(30):
        for _ in range(rng.choice([0, 1, 30])):
            server.live()
        reached = one_pass(server, reached, kept, rng)
        server.rests = True  # what moved on during the pass has to come with the next one
        reached = one_pass(server, reached, kept, rng)
        server.rests = False
        for copies, rows in zip(kept, server.lists, strict=True):
            late = [row for row, (_, version) in rows.items() if copies.get(row) != version]
            assert not late, f"{len(late)} of {len(rows)} rows are lost"


def test_a_pass_is_soon_about_what_is_new() -> None:
    """The cursor comes close to the time when the pass began, wherever fresh rows show it."""
    rng = random.Random(5)
    server = Server(rng, 20 * MINUTE, [{row: (NOON - row * HOUR, 1) for row in range(30)}, {0: (NOON - MINUTE, 1)}])
    cursor = one_pass(server, State({}), [{}, {}], random.Random(1)).cursor
    assert cursor
    assert datetime.fromisoformat(cursor.replace("Z", "+00:00")) > NOON - HOUR
