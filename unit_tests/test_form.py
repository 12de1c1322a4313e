"""The form that a platform makes of the spec takes what the docs say, and refuses nothing that the code accepts."""

import json
import re
import textwrap
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker

from source_mailcoach.config import Config, connection_specification
from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError

ROOT = Path(__file__).parent.parent
CONFIG = {"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789abcdef"}
SPEC = connection_specification({})
FIELDS: dict[str, dict[str, Any]] = SPEC["properties"]


def is_date_time(text: str) -> bool:
    """RFC 3339's, which platforms assert and jsonschema only with another package: a day alone is none."""
    return bool(re.fullmatch(r"\S{10}[Tt]\S+([Zz]|[+-]\d\d:\d\d)", text) and datetime.fromisoformat(text[:19]))


def is_date(text: str) -> bool:
    return bool(date.fromisoformat(text))


formats = FormatChecker(formats=())
formats.checks("date-time", raises=ValueError)(is_date_time)
formats.checks("date", raises=ValueError)(is_date)


def refused(config: dict[str, Any], spec: dict[str, Any] = SPEC) -> list[str]:
    """What a platform that asserts formats says of a configuration, field by field."""
    return [error.message for error in Draft7Validator(spec, format_checker=formats).iter_errors(config)]


def refused_by_code(config: dict[str, Any]) -> str:
    with pytest.raises(MailcoachError) as raised:
        Config.parse(config)
    assert raised.value.problem == input_problems.CONFIG_INVALID
    return str(raised.value.message)


# What the docs say -----------------------------------------------------------------------------------------------


def test_formats_are_asserted_here_and_none_is_used_that_is_not() -> None:
    spec = {"properties": {"start_date": {"type": "string", "format": "date-time"}}}
    assert refused({"start_date": "2025-01-01"}, spec)
    assert not refused({"start_date": "2025-01-01T00:00:00Z"}, spec)
    assert {field["format"] for field in FIELDS.values() if "format" in field} <= formats.checkers.keys()


@pytest.mark.parametrize("name", FIELDS)
def test_examples_and_defaults_of_a_field_are_accepted_by_form_and_code(name: str) -> None:
    field = FIELDS[name]
    for value in [*field.get("examples", ()), *([field["default"]] if "default" in field else ())]:
        config = {**CONFIG, name: value}
        assert refused(config) == []
        Config.parse(config)


