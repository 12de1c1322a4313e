"""What is asked of the marts, a file of `sql` for each question, and what the rows say in a sentence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]
Ask = Callable[[str], list[dict[str, Any]]]
"""Runs SQL where the marts are in the search path."""

SQL = Path(__file__).parent / "sql"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WAYS = {
    "left_by_campaign": "by a campaign's link",
    "left_by_complaint": "by a spam complaint",
    "left_otherwise": "through no campaign",
}
MEASURES = {"openers": "opened", "clickers": "clicked", "unsubscribes": "unsubscribed", "bounced": "bounced"}

REASONS = {"deleted": "people were deleted", "lag": "the counter lags", "late": "events came late", "pruned": "pruned"}


@dataclass(frozen=True)
class Answer:
    """A question, the rows that answer it, what they say, and how to read the picture."""

    name: str
    question: str
    rows: Rows
    finding: str
    legend: str


def answers(ask: Ask) -> list[Answer]:
    """Those for which there are rows."""
    found = []
    for name, (finding, legend) in FINDINGS.items():
        sql = (SQL / f"{name}.sql").read_text()
        if rows := ask(sql):
            found.append(Answer(name, sql.partition("\n")[0].removeprefix("-- "), rows, finding(rows), legend))
    return found


def percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def hours(number: float) -> str:
    """From minutes to days, in a word or two."""
    if number < 1:
        return f"{60 * number:.0f} minutes"
    amount, unit = (number, "hour") if number < 48 else (number / 24, "day")
    return f"{amount:.0f} {unit}{'' if round(amount) == 1 else 's'}"


def link_names(rows: Rows) -> list[str]:
    """Without the host, if all have the same."""
    alike = len({row["host"] for row in rows}) == 1
    return [row["path"] if alike else f"{row['host']}{row['path']}" for row in rows]


def by_list(rows: Rows) -> dict[str, list[Row]]:
    lists: dict[str, list[Row]] = {}
    for row in rows:
        lists.setdefault(row["list"] or "A deleted list", []).append(row)
    return lists


# What is found --------------------------------------------------------------------------------------------------


def counters(rows: Rows) -> str:
    reasons = Counter(row["reason"] for row in rows if row["difference"])
    same = len(rows) - reasons.total()
    said = f"{same} of {len(rows)} numbers equal Mailcoach's counters"
    return said + "".join(
        f", {number} differ ({REASONS.get(reason, reason)})" for reason, number in reasons.most_common()
    )


def funnel(rows: Rows) -> str:
    """Of the largest list."""
    row, hundred = rows[0], 100 / max(1, rows[0]["delivered"])
    read, clicked = (f"{row[step] * hundred:.0f}" for step in ("readers", "clickers"))
    return f"{row['list']}: of 100 mails that arrive, {read} are read and {clicked} are clicked"


def growth(rows: Rows) -> str:
    """Of the largest list."""
    (name, weeks), *_ = by_list(rows).items()
    joined = sum(row["joined"] for row in weeks)
    left = {words: sum(row[way] for row in weeks) for way, words in WAYS.items()}
    most = max(left, key=lambda words: left[words])
    return (
        f"{name} has {weeks[-1]['active']:,} readers: in {len(weeks)} weeks {joined:,} joined and "
        f"{sum(left.values()):,} left, {left[most]:,} of them {most}"
    )


def engaged(rows: Rows) -> str:
    first = rows[0]
    return f"The keenest reader clicked in {first['clicked']} of the last {first['received']} campaigns"


def speed(rows: Rows) -> str:
    most = next((row for row in rows if row["share"] >= 0.9), rows[-1])
    half, rest = hours(rows[0]["median_hours"]), percent(most["share"])
    return f"Half of all openers open within {half}, {rest} within {hours(most['hours'])}"


def times(rows: Rows) -> str:
    busiest = max(rows, key=lambda row: row["openers"])
    hour = busiest["hour"]
    return f"Most people open on {WEEKDAYS[busiest['weekday'] - 1]} between {hour} and {hour + 1} o'clock UTC"


def cohorts(rows: Rows) -> str:
    everybody = [row for row in rows if row["joined"] is None]
    first, last = everybody[0], everybody[-1]
    return (
        f"People read {percent(first['read_rate'])} of the mails in month {first['month']} after joining, "
        f"{percent(last['read_rate'])} in month {last['month']}"
    )


def deliverability(rows: Rows) -> str:
    """The worst, beside the next, which is rounded up."""
    worst, *others = rows
    said = f"{worst['mailbox_provider']} turns back {percent(worst['bounce_rate'])} of the mails"
    return said + (f", nobody else more than {math.ceil(1000 * others[0]['bounce_rate']) / 10} %" if others else "")


def links(rows: Rows) -> str:
    first = rows[0]
    share = percent(first["share_of_clicks"])
    return f"{share} of the clicks in {first['campaign_name']} went to {link_names(rows)[0]}"


FINDINGS: Mapping[str, tuple[Callable[[Rows], str], str]] = {
    "campaigns_against_counters": (
        counters,
        "People, by campaign. Bars: counted from the rows, orange where it differs. Black: Mailcoach's counter.",
    ),
    "funnel": (funnel, "Mails of all campaigns of a list. Percentages are of those that arrived."),
    "list_growth": (growth, "By week, up who joined, down who left."),
    "most_engaged": (
        engaged,
        "Of the last ten campaigns of their list, green: clicked, blue: only read, grey: not read.",
    ),
    "hours_to_open": (speed, "Of all who opened a campaign: how many had done so after some time."),
    "opening_times": (times, "First opens of campaigns: the darker, the more people."),
    "cohorts": (cohorts, "Part of the mails that they read (%), by when they joined and by the month since."),
    "deliverability": (deliverability, "By who runs the mailbox, in the last 90 days."),
    "links": (links, "The links of the campaign with the most clicks."),
}
"""Of each question of `sql`, in this order: what its rows say, and how its picture is to be read."""
