"""A page as Mailcoach sends it."""

import pytest

from source_mailcoach.paging import NotAPage, Page, reverse_of


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


def test_the_reverse_of_a_sort_turns_each_of_its_fields() -> None:
    assert reverse_of("-created_at,email") == "created_at,-email"
