"""Airbyte's own checks of a connector (`airbyte-ops local connector qa`), run on this checkout; for .official-venv.

They look for a connector in a checkout of Airbyte's repository, so a folder is laid out like that. They are called here
one by one, since the command ends at the first that breaks, and one breaks on a pyproject.toml without Poetry.
Ends with 1 if a check fails that is not in BY_DESIGN, or if one that is there passes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

os.environ |= {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1"}

import requests
import yaml
from airbyte_ops_mcp.connector_ops.utils import Connector
from airbyte_ops_mcp.connector_qa.checks import ENABLED_CHECKS

from scripts.checkout import ROOT, copy_checkout

NAME = "source-mailcoach"

NOT_POETRY = "The package is described by the standard [project] table and locked by uv, with hashes; they know Poetry."
BY_DESIGN = {
    "CheckConnectorUsesPoetry": NOT_POETRY,
    "CheckConnectorCDKTag": NOT_POETRY + " The tag cdk:python is there, but the check breaks before it looks.",
    "CheckConnectorLicenseMatchInPyproject": NOT_POETRY,
    "CheckConnectorVersionMatchInPyproject": NOT_POETRY,
    "CheckConnectorUsesPythonBaseImage": (
        "The image is built by the Dockerfile of this repository, from the base image that metadata.yaml names."
    ),
    "CheckConnectorUsesHTTPSOnly": (
        "The connector's own http:// are in rules and messages that refuse it; the rest is the sandbox on this machine."
    ),
}


@contextmanager
def monorepo() -> Iterator[None]:
    """Work in a git repository that holds the checkout and its page where Airbyte's has them."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(Path(folder, "airbyte-integrations/connectors", NAME))
        page = Path(folder, "docs/integrations/sources/mailcoach.md")
        page.parent.mkdir(parents=True)
        page.write_bytes((ROOT / "docs/mailcoach.md").read_bytes())
        subprocess.check_call(["git", "init", "--quiet", folder])
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def without_network(metadata: Mapping[str, Any]) -> Any:
    """`requests.get`, which where a host cannot be reached answers what is so of a connector that Airbyte doesn't have.

    For Docker Hub, that is the digest which metadata.yaml names: only with the network is it compared with the image's.
    """
    online = requests.get
    digest = metadata["data"]["connectorBuildOptions"]["baseImage"].rpartition("@")[2]
    answers = {
        "connectors.airbyte.com": (200, b'{"sources": [], "destinations": []}'),
        "registry.hub.docker.com": (200, b'{"digest": "%s"}' % digest.encode()),
        "raw.githubusercontent.com": (404, b""),
    }

    def get(url: str, **options: Any) -> requests.Response:
        try:
            return online(url, timeout=30, **options)
        except requests.ConnectionError:
            host = url.split("/")[2]
            print(f"  {host} cannot be reached: its answer is made up")
            answer = requests.Response()
            answer.status_code, answer._content = answers[host]
            return answer

    return get


def outcome(check: Any, connector: Connector) -> tuple[str, str]:
    """PASSED, SKIPPED or FAILED, and what the check says. One that breaks has failed."""
    try:
        result = check.run(connector)
        return result.status.name, result.message
    except Exception as error:
        return "FAILED", repr(error)


def main() -> int:
    unexpected = 0
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text())
    with monorepo(), mock.patch("requests.get", without_network(metadata)):
        for check in ENABLED_CHECKS:
            name = type(check).__name__
            status, message = outcome(check, Connector(NAME))
            reason = BY_DESIGN.get(name)
            if reason and status == "PASSED":
                status, reason = "FAILED", f"It passes now: take {name} out of the list."
                unexpected += 1
            elif status == "FAILED" and not reason:
                unexpected += 1
            elif status == "FAILED":
                status = "by design"
            print(f"{status:10}{name}: {reason or message}")
    print(f"{unexpected} checks failed that should not" if unexpected else "Nothing failed but what does by design")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
