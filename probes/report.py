"""What the probes found, for the terminal and as a report that can be sent on: without host, token and rows."""

from collections import Counter
from collections.abc import Iterable, Sequence

from probes.probe import Finding, Probe, Verdict
from source_mailcoach.version import __version__

Found = Sequence[tuple[Probe, Finding]]
MARKS = {Verdict.HOLDS: "+", Verdict.DOES_NOT_HOLD: "!", Verdict.CANNOT_TELL: "?"}


def lines(section: str, found: Found) -> Iterable[str]:
    """A section for the terminal: a line for each probe, and the files that rely on a belief that does not hold."""
    yield f"\n{section}"
    for probe, finding in found:
        yield f"  {MARKS[finding.verdict]} {probe.belief}  [{finding.verdict.value}] {finding.detail}"
        if finding.verdict is Verdict.DOES_NOT_HOLD:
            yield f"      In question: {', '.join(probe.hangs_on)}"


def summary(found: Iterable[tuple[Probe, Finding]]) -> str:
    counts = Counter(finding.verdict for _, finding in found)
    return (
        f"{counts[Verdict.HOLDS]} beliefs hold, {counts[Verdict.DOES_NOT_HOLD]} do not, "
        f"{counts[Verdict.CANNOT_TELL]} cannot be told from this server"
    )


def markdown(sections: Sequence[tuple[str, Found]], version: str | None, requests: int) -> str:
    """The report: what does not hold comes with what the connector builds on it."""
    everything = [pair for _, found in sections for pair in found]
    text = [
        "# What this Mailcoach does",
        "",
        f"- source-mailcoach {__version__}",
        f"- Mailcoach {version or 'of an unknown version'}, by what it answers",
        f"- {summary(everything)}; {requests} requests",
    ]
    for section, found in sections:
        text += ["", f"## {section}", "", "| Probe | Verdict | Seen | In question |", "| --- | --- | --- | --- |"]
        for probe, finding in found:
            in_question = ", ".join(probe.hangs_on) if finding.verdict is Verdict.DOES_NOT_HOLD else ""
            cells = (probe.name, finding.verdict.value, finding.detail, in_question)
            text.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(text) + "\n"
