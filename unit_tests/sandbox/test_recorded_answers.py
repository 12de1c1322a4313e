"""The sandbox answers as Mailcoach's own manual says that Mailcoach does: the same fields, of the same types."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from unit_tests.answers import ANSWERS, RecordedAnswer

from .client import all_rows, ask, most

# What a user names himself, so that no two servers have the same in it.
FREE = {"campaigns": {"fields"}, "automation_mails": {"fields"}, "subscribers": {"extra_attributes"}}
FREE |= {"campaign_unsubscribes": {"extra_attributes", "fields"}}
CASES = [(recorded, version) for recorded in ANSWERS for version in recorded.versions]
NUMBER_AS_TEXT = "number as text"
Shape = dict[str, set[str]]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    versions = {version for _, version in CASES}
    running = {version: Sandbox(version, opens=20, html_bytes=20) for version in versions}
    for sandbox in running.values():
        sandbox.start()
    yield running
    for sandbox in running.values():
        sandbox.stop()


def rows_of(recorded: RecordedAnswer, sandbox: Sandbox) -> list[dict[str, Any]]:
    kind = recorded.stream.removeprefix("campaign_")
    lists = iter(sandbox.store.email_lists)
    places = {"list": next(lists), "import": next(iter(sandbox.store.imports))}
    if "{campaign}" in recorded.path:
        places["campaign"] = most(sandbox, kind).uuid
    path = f"/{recorded.path.format(**places)}"
    if recorded.is_page:
        return list(all_rows(sandbox, path))
    details = (ask(sandbox, f"/subscriber-imports/{uuid}") for uuid in sandbox.store.imports)
    return [answer.data for answer in details]


def shape_of(rows: Iterable[Any], free: set[str], path: str = "") -> Shape:
    """The types of each field, those within objects and lists as `field.inner`; null and empty ones tell nothing."""
    shape: Shape = {}
    for row in rows:
        for field, value in row.items():
            name = f"{path}{field}"
            known = shape.setdefault(name, set())
            if value is None or value in ([], {}):
                continue
            if isinstance(value, dict) and all(inner.isdecimal() for inner in value):
                value = list(value.values())
            known.add(kind(value))
            inner = value if isinstance(value, list) else [value]
            if field not in free and isinstance(inner[0], dict):
                for within, types in shape_of(inner, free, f"{name}.").items():
                    shape.setdefault(within, set()).update(types)
    return shape


def kind(value: Any) -> str:
    if isinstance(value, str):
        return NUMBER_AS_TEXT if value.isdecimal() else "text"
    return "number or flag" if isinstance(value, (bool, int, float)) else type(value).__name__


def differ(some: set[str], others: set[str]) -> bool:
    """Servers on older database drivers send numbers as text, and flags as numbers."""
    some, others = some - {NUMBER_AS_TEXT}, others - {NUMBER_AS_TEXT}
    return bool(some and others) and some != others


@pytest.mark.parametrize(
    ("recorded", "version"), CASES, ids=[f"{recorded.name}-{version}" for recorded, version in CASES]
)
def test_rows_have_the_fields_and_types_of_the_recorded_answer(
    recorded: RecordedAnswer, version: str, sandboxes: dict[str, Sandbox]
) -> None:
    free = FREE.get(recorded.stream, set())
    rows = rows_of(recorded, sandboxes[version])
    expected, found = shape_of(recorded.rows, free), shape_of(rows, free)
    assert found.keys() == expected.keys()
    differing = {field: (types, expected[field]) for field, types in found.items() if differ(types, expected[field])}
    assert not differing


@pytest.mark.parametrize(
    ("recorded", "version"),
    [case for case in CASES if case[0].is_page and "{" not in case[0].path],
    ids=str,
)
def test_a_page_has_the_envelope_of_the_recorded_answer(
    recorded: RecordedAnswer, version: str, sandboxes: dict[str, Sandbox]
) -> None:
    """But for the links: newer frameworks name the number of the page in each."""
    answer = ask(sandboxes[version], f"/{recorded.path}").json
    assert list(answer) == list(recorded.answer)
    assert answer["links"].keys() == recorded.answer["links"].keys()
    assert answer["meta"].keys() == recorded.answer["meta"].keys()
    for name, value in recorded.answer["meta"].items():
        assert kind(answer["meta"][name]) == kind(value), name
    of_a_link = set(recorded.answer["meta"]["links"][0])
    assert all(link.keys() - {"page"} == of_a_link - {"page"} for link in answer["meta"]["links"])
