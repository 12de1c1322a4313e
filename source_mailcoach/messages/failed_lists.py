"""Lists that a stream could not read and left out."""

from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import TRANSIENT, MailcoachError
from source_mailcoach.messages.words import many

IN_A_ROW = 5
"""If so many lists fail in a row, the server is at fault. Each of them takes six tries and half a minute."""
NAMED = 3


class FailedLists:
    """The failed lists of one reading of a stream; `unit` is what they belong to ("campaigns")."""

    def __init__(self, stream: str, unit: str) -> None:
        self._stream, self._unit = stream, unit
        self._names: list[str] = []
        self._errors: list[MailcoachError] = []
        self._in_a_row = 0

    @property
    def is_end(self) -> bool:
        """Whether the stream ends here, because too many lists have failed in a row."""
        return self._in_a_row >= IN_A_ROW

    def add(self, name: str, error: MailcoachError) -> None:
        self._names.append(name)
        self._errors.append(error)
        self._in_a_row += 1

    def succeeded(self) -> None:
        self._in_a_row = 0

    def error(self) -> MailcoachError | None:
        """What the stream fails with in the end; None if nothing has failed.

        It says what the first of them failed with. It is transient if any of them is, since trying again can help then.
        """
        if not self._errors:
            return None
        first = self._errors[0]
        lists = f"{many(len(self._names), self._unit.removesuffix('s'))} ({', '.join(self._names[:NAMED])}"
        lists += f" and {len(self._names) - NAMED:,} more)" if len(self._names) > NAMED else ")"
        lists += ", and stopped at so many in a row" if self.is_end else ""
        cure = str(first.message).removeprefix(first.what).strip()
        cause = first.what.removesuffix(".")
        error = MailcoachError(problems.LISTS_NOT_READ, stream=self._stream, lists=lists, cause=cause, cure=cure)
        types = {each.failure_type for each in self._errors}
        error.failure_type = TRANSIENT if TRANSIENT in types else first.failure_type
        return error