def documented() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each configuration that stands in a file or a page."""
    for name in ("sample_config.json", "invalid_config.json"):
        yield name, json.loads((ROOT / "integration_tests" / name).read_text())
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for language, block in re.findall(r"```(json|yaml)\n(.*?)```", page.read_text(), re.DOTALL):
            if "api_base_url" in block and language == "json":
                yield page.name, json.loads(textwrap.dedent(block))
            elif "airbyte_config" in block:
                yield "Meltano", yaml.safe_load(block)["plugins"]["extractors"][0]["config"]["airbyte_config"]


def test_every_configuration_in_the_docs_is_accepted_by_form_and_code() -> None:
    found = list(documented())
    assert {"README.md", "registering.md", "sample_config.json", "Meltano"} <= {name for name, _ in found}
    for name, config in found:
        assert refused(config) == [], name
        Config.parse(config)


def test_every_start_date_in_the_docs_is_accepted_by_form_and_code() -> None:
    rows = [
        line
        for page in ("README.md", "docs/mailcoach.md")
        for line in (ROOT / page).read_text().splitlines()
        if "`start_date`" in line
    ]
    written = [text for row in rows for text in re.findall(r"`(\d{4}-.+?)`", row)]
    assert {"2025-01-01", "2025-01-01T00:00:00Z"} <= set(written)
    for text in written:
        config = {**CONFIG, "start_date": text}
        assert refused(config) == []
        Config.parse(config)


# The start date --------------------------------------------------------------------------------------------------

DATES = {
    "2025-01-01": "2025-01-01T00:00:00Z",
    "2025-01-01T00:00:00Z": "2025-01-01T00:00:00Z",
    "2025-01-01T00:00:00": "2025-01-01T00:00:00Z",
    "2025-01-01T00:00:00.000000Z": "2025-01-01T00:00:00Z",
    "2025-01-01T02:30:00+02:00": "2025-01-01T00:30:00Z",
    "2025-01-01T02:30:00-0500": "2025-01-01T07:30:00Z",
    "2025-01-01 02:30": "2025-01-01T02:30:00Z",
    "2025-01-01t02:30:00z": "2025-01-01T02:30:00Z",
    "2024-02-29": "2024-02-29T00:00:00Z",
    "0999-01-01": "0999-01-01T00:00:00Z",
    "0001-01-01": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z": "9999-12-31T23:59:59Z",
}
NO_DATES_OF_THE_CALENDAR = [
    *("2025-02-30", "2025-13-01", "2025-00-10", "2025-01-00", "2023-02-29", "0000-01-01", "9999-99-99"),
    *("2025-01-01T24:00:00Z", "2025-01-01T23:60:00Z", "2025-01-01T23:59:60Z", "2025-02-30T00:00:00Z"),
    *("2025-01-01T00:00:00+99:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-00:01"),
    *("0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00+0001", "2025-01-01\n"),
]
NOT_WRITTEN_AS_DATES = [
    *("01.05.2026", "1/5/2026", "2025-1-1", "2025-01", "2025", "20250101", "1735689600", "1735689600.5", "yesterday"),
    *("2025-01-01T", "2025-01-01T00", "2025-01-01T00:00:00 Z", "2025-01-01T00:00:00Z ", " 2025-01-01", "2025-01-01X"),
    *("2025-01-01T00:00:00+01", "2025-01-01_00:00:00", "-2025-01-01", "+12025-01-01", "10000-01-01", "٢٠٢٥-01-01"),
    *(
        "2025/01/01",
        "2025-01-01T00:00:00Z[UTC]",
        "20250101T000000Z",
        "2025-W01-1",
        "2025-001",
        "2025-01-01, 2026-01-01",
    ),
    *(1735689600, 20250101, 0, 1.5, True, ["2025-01-01"], {}),
]


@pytest.mark.parametrize(("written", "start"), DATES.items())
def test_a_day_or_a_time_is_a_start_date_in_utc(written: str, start: str) -> None:
    config = {**CONFIG, "start_date": written}
    assert refused(config) == []
    assert Config.parse(config).start == start


@pytest.mark.parametrize("written", NO_DATES_OF_THE_CALENDAR)
def test_what_only_looks_like_a_date_is_told_by_the_code(written: str) -> None:
    config = {**CONFIG, "start_date": written}
    assert refused(config) == []
    assert "The field start_date of the configuration is not valid: it is no day" in refused_by_code(config)


@pytest.mark.parametrize("written", NOT_WRITTEN_AS_DATES, ids=ascii)
def test_what_is_written_in_another_way_is_refused_by_form_and_code(written: object) -> None:
    config = {**CONFIG, "start_date": written}
    assert refused(config)
    assert "write a day such as 2025-01-01, or a time as 2025-01-01T00:00:00Z" in refused_by_code(config)


# What a person sees ----------------------------------------------------------------------------------------------


def test_what_decides_how_long_a_first_sync_takes_is_shown_with_the_required_fields() -> None:
    shown = [name for name, field in FIELDS.items() if field.get("always_show")]
    assert shown == ["campaign_status", "start_date"]
    assert not set(shown) & set(SPEC["required"])


def test_a_field_has_no_keyword_that_the_platform_does_not_know() -> None:
    known = {"type", "title", "description", "order", "default", "enum", "examples", "minimum", "maximum", "minLength"}
    known |= {"pattern", "pattern_descriptor", "always_show", "airbyte_secret", "airbyte_hidden"}
    for name, field in FIELDS.items():
        assert field.keys() <= known, name


def test_a_pattern_comes_with_its_description() -> None:
    patterns = {name for name, field in FIELDS.items() if "pattern" in field}
    assert patterns == {name for name, field in FIELDS.items() if "pattern_descriptor" in field}
    assert patterns == {"api_base_url", "start_date"}


def test_the_choices_of_a_field_are_explained_in_its_description() -> None:
    for field in FIELDS.values():
        for value in field.get("enum", ()):
            assert re.search(rf"\b{value}\b", field["description"])


# Hosts that the operator trusts ----------------------------------------------------------------------------------

INTERNAL = {**CONFIG, "api_base_url": "http://mailcoach:8080/api"}


@pytest.mark.parametrize(
    ("environ", "takes"),
    [
        ({}, False),
        ({"MAILCOACH_TRUSTED_HOSTS": ""}, False),
        ({"MAILCOACH_TRUSTED_HOSTS": "https://mailcoach"}, False),
        ({"MAILCOACH_TRUSTED_HOSTS": "mailcoach:8080"}, True),
        ({"MAILCOACH_TRUSTED_HOSTS": "mailcoach:8080", "DEPLOYMENT_MODE": "cloud"}, False),
    ],
)
def test_the_form_takes_plain_http_only_where_the_operator_trusts_a_host(environ: dict[str, str], takes: bool) -> None:
    spec = connection_specification(environ)
    assert (refused(INTERNAL, spec) == []) is takes
    assert refused(CONFIG, spec) == []
    assert refused({**CONFIG, "start_date": "soon"}, spec)
