"""What the documentation says of fields, streams, messages and versions is what the code does."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from airbyte_cdk.models import FailureType

from source_mailcoach import SourceMailcoach, problems
from source_mailcoach.config import LEGACY_RUNTIME_ID, PRODUCT_ID, connection_specification
from source_mailcoach.problems import Problem
from source_mailcoach.streams.base import MailcoachStream
from source_mailcoach.version import __version__

ROOT = Path(__file__).parent.parent
DOCS = (ROOT / "docs/mailcoach.md").read_text()
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]
SPEC = connection_specification()
STREAMS: list[MailcoachStream] = SourceMailcoach().streams(
    {"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}
)


def table(header: str) -> list[list[str]]:
    """The cells of the rows below a header of the docs."""
    _, _, below = DOCS.partition(f"\n{header}\n")
    assert below, header
    rows = re.match(r"(\|.*\n)*", below)
    assert rows
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.group().splitlines()[1:]]


def code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


# Fields ----------------------------------------------------------------------------------------------------------


def test_every_field_of_the_spec_is_in_the_docs_with_its_title_and_default() -> None:
    documented = {row[0]: row[1:4] for row in table("| Field | Title | Required | Default | Meaning |")}
    assert documented == {
        code(name): [
            field["title"],
            "yes" if name in SPEC["required"] else "no",
            code(str(field["default"])) if "default" in field else "",
        ]
        for name, field in SPEC["properties"].items()
    }


def test_every_choice_of_campaign_status_is_in_the_docs() -> None:
    documented = [row[0] for row in table("| Value | Campaigns that are read |")]
    assert documented == [code(value) for value in SPEC["properties"]["campaign_status"]["enum"]]


# Streams ---------------------------------------------------------------------------------------------------------


def test_every_stream_is_in_the_docs_with_its_endpoint_primary_key_and_cursor() -> None:
    documented = [row[:4] for row in table("| Stream | Endpoint | Primary key | Cursor | Server versions |")]
    assert documented == [
        [
            code(stream.name),
            code(f"/{stream.path(stream_slice={'campaign_uuid': '{uuid}'})}"),
            code(*([stream.primary_key] if isinstance(stream.primary_key, str) else stream.primary_key)),
            code(stream.cursor_field) if isinstance(stream.cursor_field, str) else "—",
        ]
        for stream in STREAMS
    ]


def test_the_docs_say_of_every_stream_what_a_row_is_and_what_personal_data_it_holds() -> None:
    personal = [row[0] for row in table("| Stream | Personal data |")]
    assert personal == [code(stream.name) for stream in STREAMS]
    for stream in STREAMS:
        assert f"\n- {code(stream.name)}: " in DOCS


def test_the_suggested_streams_are_all_streams() -> None:
    assert METADATA["suggestedStreams"]["streams"] == [stream.name for stream in STREAMS]


# Messages --------------------------------------------------------------------------------------------------------

KINDS = {
    FailureType.config_error: "Configuration",
    FailureType.transient_error: "Transient",
    FailureType.system_error: "System",
}
ALL_PROBLEMS = {name: problem for name, problem in vars(problems).items() if isinstance(problem, Problem)}


def rendered(problem: Problem) -> str:
    """A row of the troubleshooting table. Placeholders are code, because a bare <url> would be taken for HTML."""
    what, do = (re.sub(r"{(\w+)}", r"`<\1>`", text) for text in (problem.what, problem.do))
    return f"| {what} | {KINDS[problem.failure_type]} | {do} |"


def test_the_troubleshooting_table_is_the_list_of_problems() -> None:
    head = "| Message | Kind | What to do |\n| --- | --- | --- |"
    rows = "\n".join(map(rendered, ALL_PROBLEMS.values()))
    assert DOCS.partition("<!-- errors:start -->\n")[2].partition("\n<!-- errors:end -->")[0] == f"{head}\n{rows}"


@pytest.mark.parametrize("name", ALL_PROBLEMS)
def test_a_problem_is_one_sentence_on_what_is_wrong_and_one_on_what_to_do(name: str) -> None:
    problem = ALL_PROBLEMS[name]
    for sentence in (problem.what, problem.do):
        assert sentence.strip() == sentence
        assert sentence.endswith(".")
        assert not re.search(r"[.!?] [A-Z]", sentence)
        assert not set("|<>`\n") & set(sentence)


def test_no_two_problems_share_a_sentence() -> None:
    assert len({problem.what for problem in ALL_PROBLEMS.values()}) == len(ALL_PROBLEMS)


# Identities and versions -----------------------------------------------------------------------------------------


def test_docs_and_metadata_name_both_identities() -> None:
    for text in (DOCS, (ROOT / "metadata.yaml").read_text()):
        assert PRODUCT_ID in text
        assert LEGACY_RUNTIME_ID in text
    assert f"source:{METADATA['definitionId']}" == LEGACY_RUNTIME_ID


def first(pattern: str, path: str) -> str:
    found = re.search(pattern, (ROOT / path).read_text(), re.MULTILINE)
    assert found, f"{path} names no version"
    return found.group(1)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("pyproject.toml", r'^version = "(.+)"$'),
        ("metadata.yaml", r"^  dockerImageTag: (\S+)"),
        ("CHANGELOG.md", r"^## \[(\d\S+)\]"),
        ("docs/mailcoach.md", r"^\| (\d+\.\d+\.\d+) \| \d{4}-\d\d-\d\d \|"),
        ("Dockerfile", r"io\.airbyte\.version=(\S+)"),
    ],
)
def test_every_file_names_the_version_of_the_code(path: str, pattern: str) -> None:
    assert first(pattern, path) == __version__


HEADINGS = [
    "Prerequisites",
    "Setup guide",
    "Supported sync modes",
    "Supported streams",
    "Performance considerations",
    "Data type map",
    "Limitations & troubleshooting",
    "Changelog",
]


def test_the_sections_come_in_the_order_in_which_people_look_for_them() -> None:
    assert [heading for heading in re.findall(r"^## (.+)$", DOCS, re.MULTILINE) if heading in HEADINGS] == HEADINGS
