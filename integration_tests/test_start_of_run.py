"""How a run begins, in processes of its own: named pipes, any locale, a form with empty fields, closed streams."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integration_tests.tables import assert_all_there
from sandbox import Sandbox
from sandbox.connector import MAIN, Run, catalog, check, inputs, read, run, trust
from unit_tests.seeds import count

CONFIG = {"api_base_url": "https://news.example.com/api", "api_token": "token-of-nobody"}
EMPTY = {
    "connection_method": "",
    "campaign_status": None,
    "start_date": "",
    "requests_per_minute": None,
    "email_privacy": "",
    "include_import_details": None,
    "connector_id": "",
}
AS_TEXT = {"page_size": "50", "lookback_hours": "24", "include_import_details": "false", "requests_per_minute": "6000"}


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with Sandbox(version="v8", campaigns=4, seed=1, opens=5) as sandbox:
        yield sandbox


@pytest.mark.parametrize("command", ["read", "spec", "check"][: count(1)])
def test_the_console_script_starts_from_nothing(sandbox: Sandbox, command: str) -> None:
    """As the image does it. `main.py` is started so below."""
    needed = {"spec": (), "check": ("config",), "read": ("config", "catalog")}[command]
    contents = {"config": sandbox.config(), "catalog": catalog(["campaigns"])}
    with inputs(**{name: contents[name] for name in needed}) as paths:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "source-mailcoach"), command, *paths],
            env={**os.environ, **trust(sandbox)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    result = Run(done.returncode, done.stdout, done.stderr)
    assert (result.exit_code, result.stderr) == (0, "")
    if command == "read":
        assert_all_there(result, sandbox, ["campaigns"])
    else:
        assert len(result.of_type({"spec": "SPEC", "check": "CONNECTION_STATUS"}[command])) == 1


@pytest.mark.parametrize("fields", [EMPTY, AS_TEXT], ids=["empty fields", "numbers as text"])
def test_what_check_accepts_read_accepts(sandbox: Sandbox, fields: dict[str, Any]) -> None:
    config = sandbox.config(**fields)
    assert check(config, sandbox).status["status"] == "SUCCEEDED"
    assert_all_there(read(sandbox, ["campaigns"], config=config), sandbox, ["campaigns"])


@pytest.mark.usefixtures("cold")
@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict", "PYTHONUNBUFFERED": "1"},
    ][: count(1)],
    ids=str,
)
def test_rows_are_utf_8_whatever_the_locale_says(sandbox: Sandbox, environ: dict[str, Any]) -> None:
    result = read(sandbox, ["campaigns"], **environ)
    assert_all_there(result, sandbox, ["campaigns"])
    assert "É" in result.stdout


def test_config_catalog_and_state_can_be_named_pipes(sandbox: Sandbox, tmp_path: Path) -> None:
    state = read(sandbox, ["campaigns"], mode="incremental").state
    contents = {"config": sandbox.config(), "catalog": catalog(["campaigns"], "incremental"), "state": state}
    arguments: list[str] = []
    for name, content in contents.items():
        pipe = tmp_path / name
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_text, args=(json.dumps(content),), daemon=True).start()
        arguments += [f"--{name}", str(pipe)]
    result = run("read", *arguments, environ=trust(sandbox), timeout=60)
    from_files = read(sandbox, ["campaigns"], mode="incremental", state=state)
    assert (result.exit_code, result.records("campaigns")) == (0, from_files.records("campaigns"))
    assert result.state == from_files.state


def without_stream(closed: str, arguments: Sequence[str]) -> Run:
    """A command that a shell starts with one of its standard streams closed."""
    command = f'exec "$0" "$@" {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, str(MAIN), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("closed", ["<&- 2>&-", "<&-", "2>&-"][: count(1)])
def test_closed_stdin_and_stderr_are_not_missed(closed: str) -> None:
    result = without_stream(closed, ["spec"])
    assert (result.exit_code, len(result.of_type("SPEC"))) == (0, 1)


def test_a_closed_stdout_is_an_end_like_sigterm() -> None:
    result = without_stream(">&-", ["spec"])
    assert (result.exit_code, result.stdout, result.stderr) == (-15, "", "")


@pytest.mark.parametrize("arguments", [[], ["write"], ["read"], ["check", "--confg", "x"]], ids=str)
def test_a_wrong_command_line_is_told_off_stdout(arguments: Sequence[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_config_that_breaks_off_is_told_with_its_place_and_without_the_token(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG, indent=1)[:-3])
    result = run("check", "--config", str(path))
    assert (result.exit_code, result.status["status"]) == (0, "FAILED")
    assert f"{path} of --config is not JSON in UTF-8: unterminated string" in result.status["message"]
    assert "at line 3, column " in result.status["message"]
    assert "nobody" not in result.stdout
    for command in (["discover"], ["read", "--catalog", str(path)]):
        result = run(*command, "--config", str(path))
        assert (result.exit_code, len(result.errors)) == (1, 1)
        assert "nobody" not in result.stdout
