"""What a host does to a connector: ends it, gives it little memory and an unknown user, or a file it cannot read."""

import json
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from integration_tests.image.container import HARDENED, IMAGE, container, docker, ended, run
from integration_tests.tables import rows
from sandbox import Fault, Sandbox
from sandbox.connector import Message, Run, catalog, discover, inputs, trust

MEMORY = ("--memory", "256m", "--memory-swap", "256m")


@pytest.mark.parametrize("flags", [(), HARDENED], ids=["as it is", "locked up"])
def test_the_spec_needs_nothing(flags: tuple[str, ...]) -> None:
    result = run("spec", flags=flags)
    assert result.exit_code == 0
    assert len(result.of_type("SPEC")) == 1
    assert result.stderr == ""


def test_a_command_that_does_not_exist_is_refused_off_stdout() -> None:
    result = run("write")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "invalid choice: 'write'" in result.stderr


@pytest.mark.parametrize("command", ["spec", "check", "discover", "read"])
def test_without_a_folder_for_temporary_files_it_says_how_to_mount_one(command: str, tmp_path: Path) -> None:
    """A volume that is read-only, since podman puts a folder of its own where docker leaves none."""
    config, nothing = tmp_path / "config", tmp_path / "nothing"
    for folder in (config, nothing):
        folder.mkdir()
        folder.chmod(0o755)
    (config / "config.json").write_text('{"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}')
    options = [] if command == "spec" else ["--config", "/config/config.json"]
    options += ["--catalog", "/config/config.json"] if command == "read" else []
    volumes = [f"--volume={nothing}:{folder}:ro" for folder in ("/tmp", "/var/tmp")]
    flags = ["--read-only", "--user", "12345:0", f"--volume={config}:/config:ro", *volumes]
    done = docker("run", "--rm", *flags, IMAGE, command, *options)
    result = Run(done.returncode, done.stdout, done.stderr)
    (error,) = result.errors
    assert error["message"].startswith("There is no folder in which user 12345 may write temporary files. Mount one")
    assert error["failure_type"] == "config_error"
    assert result.exit_code == (0 if command == "check" else 1)
    assert [m["connectionStatus"]["status"] for m in result.of_type("CONNECTION_STATUS")] == (
        ["FAILED"] if command == "check" else []
    )


BUFFERING = pytest.mark.parametrize("buffering", ["", "1"], ids=["buffered", "unbuffered"])


@BUFFERING
@pytest.mark.parametrize(("command", "times"), [("spec", 4), ("discover", 8)])
def test_ended_at_any_moment_it_exits_with_143_or_has_done_its_work(
    command: str, times: int, buffering: str, tmp_path: Path
) -> None:
    rng = random.Random(command)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}))
    config.chmod(0o644)
    options = ["--config", str(config)] if command == "discover" else []
    flags = (*HARDENED, "--env", f"PYTHONUNBUFFERED={buffering}")
    for _ in range(times):
        result = ended(command, *options, after=rng.uniform(0, 2.5), flags=flags)
        assert result.stdout == "" or result.stdout.endswith("\n")
        done = {"SPEC", "CATALOG"} & {message["type"] for message in result.messages}
        assert result.exit_code == 128 + signal.SIGTERM or (done and result.exit_code == 0)


