"""`python -m probes` as its users run it: a process of its own, asking a sandbox."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from probes.__main__ import main
from probes.sections import SECTIONS
from sandbox import Fault, Sandbox
from sandbox.connector import trust
from unit_tests.seeds import TIMES

ROOT = Path(__file__).parent.parent
PROBES = {probe.name: probe for probes in SECTIONS.values() for probe in probes}
VERSIONS = {"v6": "6", "v7": "7", "v8": "8 or later", "v9": "8 or later", "v10": "8 or later", "cloud": "Cloud"}


class Outcome(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str
    report: str

    @property
    def verdicts(self) -> dict[str, str]:
        rows = [[cell.strip() for cell in line.split("|")] for line in self.report.splitlines() if line[:2] == "| "]
        return {cells[1]: cells[2] for cells in rows if cells[1] in PROBES}

    def named(self, verdict: str) -> set[str]:
        return {name for name, found in self.verdicts.items() if found == verdict}


def probe(folder: Path, sandbox: Sandbox, run: Callable[..., tuple[int, str, str]], **config: Any) -> Outcome:
    config_path, report_path = folder / "config.json", folder / "report.md"
    config_path.write_text(json.dumps(sandbox.config(**config)))
    printed = run("--config", str(config_path), "--report", str(report_path), environ=trust(sandbox))
    return Outcome(*printed, report_path.read_text() if report_path.exists() else "")


def start(*arguments: str, environ: Mapping[str, str] = os.environ) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process of its own."""
    command = [sys.executable, "-m", "probes", *arguments]
    environ = {**os.environ, **environ}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    return run.returncode, run.stdout, run.stderr


