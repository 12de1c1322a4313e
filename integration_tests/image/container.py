"""Runs the connector's image as its hosts do: read-only, without capabilities, as a user whom it doesn't know."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.connector import Run

IMAGE = os.environ.get("IMAGE", "source-mailcoach:dev")
HARDENED = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--user", "12345:0"),
)


def docker(*arguments: str, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run(
    *command: str,
    environ: Mapping[str, str] | None = None,
    timeout: float = 120,
    changes: object = None,
    flags: Sequence[str] = HARDENED,
) -> Run:
    """`sandbox.connector.run`, through the image: same arguments, and the same assertion on stdout.

    In an image nothing can be changed for a test, so `changes` are left out: it waits as long as it does.
    """
    done = docker(*container(*command, environ=environ, flags=flags), timeout=timeout)
    result = Run(done.returncode, done.stdout, done.stderr)
    assert all(isinstance(message, dict) and "type" in message for message in result.messages)
    return result


def ended(*command: str, after: float, flags: Sequence[str] = HARDENED) -> Run:
    """A run that gets SIGTERM so many seconds after its container was started, by the engine's own account.

    `docker run` would tell as much, but podman's waits for ever for a container that is ended while it attaches to it.
    """
    name, *_ = docker(*container(*command, flags=("--detach", *flags), kept=True)).stdout.split()
    try:
        time.sleep(after)
        docker("kill", "--signal", "TERM", name)  # fails where it has ended by itself
        exit_code = int(docker("wait", name).stdout)
        return Run(exit_code, docker("logs", name).stdout, "")
    finally:
        docker("rm", "--force", name)


def container(
    *command: str, environ: Mapping[str, str] | None = None, flags: Sequence[str] = HARDENED, kept: bool = False
) -> list[str]:
    """The arguments of `docker` for a command of the connector. Files that it names are mounted at their own path."""
    folders = {Path(argument).parent for argument in command if argument.startswith("/")}
    for folder in folders:
        folder.chmod(0o755)
    volumes = [f"--volume={folder}:{folder}:ro" for folder in folders]
    variables = [f"--env={name}={value}" for name, value in (environ or {}).items()]
    return ["run", *(() if kept else ("--rm",)), *volumes, *variables, *flags, IMAGE, *command]
