"""A newsletter that was read once, with the marts on it; and a Postgres that belongs to the tests."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.newsletter import sandbox_with_newsletter
from examples.warehouse.__main__ import TOOLS

from .warehouse import Warehouse

SUPERUSER = "postgres"


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The tables of a sync, without marts. Not to be changed: take a copy."""
    assert (TOOLS / "dbt").exists(), "dbt is not installed: make test-dbt"
    warehouse = Warehouse(tmp_path_factory.mktemp("tables") / "mailcoach.duckdb")
    sandbox, _ = sandbox_with_newsletter(version="cloud", weeks=12, people=80)
    with sandbox:
        warehouse.load(sandbox)
    return warehouse


@pytest.fixture(scope="session")
def newsletter(tables: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The same with all marts, tests and unit tests passed. Not to be changed: take a copy."""
    warehouse = tables.copy(tmp_path_factory.mktemp("newsletter"))
    warehouse.build(mailcoach_example=True)
    return warehouse


@pytest.fixture(scope="session")
def postgres() -> Iterator[dict[str, str]]:
    """The variables that lead to a server of Postgres in a folder of its own, which only a socket there leads to."""
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [str(Path(shutil.which("postgres") or "").parent)]
    programs = Path(binaries[-1])
    if not (programs / "postgres").exists():
        pytest.skip("Postgres is NOT tested: it is not installed here (Debian: apt install postgresql)")
    # It refuses to run as root. The path of a socket has at most 107 characters, so the folder is none of pytest's.
    user = SUPERUSER if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if user:
            shutil.chown(folder, user)
        data = str(Path(folder, "data"))
        make = [str(programs / "initdb"), "--auth=trust", f"--username={SUPERUSER}", "--no-sync", "-D", data]
        subprocess.run(make, user=user, cwd=folder, check=True, capture_output=True, timeout=120)
        serve = [str(programs / "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with subprocess.Popen(
            serve, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                yield {"PGHOST": folder, "PGPORT": "5432", "PGUSER": SUPERUSER, "PGDATABASE": "postgres"} | until_ready(
                    Path(folder, ".s.PGSQL.5432"), server
                )
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(60)


def until_ready(socket: Path, server: subprocess.Popen[bytes]) -> dict[str, str]:
    """Waits until the server has a socket. The target of dbt is Postgres then, in a zone that is not UTC."""
    deadline = time.monotonic() + 60
    while not socket.exists():
        assert server.poll() is None, "Postgres ended at once"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return {"MAILCOACH_DBT_TARGET": "postgres", "PGOPTIONS": "-c TimeZone=America/New_York"}
