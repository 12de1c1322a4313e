"""The CDK's standard acceptance tests, with acceptance-test-config.yml, against a sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from sandbox import Sandbox
from source_mailcoach import SourceMailcoach

ROOT = Path(__file__).parent.parent

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    """A sandbox of the oldest version, which has the fewest streams, and in secrets/ the ways to it."""
    secrets = ROOT / "secrets"
    secrets.mkdir(exist_ok=True)
    with Sandbox(version="v6", campaigns=8, seed=1, opens=10) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILCOACH_TRUSTED_HOSTS", sandbox.trusted_host)
        sample = json.loads((ROOT / "integration_tests/sample_config.json").read_text())
        wrong = json.loads((ROOT / "integration_tests/invalid_config.json").read_text())
        here: dict[str, Any] = {"api_base_url": sandbox.api_base_url, "connection_method": "self_hosted"}
        (secrets / "config.json").write_text(json.dumps({**sample, **here, "api_token": sandbox.token}))
        (secrets / "invalid_config.json").write_text(json.dumps({**wrong, **here}))
        yield


class TestAcceptance(SourceTestSuiteBase):
    connector = SourceMailcoach

    @classmethod
    def get_connector_root_dir(cls) -> Any:
        return ROOT
