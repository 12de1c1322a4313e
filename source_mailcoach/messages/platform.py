"""What the platform shows of a sync while it runs: that a limit is waited out, and how much there is to come.

`say` writes a message of the protocol to stdout, at once.
"""

import time
from collections.abc import Callable

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusReason,
    AirbyteStreamStatusReasonType,
    AirbyteTraceMessage,
    EstimateType,
    StreamDescriptor,
    TraceType,
    Type,
)
from airbyte_cdk.models.airbyte_protocol import AirbyteStreamStatusRateLimitedReason  # type: ignore[attr-defined]
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_mailcoach.messages.events import (
    SILENT_WAIT,
    Event,
    ListRead,
    PageRead,
    ReadingEnded,
    ReadingStarted,
    RowsExpected,
    StreamStarted,
    Waited,
    Waiting,
)

Say = Callable[[AirbyteMessage], None]

TOLERANCE = 0.2
"""By what share an estimate may be wrong before there is a new one."""


class Statuses:
    """While a limit is waited out, the stream is RUNNING for the one reason RATE_LIMITED; after it plainly RUNNING.

    The platform then shows a countdown to `quota_reset` (epoch milliseconds) instead of "syncing". The CDK says so only
    after a 429, and the connector waits before it gets one.
    """

    def __init__(self, say: Say, clock: Callable[[], float] = time.time) -> None:
        self._say, self._clock = say, clock
        self._stream = ""
        self._is_limited = False

    def __call__(self, event: Event) -> None:
        match event:
            case StreamStarted():
                self._stream = event.stream
            case Waiting(for_limit=True) if self._stream and event.seconds >= SILENT_WAIT:
                self._is_limited = True
                reset = AirbyteStreamStatusRateLimitedReason(round((self._clock() + event.seconds) * 1000))
                self._be_running([AirbyteStreamStatusReason(AirbyteStreamStatusReasonType.RATE_LIMITED, reset)])
            case Waited() if self._is_limited:
                self._is_limited = False
                self._be_running()

    def _be_running(self, reasons: list[AirbyteStreamStatusReason] | None = None) -> None:
        self._say(as_airbyte_message(StreamDescriptor(self._stream), AirbyteStreamStatus.RUNNING, reasons))


class Estimates:
    """How many rows and bytes a stream will emit in this sync, as soon as that is known, and anew if it is wrong.

    Known is what Mailcoach counts for the lists that are due. Where it counts nothing, a list has as many rows as its
    pages say, and those to come are as long as those that were read. Bytes go by the records that came so far.
    """

    def __init__(self, say: Say, clock: Callable[[], float] = time.time) -> None:
        self._say, self._clock = say, clock
        self._start("")

    def _start(self, stream: str) -> None:
        self._stream = self._reading = stream
        self._expected: int | None = None
        self._lists = self._lists_read = self._records = self._rows = 0
        self._of_list: int | None = None
        self._bytes = self._sizes = 0
        self._said: tuple[int, int] | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case StreamStarted():
                self._start(event.stream)
            case ReadingStarted():
                self._reading, self._lists = event.stream, event.whole
            case _ if self._reading != self._stream:
                return  # a listing that the stream needs
            case RowsExpected():
                self._expected = event.rows
                self._estimate(event.rows)
            case PageRead():
                self._read(event)
            case ListRead():
                self._lists_read += 1
                self._of_list = None
            case ReadingEnded():
                self._estimate(self._records)

    def _read(self, page: PageRead) -> None:
        self._records += page.rows
        self._rows += page.came
        self._bytes += page.size
        self._sizes += page.size > 0
        # Equal rows are read again in any order, so a later page tells nothing about what stands before it.
        self._of_list = (page.before if self._of_list is None else self._of_list) + page.came
        to_come = max(0, page.total - self._of_list)
        rest = to_come * self._records / self._rows if self._rows else 0
        if self._expected is None:
            known = self._records + rest
            others = max(0, self._lists - self._lists_read - 1)
            rest += others * known / (self._lists_read + 1)
        self._estimate(round(max(self._expected or 0, self._records + rest)))

    def _estimate(self, rows: int) -> None:
        size = rows * self._bytes // self._sizes if self._sizes else 0
        now = rows, size
        if self._said and all(abs(new - old) <= TOLERANCE * old for new, old in zip(now, self._said, strict=True)):
            return
        self._said = now
        estimate = AirbyteEstimateTraceMessage(self._stream, EstimateType.STREAM, row_estimate=rows, byte_estimate=size)
        trace = AirbyteTraceMessage(TraceType.ESTIMATE, self._clock() * 1000, estimate=estimate)
        self._say(AirbyteMessage(Type.TRACE, trace=trace))
