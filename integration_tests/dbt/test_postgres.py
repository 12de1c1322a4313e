"""The marts on Postgres are those on DuckDB."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from examples.warehouse import __main__ as runner

from .warehouse import MARTS, Warehouse


def test_the_marts_are_the_same_on_postgres(newsletter: Warehouse, postgres: dict[str, str], tmp_path: Path) -> None:
    copying = [runner.TOOLS / "python", Path(runner.__file__).with_name("to_postgres.py"), newsletter.database]
    subprocess.run(copying, env={**os.environ, **postgres}, check=True)
    warehouse = Warehouse(tmp_path / "postgres", postgres)
    warehouse.build(mailcoach_example=True)
    for mart in [*MARTS, "attributed_orders"]:
        found, expected = ([values(row) for row in each.mart(mart)] for each in (warehouse, newsletter))
        assert sorted(found, key=repr) == sorted(expected, key=repr), mart
        assert found or mart not in MARTS


def values(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fractions to nine digits: the last may differ."""
    return sorted((name, round(value, 9) if isinstance(value, float) else value) for name, value in row.items())


def test_it_runs_on_postgres_without_any_stream(postgres: dict[str, str], tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "postgres", postgres | {"MAILCOACH_SCHEMA": "nothing"})
    warehouse.build("--exclude test_type:unit")
    for mart in MARTS:
        assert warehouse.query(f"select * from nothing_mailcoach.{mart}") == []
