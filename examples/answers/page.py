"""One page with all answers: the question, the picture, and the numbers behind it. It needs nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from html import escape
from pathlib import Path

from examples.answers.questions import MEASURES, WEEKDAYS, Answer, Rows, by_list, percent

Table = tuple[list[str], list[list[str]]]
"""The heads of the columns, and the cells of each line."""

STYLE = """
body { color: #1f2933; background: #fff; font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto;
  padding: 1rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin-bottom: .25rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .75rem; padding-top: 1.5rem; border-top: 1px solid #cbd2d9; }
nav ul { padding-left: 1.2rem; }
section { margin-top: 2rem; }
a, summary { color: #0b6e99; }
p, footer { color: #52606d; }
img { display: block; width: 100%; height: auto; }
summary { cursor: pointer; padding: .5rem 0; }
.scroll { overflow: auto; max-height: 26rem; }
code { overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e7eb; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
"""


def page(answers: Iterable[Answer], pictures: Mapping[str, Path], about: str) -> str:
    """The HTML. `about` says whose data it is."""
    answers = list(answers)
    entries = "".join(f'<li><a href="#{each.name}">{escape(each.question)}</a></li>\n' for each in answers)
    sections = "".join(section(each, pictures[each.name].read_bytes()) for each in answers)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>What Mailcoach can tell</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>What Mailcoach can tell</h1>\n<p>{escape(about)}</p>\n<nav>\n<ul>\n{entries}</ul>\n</nav>\n"
        f"<main>\n{sections}</main>\n"
        "<footer>Each number comes from the marts of the dbt package; times are in UTC.</footer>\n</body>\n</html>\n"
    )


def section(answer: Answer, picture: bytes) -> str:
    heads, lines = TABLES[answer.name](answer.rows)
    body = "".join(f"<tr>{cells('td', line)}</tr>\n" for line in lines)
    width, height = (int.from_bytes(picture[place : place + 4], "big") for place in (16, 20))  # as every PNG has them
    image = base64.b64encode(picture).decode()
    return (
        f'<section id="{answer.name}">\n<h2>{escape(answer.question)}</h2>\n'
        f'<img src="data:image/png;base64,{image}" width="{width}" height="{height}" '
        f'alt="{escape(f"{answer.finding}. {answer.legend}")}">\n'
        f'<details>\n<summary>The numbers</summary>\n<div class="scroll">\n<table>\n'
        f"<thead><tr>{cells('th', heads)}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
        f"<p>From <code>examples/answers/sql/{answer.name}.sql</code></p>\n</details>\n</section>\n"
    )


def cells(kind: str, texts: Iterable[str]) -> str:
    return "".join(f"<{kind}>{escape(text)}</{kind}>" for text in texts)


# The numbers ----------------------------------------------------------------------------------------------------


def number(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value is None else f"{value:%d %b %Y}" if isinstance(value, date) else str(value)


def plain(**heads: str) -> Callable[[Rows], Table]:
    """A line for each row. Columns that end with rate or share are percentages."""

    def table(rows: Rows) -> Table:
        def cell(field: str, value: object) -> str:
            is_share = field.endswith("rate") or "share" in field
            return percent(value, 1) if is_share and isinstance(value, float) else number(value)

        return list(heads.values()), [[cell(field, row[field]) for field in heads] for row in rows]

    return table


def counters(rows: Rows) -> Table:
    """What rows add up to, and in brackets what the counter says if that differs."""
    lines: dict[tuple[str, date], list[str]] = {}
    for row in rows:
        said = number(row["from_rows"]) + (f" ({number(row['counter'])})" if row["difference"] else "")
        lines.setdefault((row["campaign_name"], row["sent_at"]), []).append(said)
    heads = ["Campaign", "Sent", *(f"{title.capitalize()} (counter)" for title in MEASURES.values())]
    return heads, [[name, number(sent_at), *said] for (name, sent_at), said in lines.items()]


def times(rows: Rows) -> Table:
    found = {(row["weekday"], row["hour"]): row["openers"] for row in rows}
    lines = [
        [name, *(number(found.get((weekday, hour), 0)) for hour in range(24))]
        for weekday, name in enumerate(WEEKDAYS, start=1)
    ]
    return ["Hour (UTC)", *map(str, range(24))], lines


def cohorts(rows: Rows) -> Table:
    found = {(row["joined"], row["month"]): row["read_rate"] for row in rows}
    months = sorted({row["month"] for row in rows})
    joined = list(dict.fromkeys(row["joined"] for row in rows))
    lines = [
        [f"Quarter from {each}" if each else "Everybody", *(share(found.get((each, month))) for month in months)]
        for each in joined
    ]
    return ["Month", *map(str, months)], lines


def share(value: float | None) -> str:
    return "" if value is None else percent(value, 1)


def growth(rows: Rows) -> Table:
    heads = ["List", "Week from", "Joined", "Left by a campaign's link", "Complained", "Left otherwise", "Active"]
    fields = ("joined", "left_by_campaign", "left_by_complaint", "left_otherwise", "active")
    return heads, [
        [name, number(row["week"]), *(number(row[field]) for field in fields)]
        for name, weeks in by_list(rows).items()
        for row in reversed(weeks)
    ]


TABLES: Mapping[str, Callable[[Rows], Table]] = {
    "campaigns_against_counters": counters,
    "funnel": plain(
        list="List",
        campaigns="Campaigns",
        sent="Sent",
        delivered="Arrived",
        readers="Read",
        clickers="Clicked",
        unsubscribes="Left",
    ),
    "list_growth": growth,
    "most_engaged": plain(reader="Reader", list="List", received="Received", read="Read", clicked="Clicked"),
    "hours_to_open": plain(hours="Hours", openers="Openers", share="Share"),
    "opening_times": times,
    "cohorts": cohorts,
    "deliverability": plain(
        mailbox_provider="Provider",
        sent="Sent",
        bounced="Bounced",
        bounce_rate="Bounce rate",
        complaints="Complaints",
        openers="Openers",
        open_rate="Open rate",
    ),
    "links": plain(host="Host", path="Path", clicks="Clicks", clickers="People", share_of_clicks="Share"),
}
