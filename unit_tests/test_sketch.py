"""A sketch names exactly what two sets do not have in common, or says that it is too much."""

import random
import zlib
from base64 import b64encode

import pytest

from source_mailcoach.sync.sketch import CAPACITY, CELLS, Sketch
from unit_tests.seeds import seeds

WIDTH = 16


def keys(rng: random.Random, count: int, width: int = WIDTH) -> list[bytes]:
    return [rng.randbytes(width) for _ in range(count)]


def sketch(*sets: list[bytes], width: int = WIDTH) -> Sketch:
    made = Sketch(width)
    for each in sets:
        for key in each:
            made.add(key)
    return made


@pytest.mark.parametrize("width", [16, 32])
@pytest.mark.parametrize("seed", seeds(30))
def test_what_vanished_and_what_came_are_named_whatever_stayed(seed: int, width: int) -> None:
    rng = random.Random(seed)
    stayed = keys(rng, rng.choice([0, 1, 15, 3000]), width)
    differ = rng.choice([0, 1, 2, 15, 60, CAPACITY])
    gone = keys(rng, rng.randint(0, differ), width)
    came = keys(rng, differ - len(gone), width)
    before, now = [*stayed, *gone], [*stayed, *came]
    rng.shuffle(before)
    rng.shuffle(now)
    named = sketch(before, width=width).difference(sketch(now, width=width))
    assert named == (set(gone), set(came))


def test_up_to_its_capacity_hardly_one_difference_in_a_thousand_cannot_be_named() -> None:
    rng = random.Random(0)
    tries = 400
    unnamed = sum(sketch(keys(rng, CAPACITY)).difference(Sketch(WIDTH)) is None for _ in range(tries))
    assert unnamed <= 2


@pytest.mark.parametrize("seed", seeds(20))
def test_more_than_it_can_hold_is_too_much_and_never_a_guess(seed: int) -> None:
    rng = random.Random(seed)
    gone = keys(rng, rng.choice([CAPACITY + 30, CELLS, 1000, 5000]))
    named = sketch(gone).difference(Sketch(WIDTH))
    assert named is None or named == (set(gone), set())
    assert named is None or len(gone) < CELLS


@pytest.mark.parametrize("seed", seeds(20))
def test_keys_that_were_added_twice_come_out_too_and_no_other_that_stayed(seed: int) -> None:
    rng = random.Random(seed)
    stayed, gone = keys(rng, 500), keys(rng, 20)
    twice, once_more = stayed[:10], stayed[10:20]
    named = sketch(stayed, gone, twice).difference(sketch(stayed, once_more))
    assert named == ({*gone, *twice}, set(once_more))


@pytest.mark.parametrize("seed", seeds(20))
def test_a_sketch_that_was_saved_on_the_way_goes_on_as_if_it_had_not_been(seed: int) -> None:
    rng = random.Random(seed)
    stayed, gone = keys(rng, 200), keys(rng, 30)
    made = Sketch(WIDTH)
    for key in (*stayed, *gone):
        made.add(key)
        if rng.random() < 0.05:
            made = Sketch.from_text(made.to_text())
    assert made.difference(sketch(stayed)) == (set(gone), set())


def test_its_size_does_not_grow_with_the_rows() -> None:
    rng = random.Random(0)
    sizes = [len(sketch(keys(rng, count)).to_text()) for count in (0, 10, 1000, 20_000)]
    assert sizes[0] < 100 < sizes[1] < 2000
    assert sizes[3] < 8500
    assert sizes[3] < 1.1 * sizes[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "e30=",
        b64encode(zlib.compress(bytes(CELLS * 8))).decode(),
        b64encode(zlib.compress(b"1" * 10**6)).decode(),
    ],
)
def test_what_is_no_sketch_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a sketch"):
        Sketch.from_text(text)


def test_a_sketch_that_was_tampered_with_names_nothing_that_was_not_there() -> None:
    rng = random.Random(0)
    gone = keys(rng, 40)
    for _ in range(100):
        made = sketch(gone)
        made._keys[rng.randrange(CELLS)] ^= rng.getrandbits(8 * WIDTH)
        named = made.difference(Sketch(WIDTH))
        assert named is None or named.first <= set(gone)
