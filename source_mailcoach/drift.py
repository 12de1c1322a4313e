"""What a stream's rows hold beyond its schema, counted, so that a new version of Mailcoach is noticed early."""

import logging
from collections import Counter


class Drift:
    """Counts by field, `outer.inner` for a field of an object."""

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.misfits: Counter[str] = Counter()

    def report(self, log: logging.Logger) -> None:
        """Log a line for each field, and start anew."""
        for name, count in sorted(self.unknown.items()):
            log.warning(f"Mailcoach sent a field that is not in the schema: {name}, in {count:,} records. It is kept.")
        for name, count in sorted(self.misfits.items()):
            log.warning(
                f"Mailcoach sent values of another type than the schema has for {name}, in {count:,} records. "
                "They are kept as they came."
            )
        self.unknown.clear()
        self.misfits.clear()
