"""Which keys are in one set and not in another, though neither set is kept: a sketch of a fixed size. Pure.

A `Sketch` (an invertible Bloom lookup table) is a table of `CELLS` cells. A key goes into one cell of each quarter of
the table, by its hash. A cell knows how many keys it got, the XOR of them, and the XOR of their checksums. If the
sketches of two sets are subtracted, what both sets have is gone, however much it was. A cell that is left with one key
then names it. Taken out of its other cells too, it leaves other keys alone in theirs, and so on, until all are named.

The contract, for any two sets:

- `difference` names exactly the keys of either set that the other one lacks, or (None) there are too many of them. Up
  to `CAPACITY` it fails about once in a thousand times; with more than `CELLS` always. It never names half of them.
- A key that was added twice to one set and once to the other comes out as one that the other lacks, and costs the room
  of one. So whoever uses it has to ask about each key that is named.
- A wrong key needs a chance of 1 in 2 ** 32 in a cell, and all cells empty in the end: it is not to be expected. As the
  keys are asked for, it would cost a request.
"""

import base64
import binascii
import zlib
from hashlib import blake2b
from typing import NamedTuple

QUARTERS, QUARTER = 4, 64
CELLS = QUARTERS * QUARTER
CAPACITY = 150
CHECKSUM = COUNT = 4  # bytes
LARGEST = COUNT + 32 + CHECKSUM  # bytes of a cell


class Difference(NamedTuple):
    """The keys that only the first of two sets has, and those that only the second has."""

    first: set[bytes]
    second: set[bytes]


class Sketch:
    """The sketch of a set of keys, which have `width` bytes each."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._counts, self._keys, self._checksums = [0] * CELLS, [0] * CELLS, [0] * CELLS

    def add(self, key: bytes) -> None:
        self._put(int.from_bytes(key, "big"), 1, *_hashed(key))

    def add_all(self, other: "Sketch") -> None:
        """Add the keys of another sketch."""
        self._merge(other, 1)

    def difference(self, other: "Sketch") -> Difference | None:
        """What this set and another one do not have in common; None if that is too much to be named."""
        rest = Sketch(self.width)
        rest._merge(self, 1)
        rest._merge(other, -1)
        return rest._named()

    def _named(self) -> Difference | None:
        """All keys, taken out of the sketch one after another. Those with a count of -1 are of the other set."""
        found = Difference(set(), set())
        cells = list(range(CELLS))
        while cells:
            cell = cells.pop()
            count, number = self._counts[cell], self._keys[cell]
            if count not in (1, -1):
                continue
            key = number.to_bytes(self.width, "big")
            checksum, places = _hashed(key)
            names = found.first if count == 1 else found.second
            if checksum != self._checksums[cell] or cell not in places or key in names:
                continue
            names.add(key)
            self._put(number, -count, checksum, places)
            cells += places
        is_empty = not (any(self._counts) or any(self._keys) or any(self._checksums))
        return found if is_empty else None

    def _merge(self, other: "Sketch", sign: int) -> None:
        """Put all keys of another sketch in (1), or take them out (-1)."""
        self._counts = [mine + sign * its for mine, its in zip(self._counts, other._counts, strict=True)]
        self._keys = [mine ^ its for mine, its in zip(self._keys, other._keys, strict=True)]
        self._checksums = [mine ^ its for mine, its in zip(self._checksums, other._checksums, strict=True)]

    def _put(self, number: int, count: int, checksum: int, places: list[int]) -> None:
        for cell in places:
            self._counts[cell] += count
            self._keys[cell] ^= number
            self._checksums[cell] ^= checksum

    def to_text(self) -> str:
        columns = ((self._counts, COUNT), (self._keys, self.width), (self._checksums, CHECKSUM))
        content = b"".join(value.to_bytes(size, "big") for column, size in columns for value in column)
        return base64.b64encode(zlib.compress(content, 9)).decode()

    @classmethod
    def from_text(cls, text: str) -> "Sketch":
        """Raises ValueError for anything that `to_text` does not make."""
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(base64.b64decode(text, validate=True), CELLS * LARGEST + 1)
        except (binascii.Error, zlib.error) as error:
            raise ValueError("not a sketch") from error
        size, rest = divmod(len(content), CELLS)
        if rest or not COUNT + CHECKSUM < size <= LARGEST:
            raise ValueError("not a sketch")
        sketch = cls(size - COUNT - CHECKSUM)
        columns, start = ((sketch._counts, COUNT), (sketch._keys, sketch.width), (sketch._checksums, CHECKSUM)), 0
        for column, each in columns:
            end = start + CELLS * each
            column[:] = [int.from_bytes(content[at : at + each], "big") for at in range(start, end, each)]
            start = end
        return sketch


def _hashed(key: bytes) -> tuple[int, list[int]]:
    """The checksum of a key, and its cell in each quarter."""
    digest = blake2b(key, digest_size=CHECKSUM + QUARTERS).digest()
    places = [quarter * QUARTER + digest[CHECKSUM + quarter] % QUARTER for quarter in range(QUARTERS)]
    return int.from_bytes(digest[:CHECKSUM], "big"), places
