"""The errors that this connector raises. An error has a class of its own if some code catches it or asks for it:

    MailcoachError              a person can do something about it, as the text of its problem says
    ├── NotFound                Mailcoach itself says that what was asked for is not there
    │   ├── RowNotFound         a row in the path
    │   └── EndpointNotFound    the endpoint: the server is too old for it, or the address is wrong
    └── EndsStream              the next list of the same stream would fail in the same way
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

    For a problem that names a class, `MailcoachError(problem)` makes an error of that class, as OSError does for an
    errno.

    `passing`: it came after good answers, so it is transient, and tried again as often as the client's patience allows.
    `tries`: how often a request is tried whose error may not be real. `wait`: how many seconds the server asks to wait
    before the next request, if it does.
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
        """The CDK shows this in its list of failed streams."""
        return str(self.message)


class NotFound(MailcoachError):
    """The client never tries it again. The stream does, until it believes the answer or not: see `unless_absent`."""

    @property
    def retry(self) -> bool:
        return False


class RowNotFound(NotFound):
    """It was deleted after it had been listed, or the answer is from a server whose data is old."""


class EndpointNotFound(NotFound):
    """Before the first good answer of a sync, the address itself may be wrong."""


class EndsStream(MailcoachError):
    """Leaving one list out and going on with the next would only bring the same error again."""


class MayNotRead(EndsStream):
    """The token is good, and other streams can be open to it."""


class QueryRefused(EndsStream):
    """An older server does not know the sort. A stream that can do without it reads the list by another one."""


class RateLimited(EndsStream):
    """The server is up and will answer again. The budget makes all requests wait, not only the one refused."""


class EndsSync(EndsStream):
    """The token, the address, the network, TLS, a proxy: the other streams are not even tried."""


class NotConnected(EndsSync):
    """Before the first good answer the address may be wrong. After it, the server has gone down."""


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
