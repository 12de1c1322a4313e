"""From Mailcoach to answers: with PyAirbyte into DuckDB, with dbt into marts, and from there into pictures and a page.

Without arguments it reads a sandbox with an invented newsletter twice, with a week of life between. With `--config
FILE` it reads a real Mailcoach once; what it read stays in the cache, so the next call is incremental.
"""
# ruff: noqa: E402

import argparse
import json
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "examples/results"

# PyAirbyte reads these when it is imported: no list of connectors from the net, no statistics, no files elsewhere.
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", str(RESULTS))
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", str(RESULTS / "logs"))
# What Google's libraries, which it brings along, have to say of Python versions is of no use here.
warnings.simplefilter("ignore", FutureWarning)

import airbyte
import duckdb
from airbyte.caches import CacheBase

from examples.answers.page import page
from examples.answers.pictures import draw
from examples.answers.questions import answers
from examples.newsletter import another_week, sandbox_with_newsletter
from examples.warehouse.__main__ import TOOLS, dbt
from sandbox import Request, Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.pyairbyte", description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, help="configuration of a real Mailcoach; without it a sandbox is read")
    parser.add_argument("--connector", type=Path, default=ROOT / ".venv/bin/source-mailcoach", help="its executable")
    arguments = parser.parse_args()
    if not arguments.connector.exists():
        sys.exit(f"{arguments.connector} does not exist: run `make venv`, or name the executable with --connector.")
    if not (TOOLS / "dbt").exists():
        sys.exit(f"{TOOLS / 'dbt'} does not exist: `make example` installs it.")
    if arguments.config and not arguments.config.exists():
        sys.exit(f"{arguments.config} does not exist. What goes into it is in README.md.")
    folder = RESULTS / ("mailcoach" if arguments.config else "sandbox")
    if not arguments.config:
        shutil.rmtree(folder, ignore_errors=True)
    with airbyte.new_local_cache("mailcoach", cache_dir=folder) as cache:
        if arguments.config:
            rows = sync(cache, arguments.connector, json.loads(arguments.config.read_text()))
            print_table({"rows": rows, "in the cache": stored(cache, rows)})
        else:
            read_sandbox_twice(cache, arguments.connector)
    database = folder / "db_mailcoach.duckdb"
    make_marts(database)
    show(database, folder, "Your Mailcoach." if arguments.config else "Half a year of a made-up newsletter.")


def make_marts(database: Path) -> None:
    """Data that fails a test is drawn all the same, since dbt names the test; marts that could not be made are not."""
    print("\nMarts: dbt build", flush=True)
    done = dbt("build --quiet", database, {})
    results = json.loads((database.parent / "dbt/run_results.json").read_text())["results"]
    said = Counter(result["status"] for result in results)
    print(", ".join(f"{number} {status}" for status, number in said.items()))
    if done.returncode and (said["error"] or said["skipped"] or not said["fail"]):
        sys.exit(f"The marts could not be made. What dbt did is in {database.parent / 'dbt'}.")


def show(database: Path, folder: Path, about: str) -> None:
    """Write the pictures and the page, and print what they say."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set schema = 'main_mailcoach'")

        def ask(sql: str) -> list[dict[str, Any]]:
            found = connection.execute(sql)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        found = answers(ask)
    pictures = draw(found, folder)
    written = RESULTS / "index.html"
    written.write_text(page(found, pictures, about))
    for answer in found:
        print(f"\n{answer.question}\n  {answer.finding}.\n  {pictures[answer.name].relative_to(ROOT)}")
    print(f"\nAll of it with the numbers: {written.relative_to(ROOT)}")


def read_sandbox_twice(cache: CacheBase, connector: Path) -> None:
    """Two syncs with a week between, and what each of them brought and cost."""
    sandbox, newsletter = sandbox_with_newsletter()
    with sandbox:
        os.environ["MAILCOACH_TRUSTED_HOSTS"] = sandbox.trusted_host
        first = sync(cache, connector, sandbox.config(), sandbox)
        asked_first = requests_of(sandbox)
        another_week(newsletter)
        second = sync(cache, connector, sandbox.config(), sandbox)
        print_table(
            {
                "first sync, rows": first,
                "requests": asked_first,
                "second sync, rows": second,
                "requests ": requests_of(sandbox),
                "in the cache": stored(cache, first),
                "in Mailcoach": {name: len(sandbox.truth(name)) for name in first},
            }
        )


def sync(
    cache: CacheBase, connector: Path, config: Mapping[str, Any], sandbox: Sandbox | None = None
) -> dict[str, int]:
    """Read all streams into the cache; gives how many rows of each stream are new in it, or new versions."""
    source = airbyte.get_source(
        "source-mailcoach",
        local_executable=connector,
        config=dict(config),
        install_if_missing=False,
    )
    source.check()
    source.select_all_streams()
    # Otherwise a stream without any rows has no table, and SQL that asks for it fails.
    cache.create_source_tables(source)
    if sandbox:
        sandbox.reset_stats()
    started = datetime.now(timezone.utc).replace(tzinfo=None)
    source.read(cache=cache)
    drop_repeats(cache, source)
    return stored(cache, source.get_selected_streams(), started)


def drop_repeats(cache: CacheBase, source: airbyte.Source) -> None:
    """A row may come twice in one sync, and PyAirbyte merges new rows with older ones, but not with each other."""
    for stream in source.get_configured_catalog().streams:
        table, key = stream.stream.name, ", ".join(".".join(part) for part in stream.primary_key or [])
        latest = f"select arg_max(rowid, _airbyte_extracted_at) from {table} group by {key}"
        cache.execute_sql(f"delete from {table} where rowid not in ({latest})")


def stored(cache: CacheBase, streams: Iterable[str], since: datetime | None = None) -> dict[str, int]:
    """How many rows each stream has in the cache, or how many of them came since a time (UTC)."""
    condition = f" where _airbyte_extracted_at >= '{since}'" if since else ""
    counts = {name: cache.run_sql_query(f"select count(*) as n from {name}{condition}") for name in streams}
    return {name: rows[0]["n"] for name, rows in counts.items()}


def requests_of(sandbox: Sandbox) -> Counter[str]:
    """How many requests each stream has cost. Links and clicks come in the same answers."""
    return Counter(map(stream_of, sandbox.requests))


def stream_of(request: Request) -> str:
    return "campaign_sends" if "filter[campaign_uuid]" in request.query else request.kind


def print_table(columns: Mapping[str, Mapping[str, int]]) -> None:
    """A line for each stream of the first column, and one for the sum."""
    print(f"\n{'stream':<30}" + "".join(f"{title:>18}" for title in columns))
    for name in next(iter(columns.values())):
        print(f"{name:<30}" + "".join(f"{numbers.get(name, 0):>18,}" for numbers in columns.values()))
    print(f"{'all':<30}" + "".join(f"{sum(numbers.values()):>18,}" for numbers in columns.values()))


if __name__ == "__main__":
    main()