def here(*arguments: str, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """As `start`, in this process, without its two seconds of imports."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        for name, value in environ.items():
            patch.setenv(name, value)
        exit_code = main(arguments)
    return exit_code, stdout.getvalue(), stderr.getvalue()


def personal(sandbox: Sandbox) -> set[str]:
    """What the account holds that must not be in a report, of all kinds of rows."""
    store = sandbox.store
    people = [text for who in store.subscribers.values() for text in (who.email, who.uuid, who.last_name or who.email)]
    campaigns = [text for each in store.campaigns.values() for text in (each.name, each.subject, each.uuid)]
    lists = [text for each in store.email_lists.values() for text in (each.name, each.uuid)]
    return {*people, *campaigns, *lists, *(each.email for each in store.suppressions.values()), "example."}


@pytest.mark.parametrize("version", [each for each in VERSIONS if TIMES > 1 or each not in ("v9", "v10")])
def test_what_is_believed_holds_on_every_version(version: str, tmp_path: Path) -> None:
    with Sandbox(version=version, rate_limit=1000) as sandbox:
        found = probe(tmp_path, sandbox, start if version == "v8" and TIMES > 1 else here)
        assert found.named("does not hold") == set()
        assert found.exit_code == 0
        assert found.stderr == ""
        assert found.verdicts.keys() == PROBES.keys()
        assert len(found.named("holds")) > 0.85 * len(PROBES)
        assert f"- Mailcoach {VERSIONS[version]}, by" in found.report

        assert {request.method for request in sandbox.requests} == {"GET"}
        assert 30 < len(sandbox.requests) <= 50
        assert f"{len(sandbox.requests)} requests" in found.report
        asked = [(each.path, *sorted(each.query.items()), each.headers["accept"]) for each in sandbox.requests]
        again = len(asked) - len(set(asked))
        assert again == 1, "only the probe that compares two readings of a page asks twice"

        assert sandbox.token not in found.report + found.stdout
        assert sandbox.trusted_host not in found.report + found.stdout
        assert not [text for text in personal(sandbox) if text in found.report + found.stdout]


def test_nothing_is_asked_of_any_but_the_kind_of_the_first_campaigns(tmp_path: Path) -> None:
    """The number of requests does not grow with the account."""
    with Sandbox(campaigns=90, lists=20, opens=5) as sandbox:
        probe(tmp_path, sandbox, here)
        assert len(sandbox.requests) <= 50


def test_an_empty_account_proves_little_and_contradicts_nothing(tmp_path: Path) -> None:
    with Sandbox(empty=True) as sandbox:
        found = probe(tmp_path, sandbox, here)
    assert found.exit_code == 0
    assert found.named("does not hold") == set()
    assert {"drafts have no rows", "rates", "schema of subscribers"} <= found.named("this server cannot tell")
    assert {"unknown sort", "missing route", "wrong token"} <= found.named("holds")


def test_a_token_that_may_read_a_part_cannot_tell_of_the_rest(tmp_path: Path) -> None:
    with Sandbox(token_may_not_read={"sends", "templates", "suppressions", "opens"}) as sandbox:
        found = probe(tmp_path, sandbox, here)
    assert found.named("does not hold") == set()
    assert {"sends", "templates can be sorted", "suppressions", "key of an open", "missing row"} <= found.named(
        "this server cannot tell"
    )


@pytest.mark.parametrize("version", ["v7", "v10"])
def test_a_server_on_postgresql_in_debug_mode_holds_the_same(version: str, tmp_path: Path) -> None:
    with Sandbox(version=version, database="postgresql", debug=True) as sandbox:
        found = probe(tmp_path, sandbox, here)
    assert found.named("does not hold") == set()
    assert "transactional mail templates" in found.named("holds")


def test_an_older_v6_holds_the_same(tmp_path: Path) -> None:
    """Before 6.24.5: no bounces, and no sort of segments."""
    with Sandbox(version="v6", without={"bounces"}, without_sorts={"segments"}) as sandbox:
        found = probe(tmp_path, sandbox, here)
    assert found.named("does not hold") == set()
    assert {"segments", "key of a bounce"} <= found.named("this server cannot tell")
    assert {"bounces", "drafts have no rows"} <= found.named("holds")


def test_a_server_that_does_otherwise_is_found_out(tmp_path: Path) -> None:
    """Each lie is found, with the files that are in question, and no other belief is blamed."""

    def later(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "data": [{**row, "created_at": "5 January 2026"} for row in page["data"]]}

    with Sandbox() as sandbox:
        sandbox.add_fault(Fault(path="/transactional-mails$", times=None, rewrite=later))
        sandbox.add_fault(Fault(path="/automations$", times=None, json={"data": [], "links": {}, "meta": {}}))
        found = probe(tmp_path, sandbox, here)
    assert found.exit_code == 1
    lies = {"no automations", "times", "schema of transactional_mails"}
    assert found.named("does not hold") - lies <= {"transactional mails can be sorted"}
    assert lies <= found.named("does not hold")
    for name in lies:
        assert PROBES[name].belief in found.stdout
        line = next(line for line in found.report.splitlines() if line.startswith(f"| {name} |"))
        assert all(path in line for path in PROBES[name].hangs_on)
    assert "January" not in found.report


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        sandbox.add_fault(Fault(path="/templates$", status=502))
        sandbox.add_fault(Fault(path="/suppressions$", rate_limited=True, retry_after=1))
        found = probe(tmp_path, sandbox, here)
    assert found.exit_code == 0
    assert {"suppressions", "templates can be sorted"} <= found.named("holds")


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"api_token": "another-token"}, "refused the API token (401). Create a new API token in Mailcoach"),
        ({"api_base_url": "http://news.example.com/api"}, "https"),
        ({"api_token": "short"}, "api_token"),
    ],
)
def test_a_wrong_configuration_is_told_in_the_connectors_own_words(
    config: dict[str, str], says: str, tmp_path: Path
) -> None:
    with Sandbox() as sandbox:
        found = probe(tmp_path, sandbox, start if "another" in str(config) else here, **config)
        assert len(sandbox.requests) <= 1
    assert found.exit_code == 2
    assert says in found.stderr
    assert found.stdout == found.report == ""
    assert not re.search("Traceback|another-token", found.stderr)


def test_a_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    exit_code, stdout, stderr = here("--config", str(tmp_path / "none.json"), environ={})
    assert exit_code == 2
    assert stdout == ""
    assert "none.json" in stderr


def test_a_report_that_cannot_be_written_is_told_before_the_server_is_asked_everything(tmp_path: Path) -> None:
    config_path = tmp_path / "config.json"
    with Sandbox() as sandbox:
        config_path.write_text(json.dumps(sandbox.config()))
        paths = ("--config", str(config_path), "--report", "/no/such/folder/r.md")
        exit_code, _, stderr = here(*paths, environ=trust(sandbox))
        assert len(sandbox.requests) < 10
    assert exit_code == 2
    assert stderr == "/no/such/folder/r.md cannot be written: No such file or directory.\n"
