"""The connector reads the answers of Mailcoach's own manual: no row, field or key is lost, and nothing surprises it."""

import json
import re
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from source_mailcoach import SourceMailcoach
from source_mailcoach.records.fit import RowFit
from source_mailcoach.sync.times import parse_time
from source_mailcoach.transport.diagnosis import data_of, page_of, parse_body
from source_mailcoach.transport.request import Answer
from unit_tests.answers import ANSWERS, RecordedAnswer
from unit_tests.conftest import CONFIG, URL

STREAMS = {stream.name: stream for stream in SourceMailcoach().streams(CONFIG)}
# Both streams read rows that another one has too.
OF_OTHERS = {"campaign_click_events", "campaign_sends"}
of_each_answer = pytest.mark.parametrize("recorded", ANSWERS, ids=lambda recorded: recorded.name)


def rows_of(recorded: RecordedAnswer) -> list[Any]:
    """As the connector reads them off the wire."""
    content = json.dumps(recorded.answer).replace("/", "\\/").encode("ascii")
    payload = parse_body(Answer(content, CaseInsensitiveDict({"Content-Type": "application/json"}), 0.0), URL)
    return list(page_of(payload, URL).rows) if recorded.is_page else [data_of(payload, URL)["data"]]


def test_there_is_an_answer_for_every_stream_and_version_that_has_it() -> None:
    recorded = {(each.stream, each.path, version) for each in ANSWERS for version in each.versions}
    assert {stream for stream, _, _ in recorded} == STREAMS.keys() - OF_OTHERS
    assert len(recorded) == sum(len(each.versions) for each in ANSWERS), "a version is in two files of a list"
    everywhere = {stream for stream, _, version in recorded if version == "v6"}
    assert everywhere == {each.stream for each in ANSWERS} - {
        *("suppressions", "transactional_mail_templates", "automation_mails")
    }
    for stream in everywhere:
        assert {version for name, _, version in recorded if name == stream} == {
            *("v6", "v7", "v8", "v9", "v10", "cloud")
        }


@of_each_answer
def test_an_answer_is_read_without_a_surprise(recorded: RecordedAnswer) -> None:
    stream = STREAMS[recorded.stream]
    fit = RowFit(stream.row_schema(), stream.facts.wire)
    rows = rows_of(recorded)
    fitted = [fit(row) for row in rows]
    assert rows == recorded.rows
    assert not fit.drift.unknown
    assert not fit.drift.misfits
    assert [row.keys() for row in fitted] == [row.keys() for row in rows]
    assert all(row.get(field) for row in fitted for field in stream.pages.key_fields)
    if recorded.is_page:
        page = page_of(recorded.answer, URL)
        assert (page.number, page.last, page.total, page.size) == (1, 1, len(rows), 15)
        assert not page.is_short


@of_each_answer
def test_no_value_is_lost(recorded: RecordedAnswer) -> None:
    """But for its type each value comes out as it came in: text becomes a number, an empty list an object."""
    fit = STREAMS[recorded.stream].pages.fit
    for row in recorded.rows:
        for field, value in fit(row).items():
            assert plain(value) == plain(row[field]), field


def plain(value: Any) -> Any:
    if isinstance(value, dict) and value and all(name.isdecimal() for name in value):
        return plain(list(value.values()))
    if value in ({}, []):
        return None
    if isinstance(value, dict):
        return {name: plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@of_each_answer
def test_a_stream_finds_in_an_answer_what_it_goes_by(recorded: RecordedAnswer) -> None:
    """The times by which it knows what is new, where a row has been sent, opened, changed at all."""
    cursor = STREAMS[recorded.stream].cursor_field
    if (
        isinstance(cursor, str)
        and cursor in STREAMS[recorded.stream].pages.fit.fields
        and not cursor.startswith("campaign_")
    ):
        assert any(parse_time(row[cursor]) for row in recorded.rows)
        assert all(row[cursor] is None or parse_time(row[cursor]) for row in recorded.rows)


def test_the_values_are_invented() -> None:
    """Names that belong to nobody, and the manual's own are none of them."""
    text = json.dumps([each.answer for each in ANSWERS])
    assert set(re.findall(r"@([\w.]+)", text)) == {"garden.example", "post.example", "mailer.example"}
    assert set(re.findall(r"https?://([\w.]+)", text)) == {"garden.example", "newsletter.example.com"}
