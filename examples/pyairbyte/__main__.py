"""From Mailcoach to answers with PyAirbyte: all streams into DuckDB, then the questions of `examples/sql`, as pictures.

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
QUESTIONS = [path for path in sorted((ROOT / "examples/sql").glob("*.sql")) if path.stem != "erase_person"]

# PyAirbyte reads these when it is imported: no list of connectors from the net, no statistics, no files elsewhere.
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", str(RESULTS))
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", str(RESULTS / "logs"))
# What Google's libraries, which it brings along, have to say of Python versions is of no use here.
warnings.simplefilter("ignore", FutureWarning)

import airbyte
from airbyte.caches import CacheBase

from examples.newsletter import another_week, sandbox_with_newsletter
from examples.pyairbyte.pictures import draw
from sandbox import Request, Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.pyairbyte", description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, help="configuration of a real Mailcoach; without it a sandbox is read")
    parser.add_argument("--connector", type=Path, default=ROOT / ".venv/bin/source-mailcoach", help="its executable")
    arguments = parser.parse_args()
    if not arguments.connector.exists():
        sys.exit(f"{arguments.connector} does not exist: run `make venv`, or name the executable with --connector.")
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
        results = {path.stem: cache.run_sql_query(path.read_text()) for path in QUESTIONS}
    for name, found in results.items():
        print(f"\nexamples/sql/{name}.sql: {len(found):,} rows" + (", the first of them:" if found else ""))
        for field, value in found[0].items() if found else ():
            print(f"  {field:<22}{value}")
    print("\nPictures: " + ", ".join(str(path.relative_to(ROOT)) for path in draw(results, folder)))


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
