"""When a 404 is believed, and when it is an error."""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, TypeVar

from source_mailcoach.messages.errors import EndpointNotFound, MailcoachError, NotFound, RowNotFound
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Query

Item = TypeVar("Item")
Key = TypeVar("Key")

TRIES = 5
PAUSE = 1.0  # seconds before the second try; twice as long before each that follows


def unless_absent(
    client: MailcoachClient,
    read: Callable[[], Iterator[Item]],
    explain: Callable[[NotFound], bool],
    *,
    may_lack: bool = False,
) -> Generator[Item, None, NotFound | None]:
    """Yields what `read` gives. Returns the error by which Mailcoach says that it is not there (404), if believed.

    A 404 can be wrong: a server is half deployed, a copy of the database lags, routes are being cached anew. If the
    state moved past a list for such an answer, its rows would be lost. So a 404 is believed only if it came three
    times: twice in a row, in case several servers answer in turn, and once more after good answers that confirm it
    (`explain`). Between the tries are pauses, in which such faults pass. Otherwise it is raised, after five tries.

    `may_lack`: some servers do not have the endpoint. For any other endpoint, a 404 before the first good answer means
    that the address is wrong, and is raised at once.
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
                # As a plain MailcoachError, so that no caller takes it for a 404 to be checked again.
                raise MailcoachError(error.problem, **error.details) from error
            believed = error if tried > 1 and explain(error) else None
            client.pause(PAUSE * 2 ** (tried - 1), error)
    raise AssertionError("the last try raises")


def denied(
    client: MailcoachClient, paths: Mapping[Key, str], found: Callable[[Key, Any], None] = lambda key, answer: None
) -> list[Key]:
    """The keys of the rows that are gone, given the path of each. `found` gets the answer for any other row.

    A row is gone if Mailcoach says twice that there is none, and right after that answers well for a list each time.
    """
    keys = list(paths)
    for _ in range(2):
        absent = []
        for key in keys:
            try:
                answer = client.fetch(Query(paths[key]))
            except RowNotFound:
                absent.append(key)
            else:
                found(key, answer)
        if absent:
            client.confirm()
        keys = absent
    return keys
