"""A page as Mailcoach sends it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from source_mailcoach.sync.paging import TAIL, NotAPage, Page, Row, last_page_of, reverse_of


def test_reads_the_envelope_of_laravel_also_with_numbers_as_strings() -> None:
    meta = {"current_page": 2, "last_page": "3", "total": "31", "per_page": "15", "from": 16}
    page = Page.from_payload({"data": [{"uuid": "a"}], "links": {"next": "http://internal/"}, "meta": meta})
    assert page == Page(2, 3, 31, 15, [{"uuid": "a"}])


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"1": {"uuid": "a"}, "3": {"uuid": "b"}}, [{"uuid": "a"}, {"uuid": "b"}]),
        ([{"uuid": "a"}, None, "text", []], [{"uuid": "a"}, None, "text", []]),
    ],
)
def test_a_list_with_gaps_is_a_list_and_rows_that_are_none_are_left_to_the_reader(data: object, rows: object) -> None:
    meta = {"current_page": 1, "last_page": 1, "total": 4, "per_page": 15}
    assert Page.from_payload({"data": data, "meta": meta}).rows == rows


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "text",
        {},
        {"data": []},
        {"data": {}, "meta": {}},
        {"data": [], "meta": []},
        {"data": {"uuid": {}}, "meta": {"current_page": 1, "last_page": 1, "total": 1, "per_page": 15}},
        {"data": [1], "meta": {"current_page": 1, "last_page": 1, "total": 1, "per_page": 15}},
        {"data": [], "meta": {"current_page": None, "last_page": 1, "total": 0, "per_page": 15}},
    ],
)
def test_anything_else_is_not_a_page(payload: object) -> None:
    with pytest.raises(NotAPage):
        Page.from_payload(payload)


def answer(*rows: dict[str, Any], more: dict[str, Any] | None = None, **meta: Any) -> bytes:
    """A first page as Laravel writes it, with the links between pages in `meta`, before the total."""
    page = {"current_page": 1, "from": 1, "last_page": 7, "links": [{"url": None, "label": "1"}], "path": "https://x"}
    envelope = {"data": rows, "links": {}, "meta": {**page, "per_page": 15, "to": 15, "total": 99, **meta}}
    return json.dumps({**envelope, **(more or {})}, separators=(",", ":")).encode()


ROWS: list[dict[str, Any]] = [
    {"last_page": 90},
    {"meta": {"current_page": 1, "last_page": 90, "per_page": 1, "total": 9000}},
    {"text": '"last_page":90}}', "more": '"meta":{"last_page":90,"total":9000}}'},
    {"text": '\\"meta":{"current_page":1,"last_page":90,"per_page":1,"total":9000}}'},
    {'"meta': '":{"last_page":90'},
    {"text": "é" * TAIL},
]


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_the_number_of_pages_is_that_of_the_list_whatever_its_rows_hold(row: dict[str, Any]) -> None:
    assert last_page_of(answer(row)) == 7
    assert last_page_of(answer(row, row) + b"\n") == 7
    assert last_page_of(answer(row, last_page="7", total="99", per_page="15")) == 7


HINTS = {
    "no answer": b"",
    "cut": answer()[:-1],
    "a web page": b"<html></html>",
    "a row with a meta, last": b'{"data":[{"meta":{"current_page":1,"last_page":90,"per_page":1,"total":90}}]}',
    "more pages than rows": answer(last_page=90),
    "pages without rows": answer(last_page=2, total=0),
    "pages of nothing": answer(last_page=10**6, per_page=0),
    "no number": answer(last_page=None),
    "something after it": answer(more={"last_page": 90}),
    "too deep": b'{"meta":{"a":' + b"[" * 9000,
}


@pytest.mark.parametrize("content", HINTS.values(), ids=HINTS.keys())
def test_what_says_no_number_of_pages_that_can_be_is_no_hint(content: bytes) -> None:
    assert last_page_of(content) == 0


@pytest.mark.parametrize(("last", "total"), [(1, 0), (1, 15), (2, 16), (7, 105)])
def test_as_many_pages_as_the_total_needs_are_believed(last: int, total: int) -> None:
    assert last_page_of(answer(last_page=last, total=total)) == last


def test_the_reverse_of_a_sort_turns_each_of_its_fields() -> None:
    assert reverse_of("-created_at,email") == "created_at,-email"


def test_a_page_computes_the_keys_of_its_rows_once_and_with_other_rows_it_has_other_keys() -> None:
    computed: list[Row] = []

    def key(row: Row) -> int:
        computed.append(row)
        return int(row["uuid"])

    page = Page(1, 1, 2, 15, [{"uuid": "7"}, {"uuid": "8"}])
    assert page.keys(key) == page.keys(key) == [7, 8]
    assert len(computed) == 2
    assert replace(page, rows=page.rows[1:]).keys(key) == [8]
    assert page.keys(lambda row: 0) == [0, 0]
