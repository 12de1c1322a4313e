"""The last lines of a sync: of each stream what the server counts, and what came of it, and whether Mailcoach prunes.

    {"campaign_opens": {"counted": 3325, "emitted": 3325, "vanished": 0, "missing": 0,
                        "campaigns": {"agree": 37, "lag": 1, "pruned": 1}}, …}

- `counted`: rows that the server counted, in the end, in the lists that were read. null if it counts something else.
- `emitted`: records of them in this sync. One can come twice.
- `vanished`: by how many rows a list became shorter while it was read. null if not all lists were read from their first
  row to their last, as in an incremental sync: then nobody knows.
- `missing`: rows that the server counts and never gave.
- `campaigns`: how many of the campaigns that were read have as many rows as they count themselves, and why others not.
"""

import json
import logging
from collections import Counter as Count
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from source_mailcoach.messages.events import Event, ListCompared, PageRead, ReadingStarted, RowsUnchanged, StreamStarted
from source_mailcoach.messages.findings import RowsMissing, WholeReading
from source_mailcoach.messages.words import many

TITLE = "What came of each stream"
REASONS = {
    "lag": "counted before their newest rows",
    "split test": "a split test, which counts its first variant only, or events that were reported late",
    "several kinds": "with more bounces than counted, which has a row for each kind of bounce",
    "deleted": "with fewer rows than counted, as people were deleted since",
    "pruned": "pruned by Mailcoach",
}
PRUNED = (
    "Mailcoach has deleted opens of campaigns that were sent until {until:%Y-%m-%d} ({campaigns}), which still count "
    "them. It seems to be set to delete old opens, clicks, unsubscribes, bounces and sends. What was read before is "
    "then the only copy: a full refresh with overwrite would destroy it."
)


@dataclass
class Tally:
    """What came of one stream."""

    emitted: int = 0
    missing: int = 0
    lists: list[ListCompared] = field(default_factory=list)

    @property
    def pruned_until(self) -> datetime | None:
        """When the youngest campaign was sent that was pruned; None if there is none that has no rows left at all.

        Mailcoach prunes by age. So only the oldest campaigns count, up to the first that has all its rows: somebody who
        opened a later one can have been deleted, and its only opens with them.
        """
        until, is_empty = None, False
        counted = [(each.counter, each.total) for each in self.lists if each.counter and each.counter.sent_at]
        for counter, total in sorted(counted, key=lambda each: str(each[0].sent_at)):
            if not counter.has_list:
                continue  # what came of its people has gone with them
            if total >= counter.rows > 0:
                break
            if counter.rows:
                until, is_empty = counter.sent_at, is_empty or total == 0
        return until if is_empty else None

    def agreement(self, pruned_until: datetime | None) -> Count[str]:
        return Count(why(each, pruned_until) for each in self.lists if each.counter)

    def to_json(self, pruned_until: datetime | None) -> dict[str, Any]:
        is_whole = bool(self.lists) and all(each.is_whole for each in self.lists)
        content: dict[str, Any] = {
            "counted": sum(each.total for each in self.lists) if self.lists else None,
            "emitted": self.emitted,
            "vanished": sum(each.vanished for each in self.lists) if is_whole else None,
            "missing": self.missing,
        }
        if agreement := self.agreement(pruned_until):
            content["campaigns"] = dict(agreement.most_common())
        return content


def why(compared: ListCompared, pruned_until: datetime | None) -> str:
    """Why a campaign's counter differs from its rows, or "agree"."""
    counter = compared.counter
    assert counter
    if compared.total == counter.rows:
        return "agree"
    if compared.total < counter.rows:
        is_pruned = pruned_until and counter.sent_at and counter.sent_at <= pruned_until
        return "pruned" if is_pruned else "deleted"
    if counter.counted_at is None or (compared.newest and compared.newest > counter.counted_at):
        return "lag"
    return "several kinds" if counter.field == "bounce_count" else "split test"


class Completeness:
    """Listens to the events of a sync. `report` logs what it has heard, for a person and for a machine."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._stream = self._reading = ""
        self._tallies: dict[str, Tally] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case StreamStarted():
                self._stream = self._reading = event.stream
                self._tallies[event.stream] = Tally()
            case ReadingStarted():
                self._reading = event.stream
            case _ if self._reading != self._stream or self._stream not in self._tallies:
                return  # a listing that the stream needs
            case PageRead():
                self._tallies[self._stream].emitted += event.rows
            case RowsUnchanged():
                self._tallies[self._stream].emitted -= event.rows
            case RowsMissing():
                self._tallies[self._stream].missing += event.rows
            case WholeReading():  # what has been compared is read again
                self._tallies[self._stream].lists.clear()
            case ListCompared():
                self._tallies[self._stream].lists.append(event)

    def report(self) -> None:
        if not self._tallies:
            return
        opens = self._tallies.get("campaign_opens", Tally())
        if until := opens.pruned_until:
            campaigns = many(opens.agreement(until)["pruned"], "campaign")
            self._log.warning(PRUNED.format(until=until, campaigns=campaigns))
        found = {stream: tally.to_json(until) for stream, tally in self._tallies.items()}
        self._log.info("\n".join(table(found)))
        self._log.info(f"completeness: {json.dumps(found)}")


def table(found: dict[str, dict[str, Any]]) -> Sequence[str]:
    """A line for each stream, and one for those below campaigns that do not all agree with their counters."""
    columns = {"counted": 11, "emitted": 11, "vanished": 8, "missing": 8}
    width = max(map(len, (TITLE, *found)))
    lines = ["  ".join((TITLE.ljust(width), *(name.rjust(size) for name, size in columns.items())))]
    for stream, content in found.items():
        values = ((name, "-" if content[name] is None else f"{content[name]:,}") for name in columns)
        lines.append("  ".join((stream.ljust(width), *(value.rjust(columns[name]) for name, value in values))))
    for stream, content in found.items():
        if reasons := content.get("campaigns"):
            agree, whole = reasons.get("agree", 0), sum(reasons.values())
            others = "".join(f"; {count:,} {REASONS[reason]}" for reason, count in reasons.items() if reason != "agree")
            lines.append(f"{stream}: {agree:,} of {many(whole, 'campaign')} agree with their own counter{others}")
    return lines
