"""Runs one command of the protocol through the CDK, and says why if it cannot start."""

import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import ConnectorSpecification

from source_mailcoach.config import Config
from source_mailcoach.inputs import require_certificates, require_temporary_folder
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.source import SourceMailcoach, say


class Entrypoint(AirbyteEntrypoint):
    """The CDK's own, except that `Config` validates the configuration, for `check` as for `read`."""

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        Config.parse(config)


def main(arguments: list[str]) -> int:
    """Run a command and write its messages to stdout. Gives the exit code."""
    PRINT_BUFFER.flush_interval = 0  # log lines must stay in order; stdout has a buffer of its own
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
    """Print a problem with what the command was started with. Gives the exit code.

    A failed `check` is an answer and no error, so its code is 0. There is no traceback: the code is not at fault.
    """
    problem.with_traceback(None).emit_message()
    status = problem.as_connection_status_message()
    if command == "check" and status:
        say(status)
        return 0
    return 1
