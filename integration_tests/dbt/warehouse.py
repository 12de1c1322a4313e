"""A database with the tables of a sync, and dbt on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.warehouse.__main__ import PACKAGE, TOOLS, dbt, load
from sandbox import Sandbox

Row = dict[str, Any]
MARTS = tuple(sorted(path.stem for path in (PACKAGE / "models/marts").glob("*.sql")))


@dataclass
class Warehouse:
    """A DuckDB, or a Postgres that `environ` leads to. What dbt writes goes into the folder of `database`."""

    database: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def load(self, sandbox: Sandbox, streams: list[str] | None = None) -> None:
        load(sandbox, self.database, streams)

    def copy(self, folder: Path) -> Warehouse:
        shutil.copytree(self.database.parent, folder, dirs_exist_ok=True)
        return Warehouse(folder / self.database.name, self.environ)

    def dbt(
        self, command: str, variables: Mapping[str, object] | None = None, project: Path = PACKAGE
    ) -> subprocess.CompletedProcess[str]:
        return dbt(command, self.database, variables or {}, project, self.environ, capture=True)

    def build(self, select: str = "", **variables: object) -> None:
        """All that is selected is made, and all tests pass without a warning."""
        done = self.dbt(f"build {select}", variables)
        assert done.returncode == 0, done.stdout
        assert list(self.failed) == [], done.stdout

    @property
    def failed(self) -> Iterator[str]:
        """What failed in the last run, by name."""
        for result in self.written("run_results")["results"]:
            if result["status"] in ("fail", "error", "warn"):
                yield result["unique_id"].split(".")[2]

    def written(self, name: str) -> Any:
        return json.loads((self.database.parent / "dbt" / f"{name}.json").read_text())

    def query(self, sql: str) -> list[Row]:
        where = [] if "PGHOST" in self.environ else [str(self.database)]
        command = [str(TOOLS / "python"), str(Path(__file__).with_name("query.py")), *where]
        environ = {**os.environ, **self.environ}
        done = subprocess.run(command, input=sql, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rows: list[Row] = json.loads(done.stdout)
        return rows

    def mart(self, name: str, columns: Collection[str] = ("*",)) -> list[Row]:
        return self.query(f"select {', '.join(columns)} from {self.schema}_mailcoach.{name}")

    @property
    def schema(self) -> str:
        return "public" if "PGHOST" in self.environ else "main"
