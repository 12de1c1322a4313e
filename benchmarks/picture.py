"""Draws `results.json` as `results.png`. Runs in the peers' environment, which has matplotlib.

A band for each case; within it a line for each contender, with its requests, its seconds and whether rows are lost.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

Result = Mapping[str, Any]
HERE = Path(__file__).parent
OURS = "source-mailcoach"
INK, GREY, PALE = "#1f2933", "#52606d", "#9aa5b1"
GREEN, AMBER, RED = "#1b7f4b", "#a15c00", "#b3261e"
COLORS = {
    OURS: "#0b6e99",
    "CDK class, as in the tutorial": "#c9a66b",
    "low-code manifest": "#8e7cc3",
    "dlt rest_api": "#7a9e7e",
}
VARIANT = "#cbd2d9"
HOW = "One process each, against the same sandbox. Short bars are good, hatched ones lose rows; grey ones are variants."
LINE = 0.24
"""Inches a line takes."""
LEFT, VERDICTS, BARS = 0.235, 0.79, 0.19
PLACES = (LEFT, 0.525)
"""Where the columns begin, and how long the longest bar is, in parts of the width."""


@dataclass(frozen=True)
class Column:
    """What a set of bars shows: its name, and how a result's value is found and written."""

    name: str
    value: Callable[[Result], float]
    text: str


REQUESTS = Column("requests", lambda result: result["requests"], "{:,.0f}")
SECONDS = Column("seconds", lambda result: result["seconds"], "{:,.1f}")
CPU = Column("CPU seconds", lambda result: result["cpu_seconds"] * 100_000 / max(1, result["rows"]), "{:,.1f}")
MEMORY = Column("peak memory, MB", lambda result: result["peak_mb"], "{:,.0f}")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    results: list[Result] = json.loads((folder / "results.json").read_text())
    bands = [
        (f"{case}   {found[0]['title']}", found, (REQUESTS, SECONDS))
        for case in sorted({result["case"] for result in results})
        if (found := [result for result in results if result["case"] == case])
    ]
    last = [result for result in results if result["case"] == "6"]
    bands.append(("7   CPU for 100,000 rows, and memory", last, (CPU, MEMORY)))
    total = sum(len(band) + 2.1 for _, band, _ in bands) * LINE + 1.25
    pyplot.rcParams |= {"font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "hatch.linewidth": 0.6}
    figure = pyplot.figure(figsize=(12, total), dpi=110, facecolor="white")
    figure.text(0.02, 1 - 0.36 / total, "source-mailcoach beside its peers", fontsize=15, weight="bold")
    figure.text(0.02, 1 - 0.64 / total, HOW, fontsize=9.5, color=GREY)
    top = total - 0.95
    for title, band, columns in sorted(bands, key=lambda band: band[0]):
        draw_band(figure, title, band, columns, top / total, LINE / total)
        top -= (len(band) + 2.1) * LINE
    figure.savefig(folder / "results.png")


def draw_band(
    figure: Figure, title: str, band: Sequence[Result], columns: Sequence[Column], top: float, line: float
) -> None:
    """One case: its title, the names, two sets of bars, and what became of the rows. In parts of the height."""
    height = len(band) * line
    bottom = top - 1.35 * line - height
    figure.text(0.02, top - 0.9 * line, title, fontsize=11, weight="bold")
    figure.add_artist(Line2D((0.02, 0.98), (top + 0.25 * line,) * 2, color="#e4e7eb", linewidth=1))
    for place, column in zip(PLACES, columns, strict=True):
        draw_bars(empty_axes(figure, (place, bottom, BARS, height), band), band, column)
        figure.text(place + BARS, top - 0.9 * line, column.name, color=GREY, ha="right")
    names = empty_axes(figure, (0.02, bottom, LEFT - 0.03, height), band)
    verdicts = empty_axes(figure, (VERDICTS, bottom, 0.2, height), band)
    for place, result in enumerate(band):
        name, main = result["contender"], result["contender"] in COLORS
        weight = "bold" if name == OURS else "normal"
        names.text(1, place, name, ha="right", va="center", weight=weight, color=INK if main else GREY)
        text, color = verdict(result)
        verdicts.text(0, place, text, va="center", color=color, weight="bold" if color == RED else "normal")


def draw_bars(axes: Axes, band: Sequence[Result], column: Column) -> None:
    longest = max(column.value(result) for result in band) or 1
    for place, result in enumerate(band):
        value, bad = column.value(result), verdict(result)[1] == RED
        color = COLORS.get(result["contender"], VARIANT)
        axes.barh(place, value, 0.7, color=color, edgecolor="white", alpha=0.55 if bad else 1, hatch="///" * bad)
        label = column.text.format(value)
        if column is SECONDS and result["ended"]:
            label += " (ended)"
        if column is REQUESTS and result["refused"]:
            label += f" ({result['refused']:,} × 429)"
        axes.text(value + longest * 0.015, place, label, va="center", fontsize=8.5)
    axes.set_xlim(0, longest)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(PALE)


def empty_axes(figure: Figure, place: tuple[float, float, float, float], band: Sequence[Result]) -> Axes:
    """A line for each result, from the top down."""
    axes = figure.add_axes(place)
    axes.set_ylim(len(band) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def verdict(result: Result) -> tuple[str, str]:
    """What became of the rows, and the color of that."""
    why = "ended, " if result["ended"] else "failed, " if result["failed"] else ""
    if why or result["lost"]:
        return f"\N{BALLOT X} {why}{result['lost']:,} rows lost", RED
    if result["unasked"]:
        return f"\N{CHECK MARK} complete, {result['unasked']:,} not asked for", AMBER
    return "\N{CHECK MARK} complete", GREEN


if __name__ == "__main__":
    main()
