"""The step before the CDK takes over: what is wrong with the inputs gets a sentence, and a check its status."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from source_mailcoach.entrypoint import main
from unit_tests.conftest import CONFIG, TOKEN

Messages = list[dict[str, Any]]
Start = Callable[..., tuple[int, Messages]]


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Start:
    """Runs a command, and gives its exit code and its messages but for the log."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)

    def run(*arguments: str | Path) -> tuple[int, Messages]:
        exit_code = main([str(argument) for argument in arguments])
        messages = map(json.loads, capsys.readouterr().out.splitlines())
        return exit_code, [message for message in messages if message["type"] != "LOG"]

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    path.write_text(json.dumps(CONFIG))
    return path


def error(messages: Messages) -> dict[str, Any]:
    (trace, *_) = messages
    found: dict[str, Any] = trace["trace"]["error"]
    assert found["failure_type"] == "config_error"
    assert TOKEN not in json.dumps(messages)
    return found


def test_a_check_without_its_file_is_a_failed_check(start: Start, tmp_path: Path) -> None:
    missing = tmp_path / "config.json"
    exit_code, messages = start("check", "--config", missing)
    assert exit_code == 0
    trace, status = messages
    sentence = f"User {os.getuid()} cannot read the file {missing} of --config: No such file or directory. "
    assert error(messages)["message"].startswith(sentence)
    assert status["connectionStatus"]["status"] == "FAILED"
    assert status["connectionStatus"]["message"] == trace["trace"]["error"]["message"]


@pytest.mark.parametrize("option", ["catalog", "state"])
def test_a_read_without_one_of_its_files_fails(option: str, start: Start, config: Path, tmp_path: Path) -> None:
    arguments: list[str | Path] = ["--config", config]
    for name, content in (("catalog", '{"streams": []}'), ("state", "[]")):
        path = tmp_path / name
        if name != option:
            path.write_text(content)
        arguments += [f"--{name}", path]
    exit_code, messages = start("read", *arguments)
    assert exit_code == 1
    assert f" of --{option}: No such file" in error(messages)["message"]


def test_a_file_without_rights_names_the_cure(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, mode: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("source_mailcoach.inputs.open", refuse, raising=False)
    exit_code, messages = start("discover", "--config", "/secrets/config.json")
    assert exit_code == 1
    assert "Permission denied. Let that user read it (chmod a+r)" in error(messages)["message"]


@pytest.mark.parametrize("command", ["spec", "check", "discover", "read"])
def test_without_a_folder_for_temporary_files_each_command_says_how_to_mount_one(
    command: str, start: Start, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/no/such/folder"])
    options = [] if command == "spec" else ["--config", config]
    exit_code, messages = start(command, *options, *(["--catalog", config] if command == "read" else []))
    assert exit_code == (0 if command == "check" else 1)
    assert error(messages)["message"].startswith("There is no folder in which user ")
    assert "docker run --tmpfs /tmp" in error(messages)["message"]
    assert [m["connectionStatus"]["status"] for m in messages[1:]] == ["FAILED"] * (command == "check")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("command", ["check", "read"])
def test_a_file_of_certificates_that_is_missing_is_named(
    command: str, variable: str, start: Start, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/no/such/ca.pem")
    more = ["--catalog", config] if command == "read" else []
    exit_code, messages = start(command, "--config", config, *more)
    assert exit_code == (0 if command == "check" else 1)
    sentence = f"The certificates in /no/such/ca.pem, which {variable} names, cannot be read: No such file or directory"
    assert error(messages)["message"].startswith(sentence)


def test_a_file_that_holds_no_certificates_is_named(
    start: Start, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(config))
    _, messages = start("check", "--config", config)
    assert "cannot be read: it holds no certificates in PEM form." in error(messages)["message"]


def test_what_makes_no_request_needs_no_certificates(
    start: Start, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/ca.pem")
    assert start("spec")[0] == 0
    assert start("discover", "--config", config)[0] == 0


def test_without_a_command_it_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert "spec, check, discover or read" in output.err


WRONG: list[tuple[str, object]] = [
    ("page_size", True),
    ("page_size", "many"),
    ("page_size", [100]),
    ("page_size", "0"),
    ("max_parallel_requests", 1.5),
    ("requests_per_minute", False),
    ("engagement_window_days", " "),
    ("start_date", 2025),
    ("start_date", "2025"),
    ("start_date", 1735689600.5),
    ("start_date", True),
    ("start_date", {}),
    ("campaign_status", "Sent"),
    ("include_import_details", "perhaps"),
    ("api_token", ""),
    ("api_token", None),
    ("api_base_url", None),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_check_discover_and_read_refuse_the_same_with_the_name_of_the_field(
    field: str, value: object, start: Start, tmp_path: Path
) -> None:
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps({**CONFIG, field: value}))
    catalog.write_text('{"streams": []}')
    exit_code, (status,) = start("check", "--config", config)
    sentence: str = status["connectionStatus"]["message"]
    assert (exit_code, status["connectionStatus"]["status"]) == (0, "FAILED")
    assert sentence.startswith(f"The field {field} of the configuration is not valid: ")
    for arguments in (("discover", "--config", config), ("read", "--config", config, "--catalog", catalog)):
        exit_code, messages = start(*arguments)
        assert (exit_code, error(messages)["message"]) == (1, sentence)


LEFT_OUT_OR_TEXT: list[Mapping[str, object]] = [
    *({name: empty} for empty in (None, "") for name in ("start_date", "connector_id", "page_size", "email_privacy")),
    {"connection_method": "", "requests_per_minute": None, "include_import_details": None, "field_of_others": None},
    {"page_size": "100", "lookback_hours": " 24 ", "max_parallel_requests": 4.0, "include_import_details": "true"},
]


@pytest.mark.parametrize("fields", LEFT_OUT_OR_TEXT, ids=str)
def test_what_a_form_left_empty_and_numbers_as_text_are_accepted(
    fields: dict[str, object], start: Start, tmp_path: Path
) -> None:
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps({**CONFIG, **fields}))
    catalog.write_text('{"streams": []}')
    assert start("discover", "--config", config)[0] == 0
    assert start("read", "--config", config, "--catalog", catalog)[0] == 0
