"""`python -m probes --config CONFIG [--report FILE]`: which beliefs about the API hold on this server. It only reads.

Exit code 0 if all hold or cannot be told, 1 if one does not hold, 2 if the server cannot be asked at all.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from probes import report
from probes.account import Account
from probes.client import ProbingClient
from probes.probe import Verdict
from probes.sections import SECTIONS
from source_mailcoach import inputs
from source_mailcoach.config import Config
from source_mailcoach.messages.errors import MailcoachError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, by default those of the process. Gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m probes", description=__doc__)
    parser.add_argument("--config", required=True, help="a configuration of the connector, such as secrets/config.json")
    parser.add_argument("--report", type=Path, help="a file for a report without personal data, in Markdown")
    options = parser.parse_args(arguments)
    try:
        inputs.require_certificates()
        client = ProbingClient(Config.parse(inputs.read_config(options.config)))
        try:
            return probe(client, options.report)
        finally:
            client.close()
    except MailcoachError as problem:
        sys.stderr.write(f"{problem.message}\n")
    except OSError as error:
        sys.stderr.write(f"{options.report} cannot be written: {error.strerror}.\n")
    return 2


def probe(client: ProbingClient, report_path: Path | None) -> int:
    """Run all probes; gives the exit code. MailcoachError if the server cannot be asked at all."""
    account = Account(client)
    if report_path:
        report_path.touch()  # if it cannot be written, that shows before all the requests
    print(f"Mailcoach {account.version or 'of an unknown version'}, by what it answers")
    sections = []
    for section, asked in SECTIONS.items():
        found = [(each, account.finding(each)) for each in asked]
        sections.append((section, found))
        print("\n".join(report.lines(section, found)), flush=True)
    everything = [pair for _, found in sections for pair in found]
    print(f"\n{report.summary(everything)}; {account.requests} requests")
    if report_path:
        report_path.write_text(report.markdown(sections, account.version, account.requests), encoding="utf-8")
    return int(any(finding.verdict is Verdict.DOES_NOT_HOLD for _, finding in everything))


if __name__ == "__main__":
    # Longer waits are told by the connector, which the CDK has made to write messages of the protocol to stdout.
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr, force=True)
    sys.exit(main())
