"""The page of answers stands alone: made of rows as the marts give them, without a database and without a browser."""

from __future__ import annotations

from datetime import date, datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from examples.answers.page import TABLES, page
from examples.answers.questions import FINDINGS, SQL, Answer, answers, hours

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (1020).to_bytes(4, "big") + (400).to_bytes(4, "big")
SENT = datetime(2026, 11, 3, 8, tzinfo=timezone.utc)
WITHOUT_END = {"meta", "img"}

ROWS: dict[str, list[dict[str, Any]]] = {
    "campaigns_against_counters": [
        {"campaign_name": "<Sale> & more", "sent_at": SENT, "measure": measure, "reason": reason}
        | {"from_rows": found, "counter": counter, "difference": found - counter}
        for measure, found, counter, reason in (
            ("openers", 1234, 1240, "deleted"),
            ("clickers", 20, 20, "equal"),
            ("unsubscribes", 0, 3, "pruned"),
            ("bounced", 5, 5, "equal"),
        )
    ],
    "funnel": [
        {"list": "Weekly", "campaigns": 3, "sent": 1000, "delivered": 990, "readers": 330, "clickers": 66}
        | {"unsubscribes": 2}
    ],
    "list_growth": [
        {"list": "Weekly", "week": date(2026, 11, day), "joined": 7, "left_by_campaign": 2, "left_by_complaint": 1}
        | {"left_otherwise": 3, "active": active}
        for day, active in ((2, 100), (9, 101))
    ],
    "most_engaged": [{"reader": "<b>@example.com", "list": "Weekly", "received": 10, "read": 8, "clicked": 6}],
    "hours_to_open": [
        {"hours": number, "openers": openers, "share": openers / 200, "median_hours": 0.75}
        for number, openers in ((1, 120), (24, 190), (168, 200))
    ],
    "opening_times": [{"weekday": 2, "hour": 8, "openers": 40}, {"weekday": 7, "hour": 23, "openers": 2}],
    "cohorts": [
        {"joined": None, "month": 1, "people": 70, "delivered": 100, "readers": 50, "read_rate": 0.5},
        {"joined": None, "month": 6, "people": 60, "delivered": 100, "readers": 25, "read_rate": 0.25},
        {"joined": "2026-04", "month": 1, "people": 70, "delivered": 100, "readers": 50, "read_rate": 0.5},
    ],
    "deliverability": [
        {"mailbox_provider": name, "sent": 100, "bounced": bounced, "complaints": 1, "openers": 30}
        | {"bounce_rate": bounced / 100, "open_rate": None}
        for name, bounced in (("Yahoo", 12), ("Google", 1))
    ],
    "links": [
        {"campaign_name": "May", "host": "www.example.com", "path": path, "clicks": 3, "clickers": 2}
        | {"share_of_clicks": 0.5}
        for path in ("/a", "/b")
    ],
}


