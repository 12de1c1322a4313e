"""How a picture looks: as wide as a page of text, legible on a phone, with what it says above it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from examples.answers.questions import Answer

INK, GREY, PALE = "#1f2933", "#52606d", "#cbd2d9"
BLUE, FAINT, TEAL, AMBER = "#0b6e99", "#8fbdd3", "#2a9d8f", "#d9730d"
WIDTH, DOTS = 6.8, 150
"""In inches, and in dots for each."""

pyplot.rcParams.update({"font.size": 11.5, "text.color": INK, "axes.labelcolor": GREY, "axes.edgecolor": PALE})
pyplot.rcParams.update({"xtick.color": GREY, "ytick.color": INK, "axes.spines.top": False})
pyplot.rcParams.update({"axes.spines.right": False, "axes.titlelocation": "left", "axes.titlesize": 11.5})


def headed(
    answer: Answer,
    body: float,
    left: float,
    rows: int = 1,
    columns: int = 1,
    bottom: float = 0.1,
    titled: bool = False,
    **grid: object,
) -> tuple[Figure, list[list[Axes]]]:
    """Panels below the finding and the line that says how to read them. `body`, `left` and `bottom` are inches."""
    title = textwrap.fill(answer.finding, 52)
    legend = textwrap.fill(answer.legend, 82)
    head = 0.4 + 0.27 * (1 + title.count("\n")) + 0.21 * (1 + legend.count("\n")) + 0.25 * titled
    height = head + body + bottom
    figure, panels = pyplot.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False, **grid)
    figure.text(0.02, 1 - 0.15 / height, title, fontsize=15, fontweight="bold", va="top", linespacing=1.2)
    below = 0.25 + 0.27 * (1 + title.count("\n"))
    figure.text(0.02, 1 - below / height, legend, fontsize=10.5, color=GREY, va="top")
    figure.subplots_adjust(left=left / WIDTH, right=1 - 0.15 / WIDTH, top=1 - head / height, bottom=bottom / height)
    return figure, [list(row) for row in panels]


def bare(panel: Axes) -> None:
    """No scale at the bottom: the numbers stand at the bars."""
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
    panel.tick_params(left=False)


def short(text: str | None, letters: int = 30) -> str:
    text = text or "unnamed"
    return text if len(text) <= letters else text[: letters - 1] + "…"


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=DOTS)
    pyplot.close(figure)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(64).save(path, optimize=True)
