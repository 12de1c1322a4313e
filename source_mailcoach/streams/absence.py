"""What becomes of a 404: when it is believed that something is not there."""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from source_mailcoach.messages import problems
from source_mailcoach.messages.problems import Absent, MailcoachError
from source_mailcoach.transport.api import MailcoachClient

Item = TypeVar("Item")

TRIES = 5
PAUSE = 1.0  # seconds, before the first of these tries that is a further one; twice as long before each that follows


def unless_absent(
    client: MailcoachClient,
    read: Callable[[], Iterator[Item]],
    explain: Callable[[Absent], bool],
    *,
    may_lack: bool = False,
) -> Generator[Item, None, Absent]:
    """What `read` gives; returns what is absent, if Mailcoach says so (404) and it is believed.

    A 404 is an error, and no state may move past anything for one: it can come of a backend that is half deployed,
    of a copy of the database that lags, of routes that are being cached anew. So it counts if it came three times:
    twice in a row, lest every other answer was another server's, and once more after good answers that bear it out
    (`explain`), with pauses between them in which such faults pass. Else it is raised, after five tries.

    `may_lack`: a server can be without the endpoint. Of any other one, a 404 that is not Mailcoach's tells of a wrong
    address, and is raised at once.
    """
    believed: Absent = None
    for tried in range(1, TRIES + 1):
        good_answers = client.good_answers
        try:
            yield from read()
            return None
        except MailcoachError as error:
            if believed and error.absent == believed and client.good_answers == good_answers:
                return believed
            is_wrong_address = error.problem is problems.NOT_FOUND and not may_lack
            if not error.absent or tried == TRIES or is_wrong_address:
                error.absent = None  # nobody further up weighs it once more
                raise
            believed = error.absent if tried > 1 and explain(error.absent) else None
            client.pause(PAUSE * 2 ** (tried - 1), error)
    raise AssertionError("the last try raises")
