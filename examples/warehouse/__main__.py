"""From the sandbox to the marts of the dbt package: `make dbt`, in some twenty seconds.

Reads all streams of an invented newsletter with the connector, as a process of its own, lays the tables out in DuckDB
and runs `dbt build` on them, tests and the example of attribution included.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from examples.newsletter import sandbox_with_newsletter
from sandbox import Sandbox
from sandbox.connector import MAIN, catalog, discover, inputs, trust

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dbt"
TOOLS = ROOT / ".dbt-venv/bin"
"""dbt has an environment of its own."""
RESULTS = PACKAGE / "target"


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    sandbox, _ = sandbox_with_newsletter(weeks=12, people=80)
    with sandbox:
        load(sandbox, RESULTS / "mailcoach.duckdb")
    done = dbt("build", RESULTS / "mailcoach.duckdb", {"mailcoach_example": True})
    sys.exit(done.returncode)


def load(sandbox: Sandbox, database: Path, streams: list[str] | None = None) -> None:
    """Read streams of a sandbox, all or those that are named, into tables of a DuckDB."""
    offered = {stream["name"]: stream for stream in discover(sandbox)}
    chosen = catalog(streams or offered)
    for each in chosen["streams"]:
        each["stream"] = offered[each["stream"]["name"]]
    with tempfile.TemporaryDirectory() as folder, inputs(config=sandbox.config(), catalog=chosen) as paths:
        messages = Path(folder, "messages.jsonl")
        with messages.open("w") as written:
            read = [sys.executable, str(MAIN), "read", *paths]
            subprocess.run(read, env={**os.environ, **trust(sandbox)}, stdout=written, check=True)
        with messages.open() as said:
            tool = Path(__file__).with_name("to_duckdb.py")
            subprocess.run([TOOLS / "python", tool, paths[-1], database], stdin=said, check=True)


def dbt(
    command: str,
    database: Path,
    variables: Mapping[str, object],
    project: Path = PACKAGE,
    environ: Mapping[str, str] | None = None,
    capture: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """Run a command of dbt on a DuckDB, or on what `environ` says. What it writes goes beside the database."""
    written = str(database.parent / "dbt")
    places = ["--project-dir", str(project), "--profiles-dir", str(PACKAGE)]
    return subprocess.run(
        [str(TOOLS / "dbt"), *command.split(), *places, "--vars", json.dumps(variables)],
        env={
            **os.environ,
            "MAILCOACH_DUCKDB": str(database),
            "DBT_LOG_PATH": written,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_TARGET_PATH": written,
            **(environ or {}),
        },
        stdin=subprocess.DEVNULL,
        capture_output=capture,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    main()