@BUFFERING
def test_with_a_pipe_that_nobody_reads_it_ends_all_the_same(buffering: str) -> None:
    with Sandbox(version="v8", campaigns=8, seed=4, opens=200, sent_only=True) as sandbox:
        with inputs(config=sandbox.config(), catalog=catalog(["campaign_opens"])) as paths:
            name = f"source-mailcoach-unread-{buffering}"
            flags = (*HARDENED, "--name", name, "--env", f"PYTHONUNBUFFERED={buffering}")
            arguments = container("read", *paths, environ=trust(sandbox), flags=flags)
            with subprocess.Popen(["docker", *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
                assert process.stdout
                process.stdout.readline()
                time.sleep(5)
                assert docker("stop", "--time", "10", name).returncode == 0
                output = process.stdout.read().decode()
        assert process.returncode == 128 + signal.SIGTERM
        assert output.endswith("\n")
        assert all(json.loads(line) for line in output.splitlines())


@BUFFERING
def test_a_reader_that_goes_away_leaves_no_traceback(buffering: str) -> None:
    """The engine reads on in its place, or closes the pipe: the run ends by itself either way."""
    flags = (*HARDENED, "--env", f"PYTHONUNBUFFERED={buffering}")
    with subprocess.Popen(
        ["docker", *container("spec", flags=flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        process.wait(60)


def stopped_read(name: str, sandbox: Sandbox, state: list[Message], lines: int) -> Run:
    """A read in a container that gets SIGTERM after so many lines, and must have ended five seconds later."""
    with inputs(config=sandbox.config(), catalog=catalog(["campaign_opens"], "incremental"), state=state) as paths:
        arguments = container("read", *paths, environ=trust(sandbox), flags=(*HARDENED, "--name", name))
        with subprocess.Popen(["docker", *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            assert process.stdout
            output = b"".join(islice(process.stdout, lines))
            process.send_signal(signal.SIGTERM)
            told = time.monotonic()
            output += process.stdout.read()
            process.wait(timeout=30)
        if len(output.splitlines()) > lines and process.returncode:
            assert time.monotonic() - told < 5
        return Run(process.returncode, output.decode(), "")


def test_sigterm_ends_a_read_within_seconds_after_a_whole_line_and_the_next_read_goes_on_there() -> None:
    with Sandbox(version="v8", campaigns=8, seed=4, opens=80, sent_only=True, latency_ms=150) as sandbox:
        records: list[Mapping[str, Any]] = []
        state: list[Message] = []
        stopped = 0
        for attempt in range(20):
            result = stopped_read(f"source-mailcoach-stopped-{attempt}", sandbox, state, 200)
            records += result.records("campaign_opens")
            state = result.state or state
            if result.exit_code == 0:
                break
            stopped += 1
            assert result.exit_code == 128 + signal.SIGTERM
            assert result.stdout.endswith("\n")
            assert result.logs("INFO")[-1] == "Ended by SIGTERM. The next sync goes on from the last state."
        assert stopped >= 2
        truth = sandbox.truth("campaign_opens")
        assert sorted(set(rows(records))) == rows(truth)
        assert len(records) < 1.5 * len(truth)


def test_sigterm_does_not_wait_for_a_server_that_does_not_answer() -> None:
    with Sandbox(version="v8", campaigns=4, seed=4, opens=20) as sandbox:
        told_to_end = threading.Event()
        with inputs(config=sandbox.config(), catalog=catalog(["campaigns", "campaign_opens"])) as paths:
            sandbox.on_request = lambda request: "/opens" in request.path and told_to_end.wait(30)
            arguments = container("read", *paths, environ=trust(sandbox), flags=(*HARDENED, "--name", "stalled"))
            with subprocess.Popen(["docker", *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
                while not any("/opens" in request.path for request in sandbox.requests):
                    time.sleep(0.1)
                told = time.monotonic()
                assert docker("stop", "--time", "30", "stalled").returncode == 0
                assert time.monotonic() - told < 5
                told_to_end.set()
                output = process.stdout.read().decode() if process.stdout else ""
        result = Run(process.returncode, output, "")
        assert result.exit_code == 128 + signal.SIGTERM
        assert rows(result.records("campaigns")) == rows(sandbox.truth("campaigns"))
        assert result.state_of("campaigns")


def test_200_000_opens_fit_into_256_mb() -> None:
    with Sandbox(version="cloud", campaigns=2, seed=1, opens=5, big_campaign_opens=200_000) as sandbox:
        with inputs(config=sandbox.config(page_size=1000), catalog=catalog(["campaign_opens"])) as paths:
            result = run("read", *paths, environ=trust(sandbox), timeout=600, flags=(*HARDENED, *MEMORY))
        assert result.exit_code == 0, result.stdout[-2000:]
        big = [row for row in result.records("campaign_opens") if row["campaign_uuid"] == sandbox.big_campaign_uuid]
        assert len({row["subscriber_uuid"] for row in big}) == 200_000


def without_rights(folder: Path) -> None:
    (folder / "config.json").chmod(0o600)


def without_file(folder: Path) -> None:
    (folder / "config.json").unlink()


@pytest.mark.parametrize("command", ["check", "discover", "read"])
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without_rights, "Permission denied. Let that user read it (chmod a+r)"),
        (without_file, "No such file or directory. Check the path"),
    ],
)
def test_a_config_that_cannot_be_read_gets_a_sentence(
    command: str, spoil: Callable[[Path], None], says: str, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}))
    spoil(tmp_path)
    more = ["--catalog", str(config)] if command == "read" else []
    result = run(command, "--config", str(config), *more)
    (error,) = result.errors
    assert error["message"].startswith(f"User 12345 cannot read the file {config} of --config: {says}")
    assert error["failure_type"] == "config_error"
    assert "Traceback" not in result.stdout
    if command == "check":
        assert (result.exit_code, result.status["status"]) == (0, "FAILED")
        assert result.status["message"] == error["message"]
    else:
        assert result.exit_code == 1


def test_discover_gives_the_catalog_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.connector.run", run)
    with Sandbox(version="v8", campaigns=1) as sandbox:
        assert [stream["name"] for stream in discover(sandbox)][:2] == ["email_lists", "subscribers"]
        assert sandbox.requests == []


@pytest.mark.parametrize("fault", [None, 403, 401])
def test_the_token_is_in_no_message(fault: int | None) -> None:
    with Sandbox(version="v8", campaigns=4, seed=1, opens=5) as sandbox:
        if fault:
            sandbox.add_fault(Fault(path="/opens$", status=fault, times=None))
        environ = {**trust(sandbox), "LOG_LEVEL": "debug"}
        with inputs(config=sandbox.config(), catalog=catalog(["campaigns", "campaign_opens"])) as paths:
            result = run("read", *paths, environ=environ, timeout=300)
        assert "GET " in result.stdout
        assert sandbox.token not in result.stdout + result.stderr
