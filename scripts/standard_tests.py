"""`airbyte-cdk connector test` on this checkout, with accounts in a sandbox; the tests of images are left to the image.

It wants a folder of the connector's name, and configurations in its secrets/.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox import Sandbox
from scripts.checkout import copy_checkout


def tests_on(version: str) -> int:
    """The exit code of the command, on a server of this version."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(version=version, campaigns=8, seed=1, opens=10) as sandbox:
        checkout = copy_checkout(Path(folder, "source-mailcoach"))
        (checkout / "secrets").mkdir()
        here = {"api_base_url": sandbox.api_base_url, "connection_method": "self_hosted"}
        for name, config in {
            "config.json": {**here, "api_token": sandbox.token},
            "invalid_config.json": {**here, "api_token": "not-the-right-token"},
        }.items():
            (checkout / "secrets" / name).write_text(json.dumps(config))
        command = [str(Path(sys.executable).parent / "airbyte-cdk"), "connector", "test", str(checkout)]
        options = ["--pytest-arg=-m", "--pytest-arg=not image_tests"]
        return subprocess.call(command + options, env={**os.environ, "MAILCOACH_TRUSTED_HOSTS": sandbox.trusted_host})


if __name__ == "__main__":
    sys.exit(max(map(tests_on, ("v6", "v9", "cloud"))))
