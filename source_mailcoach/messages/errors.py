"""The errors that this connector raises. A class of its own has what somebody catches or asks for:

    MailcoachError              whatever a person can do something about, as the text of its problem says
    ├── NotFound                Mailcoach itself says that what was asked for is not there
    │   ├── RowNotFound         a row in the path
    │   └── EndpointNotFound    the endpoint: the server is too old for it, or the address is wrong
    └── EndsStream              another list of the same stream would have come to the same
        ├── MayNotRead          the token lacks the permission
        ├── QueryRefused        the sort or the filter is unknown to this server
        ├── RateLimited         too many requests, says Mailcoach or something in front of it
        └── EndsSync            no other stream will do better
            └── NotConnected    nothing accepts connections

The sentences are in `problems` and `input_problems`. Most problems are of one class, whenever they occur, and name it.
"""

from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

CONFIG, TRANSIENT, SYSTEM = FailureType.config_error, FailureType.transient_error, FailureType.system_error


class MailcoachError(AirbyteTracedException):
    """A `Problem` that has occurred. Its message is one sentence on what is wrong and one on what to do.

    Called for a problem that names a class, it makes an error of that class, as OSError does for an errno.

    One that came after good answers can be `passing`: it is transient then, and worth as many tries as the patience
    of the client allows. One that is merely in doubt is worth so many `tries`. `wait` is how many seconds the server
    wants to be left alone, if it says so.
    """

    def __new__(cls, problem: "Problem", **_: object) -> "MailcoachError":
        return super().__new__(problem.raises if cls is MailcoachError else cls)

    def __init__(self, problem: "Problem", *, passing: bool = False, tries: int = 1, **details: Any) -> None:
        self.problem = problem
        self.details = details
        self.what = problem.what.format(**details)
        self.passing = passing
        self.tries = tries
        self.wait: float | None = None
        message = f"{self.what} {problem.do.format(**details)}"
        failure_type = TRANSIENT if passing else problem.failure_type
        super().__init__(internal_message=message, message=message, failure_type=failure_type)

    @property
    def retry(self) -> bool:
        """Whether the same request can succeed a little later."""
        return self.problem.retry or self.passing

    def __repr__(self) -> str:
        """The CDK puts this into its list of what has failed."""
        return str(self.message)


class NotFound(MailcoachError):
    """Whoever asked weighs it, and asks again if need be (`unless_absent` of the streams): the client does not."""

    @property
    def retry(self) -> bool:
        return False


class RowNotFound(NotFound):
    """It was deleted since it was listed, or this answer is one of a server that is behind."""


class EndpointNotFound(NotFound):
    """Until something has answered well in a sync, it can be the address that is wrong."""


class EndsStream(MailcoachError):
    """Leaving one list out and going on with the next would only bring the same error again."""


class MayNotRead(EndsStream):
    """The token is good, and other streams can be open to it."""


class QueryRefused(EndsStream):
    """An older server that does not know a sort: a stream that can do without it reads the list by another."""


class RateLimited(EndsStream):
    """The budget of requests waits for all of them. Whoever says so is there, and will answer again."""


class EndsSync(EndsStream):
    """The token, the address, the network, TLS, a proxy: the other streams are not even tried."""


class NotConnected(EndsSync):
    """Before the first good answer the address may be wrong; after it, the server went down."""


@dataclass(frozen=True)
class Problem:
    """A failure as the person who set up the connection sees it.

    `what` and `do` may hold placeholders, filled in by `MailcoachError`. `retry` says whether the same request can
    succeed a little later, `raises` of which class the error is.
    """

    what: str
    do: str
    failure_type: FailureType = CONFIG
    retry: bool = False
    raises: type[MailcoachError] = MailcoachError
