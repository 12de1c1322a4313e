"""The entry point: the console script `source-mailcoach` and `main.py` both come here."""

import argparse
import logging
import os
import signal
import sys
from types import FrameType

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.print_buffer import PrintBuffer
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_mailcoach.source import SourceMailcoach

WRITERS = (PrintBuffer.write, PrintBuffer.flush, logging.StreamHandler.emit, logging.StreamHandler.flush)
WRITING = {writer.__code__ for writer in WRITERS}


def run() -> None:
    """Run one command of the protocol (`spec`, `check`, `discover` or `read`) and print its messages to stdout."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    arguments = AirbyteEntrypoint.parse_args(sys.argv[1:])
    if problem := unreadable(arguments):
        sys.exit(refuse(problem, arguments.command))
    launch(SourceMailcoach(), sys.argv[1:])


def end(number: int, frame: FrameType | None) -> None:
    """On SIGTERM, end at once after the last whole line, with 143.

    The first process of a container has no default action: without this, SIGTERM would do nothing. Requests under way
    are not waited for; any state that is out is one to go on from. In the middle of a line it comes back by SIGALRM.
    """
    while frame:
        if frame.f_code in WRITING:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            return
        frame = frame.f_back
    PRINT_BUFFER.flush()
    logging.getLogger("airbyte").info("Ended by SIGTERM. The next sync goes on from the last state.")
    os._exit(128 + signal.SIGTERM)


def unreadable(arguments: argparse.Namespace) -> AirbyteTracedException | None:
    """What is wrong with the first of the files that cannot be opened."""
    for option in ("config", "catalog", "state"):
        path = getattr(arguments, option, None)
        if not path:
            continue
        try:
            open(path).close()
        except OSError as error:
            cure = "Check the path, and which folder is mounted there."
            if isinstance(error, PermissionError):
                cure = "Let that user read it (chmod a+r), or run the connector as a user who may (docker run --user)."
            message = f"User {os.getuid()} cannot read the file {path} of --{option}: {error.strerror}. {cure}"
            return AirbyteTracedException(
                message=message, internal_message=message, failure_type=FailureType.config_error
            )
    return None


def refuse(problem: AirbyteTracedException, command: str) -> int:
    """Print a problem as the CDK does for a configuration that is wrong: a failed check is an answer, not an error."""
    problem.emit_message()
    status = problem.as_connection_status_message()
    if command == "check" and status:
        sys.stdout.write(AirbyteEntrypoint.airbyte_message_to_string(status) + "\n")
        return 0
    return 1
