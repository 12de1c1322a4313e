"""Copies the tables that `to_duckdb.py` made into Postgres, laid out as Airbyte's destination lays them.

    python to_postgres.py mailcoach.duckdb [SCHEMA]

Where Postgres is, its own variables say (PGHOST, PGPORT, PGUSER, PGDATABASE). Needs duckdb and psycopg2.
"""

import sys
import tempfile
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg2

TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DECIMAL(38,9)": "numeric",
    "TIMESTAMP": "timestamp with time zone",
    "JSON": "jsonb",
}


def main() -> None:
    schema = sys.argv[2] if len(sys.argv) > 2 else "public"
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(sys.argv[1], read_only=True) as origin,
        closing(psycopg2.connect("options='-c TimeZone=UTC'")) as connection,
        connection,
        connection.cursor() as postgres,
    ):
        postgres.execute(f'create schema if not exists "{schema}"')
        tables = origin.execute(
            "select table_name from information_schema.tables where table_schema = 'main'"
        ).fetchall()
        for (table,) in tables:
            columns = origin.execute(
                "select column_name, data_type from information_schema.columns "
                f"where table_schema = 'main' and table_name = '{table}' order by ordinal_position"
            ).fetchall()
            fields = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns)
            postgres.execute(f'drop table if exists "{schema}"."{table}" cascade')
            postgres.execute(f'create table "{schema}"."{table}" ({fields})')
            path = Path(folder, f"{table}.csv")
            origin.execute(f"copy {table} to '{path}' (format csv, header false, nullstr '\\N', force_quote *)")
            with path.open() as rows:
                postgres.copy_expert(f'copy "{schema}"."{table}" from stdin (format csv, null \'\\N\')', rows)


if __name__ == "__main__":
    main()
