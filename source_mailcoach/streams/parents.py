"""Lists whose rows have lists of their own: fetched once in a sync, however many streams need them."""

import re
from abc import ABC
from typing import TypeGuard

from source_mailcoach import problems
from source_mailcoach.overlap import Query
from source_mailcoach.problems import MailcoachError
from source_mailcoach.progress import many
from source_mailcoach.streams.base import ListStream

USABLE = re.compile(r"(?!true$|false$|[0-9]+$)[0-9A-Za-z_-]+")


def is_usable(uuid: object) -> TypeGuard[str]:
    """Whether a list below a row can be asked for: numbers and what changes the path lead to none, or to another."""
    return isinstance(uuid, str) and USABLE.fullmatch(uuid) is not None


def count_of(value: object) -> int:
    """A counter for an estimate; 0 if it is none."""
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


class ParentStream(ListStream, ABC):
    """Streams of lists below this one ask it whether a parent still exists."""

    def warn_of_unusable(self, count: int) -> None:
        """Rows whose uuid leads to no list below them."""
        if count:
            self.logger.warning(
                f"{many(count, 'row')} of {self.name} came without a usable uuid. What lies below cannot be asked for, "
                "and is left out; the rows themselves are kept."
            )

    def exists(self, uuid: str) -> bool:
        """Whether the server still has a row; asks it."""
        try:
            self.client.fetch(Query(f"{self.endpoint}/{uuid}"))
        except MailcoachError as error:
            if error.problem is problems.NOT_FOUND:
                return False
            raise
        return True