class Parsed(HTMLParser):
    """Elements, the cells of each section's table, and whether each element ends where it should."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.lines: dict[str, list[list[str]]] = {}
        self.section = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attrs)["id"] or ""
            self.lines[self.section] = []
        elif tag == "tr":
            self.lines[self.section].append([])
        elif tag in ("td", "th"):
            self.lines[self.section][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.lines[self.section][-1][-1] += data


def found(rows: dict[str, list[dict[str, Any]]] = ROWS) -> list[Answer]:
    by_sql = {(SQL / f"{name}.sql").read_text(): of for name, of in rows.items()}
    return answers(lambda sql: by_sql.get(sql, []))


@pytest.fixture
def html(tmp_path: Path) -> str:
    picture = tmp_path / "picture.png"
    picture.write_bytes(PICTURE)
    return page(found(), dict.fromkeys(ROWS, picture), "Made up & <small>.")


def test_each_question_has_a_finding_a_table_and_rows_here() -> None:
    assert sorted(FINDINGS) == sorted(TABLES) == sorted(ROWS) == sorted(path.stem for path in SQL.glob("*.sql"))


def test_each_question_is_on_the_page_with_a_picture_that_is_told_in_words(html: str) -> None:
    elements = Parsed(html).elements
    pictures = [attributes for tag, attributes in elements if tag == "img"]
    assert [attributes["alt"] for attributes in pictures] == [f"{each.finding}. {each.legend}" for each in found()]
    for attributes in pictures:
        assert (attributes["src"] or "").startswith("data:image/png;base64,")
        assert (attributes["width"], attributes["height"]) == ("1020", "400")
    targets = [attributes["href"] for tag, attributes in elements if tag == "a"]
    assert targets == [f"#{attributes['id']}" for tag, attributes in elements if tag == "section"]
    assert len(targets) == len(ROWS)


def test_the_page_needs_nothing_from_elsewhere(html: str) -> None:
    assert "//" not in html.replace("data:image/png", "")
    assert "url(" not in html
    assert "@import" not in html
    assert not {tag for tag, _ in Parsed(html).elements} & {"script", "link", "iframe", "object", "form"}


def test_names_are_text_and_not_markup(html: str) -> None:
    lines = Parsed(html).lines
    assert lines["campaigns_against_counters"][1][0] == "<Sale> & more"
    assert lines["most_engaged"][1][0] == "<b>@example.com"
    assert "Made up &amp; &lt;small&gt;." in html


def test_the_tables_hold_the_rows(html: str) -> None:
    lines = {name: table[1:] for name, table in Parsed(html).lines.items()}
    assert lines["campaigns_against_counters"][0][2:] == ["1,234 (1,240)", "20", "0 (3)", "5"]
    assert lines["funnel"] == [["Weekly", "3", "1,000", "990", "330", "66", "2"]]
    assert lines["list_growth"][0] == ["Weekly", "09 Nov 2026", "7", "2", "1", "3", "101"]
    assert lines["hours_to_open"][1] == ["24", "190", "95.0 %"]
    assert (lines["opening_times"][1][9], lines["opening_times"][6][24]) == ("40", "2")
    assert lines["cohorts"] == [["Everybody", "50.0 %", "25.0 %"], ["Quarter from 2026-04", "50.0 %", ""]]
    assert lines["deliverability"][0] == ["Yahoo", "100", "12", "12.0 %", "1", "30", "–"]
    assert lines["links"][1] == ["www.example.com", "/b", "3", "2", "50.0 %"]


def test_the_findings_say_what_the_rows_say() -> None:
    said = {each.name: each.finding for each in found()}
    assert said == {
        "campaigns_against_counters": "2 of 4 numbers equal Mailcoach's counters, 1 differ (people were deleted), "
        "1 differ (pruned)",
        "funnel": "Weekly: of 100 mails that arrive, 33 are read and 7 are clicked",
        "list_growth": "Weekly has 101 readers: in 2 weeks 14 joined and 12 left, 6 of them through no campaign",
        "most_engaged": "The keenest reader clicked in 6 of the last 10 campaigns",
        "hours_to_open": "Half of all openers open within 45 minutes, 95 % within 24 hours",
        "opening_times": "Most people open on Tuesday between 8 and 9 o'clock UTC",
        "cohorts": "People read 50 % of the mails in month 1 after joining, 25 % in month 6",
        "deliverability": "Yahoo turns back 12 % of the mails, nobody else more than 1.0 %",
        "links": "50 % of the clicks in May went to /a",
    }


def test_a_question_without_rows_is_left_out(tmp_path: Path) -> None:
    assert found({}) == []
    few = {name: ROWS[name] for name in ("links", "funnel")}
    picture = tmp_path / "picture.png"
    picture.write_bytes(PICTURE)
    assert list(Parsed(page(found(few), dict.fromkeys(few, picture), "")).lines) == ["funnel", "links"]


@pytest.mark.parametrize(
    ("number", "words"), [(0.25, "15 minutes"), (1, "1 hour"), (24, "24 hours"), (48, "2 days"), (168, "7 days")]
)
def test_lengths_of_time_are_told_in_words(number: float, words: str) -> None:
    assert hours(number) == words
