"""The entry point: the console script `source-mailcoach` and `main.py` both come here."""

import sys

from source_mailcoach.output import take_stdout


def run() -> None:
    """Run one command of the protocol (`spec`, `check`, `discover` or `read`) and print its messages to stdout."""
    output = take_stdout()
    # Not before `take_stdout`: this import takes most of a second, and SIGTERM has to work meanwhile.
    from source_mailcoach.entrypoint import main

    exit_code = main(sys.argv[1:])
    output.flush()
    sys.exit(exit_code)
