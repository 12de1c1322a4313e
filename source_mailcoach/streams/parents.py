"""Lists whose rows have lists of their own: fetched once in a sync, however many streams need them."""

from abc import ABC

from source_mailcoach import problems
from source_mailcoach.overlap import Query
from source_mailcoach.problems import MailcoachError
from source_mailcoach.streams.base import ListStream


class ParentStream(ListStream, ABC):
    """Streams of lists below this one ask it whether a parent still exists."""

    def exists(self, uuid: str) -> bool:
        """Whether the server still has a row; asks it."""
        try:
            self.client.fetch(Query(f"{self.endpoint}/{uuid}"))
        except MailcoachError as error:
            if error.problem is problems.NOT_FOUND:
                return False
            raise
        return True
