"""Draws a picture of each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from examples.answers.questions import MEASURES, WAYS, WEEKDAYS, Answer, Row, by_list, hours, link_names, percent
from examples.answers.style import AMBER, BLUE, FAINT, GREY, INK, PALE, TEAL, bare, headed, save, short

SHADES = LinearSegmentedColormap.from_list("shades", ["#f0f4f8", "#9cc5d8", BLUE, "#063d55"])


def draw(answers: Iterable[Answer], folder: Path) -> dict[str, Path]:
    """Write a picture, as PNG, for each answer; gives their paths by name."""
    paths = {}
    for answer in answers:
        paths[answer.name] = folder / f"{answer.name}.png"
        save(PAINTERS[answer.name](answer), paths[answer.name])
    return paths


def counters(answer: Answer) -> Figure:
    """What differs is in another colour, with the difference beside it."""
    campaigns: dict[tuple[str, object], dict[str, Row]] = {}
    for row in answer.rows:
        campaigns.setdefault((row["campaign_name"], row["sent_at"]), {})[row["measure"]] = row
    names = [short(name, 16) for name, _ in campaigns]
    figure, (panels,) = headed(answer, 0.27 * len(names), 1.25, columns=4, titled=True, sharey=True)
    for panel, (measure, title) in zip(panels, MEASURES.items(), strict=True):
        rows = [of[measure] for of in campaigns.values()]
        widest = max(1, *(max(row["from_rows"], row["counter"]) for row in rows))
        colors = [AMBER if row["difference"] else BLUE for row in rows]
        panel.barh(range(len(rows)), [row["from_rows"] for row in rows], color=colors, height=0.66)
        panel.scatter([row["counter"] for row in rows], range(len(rows)), marker="|", s=120, color=INK, zorder=3)
        for place, row in enumerate(rows):
            end = max(row["from_rows"], row["counter"])
            text = f"{row['from_rows']}"
            if row["difference"]:
                text += f" ({row['difference']:+d})".replace("-", "\u2212")
            panel.text(
                end + 0.06 * widest, place, text, va="center", fontsize=10, color=INK if row["difference"] else GREY
            )
        panel.set_title(title)
        panel.set_xlim(0, 1.95 * widest)
        bare(panel)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    figure.subplots_adjust(wspace=0.08)
    return figure


def funnel(answer: Answer) -> Figure:
    steps = {"sent": "sent", "delivered": "arrived", "readers": "read", "clickers": "clicked", "unsubscribes": "left"}
    rows = answer.rows
    figure, (panels,) = headed(answer, 1.7, 0.8, columns=len(rows), titled=True, sharey=True)
    for panel, row in zip(panels, rows, strict=True):
        totals = [row[step] for step in steps]
        panel.barh(list(steps.values()), totals, color=[PALE, PALE, BLUE, TEAL, AMBER], height=0.7)
        for place, total in enumerate(totals):
            share = "" if place < 2 else f" · {percent(total / max(1, row['delivered']), 1)}"
            inside = total > 0.6 * totals[0]
            panel.text(
                total + (-0.02 if inside else 0.02) * totals[0],
                place,
                f"{total:,}{share}",
                va="center",
                ha="right" if inside else "left",
            )
        panel.set_title(f"{short(row['list'], 20)}: {row['campaigns']} campaigns")
        bare(panel)
    panels[0].invert_yaxis()
    figure.subplots_adjust(wspace=0.08)
    return figure


def growth(answer: Answer) -> Figure:
    """Above, how many are active; below, who came and who left."""
    lists = by_list(answer.rows)
    figure, (above, below) = headed(
        answer,
        3.4,
        0.8,
        rows=2,
        columns=len(lists),
        bottom=0.35,
        titled=True,
        sharex=True,
        sharey="row",
        height_ratios=(3, 2),
    )
    for upper, lower, (name, weeks) in zip(above, below, lists.items(), strict=True):
        mondays = [row["week"] for row in weeks]
        upper.fill_between(mondays, [row["active"] for row in weeks], color=BLUE, alpha=0.15, linewidth=0)
        upper.plot(mondays, [row["active"] for row in weeks], color=BLUE, linewidth=2.2)
        for end, side, offset in ((0, "left", -15), (-1, "right", 5)):
            active = weeks[end]["active"]
            upper.annotate(f"{active:,}", (mondays[end], active), (0, offset), textcoords="offset points", ha=side)
        upper.set_title(short(name, 24))
        upper.set_ylim(bottom=0)
        lower.bar(mondays, [row["joined"] for row in weeks], width=5.5, color=TEAL)
        lower.bar(mondays, [-sum(row[way] for way in WAYS) for row in weeks], width=5.5, color=AMBER)
        lower.axhline(0, color=INK, linewidth=0.8)
        locator = dates.MonthLocator(interval=max(1, len(weeks) // 12))
        lower.xaxis.set_major_locator(locator)
        lower.xaxis.set_major_formatter(dates.DateFormatter("%b"))
    above[0].margins(y=0.18)
    above[0].set_ylabel("active readers")
    below[0].set_ylabel("in a week")
    below[0].yaxis.set_major_formatter(lambda number, _: f"{abs(number):.0f}")
    below[0].set_ylim(bottom=-0.7 * below[0].get_ylim()[1])
    for panel in below:
        for text, place, color in (("joined", 0.88, TEAL), ("left", 0.03, AMBER)):
            panel.text(0.99, place, text, transform=panel.transAxes, color=color, fontweight="bold", ha="right")
    figure.subplots_adjust(wspace=0.08, hspace=0.12)
    return figure


def engaged(answer: Answer) -> Figure:
    rows = answer.rows
    names = [short(row["reader"], 26) for row in rows]
    figure, ((panel,),) = headed(answer, 0.29 * len(rows), 2.5)
    for place, row in enumerate(rows):
        only_read, unread = row["read"] - row["clicked"], row["received"] - row["read"]
        start = 0
        for number, color, ink in ((row["clicked"], TEAL, "white"), (only_read, BLUE, "white"), (unread, PALE, INK)):
            panel.barh(place, number, left=start, color=color, height=0.74)
            if number:
                panel.text(start + number / 2, place, f"{number}", ha="center", va="center", color=ink, fontsize=10.5)
            start += number
    panel.set_yticks(range(len(rows)), names)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    bare(panel)
    return figure


def speed(answer: Answer) -> Figure:
    rows = answer.rows
    names = [hours(row["hours"]) for row in rows]
    shares = [row["share"] for row in rows]
    figure, ((panel,),) = headed(answer, 0.31 * len(rows), 1.15)
    past = next((place for place, share in enumerate(shares) if share >= 0.5), len(rows) - 1)
    panel.barh(names, shares, color=[BLUE if place >= past else FAINT for place in range(len(rows))], height=0.72)
    for place, row in enumerate(rows):
        panel.text(row["share"] + 0.01, place, percent(row["share"], int(0.99 < row["share"] < 1)), va="center")
    panel.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (2, 2)))
    panel.text(0.51, -0.05, "half of all", va="center", fontsize=10.5, color=GREY)
    panel.set_xlim(0, 1.15)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    bare(panel)
    return figure


def times(answer: Answer) -> Figure:
    grid = [[0] * 24 for _ in WEEKDAYS]
    for row in answer.rows:
        grid[row["weekday"] - 1][row["hour"]] = row["openers"]
    figure, ((panel,),) = headed(answer, 2.1, 1.15, bottom=0.6)
    panel.pcolormesh(grid, cmap=SHADES, edgecolor="white", linewidth=1.5)
    panel.set_yticks([day + 0.5 for day in range(7)], WEEKDAYS)
    panel.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])
    panel.set_xlabel("hour of the day (UTC)")
    panel.invert_yaxis()
    panel.tick_params(left=False, bottom=False)
    frameless(panel)
    return figure


def cohorts(answer: Answer) -> Figure:
    """A row for each quarter, a column for each month since; above them all together."""
    joined = list(dict.fromkeys(row["joined"] for row in answer.rows))[:1]
    joined += sorted({row["joined"] for row in answer.rows if row["joined"]})[-8:]
    months = max(row["month"] for row in answer.rows)
    most = max(row["read_rate"] for row in answer.rows)
    figure, ((panel,),) = headed(answer, 0.36 * len(joined) + 0.1, 1.45, bottom=0.6)
    for row in answer.rows:
        if row["joined"] in joined:
            place, color = (
                joined.index(row["joined"]) + 0.25 * bool(row["joined"]),
                SHADES(0.75 * row["read_rate"] / most),
            )
            panel.barh(place, 0.96, left=row["month"] - 0.48, color=color, height=0.94)
            ink = "white" if row["read_rate"] > 0.62 * most else INK
            weight = "normal" if row["joined"] else "bold"
            text = f"{100 * row['read_rate']:.0f}" + (" %" if row["month"] == 1 and not row["joined"] else "")
            panel.text(row["month"], place, text, ha="center", va="center", color=ink, fontsize=10.5, fontweight=weight)
    panel.set_yticks([place + 0.25 * (place > 0) for place in range(len(joined))], [quarter(each) for each in joined])
    panel.set_xticks(range(1, months + 1))
    panel.set_xlabel("month after joining")
    panel.set_xlim(0.45, months + 0.55)
    panel.set_ylim(len(joined) - 0.2, -0.5)
    panel.tick_params(left=False, bottom=False, pad=1)
    frameless(panel)
    return figure


def quarter(joined: str | None) -> str:
    """Of 2026-04, its first month."""
    if joined is None:
        return "everybody"
    year, month = joined.split("-")
    return f"{('Jan–Mar', 'Apr–Jun', 'Jul–Sep', 'Oct–Dec')[int(month) // 3]} {year}"


def deliverability(answer: Answer) -> Figure:
    """The worst is in another colour."""
    rows = answer.rows
    figure, (panels,) = headed(answer, 0.36 * len(rows), 1.35, columns=2, titled=True, sharey=True)
    names = [short(row["mailbox_provider"], 16) for row in rows]
    for panel, field, title in zip(
        panels, ("bounce_rate", "open_rate"), ("bounced, of mails sent", "opened, of mails that arrived"), strict=True
    ):
        shares = [row[field] or 0 for row in rows]
        panel.barh(range(len(rows)), shares, color=[AMBER] + [BLUE] * (len(rows) - 1), height=0.7)
        for place, share in enumerate(shares):
            panel.text(share + 0.02 * max(shares), place, percent(share, 1 if share < 0.1 else 0), va="center")
        panel.set_title(title)
        panel.set_xlim(0, 1.25 * max(*shares, 0.001))
        bare(panel)
    panels[0].set_yticks(range(len(rows)), names)
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    figure.subplots_adjust(wspace=0.1)
    return figure


def links(answer: Answer) -> Figure:
    rows = answer.rows
    names = [short(name, 34) for name in link_names(rows)]
    figure, ((panel,),) = headed(answer, 0.38 * len(rows), 0.35 + 0.085 * max(map(len, names)))
    colors = [BLUE] + [FAINT] * (len(rows) - 1)
    panel.barh(range(len(rows)), [row["clicks"] for row in rows], color=colors, height=0.7)
    most = max(row["clicks"] for row in rows)
    for place, row in enumerate(rows):
        text = f"{row['clicks']} clicks · {percent(row['share_of_clicks'])}"
        panel.text(row["clicks"] + 0.02 * most, place, text, va="center")
    panel.set_yticks(range(len(rows)), names)
    panel.set_xlim(0, 1.4 * most)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    bare(panel)
    return figure


def frameless(panel: Axes) -> None:
    for spine in panel.spines.values():
        spine.set_visible(False)


PAINTERS: Mapping[str, Callable[[Answer], Figure]] = {
    "campaigns_against_counters": counters,
    "funnel": funnel,
    "list_growth": growth,
    "most_engaged": engaged,
    "hours_to_open": speed,
    "opening_times": times,
    "cohorts": cohorts,
    "deliverability": deliverability,
    "links": links,
}
