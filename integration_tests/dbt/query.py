"""Runs in the environment of dbt: asks a DuckDB, or (without an argument) the Postgres of the PG variables.

The query comes on standard input, the rows go out as JSON.
"""

import json
import sys
from contextlib import closing
from typing import Any

import duckdb
import psycopg2

connection: Any = duckdb.connect(sys.argv[1]) if len(sys.argv) > 1 else psycopg2.connect("options='-c TimeZone=UTC'")
with closing(connection):
    cursor = connection.cursor()
    cursor.execute(sys.stdin.read())
    rows = cursor.fetchall() if cursor.description else []
    names = [column[0] for column in cursor.description or []]
    connection.commit()
    json.dump([dict(zip(names, row, strict=True)) for row in rows], sys.stdout, default=str)
