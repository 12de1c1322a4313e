"""The way out of an unknown issuer that docs/mailcoach.md names works, over TLS, with the commands of the page."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.connector import MAIN, Run, check
from source_mailcoach.version import __version__
from unit_tests.certificates import make, tls_server

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/mailcoach.md").read_text()

# In the place of the engine: the same process, with the variables of --env and the paths of -v that a container has.
DOCKER = f"""#!{sys.executable}
import os, re, sys
arguments = sys.argv[1:]
options = list(zip(arguments, arguments[1:]))
folders = [value.split(":")[1::-1] for name, value in options if name == "-v"]
def outside(text):
    for inside, folder in folders:
        text = re.sub(f"(^|=){{re.escape(inside)}}/", lambda found: f"{{found[1]}}{{folder}}/", text)
    return text
for name, value in options:
    if name == "--env":
        os.environ.update([outside(value).split("=", 1)])
(image,) = [index for index, argument in enumerate(arguments) if argument.startswith("source-mailcoach:")]
os.execv(sys.executable, [sys.executable, "{MAIN}", *map(outside, arguments[image + 1:])])
"""


def is_of_container(name: str) -> bool:
    """Whether a variable of this process may be one of the container as well."""
    return "PROXY" not in name.upper() and "CA_BUNDLE" not in name


def follow(commands: str, folder: Path, port: int) -> Run:
    """Run commands of the page, with `docker` replaced."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "MAILCOACH_TRUSTED_HOSTS": f"localhost:{port}",
    }
    done = subprocess.run(
        ["bash", "-euc", commands], cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=True
    )
    return Run(done.returncode, done.stdout, done.stderr)


def test_a_file_of_the_authority_mounted_and_named_makes_its_certificates_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [key for key in os.environ if not is_of_container(key)]:
        monkeypatch.delenv(name)
    _, _, section = PAGE.partition("### A certificate of your own authority\n")
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    commands = found[1]
    assert "REQUESTS_CA_BUNDLE" in commands
    assert f"source-mailcoach:{__version__} " in commands
    (tmp_path / "certificates").mkdir()
    (tmp_path / "secrets").mkdir()
    authority = make(tmp_path, "An authority of our own", ca=True)
    (tmp_path / "certificates/authority.pem").write_bytes(authority.certificate_file.read_bytes())
    with tls_server(make(tmp_path, issuer=authority)) as port:
        config = {"api_base_url": f"https://localhost:{port}/api", "api_token": "token-of-this-test"}
        (tmp_path / "secrets/config.json").write_text(json.dumps(config))
        assert follow(commands, tmp_path, port).status["status"] == "SUCCEEDED"
        refused = check(config, MAILCOACH_TRUSTED_HOSTS=f"localhost:{port}")
        assert refused.status["status"] == "FAILED"
        assert "REQUESTS_CA_BUNDLE" in refused.status["message"]
