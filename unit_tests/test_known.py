"""What is known of a stream's rows names exactly those that were deleted, however its passes go."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from source_mailcoach.sync.known import ROOM, Known, is_whole_due, key_of, uuids_of
from source_mailcoach.sync.sketch import CAPACITY
from source_mailcoach.sync.tally import HELD, Tally
from unit_tests.seeds import seeds

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
WEEK = timedelta(days=7)


def text(second: int) -> str:
    return (NOW + timedelta(seconds=second)).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass
class Server:
    """Lists of rows, each with the second of its creation. Several rows are made in each second."""

    rng: random.Random
    lists: list[dict[bytes, int]]
    now: int = 0

    def come(self, count: int) -> None:
        for _ in range(count):
            self.now += self.rng.random() < 0.3
            self.rng.choice(self.lists)[self.rng.randbytes(16)] = self.now

    def go(self, count: int) -> None:
        for _ in range(count):
            rows = self.rng.choice(self.lists)
            if rows:
                del rows[self.rng.choice(list(rows))]

    @property
    def keys(self) -> set[bytes]:
        return set().union(*self.lists)


@dataclass
class Client:
    """Reads all lists of a server in passes, from a saved state on, and asks for rows that seem to be gone."""

    server: Server
    rng: random.Random
    known: Known = field(default_factory=Known)
    cursor: int | None = None
    came: set[bytes] = field(default_factory=set)
    told: set[bytes] = field(default_factory=set)
    asked: int = 0
    unnamed: int = 0

    def sync(self, is_whole: bool, rate: float = 0.0, most_pages: int | None = None) -> bool:
        """A pass. At each page something may happen, and rows may come twice; whether it came to its end.

        Killed after so many pages, what the last page has left goes on with the rest of the lists, whole as before.
        """
        is_whole = is_whole or self.cursor is None
        before, places, pages = self.server.now, [(number, 0) for number in range(len(self.server.lists))], 0
        is_resumed = False
        while places:
            tally = Tally(self._saved(), 16, is_whole, is_resumed)
            while places and pages != most_pages:
                number, start = places[0]
                start = self._page(tally, number, start, before, is_whole)
                places[:1] = [(number, start)] if start else []
                self.known, pages = tally.known, pages + 1
                for happens in (self.server.come, self.server.go):
                    if self.rng.random() < rate:
                        happens(self.rng.randint(1, 5))
            most_pages, is_resumed = None, bool(places)
        self._end(tally, before)
        return not is_resumed

    def _saved(self) -> Known:
        return Known.from_json(json.loads(json.dumps(self.known.to_json())))

    def _page(self, tally: Tally, number: int, start: int, cursor: int, is_whole: bool) -> int:
        """The rows of a page, newest first, and the place of the next one; 0 at the end of what has to be read."""
        rows = sorted(self.server.lists[number].items(), key=lambda row: -row[1])
        size = self.rng.choice([4, 15, 30])
        tally.begin_list(start > 0) if not start else None
        tally.see_total(len(rows))
        page = rows[max(0, start - self.rng.choice([0, 0, 2])) : start + size]
        for key, created in page:
            self.came.add(key)
            tally.see(key, text(created), text(cursor))
        is_over = start + size >= len(rows) or (not is_whole and page[-1][1] < (self.cursor or 0))
        return 0 if is_over else start + size

    def _end(self, tally: Tally, cursor: int) -> None:
        tally.end(text(cursor), text(cursor))
        self.unnamed += tally.unnamed
        for key in tally.known.gone:
            self.asked += 1
            if key in self.server.keys:
                tally.is_there(key)
            else:
                tally.is_gone(key)
                self.told.add(key)
        self.known, self.cursor, self.is_off = tally.known, cursor, tally.is_off


def a_client(seed: int, rows: int = 200, lists: int = 3) -> Client:
    rng = random.Random(seed)
    server = Server(rng, [{} for _ in range(lists)])
    server.come(rows)
    return Client(server, rng)


@pytest.mark.parametrize("seed", seeds(30))
def test_what_is_deleted_between_passes_is_told_by_the_next_whole_one_and_asks_for_nothing_else(seed: int) -> None:
    client = a_client(seed)
    client.sync(is_whole=True)
    for _ in range(5):
        client.server.come(client.rng.choice([0, 1, 300]))
        client.server.go(client.rng.choice([0, 1, 20]))
        client.server.now += 1
        client.sync(is_whole=client.rng.random() < 0.3)
    client.server.now += 1
    client.sync(is_whole=True)
    assert client.told == client.came - client.server.keys
    assert client.asked == len(client.told)
    assert not client.unnamed


@pytest.mark.parametrize("seed", seeds(60))
def test_however_lists_move_and_processes_are_killed_no_row_is_told_that_is_there_and_the_next_are_told(
    seed: int,
) -> None:
    """In this model a row that moves to another page is lost, and nobody notices. The reader is better than that."""
    client = a_client(seed, rows=random.Random(seed).choice([3, 60, 300]))
    for _ in range(6):
        most = client.rng.choice([None, client.rng.randint(1, 20)])
        client.sync(client.rng.random() < 0.3, client.rng.choice([0, 0.1, 0.5]), most)
        assert client.told.isdisjoint(client.server.keys)
        client.server.now += client.rng.choice([0, 1, 60])
    for _ in range(3):
        client.server.now += 1
        client.sync(is_whole=True)
    assert not client.is_off
    gone = client.rng.sample(sorted(client.server.keys), k=min(2, len(client.server.keys)))
    for rows in client.server.lists:
        for key in gone:
            rows.pop(key, None)
    client.sync(is_whole=True)
    assert set(gone) <= client.told


@pytest.mark.parametrize("seed", seeds(40))
def test_a_killed_process_costs_no_deletion_once_there_is_a_sketch(seed: int) -> None:
    client = a_client(seed)
    client.sync(is_whole=True)
    for _ in range(5):
        client.server.come(client.rng.choice([0, 1, 100]))
        client.server.go(client.rng.choice([0, 1, 20]))
        client.server.now += client.rng.choice([0, 1, 60])
        client.sync(client.rng.random() < 0.3, most_pages=client.rng.choice([None, client.rng.randint(1, 20)]))
    client.server.now += 1
    client.sync(is_whole=True)
    assert client.told == client.came - client.server.keys
    assert client.asked - len(client.told) <= ROOM


@pytest.mark.parametrize("seed", seeds(30))
def test_the_count_shows_each_deletion_and_only_deletions(seed: int) -> None:
    client = a_client(seed)
    client.sync(is_whole=True)
    for _ in range(5):
        client.server.now += 1
        gone = client.rng.choice([0, 0, 1, 3])
        known = {key for rows in client.server.lists for key, at in rows.items() if at < (client.cursor or 0)}
        client.server.come(client.rng.choice([0, 40]))
        there = client.server.keys
        client.server.go(gone)
        vanished = there - client.server.keys
        client.sync(is_whole=False)
        assert client.is_off == bool(vanished & known)
        client.sync(is_whole=True)
        assert vanished & known <= client.told


@pytest.mark.parametrize("seed", seeds(10))
def test_more_than_can_be_named_is_told_as_a_number_once_and_the_next_one_by_name_again(seed: int) -> None:
    client = a_client(seed, rows=1500)
    client.server.now += 1
    client.sync(is_whole=True)
    client.server.go(600)
    gone = client.came - client.server.keys
    client.sync(is_whole=True)
    assert (client.told, client.asked, client.unnamed) == (set(), 0, len(gone))
    client.server.go(5)
    client.sync(is_whole=True)
    assert client.told == client.came - client.server.keys - gone
    assert client.unnamed == len(gone)


def test_rows_that_are_all_gone_at_once_are_not_believed_to_be() -> None:
    """Another database answers well too, and has none of them."""
    client = a_client(1, rows=40)
    client.server.now += 1
    client.sync(is_whole=True)
    client.server.lists = [{} for _ in client.server.lists]
    client.sync(is_whole=True)
    assert (client.told, client.asked, client.unnamed) == (set(), 0, 40)


def test_a_row_that_came_and_went_between_two_passes_is_told_at_once() -> None:
    client = a_client(1, rows=40)
    client.sync(is_whole=True)
    key = client.server.rng.randbytes(16)
    client.server.lists[0][key] = client.server.now = client.server.now + 5
    client.sync(is_whole=False)
    assert key in client.known.recent
    del client.server.lists[0][key]
    client.sync(is_whole=False)
    assert client.told == {key}


def test_rows_of_an_import_that_are_all_of_the_newest_second_count_once() -> None:
    client = a_client(1, rows=40)
    for _ in range(3):
        client.sync(is_whole=False)
        client.server.lists[0].update({client.rng.randbytes(16): client.server.now for _ in range(500)})
    assert len(client.known.recent) <= ROOM
    client.server.now += 1
    client.sync(is_whole=True)
    client.sync(is_whole=False)
    assert not client.is_off
    assert (client.known.rows, client.asked) == (len(client.server.keys), 0)


def test_of_rows_that_were_all_made_in_the_second_of_a_pass_one_that_is_deleted_is_told() -> None:
    client = a_client(1, rows=40)
    client.server.now += 1
    client.server.lists[0].update({client.rng.randbytes(16): client.server.now for _ in range(500)})
    client.sync(is_whole=True)
    gone = [client.server.lists[0].popitem()[0] for _ in range(3)]
    client.server.now += 1
    client.sync(is_whole=False)
    assert client.is_off
    client.sync(is_whole=True)
    assert client.told == set(gone)


def test_a_list_that_goes_on_in_the_middle_proves_nothing_of_the_whole() -> None:
    client = a_client(1, lists=1)
    client.server.now += 1
    client.sync(is_whole=True)
    tally = Tally(client.known, 16, is_whole=True, is_resumed=False)
    tally.begin_list(is_resumed=True)
    tally.see_total(len(client.server.keys))
    tally.end(text(client.server.now), text(client.server.now))
    assert (tally.known.gone, tally.unnamed, tally.is_off) == ((), 0, False)
    assert tally.known.sketch == client.known.sketch


def test_a_row_that_is_there_all_the_same_stays_known_and_is_not_asked_for_again() -> None:
    client = a_client(1)
    client.server.now += 1
    client.sync(is_whole=True)
    key, created = client.server.lists[0].popitem()
    tally = Tally(client.known, 16, is_whole=True, is_resumed=False)
    for rows in client.server.lists:
        tally.begin_list(False)
        tally.see_total(len(rows))
        for each, at in rows.items():
            tally.see(each, text(at), text(client.cursor or 0))
    tally.end(text(client.cursor or 0), text(client.server.now))
    assert tally.known.gone == (key,)
    tally.is_there(key)
    client.known = tally.known
    client.server.lists[0][key] = created
    client.sync(is_whole=False)
    assert not client.is_off
    client.sync(is_whole=True)
    assert (client.told, client.asked) == (set(), 0)


def test_what_could_not_be_asked_for_comes_last_the_next_time() -> None:
    first, second = b"1" * 16, b"2" * 16
    tally = Tally(Known(sketch=a_sketch(), gone=(first, second)), 16, is_whole=False, is_resumed=False)
    tally.stays_unsure(first)
    assert tally.known.gone == (second, first)


def a_sketch() -> str:
    tally = Tally(Known(), 16, is_whole=True, is_resumed=False)
    tally.end(None, None)
    return tally.known.sketch


@pytest.mark.parametrize("seed", seeds(10))
def test_its_size_has_a_bound(seed: int) -> None:
    client = a_client(seed, rows=HELD)
    client.sync(is_whole=True)
    client.server.come(200)
    client.sync(is_whole=False)
    assert len(json.dumps(client.known.to_json())) < 16_000
    client.server.go(CAPACITY)
    client.sync(is_whole=True)
    assert len(json.dumps(client.known.to_json())) < 16_000


# Keys, and what is saved ------------------------------------------------------------------------------------------


def test_a_key_is_of_uuids_in_the_usual_form_alone() -> None:
    one, two = str(UUID(int=7)), "0b0e2a52-6f64-4c6e-9d0b-0d7c2f9b1a11"
    key = key_of(one, two)
    assert key is not None
    assert uuids_of(key) == [one, two]
    for odd in (None, "", 7, two.upper(), two.replace("-", ""), f"{{{two}}}", "a-row", f"{two} "):
        assert key_of(odd) is None
        assert key_of(one, odd) is None


def test_what_is_saved_comes_back_as_it_was() -> None:
    recent, fresh = {b"1" * 16: text(1)}, {b"2" * 16: text(2)}
    known = Known(text(3), text(4), 5, a_sketch(), recent, fresh, text(5), (b"3" * 16,))
    assert Known.from_json(json.loads(json.dumps(known.to_json()))) == known


BROKEN: list[dict[str, Any]] = [
    {"read": "yesterday"},
    {"rows": -1},
    {"rows": "many"},
    {"sketch": "?"},
    {"sketch": 7},
    {"recent": {"?": text(1)}},
    {"recent": {"MTE=": "now"}},
    {"recent": ["MTE="]},
    {"fresh": {"MTE=": None}},
    {"latest": "now"},
    {"gone": [7]},
    {"gone": ["?"]},
]


@pytest.mark.parametrize("change", BROKEN, ids=str)
def test_what_was_changed_outside_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Known.from_json({**Known(text(3), text(4), 5, a_sketch()).to_json(), **change})


# When all lists are read whole --------------------------------------------------------------------------------------

DAY_BEFORE, WEEKS_BEFORE = text(-86400), text(-86400 * 15)
NEVER = Known()
VOID = Known(DAY_BEFORE)
CASES = [
    # what is known, days, off, short: whole?
    (NEVER, 7, False, False, True),
    (NEVER, 0, False, False, False),
    (NEVER, 0, False, True, True),
    (VOID, 7, False, False, False),
    (VOID, 1, False, False, True),
    (VOID, 7, False, True, True),
    (Known(DAY_BEFORE, None, 5, "s"), 7, True, False, False),
    (Known(DAY_BEFORE, None, 5, "s"), 7, True, True, True),
    (Known(DAY_BEFORE, None, 5, "s"), 7, False, True, False),
    (Known(WEEKS_BEFORE, None, 5, "s"), 7, False, False, False),
    (Known(WEEKS_BEFORE, None, 5, "s"), 7, True, False, True),
    (Known(WEEKS_BEFORE, None, 5, "s"), 0, True, False, False),
    (Known(WEEKS_BEFORE, None, 5, "s"), 0, True, True, True),
    (Known(WEEKS_BEFORE, None, 5, "s"), 7, False, True, True),
    (Known(WEEKS_BEFORE, None, 5, "s"), 0, False, True, False),
]


@pytest.mark.parametrize(("known", "days", "is_off", "is_short", "is_due"), CASES)
def test_when_all_lists_are_read_whole(known: Known, days: int, is_off: bool, is_short: bool, is_due: bool) -> None:
    assert is_whole_due(known, NOW, timedelta(days=days), is_off=is_off, is_short=is_short) == is_due
