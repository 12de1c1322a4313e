"""The entry point: files that cannot be read get a sentence, and SIGTERM ends a run after a whole line."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from airbyte_cdk.utils.print_buffer import PrintBuffer

from source_mailcoach import run as entry


@pytest.fixture(autouse=True)
def signals_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["source-mailcoach", *arguments])
    with pytest.raises(SystemExit) as ended:
        entry.run()
    return ended.value.code


def test_a_check_without_its_file_is_a_failed_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = tmp_path / "config.json"
    assert run(monkeypatch, "check", "--config", str(missing)) == 0
    trace, status = map(json.loads, capsys.readouterr().out.splitlines())
    sentence = f"User {os.getuid()} cannot read the file {missing} of --config: No such file or directory. "
    assert trace["trace"]["error"]["message"].startswith(sentence)
    assert trace["trace"]["error"]["failure_type"] == "config_error"
    assert status["connectionStatus"]["status"] == "FAILED"
    assert status["connectionStatus"]["message"] == trace["trace"]["error"]["message"]


@pytest.mark.parametrize("option", ["catalog", "state"])
def test_a_read_without_one_of_its_files_fails(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = []
    for name in ("config", "catalog", "state"):
        path = tmp_path / name
        if name != option:
            path.write_text("{}")
        arguments += [f"--{name}", str(path)]
    assert run(monkeypatch, "read", *arguments) == 1
    (trace,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert f" of --{option}: No such file" in trace["trace"]["error"]["message"]


def test_a_file_without_rights_names_the_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("builtins.open", refuse)
    assert run(monkeypatch, "discover", "--config", "/secrets/config.json") == 1
    assert "Permission denied. Let that user read it (chmod a+r)" in capsys.readouterr().out


def test_sigterm_prints_what_is_buffered_and_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(entry.PRINT_BUFFER, "flush", lambda: done.append("flushed"))
    monkeypatch.setattr(entry.PRINT_BUFFER, "write", lambda _: None)
    monkeypatch.setattr(os, "_exit", done.append)
    entry.end(signal.SIGTERM, sys._getframe())
    assert done[0] == "flushed"
    assert done[-1] == 143


def test_sigterm_in_the_middle_of_a_line_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(os, "_exit", done.append)
    monkeypatch.setattr(signal, "setitimer", lambda *arguments: done.append(arguments))

    class Interrupted:
        def write(self, message: str) -> None:
            entry.end(signal.SIGTERM, sys._getframe())

    buffer = PrintBuffer(flush_interval=60)
    buffer.buffer = Interrupted()  # type: ignore[assignment]
    buffer.write("half a line")
    assert done == [(signal.ITIMER_REAL, 0.05)]
