"""Counts where a stream's rows differ from its schema, so that a new version of Mailcoach is noticed early."""

from collections import Counter
from collections.abc import Iterator

from source_mailcoach.messages.findings import Drifted
from source_mailcoach.messages.words import many


class Drift:
    """Counts by the name of the field (`outer.inner` within an object). `empty` and `without_key` count rows."""

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.misfits: Counter[str] = Counter()
        self.unprintable: Counter[str] = Counter()
        self.empty = self.without_key = 0

    def report(self, stream: str) -> Iterator[Drifted]:
        """An event for each field, after which the counts start anew."""
        for name, count in sorted(self.unknown.items()):
            yield Drifted(
                f"Mailcoach sent a field that is not in the schema: {name}, in {count:,} records. It is kept."
            )
        for name, count in sorted(self.misfits.items()):
            yield Drifted(
                f"Mailcoach sent values of another type than the schema has for {name}, in {count:,} records. "
                "They are made to fit where that is sure to be right, and else kept as they came."
            )
        if self.unprintable:
            names = ", ".join(sorted(self.unprintable))
            yield Drifted(
                f"Mailcoach sent {many(self.unprintable.total(), 'text')} of {names} with "
                "characters that databases refuse (halves of a character, or zero): U+FFFD stands in place of each."
            )
        if self.empty:
            yield Drifted(
                f"Mailcoach sent {many(self.empty, 'row')} of {stream} with nothing in it that could be kept: null, an "
                "empty one, or something else than an object."
            )
        if self.without_key:
            yield Drifted(
                f"Mailcoach sent {many(self.without_key, 'row')} of {stream} without the primary key. They are kept; a "
                "destination that removes duplicates may keep only one of them."
            )
        for counts in (self.unknown, self.misfits, self.unprintable):
            counts.clear()
        self.empty = self.without_key = 0
