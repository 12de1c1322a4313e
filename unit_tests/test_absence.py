"""When a 404 of Mailcoach's own is believed: `unless_absent`, with a server that says what a test wants."""

from collections.abc import Iterator
from typing import Any

import pytest

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import EndpointNotFound, MailcoachError, NotFound, RowNotFound
from source_mailcoach.streams.absence import denied, unless_absent
from source_mailcoach.streams.account import Suppressions
from source_mailcoach.transport.request import Query
from unit_tests.conftest import URL
from unit_tests.test_streams import stream

ERRORS = {"r": RowNotFound, "e": EndpointNotFound, "x": MailcoachError}


class Script:
    """Each reading goes by one word: r or e for a 404 (row, endpoint), x for another error, . for a page."""

    def __init__(self, readings: str, borne_out: str) -> None:
        self.client = stream(Suppressions).client
        self.readings, self.borne_out = iter(readings.split()), iter(borne_out)
        self.asked = 0

    def read(self) -> Iterator[str]:
        self.asked += 1
        for step in next(self.readings):
            if step != ".":
                raise ERRORS[step](problems.NO_ROW, url=URL, path="opens")
            self.client.good_answers += 1
            yield "page"

    def run(self) -> type[NotFound] | None:
        reading = unless_absent(self.client, self.read, lambda _: next(self.borne_out) == "y", may_lack=True)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                believed: NotFound | None = end.value
                return type(believed) if believed else None


@pytest.mark.parametrize(
    ("readings", "borne_out", "believed", "asked", "waited"),
    [
        ("...", "", None, 1, 0),
        ("r ...", "", None, 2, 1),
        ("r r ...", "y", None, 3, 3),
        ("r r r", "y", RowNotFound, 3, 3),
        ("e e e", "y", EndpointNotFound, 3, 3),
        ("r r r r", "ny", RowNotFound, 4, 7),
        ("r r r r ..", "nnn", None, 5, 15),
        ("r e e e", "nyy", EndpointNotFound, 4, 7),
        ("r r e r r", "yny", RowNotFound, 5, 15),  # what came between was of another kind
        ("..r r r", "y", RowNotFound, 3, 3),  # a parent that is deleted while it is read
        ("r r ..r r", "yy", RowNotFound, 4, 7),  # it was there after all, before it went
        ("r r .r .r ..", "yyy", None, 5, 15),
    ],
)
def test_it_is_believed_when_it_came_three_times_and_good_answers_bear_it_out(
    waits: list[float], readings: str, borne_out: str, believed: type[NotFound] | None, asked: int, waited: float
) -> None:
    script = Script(readings, borne_out)
    assert script.run() is believed
    assert (script.asked, sum(waits)) == (asked, waited)


@pytest.mark.parametrize(
    ("readings", "borne_out", "asked"),
    [("r r r r r", "nnn", 5), ("r e r e r", "yyy", 5), ("x", "", 1), ("r r x", "y", 3), ("r .r .r .r .r", "yyyy", 5)],
)
def test_else_it_is_an_error_that_can_pass(waits: list[float], readings: str, borne_out: str, asked: int) -> None:
    script = Script(readings, borne_out)
    with pytest.raises(MailcoachError) as raised:
        script.run()
    assert not isinstance(raised.value, NotFound), "nobody weighs it once more"
    assert script.asked == asked


class Answers:
    """Answers to requests for single rows: of each path in turn, r for a 404 and . for the row. `asked` is in order."""

    def __init__(self, **answers: str) -> None:
        self.answers = {path: iter(each) for path, each in answers.items()}
        self.asked: list[str] = []

    def fetch(self, query: Query) -> object:
        self.asked.append(query.path)
        if next(self.answers[query.path]) == "r":
            raise RowNotFound(problems.NO_ROW, url=URL, path=query.path)
        return {"data": {"uuid": query.path}}

    def confirm(self) -> None:
        self.asked.append("a list")


def test_a_row_is_gone_if_there_is_none_twice_with_a_good_answer_for_a_list_after_each() -> None:
    client: Any = Answers(gone="rr", back="r.", there=".")
    found: list[Any] = []
    paths = {name.upper(): name for name in client.answers}
    assert denied(client, paths, lambda key, answer: found.append((key, answer["data"]["uuid"]))) == ["GONE"]
    assert found == [("THERE", "there"), ("BACK", "back")]
    assert client.asked == ["gone", "back", "there", "a list", "gone", "back", "a list"]


def test_where_all_rows_are_there_nothing_more_is_asked() -> None:
    client: Any = Answers(there=".")
    assert denied(client, {"key": "there"}) == []
    assert client.asked == ["there"]
