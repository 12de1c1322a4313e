"""Rows kept on disk: all of them, by parent, and none at all where the disk does not take them."""

import errno
import logging
import tempfile
from typing import Any

import pytest

from source_mailcoach.records.spool import Spool

PAGES: list[list[dict[str, Any]]] = [
    [{"uuid": "a", "clicks": [{"uuid": "ä"}]}],
    [],
    [{"uuid": "b", "clicks": []}, {"uuid": "c"}],
]


def filled(spool: Spool, parent: str, pages: list[list[dict[str, Any]]] = PAGES) -> None:
    for page in pages:
        spool.keep(parent, page)
    spool.complete(parent)


def test_pages_come_back_as_they_were_kept_also_between_others() -> None:
    spool = Spool()
    filled(spool, "first")
    spool.keep("second", PAGES[2])
    assert list(spool.pages("first")) == PAGES
    spool.keep("second", PAGES[0])
    spool.complete("second")
    assert list(spool.pages("second")) == [PAGES[2], PAGES[0]]
    assert list(spool.pages("first")) == PAGES


def test_a_parent_counts_when_all_of_its_rows_are_there() -> None:
    spool = Spool()
    spool.keep("half", PAGES[0])
    assert not spool.has("half")
    spool.complete("half")
    assert spool.has("half")
    assert not spool.has("other")


def test_a_parent_without_rows_is_whole_too() -> None:
    spool = Spool()
    spool.complete("empty")
    assert spool.has("empty")
    assert list(spool.pages("empty")) == []


def test_no_file_is_made_before_there_are_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: pytest.fail("a file was made"))
    spool = Spool()
    assert not spool.has("any")


def fails(number: int) -> Any:
    def failing(*_: Any) -> Any:
        raise OSError(number, errno.errorcode[number])

    return failing


def test_without_a_place_for_the_file_there_are_no_rows_and_one_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", fails(errno.ENOENT))
    spool = Spool()
    with caplog.at_level(logging.INFO, "airbyte"):
        filled(spool, "one")
        filled(spool, "two")
    assert not spool.has("one")
    assert not spool.has("two")
    assert ["ENOENT" in record.getMessage() for record in caplog.records] == [True]


def test_when_the_disk_is_full_what_was_whole_before_is_given_up_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A write that failed can have left a part of itself in the file, and the parent under way is not whole."""
    spool = Spool()
    filled(spool, "before")
    assert spool.has("before")
    assert spool._file
    monkeypatch.setattr(spool._file, "write", fails(errno.ENOSPC), raising=False)
    with caplog.at_level(logging.INFO, "airbyte"):
        filled(spool, "after")
    assert not spool.has("before")
    assert not spool.has("after")
    assert len(caplog.records) == 1
