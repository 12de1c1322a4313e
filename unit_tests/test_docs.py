"""What the documentation says of fields, streams, messages and versions is what the code does."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from airbyte_cdk.models import FailureType

from source_mailcoach import SourceMailcoach
from source_mailcoach.config import LEGACY_RUNTIME_ID, PRODUCT_ID, connection_specification
from source_mailcoach.messages import input_problems, problems
from source_mailcoach.messages.errors import Problem
from source_mailcoach.records.privacy import protect
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.version import __version__

ROOT = Path(__file__).parent.parent
DOCS = (ROOT / "docs/mailcoach.md").read_text()
README = (ROOT / "README.md").read_text()
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]
SPEC = connection_specification()
STREAMS: list[MailcoachStream] = SourceMailcoach().streams(
    {"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}
)


# Of whichever list or campaign a stream reads: the placeholder that stands in the endpoint.
ANY_SLICE = defaultdict(lambda: "{uuid}", campaign_uuid="{uuid}")


def table(header: str, text: str = DOCS) -> list[list[str]]:
    """The cells of the rows below a header of the docs."""
    _, _, below = text.partition(f"\n{header}\n")
    assert below, header
    rows = re.match(r"(\|.*\n)*", below)
    assert rows
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.group().splitlines()[1:]]


def code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


# Fields ----------------------------------------------------------------------------------------------------------


def default_of(field: dict[str, Any]) -> str:
    if "default" not in field:
        return ""
    default = field["default"]
    return code(default if isinstance(default, str) else json.dumps(default))


def test_every_field_of_the_spec_is_in_the_docs_with_its_title_and_default() -> None:
    documented = {row[0]: row[1:4] for row in table("| Field | Title | Required | Default | Meaning |")}
    assert documented == {
        code(name): [field["title"], "yes" if name in SPEC["required"] else "no", default_of(field)]
        for name, field in SPEC["properties"].items()
    }


def test_every_field_that_a_person_can_set_is_in_the_readme_with_its_default() -> None:
    documented = {row[0]: row[1] for row in table("| Field | | Meaning |", README)}
    assert documented.keys() == {code(name) for name, field in SPEC["properties"].items() if name != "connector_id"}
    for name, field in SPEC["properties"].items():
        if "default" in field:
            assert documented[code(name)] == default_of(field)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("campaign_status", "| Value | Campaigns that are read |"),
        ("email_privacy", "| Value | What becomes of an address |"),
    ],
)
def test_every_choice_of_a_field_is_in_the_docs(name: str, header: str) -> None:
    assert [row[0] for row in table(header)] == [code(value) for value in SPEC["properties"][name]["enum"]]


# Streams ---------------------------------------------------------------------------------------------------------


def primary_key(stream: MailcoachStream) -> list[str]:
    return stream.primary_key


def endpoint(stream: MailcoachStream) -> str:
    """Where the docs say that a stream is read from, with the filter by its parent if it has one."""
    params = stream.request_params(None, stream_slice=ANY_SLICE)
    by_parent = "&".join(f"{key}={value}" for key, value in params.items() if value == "{uuid}")
    return f"/{stream.path(stream_slice=ANY_SLICE)}" + (f"?{by_parent}" if by_parent else "")


def test_every_stream_is_in_the_docs_with_its_endpoint_primary_key_sync_modes_and_cursor() -> None:
    documented = table("| Stream | Endpoint | Primary key | Sync modes | Cursor | Server versions |")
    assert [row[:5] for row in documented] == [
        [
            code(stream.name),
            code(endpoint(stream)),
            code(*primary_key(stream)),
            "Full refresh, incremental" if stream.supports_incremental else "Full refresh",
            code(stream.cursor_field) if isinstance(stream.cursor_field, str) else "—",
        ]
        for stream in STREAMS
    ]
    assert all(row[5] for row in documented)


def test_the_docs_tell_of_every_stream_with_incremental_what_a_sync_reads_and_name_the_others() -> None:
    documented = [row[0] for row in table("| Stream | What an incremental sync reads |")]
    assert documented == [code(stream.name) for stream in STREAMS if stream.supports_incremental]
    _, (_, others) = table("| Sync mode | Streams |")
    assert re.findall("`(.+?)`", others) == [stream.name for stream in STREAMS if not stream.supports_incremental]


def test_the_docs_say_of_every_stream_what_a_row_is_and_what_personal_data_it_holds() -> None:
    personal = [row[0] for row in table("| Stream | Personal data |")]
    assert personal == [code(stream.name) for stream in STREAMS]
    for stream in STREAMS:
        assert f"\n- {code(stream.name)}: " in DOCS
        assert code(stream.name) in README


def test_the_docs_show_the_hash_of_an_address_as_it_is_made() -> None:
    record = {"email": " Ada@Example.com "}
    protect(record, "sha256")
    assert code(record["email"]) in DOCS


def test_the_docs_name_the_streams_that_tell_the_domain_of_an_address() -> None:
    (bullet,) = re.findall(r"- \*\*The domain of an address stays.*?\n- ", DOCS, re.DOTALL)
    with_domain = [stream.name for stream in STREAMS if "email_domain" in stream.get_json_schema()["properties"]]
    assert re.findall(r"`(\w+)`", bullet.partition(" have it as ")[0])[1:] == with_domain
    personal = {row[0]: row[1] for row in table("| Stream | Personal data |")}
    assert [name for name, what in personal.items() if "`email_domain`" in what] == list(map(code, with_domain))


def test_the_recipe_for_erasing_a_person_names_every_stream() -> None:
    recipe = (ROOT / "examples/sql/erase_person.sql").read_text()
    named = set(re.findall(r"^(?:update|delete from) (\w+)", recipe, re.MULTILINE))
    assert named == {stream.name for stream in STREAMS}


def test_fields_that_the_docs_join_by_are_in_the_schemas() -> None:
    schemas = {stream.name: stream.get_json_schema()["properties"] for stream in STREAMS}
    for text in [cell for row in table("| To find | Join |") for cell in row]:
        for name, field in re.findall(r"`(\w+)\.(\w+)`", text):
            assert field in schemas[name]


def test_the_suggested_streams_are_streams_in_the_order_of_discover() -> None:
    suggested = METADATA["suggestedStreams"]["streams"]
    assert suggested == [stream.name for stream in STREAMS if stream.name in suggested]


def test_the_catalog_to_start_with_has_every_stream_as_discover_gives_it() -> None:
    catalog = json.loads((ROOT / "integration_tests/configured_catalog.json").read_text())["streams"]
    expected = []
    for stream in STREAMS:
        key = [[field] for field in primary_key(stream)]
        described: dict[str, Any] = {
            "name": stream.name,
            "json_schema": {"type": "object", "properties": {}},
            "supported_sync_modes": ["full_refresh"],
            "source_defined_primary_key": key,
        }
        configured = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite", "primary_key": key}
        if stream.supports_incremental:
            cursor = [stream.cursor_field]
            described["supported_sync_modes"] += ["incremental"]
            described |= {"source_defined_cursor": True, "default_cursor_field": cursor}
            configured = {"sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": key}
            configured["cursor_field"] = cursor
        expected.append({"stream": described, **configured})
    assert catalog == expected


def test_the_page_on_meltano_says_the_whole_key_of_every_stream_that_has_several_columns() -> None:
    """The wrapper takes the first column alone, and a target then keeps one row where there are many."""
    page = (ROOT / "docs/registering.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tap,) = yaml.safe_load(block)["plugins"]["extractors"]
    composite = {stream.name: primary_key(stream) for stream in STREAMS if len(primary_key(stream)) > 1}
    assert tap["config"]["stream_maps"] == {name: {"__key_properties__": key} for name, key in composite.items()}
    assert tap["config"]["airbyte_spec"]["tag"] == __version__
    assert set(re.findall(r"source_mailcoach-([\d.]+)-py3", page)) == {__version__}


# Messages --------------------------------------------------------------------------------------------------------

KINDS = {
    FailureType.config_error: "Configuration",
    FailureType.transient_error: "Transient",
    FailureType.system_error: "System",
}
ALL_PROBLEMS = {
    name: problem
    for module in (problems, input_problems)
    for name, problem in vars(module).items()
    if isinstance(problem, Problem)
}


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


def test_the_base_image_is_that_of_the_dockerfile_with_its_digest() -> None:
    name, at, digest = METADATA["connectorBuildOptions"]["baseImage"].partition("@")
    assert name == "docker.io/" + first(r"^ARG BASE_IMAGE=(\S+)$", "Dockerfile")
    assert re.fullmatch(r"@sha256:[0-9a-f]{64}", at + digest)


def test_links_within_the_docs_lead_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCS, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", DOCS)) <= anchors


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
