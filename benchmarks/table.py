"""The results as text: for the terminal, and as Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.cases import Result

COLUMNS = ("", "rows", "complete?", "requests", "seconds", "429s", "CPU s", "peak MB", "STATE bytes")
PER_ROWS = 100_000
PER_COLUMNS = ("", "rows", "CPU s", "µs per row", "peak MB", "MB more than in case 1")


def cells(result: Result) -> tuple[str, ...]:
    """One line of the table."""
    return (
        result.contender,
        f"{result.rows:,}",
        verdict(result),
        f"{result.requests:,}",
        f"{result.seconds:.1f}",
        f"{result.refused:,}",
        f"{result.cpu_seconds:.1f}",
        f"{result.peak_mb:.0f}",
        "–" if result.state_bytes is None else f"{result.state_bytes:,}",
    )


def verdict(result: Result) -> str:
    """`complete`, or what went wrong."""
    ending = ["not finished in time"] if result.ended else ["failed"] if result.failed else []
    lost = [f"{result.lost:,} rows lost"] if result.lost else []
    unasked = [f"{result.unasked:,} rows not asked for"] if result.unasked else []
    return ", ".join([*(ending + lost or ["complete"]), *unasked])


def per_rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Case 7, from case 6: CPU for 100,000 rows and for one, peak memory, and how much more than in the first sync."""
    first = {result.contender: result for result in results if result.case == "1"}
    lines: list[tuple[str, ...]] = []
    for result in (result for result in results if result.case == "6" and result.rows):
        grown = max(0.0, result.peak_mb - first[result.contender].peak_mb)
        cpu = f"{result.cpu_seconds * PER_ROWS / result.rows:.1f}"
        row = "–" if result.row_us is None else f"{result.row_us:.0f}"
        lines.append((result.contender, f"{result.rows:,}", cpu, row, f"{result.peak_mb:.0f}", f"{grown:.0f}"))
    return lines


def grouped(results: Iterable[Result]) -> Iterator[tuple[str, str, list[Result]]]:
    """By case, in the order of their numbers."""
    cases: dict[str, list[Result]] = {}
    for result in results:
        cases.setdefault(result.case, []).append(result)
    for case in sorted(cases):
        yield case, cases[case][0].title, cases[case]


def sections(results: Sequence[Result]) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Title, columns and lines of each case."""
    for case, title, found in grouped(results):
        yield f"({case}) {title}", COLUMNS, [cells(result) for result in found]
        if case == "6":
            yield f"(7) CPU for {PER_ROWS:,} rows of case 6, and memory", PER_COLUMNS, per_rows(results)


def plain(results: Sequence[Result]) -> str:
    """For the terminal: one width for each column, over all cases."""
    found = list(sections(results))
    lines = []
    for title, columns, rows in found:
        same = [row for _, other, block in found if len(other) == len(columns) for row in (other, *block)]
        widths = [max(len(row[place]) for row in same) for place in range(len(columns))]
        lines += ["", title]
        for row in (columns, *rows):
            texts = [
                f"{row[0]:<{widths[0]}}",
                *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
            lines.append("  " + "  ".join(texts))
    return "\n".join(lines[1:])


def markdown(results: Sequence[Result]) -> str:
    """The same, as Markdown tables."""
    lines = ["# Side by side", "", INTRODUCTION.strip()]
    for title, columns, rows in sections(results):
        lines += ["", f"## {title}", "", f"| {' | '.join(columns)} |", "|---" + "|--:" * (len(columns) - 1) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


INTRODUCTION = """
Made by `make bench`: each line is a process of its own against a fresh sandbox with the same data (cases 1 to 3 of a
contender follow each other on one). Rows and requests are the same everywhere, but for a few requests of peers with
threads; seconds, CPU and memory are those of one machine. Who the peers are and how they were set up is in
[peers/README.md](peers/README.md).

- *complete?* compares the distinct primary keys that all syncs so far have delivered with those that the server has.
- *STATE bytes* is the sum of the STATE messages of one sync. dlt has no such messages.
- *µs per row* is CPU without the start of the process: the difference to a campaign of a hundredth of the opens.
- dlt's figures include normalizing its rows and loading them into files; a connector leaves that to its destination.
"""
