"""docs/registering.md does what it says: its files are written and all its commands run, in the order of the page."""

import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from integration_tests.image.airbyte_api import Call, airbyte_api
from integration_tests.image.container import IMAGE, docker
from integration_tests.tables import table
from sandbox import Sandbox
from sandbox.connector import STREAMS, Run
from scripts.checkout import copy_checkout
from source_mailcoach.config import PRODUCT_ID, connection_specification
from source_mailcoach.version import __version__

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/registering.md").read_text()
NAME = f"source-mailcoach:{__version__}"
NOT_RUN = ("console", "yaml")  # Meltano's: the tap comes from GitHub, and unit_tests/test_docs.py knows its keys
BLOCK = re.compile(r"(?:`(?P<file>[\w./-]+)`:\n\n)? *```(?P<language>\w+)\n(?P<content>.*?)\n *```", re.DOTALL)


class Followed:
    """The folder in which the page was followed, and what Airbyte was asked."""

    def __init__(self, folder: Path, sandbox: Sandbox, calls: list[Call]) -> None:
        self.folder, self.sandbox, self.calls = folder, sandbox, calls
        self.commands = ""
        self.truth = {stream: sandbox.truth(stream) for stream in STREAMS}

    def follow(self, blocks: list[str], environ: dict[str, str]) -> None:
        done = subprocess.run(
            ["bash", "-c", "\n".join(["set -euo pipefail", *blocks])],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert self.sandbox.token not in done.stdout + done.stderr

    def counts(self, name: str) -> dict[str, int]:
        """The streams and numbers of rows that a script has printed into a file."""
        lines = (self.folder / name).read_text().splitlines()
        return {line.split()[0]: int(line.split()[1]) for line in lines if re.fullmatch(r"\w+ \d+", line)}

    def run(self, name: str) -> Run:
        return Run(0, (self.folder / name).read_text(), "")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    folder = tmp_path_factory.mktemp("registering")
    (folder / "secrets").mkdir()
    (folder / "integration_tests").symlink_to(ROOT / "integration_tests")
    assert docker("tag", IMAGE, NAME).returncode == 0
    with (
        Sandbox(version="v8", campaigns=8, seed=1, opens=10, shuffle_ties=False) as sandbox,
        airbyte_api() as (url, calls),
    ):
        page = Followed(folder, sandbox, calls)
        environ = {
            **os.environ,
            "MAILCOACH_TRUSTED_HOSTS": sandbox.trusted_host,
            "AIRBYTE_API": url,
            "WORKSPACE_ID": "workspace-id",
            "CHECKOUT": str(copy_checkout(tmp_path_factory.mktemp("checkout") / "source-mailcoach")),
        }
        script: list[str] = []
        for block in BLOCK.finditer(PAGE):
            content = textwrap.dedent(block["content"])
            content = content.replace("https://news.example.com/api", sandbox.api_base_url)
            content = content.replace("YOUR-API-TOKEN", sandbox.token)
            if block["language"] == "sh":
                script.append(content)
            elif block["language"] not in NOT_RUN:
                (folder / block["file"]).write_text(content)
        page.commands = "\n".join(script)
        page.follow([block for block in script if "afresh" not in block], environ)
        for uuid in list(sandbox.store.subscribers)[:5]:
            sandbox.store.delete_subscriber(uuid)
        page.follow([block for block in script if "afresh" in block], environ)
        yield page


def test_every_line_that_calls_docker_curl_or_python_was_run(followed: Followed) -> None:
    for line in PAGE.splitlines():
        if re.match(r" *(docker|call|python3|chmod|cp|grep|rm) ", line):
            assert line.strip() in followed.commands
    assert set(re.findall(r"source-mailcoach:(\d[\d.]*\d)", PAGE)) == {__version__}


def test_messages_go_into_a_file_and_the_next_sync_goes_on_from_their_state(followed: Followed) -> None:
    (found,) = followed.run("catalog.jsonl").of_type("CATALOG")
    assert [stream["name"] for stream in found["catalog"]["streams"]] == list(STREAMS)
    messages, changes = followed.run("messages.jsonl"), followed.run("changes.jsonl")
    for stream in STREAMS:
        assert table(stream, messages.records(stream)) == table(stream, followed.truth[stream])
    assert 0 < len(changes.of_type("RECORD")) < len(messages.of_type("RECORD"))
    assert (followed.folder / "source-mailcoach.tar").stat().st_size > 50_000_000


def test_airbyte_is_asked_for_a_definition_and_a_source_of_it_and_to_delete_the_definition(followed: Followed) -> None:
    token, definition, source, deleted = followed.calls
    assert (token.method, token.path) == ("POST", "/api/public/v1/applications/token")
    assert token.body
    assert token.body.keys() == {"client_id", "client_secret", "grant-type"}
    assert definition.path == "/api/public/v1/workspaces/workspace-id/definitions/sources"
    assert definition.body
    assert definition.body.keys() == {"name", "dockerRepository", "dockerImageTag", "documentationUrl"}
    assert definition.body["dockerImageTag"] == __version__
    assert source.path == "/api/public/v1/sources"
    assert source.body
    assert (source.body["workspaceId"], source.body["definitionId"]) == ("workspace-id", "definition-id")
    form = connection_specification({"MAILCOACH_TRUSTED_HOSTS": followed.sandbox.trusted_host})
    jsonschema.validate(source.body["configuration"], form)
    assert (deleted.method, deleted.path) == ("DELETE", f"{definition.path}/definition-id")
    assert {call.authorization for call in (definition, source, deleted)} == {"Bearer airbyte-access-token"}


def test_a_legacy_configuration_is_rewritten_to_the_product_id(followed: Followed) -> None:
    messages = followed.run("migration.jsonl")
    (control,) = messages.of_type("CONTROL")
    assert control["control"]["connectorConfig"]["config"]["connector_id"] == PRODUCT_ID
    assert messages.status["status"] == "SUCCEEDED"


def test_pyairbyte_has_all_rows_and_the_second_sync_keeps_them(followed: Followed) -> None:
    assert followed.counts("tables.txt") == {stream: len(followed.truth[stream]) for stream in STREAMS}
    assert followed.counts("again.txt") == followed.counts("tables.txt")


def test_pyairbyte_reads_afresh_from_a_wheel_without_the_rows_that_are_gone(followed: Followed) -> None:
    afresh = followed.counts("afresh.txt")
    assert afresh == {stream: len(followed.sandbox.truth(stream)) for stream in afresh}
    assert 0 < afresh["subscribers"] < len(followed.truth["subscribers"])
