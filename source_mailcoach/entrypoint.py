"""One command of the protocol, run by the CDK, and what is told if it cannot begin."""

import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import ConnectorSpecification

from source_mailcoach.config import Config
from source_mailcoach.inputs import require_certificates, require_temporary_folder
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.source import SourceMailcoach


class Entrypoint(AirbyteEntrypoint):
    """The CDK's, but what a configuration may be is the model's to say, in `check` as in `read`."""

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        Config.parse(config)


def main(arguments: list[str]) -> int:
    """Run a command and write its messages to stdout. Gives the exit code."""
    PRINT_BUFFER.flush_interval = 0  # of log lines, which must keep their place; stdout has a buffer of its own
    parsed = Entrypoint.parse_args(arguments)
    if not parsed.command:
        sys.stderr.write("Say what to do: spec, check, discover or read (--help tells more).\n")
        return 2
    try:
        require_temporary_folder()
        if parsed.command in ("check", "read"):
            require_certificates()
        for message in Entrypoint(SourceMailcoach()).run(parsed):
            sys.stdout.write(f"{message}\n")
    except MailcoachError as problem:
        return refuse(problem, parsed.command)
    return 0


def refuse(problem: MailcoachError, command: str) -> int:
    """Print a problem as the CDK does for a configuration that is wrong: a failed check is an answer, not an error.

    Without the way to it through the code: what is wrong is in what the command was started with.
    """
    problem.with_traceback(None).emit_message()
    status = problem.as_connection_status_message()
    if command == "check" and status:
        sys.stdout.write(Entrypoint.airbyte_message_to_string(status) + "\n")
        return 0
    return 1
