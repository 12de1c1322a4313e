"""Keeps rows that one stream has read for another one, on disk, because they can be more than memory holds."""

import json
import logging
import tempfile
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

logger = logging.getLogger("airbyte")


class Spool:
    """Pages of rows by the uuid of their parent, in a file that disappears with the process.

    If the file cannot be made or written to, nothing is kept, and the other stream asks the server again.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._pages: dict[str, list[tuple[int, int]]] = {}
        self._whole: set[str] = set()
        self._usable = True

    def keep(self, parent: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep a page of rows. They are given out only after `complete`, when all rows of the parent are there."""
        if not self._usable:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the sync
                weakref.finalize(self, self._file.close)
            content = zlib.compress(json.dumps(rows).encode(), 1)
            place = self._file.seek(0, 2)
            self._file.write(content)
        except OSError as error:
            self._usable = False
            self._whole.clear()
            logger.info(
                f"Clicks cannot be kept on disk for campaign_click_events, and are read twice: {error.strerror}."
            )
        else:
            self._pages.setdefault(parent, []).append((place, len(content)))

    def complete(self, parent: str) -> None:
        """Note that all rows of a parent have been kept."""
        if self._usable:
            self._whole.add(parent)

    def has(self, parent: str) -> bool:
        return parent in self._whole

    def pages(self, parent: str) -> Iterator[list[dict[str, Any]]]:
        """The pages of a parent, as they were kept."""
        for place, length in self._pages.get(parent, ()):
            assert self._file
            self._file.seek(place)
            yield json.loads(zlib.decompress(self._file.read(length)))
