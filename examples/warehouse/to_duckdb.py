"""Loads what `read` prints into DuckDB: a table for each stream of the catalog, laid out as PyAirbyte lays it.

    python main.py read … --catalog catalog.json | python to_duckdb.py catalog.json mailcoach.duckdb

Every record becomes a row: what comes twice is for dbt to sort out, as after a sync that appends. Tables of an earlier
run are replaced. Needs duckdb.
"""

import json
import sys
import tempfile
import uuid
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb

TYPES = {"boolean": "BOOLEAN", "integer": "BIGINT", "number": "DECIMAL(38, 9)", "object": "JSON", "array": "JSON"}
OF_THE_SYNC = {"_airbyte_raw_id": "VARCHAR", "_airbyte_extracted_at": "TIMESTAMP", "_airbyte_meta": "JSON"}


def column_type(field: dict[str, Any]) -> str:
    """Times are kept in UTC without saying so."""
    if field.get("format") == "date-time":
        return "TIMESTAMP"
    names = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return next((TYPES[name] for name in names if name in TYPES), "VARCHAR")


def main() -> None:
    catalog = json.loads(Path(sys.argv[1]).read_text())["streams"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = {each["stream"]["name"]: folder / f"{each['stream']['name']}.jsonl" for each in catalog}
        writers = {name: stack.enter_context(path.open("w")) for name, path in files.items()}
        for message in map(json.loads, sys.stdin):
            if message["type"] == "RECORD":
                record = message["record"]
                read_at = datetime.fromtimestamp(record["emitted_at"] / 1000, timezone.utc)
                stamps = {
                    "_airbyte_raw_id": str(uuid.uuid4()),
                    "_airbyte_extracted_at": f"{read_at:%Y-%m-%d %H:%M:%S.%f}",
                    "_airbyte_meta": {},
                }
                writers[record["stream"]].write(json.dumps(record["data"] | stamps) + "\n")
        for writer in writers.values():
            writer.flush()
        database = stack.enter_context(duckdb.connect(sys.argv[2]))
        for each in catalog:
            name, properties = each["stream"]["name"], each["stream"]["json_schema"]["properties"]
            columns = {field: column_type(schema) for field, schema in properties.items()} | OF_THE_SYNC
            database.execute(
                f"create or replace table {name} as "
                f"select * from read_json('{files[name]}', format = 'newline_delimited', columns = {columns})"
            )


if __name__ == "__main__":
    main()
