"""What becomes of a 404: when it is believed that something is not there."""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from source_mailcoach.messages.errors import EndpointNotFound, MailcoachError, NotFound
from source_mailcoach.transport.api import MailcoachClient

Item = TypeVar("Item")

TRIES = 5
PAUSE = 1.0  # seconds, before the first of these tries that is a further one; twice as long before each that follows


def unless_absent(
    client: MailcoachClient,
    read: Callable[[], Iterator[Item]],
    explain: Callable[[NotFound], bool],
    *,
    may_lack: bool = False,
) -> Generator[Item, None, NotFound | None]:
    """What `read` gives; returns the error by which Mailcoach says that it is not there (404), if that is believed.

    A 404 is an error, and no state may move past anything for one: it can come of a backend that is half deployed,
    of a copy of the database that lags, of routes that are being cached anew. So it counts if it came three times:
    twice in a row, lest every other answer was another server's, and once more after good answers that bear it out
    (`explain`), with pauses between them in which such faults pass. Else it is raised, after five tries.

    `may_lack`: a server can be without the endpoint. Of any other one, a 404 that is not Mailcoach's tells of a wrong
    address, and is raised at once.
    """
    believed: NotFound | None = None
    for tried in range(1, TRIES + 1):
        good_answers = client.good_answers
        try:
            yield from read()
            return None
        except NotFound as error:
            if type(error) is type(believed) and client.good_answers == good_answers:
                return error
            is_wrong_address = isinstance(error, EndpointNotFound) and not client.has_answered and not may_lack
            if tried == TRIES or is_wrong_address:
                # Nobody further up weighs it once more.
                raise MailcoachError(error.problem, **error.details) from error
            believed = error if tried > 1 and explain(error) else None
            client.pause(PAUSE * 2 ** (tried - 1), error)
    raise AssertionError("the last try raises")
