"""Draws what the files of `examples/sql` found: one picture for each question, as PNG."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import dates, pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

Row = Mapping[str, Any]
INK, GREY, PALE = "#1f2933", "#52606d", "#cbd2d9"
BLUE, TEAL, AMBER, RED = "#0b6e99", "#2a9d8f", "#d98e04", "#b3261e"
LATEST = 16
"""How many campaigns fit on a picture."""


def draw(results: Mapping[str, Sequence[Row]], folder: Path) -> list[Path]:
    """Write the pictures for which there are rows."""
    pyplot.rcParams.update({"font.size": 9.5, "text.color": INK, "axes.labelcolor": GREY, "axes.edgecolor": PALE})
    pyplot.rcParams.update({"xtick.color": GREY, "ytick.color": GREY, "axes.spines.top": False})
    pyplot.rcParams.update({"axes.spines.right": False, "axes.titlelocation": "left", "axes.titlesize": 10.5})
    painters = {
        "campaigns_against_counters": campaigns,
        "funnel": funnel,
        "most_engaged": engaged,
        "list_growth": growth,
    }
    paths = []
    for name, paint in painters.items():
        if results[name]:
            figure = paint(results[name])
            paths.append(folder / f"{name}.png")
            figure.savefig(paths[-1], dpi=100)
            pyplot.close(figure)
            with Image.open(paths[-1]) as picture:
                picture.quantize(64).save(paths[-1], optimize=True)
    return paths


def headed(figure: Figure, title: str, below: str) -> Figure:
    """A title on the left, and a line below it that says what is to be seen."""
    inch = 1 / figure.get_figheight()
    figure.text(0.015, 1 - 0.17 * inch, title, fontsize=13, fontweight="bold", va="top")
    figure.text(0.015, 1 - 0.46 * inch, below, fontsize=9.5, color=GREY, va="top")
    return figure


def campaigns(rows: Sequence[Row]) -> Figure:
    """Bars are rows, ticks are counters, and where they differ the difference is written beside."""
    measures = {"people who opened": BLUE, "people who clicked": TEAL, "unsubscribes": AMBER, "bounces": RED}
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        found[row["campaign_uuid"]][row["measure"]] = row
    latest = list(found.values())[-LATEST:][::-1]
    names = [f"{of['opens']['campaign']}  ·  {of['opens']['sent_at']:%d %b}" for of in latest]
    figure, panels = pyplot.subplots(1, 4, figsize=(11, 1.7 + 0.28 * len(latest)), sharey=True)
    for panel, (measure, color) in zip(panels, measures.items(), strict=True):
        values = [of[measure]["from_rows"] for of in latest]
        counters = [of[measure]["counter"] for of in latest]
        widest = max([*values, *counters, 1])
        panel.barh(range(len(latest)), values, color=color, height=0.62, alpha=0.85)
        panel.scatter(counters, range(len(latest)), marker="|", s=130, color=INK, linewidths=1.6, zorder=3)
        for place, of in enumerate(latest):
            if difference := of[measure]["difference"]:
                text = f"{difference:+d}".replace("-", "\u2212")
                end = max(values[place], counters[place])
                panel.text(end + widest * 0.04, place, text, va="center", color=INK, fontsize=8.5)
        panel.set_title(measure.capitalize())
        panel.set_xlim(0, widest * 1.18)
        panel.xaxis.get_major_locator().set_params(integer=True, nbins=4)
        panel.tick_params(left=False)
    panels[0].set_yticks(range(len(latest)), names)
    panels[0].set_ylim(len(latest) - 0.4, -0.6)
    figure.subplots_adjust(left=0.155, right=0.985, top=1 - 1.05 / figure.get_figheight(), bottom=0.07, wspace=0.12)
    what = "Bars: counted from the rows. Black ticks: the campaign's own counter. Numbers: rows minus counter."
    return headed(figure, f"What came back of the last {len(latest)} campaigns", what)


def funnel(rows: Sequence[Row]) -> Figure:
    """A panel for each list: all of its campaigns together."""
    steps = ("sent", "arrived", "opened", "clicked", "unsubscribed")
    lists: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        lists[row["list"] or "A deleted list"].append(row)
    chosen = sorted(lists.items(), key=lambda item: -sum(row["sent"] for row in item[1]))[:4]
    figure, grid = pyplot.subplots(1, len(chosen), figsize=(9.5, 3.1), sharey=True, squeeze=False)
    for panel, (name, mails) in zip(grid[0], chosen, strict=True):
        totals = [sum(row[step] for row in mails) for step in steps]
        panel.barh(steps, totals, color=[PALE, PALE, BLUE, TEAL, AMBER], height=0.66)
        for place, total in enumerate(totals):
            percent = 100 * total / max(1, totals[1])
            share = "" if place < 2 else f"  ({percent:.1f} %)"
            inside = total > 0.6 * totals[0]
            side = {"ha": "right", "x": total - 0.02 * totals[0]} if inside else {"ha": "left", "x": total}
            panel.text(y=place, s=f" {total:,}{share}", va="center", **side)
        panel.set_title(f"{name}: {len(mails)} campaigns")
        panel.set_xticks([])
        panel.spines["bottom"].set_visible(False)
        panel.tick_params(left=False)
    grid[0][0].invert_yaxis()
    figure.subplots_adjust(left=0.125, right=0.985, top=0.69, bottom=0.04, wspace=0.06)
    return headed(figure, "From sent to unsubscribed", "Mails of all campaigns; percentages are of those that arrived.")


def engaged(rows: Sequence[Row]) -> Figure:
    """The first few, with the campaigns that each got, opened and clicked."""
    first = rows[:15]
    places = range(len(first))
    figure, panel = pyplot.subplots(figsize=(8.5, 1.5 + 0.27 * len(first)))
    for field, color, label in (
        ("received", PALE, "received"),
        ("opened", BLUE, "opened"),
        ("clicked", TEAL, "clicked"),
    ):
        panel.barh(places, [row[field] for row in first], color=color, height=0.66, label=label)
    for place, row in zip(places, first, strict=True):
        if seen := row["last_seen_at"]:
            panel.text(row["received"] + 0.15, place, f"last seen {seen:%d %b}", va="center", color=GREY, fontsize=8.5)
    panel.set_yticks(places, [f"{row['email']}  ·  {row['list']}" for row in first])
    panel.set_ylim(len(first) - 0.4, -0.6)
    panel.set_xlim(0, 1.3 * max(row["received"] for row in first))
    panel.set_xticks(range(0, 1 + max(row["received"] for row in first), 2))
    panel.set_xlabel("campaigns")
    panel.tick_params(left=False)
    panel.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, borderaxespad=0)
    height = figure.get_figheight()
    figure.subplots_adjust(left=0.39, right=0.985, top=1 - 0.95 / height, bottom=0.5 / height)
    return headed(figure, "The most engaged subscribers", "Of the last ten campaigns of their list.")


def growth(rows: Sequence[Row]) -> Figure:
    """Above, how many are active; below, who came and who left, by the way they took."""
    ways = {"left_by_campaign": AMBER, "left_by_complaint": RED, "left_otherwise": GREY}
    labels = ("left by a campaign's link", "complained of spam", "left otherwise")
    lists: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        lists[row["list"] or "A deleted list"].append(row)
    chosen = sorted(lists.items(), key=lambda item: -item[1][-1]["active"])[:3]
    size = (10, 5.2)
    figure, grid = pyplot.subplots(2, len(chosen), figsize=size, sharex=True, sharey="row", squeeze=False)
    for column, (name, weeks) in enumerate(chosen):
        above, below = grid[0][column], grid[1][column]
        mondays = [monday(row["week"]) for row in weeks]
        above.step(mondays, [row["active"] for row in weeks], where="post", color=BLUE, linewidth=2)
        above.set_title(f"{name}: {weeks[-1]['active']:,} active")
        above.set_ylim(bottom=0)
        below.bar(mondays, [row["joined"] for row in weeks], width=5.5, color=TEAL, label="joined")
        bottom = [0] * len(weeks)
        for (way, color), label in zip(ways.items(), labels, strict=True):
            left = [-row[way] for row in weeks]
            below.bar(mondays, left, width=5.5, bottom=bottom, color=color, label=label)
            bottom = [low + more for low, more in zip(bottom, left, strict=True)]
        below.axhline(0, color=INK, linewidth=0.8)
        set_weeks(below)
    grid[0][0].set_ylabel("active subscribers")
    grid[1][0].set_ylabel("people in a week")
    handles = grid[1][0].get_legend_handles_labels()
    figure.legend(*handles, loc="lower center", ncols=4, frameon=False)
    figure.subplots_adjust(left=0.075, right=0.985, top=0.8, bottom=0.155, wspace=0.08, hspace=0.16)
    return headed(figure, "How the lists grow", "By week. Down: who left, and by which way.")


def set_weeks(panel: Axes) -> None:
    locator = dates.AutoDateLocator(maxticks=7)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    panel.yaxis.get_major_locator().set_params(integer=True)


def monday(week: str) -> datetime:
    """Of `2026-44`, or of `2026-00`, the days before the first Monday of a year."""
    return datetime.strptime(f"{week}-1", "%Y-%W-%w")  # noqa: DTZ007
