"""The entry point: the console script `source-mailcoach` and `main.py` both come here."""

import sys

from airbyte_cdk.entrypoint import launch

from source_mailcoach.source import SourceMailcoach


def run() -> None:
    """Run one command of the protocol (`spec`, `check`, `discover` or `read`) and print its messages to stdout."""
    launch(SourceMailcoach(), sys.argv[1:])
