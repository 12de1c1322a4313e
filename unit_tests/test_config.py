"""One model makes the spec and validates: what it refuses is told in one sentence that never quotes the token."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_mailcoach import SourceMailcoach
from source_mailcoach.config import LEGACY_RUNTIME_ID, PRODUCT_ID, Config, connection_specification
from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError, Problem

TOKEN = "1|0123456789abcdef"
CONFIG = {"api_base_url": "https://news.example.com/api", "api_token": TOKEN}
SPEC = connection_specification({})
FIELDS: Mapping[str, dict[str, Any]] = SPEC["properties"]


@pytest.fixture(autouse=True)
def no_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILCOACH_TRUSTED_HOSTS", raising=False)
    monkeypatch.delenv("DEPLOYMENT_MODE", raising=False)


def parse(**fields: object) -> Config:
    return Config.parse({**CONFIG, **fields})


def refusal(config: Mapping[str, Any]) -> MailcoachError:
    with pytest.raises(MailcoachError) as raised:
        Config.parse(config)
    assert raised.value.failure_type == FailureType.config_error
    return raised.value


# Fields ----------------------------------------------------------------------------------------------------------


def test_the_two_required_fields_are_enough() -> None:
    config = parse()
    assert config.connection_method == "self_hosted"
    assert config.campaign_status == "sent"
    assert config.page_size == 100
    assert config.connector_id is None
    assert config.token == TOKEN
    assert config.api_base.url == "https://news.example.com/api"


def test_unknown_fields_are_ignored() -> None:
    """Configurations of other versions, and of the platform, hold fields of their own."""
    assert parse(field_of_another_version=1, __injected={"x": 1}).model_dump() == parse().model_dump()


GOOD_AND_BAD: list[tuple[str, list[object], list[object]]] = [
    ("connection_method", ["self_hosted", "cloud"], ["", "Cloud", "selfhosted", None, 1]),
    ("campaign_status", ["sent", "scheduled", "draft", "all"], ["", "SENT", "sending", "cancelled", None, ["sent"]]),
    ("page_size", [1, 2, 15, 100, 999, 1000], [0, -1, 1001, 10**30, 1.5, None, "many", [], {}]),
    ("deleted_rows", ["ignore", "mark"], ["", "Mark", "delete", None, True]),
    ("reconcile_days", [0, 1, 7, 365], [-1, 366, 1.5, None, "weekly", []]),
    ("api_base_url", ["https://team.mailcoach.app/api"], [None, 1, ["https://news.example.com/api"], {}]),
    ("api_token", ["12345678", "x" * 500, "1|~!#$%&'*+-./:;<=>?@[]^_`{}"], [None, 12345678, "1234567", "", [TOKEN]]),
]


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values, _ in GOOD_AND_BAD for value in values])
def test_model_and_spec_accept_a_value(field: str, value: object) -> None:
    config = {"api_base_url": "https://team.mailcoach.app/api", "api_token": TOKEN, field: value}
    Config.parse(config)
    Draft7Validator(SPEC).validate(config)


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, _, values in GOOD_AND_BAD for value in values])
def test_model_and_spec_refuse_a_value(field: str, value: object) -> None:
    config = {**CONFIG, field: value}
    error = refusal(config)
    assert error.problem == input_problems.CONFIG_INVALID
    assert f"The field {field} of the configuration is not valid: " in str(error.message)
    assert not Draft7Validator(SPEC).is_valid(config)


@pytest.mark.parametrize("field", ["api_base_url", "api_token"])
def test_a_required_field_that_is_missing_is_named(field: str) -> None:
    error = refusal({name: value for name, value in CONFIG.items() if name != field})
    assert f"The field {field} of the configuration is not valid: field required." in str(error.message)


def test_the_rules_for_the_url_hold() -> None:
    assert refusal({**CONFIG, "api_base_url": "https://localhost/api"}).problem == input_problems.URL_LOCALHOST


def test_the_operator_can_trust_a_host_and_the_configuration_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**CONFIG, "api_base_url": "http://mailcoach:8080/api", "MAILCOACH_TRUSTED_HOSTS": "mailcoach"}
    assert refusal(config).problem == input_problems.URL_LOCAL_NAME
    monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", "mailcoach:8080")
    assert Config.parse(config).api_base.trusted
    monkeypatch.setenv("DEPLOYMENT_MODE", "cloud")
    assert refusal(config).problem == input_problems.URL_LOCAL_NAME


# The token -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [f" {TOKEN}", f"{TOKEN}\n", f"\t{TOKEN}\r\n", f"\u00a0{TOKEN}\u3000"])
def test_white_space_around_the_token_is_dropped(copied: str) -> None:
    assert parse(api_token=copied).token == TOKEN


@pytest.mark.parametrize(
    "token",
    [
        "1|secret 0123456789",
        "1|secret\n0123456789",
        "1|secret\r\nX-Header: 1",
        "1|secret\t0123",
        "1|secret\x000123",
        "1|secret\x7f0123",
        "1|secret\u00a00123",
        "1|secret\u200b",
        "1|sécret0123",
        "Bearer 1|secret0123",
    ],
    ids=ascii,
)
def test_a_token_with_a_space_or_a_foreign_character_inside_is_refused_unquoted(token: str) -> None:
    """In a header it would break the request, and the exception would quote the header."""
    error = refusal({**CONFIG, "api_token": token})
    assert error.problem == input_problems.CONFIG_INVALID
    assert "The field api_token " in str(error.message)
    assert "1|s" not in str(error.message)


@pytest.mark.parametrize("token", [" " * 20, "\n" * 8, "   abc    "], ids=ascii)
def test_a_token_that_is_too_short_without_its_white_space_is_refused(token: str) -> None:
    """Log lines are cleared of the token as text; one of a few letters takes parts of everything else along."""
    assert "The field api_token " in str(refusal({**CONFIG, "api_token": token}).message)


junk = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(st.integers(), max_size=2)
tokens = st.builds("{}s3cr3t{}".format, st.text(max_size=9), st.text(max_size=9))
BASES = ["https://news.example.com/api", "https://team.mailcoach.app/api", "http://localhost", "https://", ""]


@given(
    st.fixed_dictionaries(
        {"api_token": tokens | tokens.map(lambda token: [token]) | tokens.map(lambda token: {token: token})},
        optional={
            "api_base_url": st.sampled_from(BASES) | tokens.map("https://user:{}@news.example.com/api".format),
            "connection_method": st.sampled_from(["cloud", "self_hosted"]) | junk,
            "campaign_status": st.just("sent") | junk,
            "page_size": st.just(100) | junk,
            "connector_id": st.just(PRODUCT_ID) | junk | tokens,
        },
    )
)
def test_no_message_ever_holds_the_token(config: dict[str, Any]) -> None:
    try:
        shown = repr(Config.parse(config))
    except MailcoachError as error:
        shown = f"{error.message}{error.internal_message}{error!r}{error.__cause__!r}"
    assert "s3cr3t" not in shown


# Identities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connector_id", [None, PRODUCT_ID, LEGACY_RUNTIME_ID])
def test_configurations_of_this_connector_are_accepted(connector_id: str | None) -> None:
    parse(connector_id=connector_id)


@pytest.mark.parametrize(
    "connector_id",
    ["", "conn_other", PRODUCT_ID.upper(), f"{PRODUCT_ID} ", LEGACY_RUNTIME_ID.removeprefix("source:"), "source:"],
)
def test_a_configuration_of_another_connector_is_refused_with_the_id_to_use(connector_id: str) -> None:
    error = refusal({**CONFIG, "connector_id": connector_id})
    assert error.problem == input_problems.CONNECTOR_ID
    assert PRODUCT_ID in str(error.message)


def test_the_identities_are_those_that_saved_configurations_hold() -> None:
    assert PRODUCT_ID == "conn_mailcoach_sellersync_edm"
    assert LEGACY_RUNTIME_ID == "source:efd2f044-dcbb-52ee-98d0-c169d9d092b9"


def test_the_legacy_id_is_rewritten_by_a_control_message(capsys: pytest.CaptureFixture[str]) -> None:
    old = {**CONFIG, "connector_id": LEGACY_RUNTIME_ID, "page_size": 50, "other": [1]}
    new = SourceMailcoach().configure(old, "")
    (message,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert new == {**old, "connector_id": PRODUCT_ID}
    assert old["connector_id"] == LEGACY_RUNTIME_ID
    assert (message["type"], message["control"]["type"]) == ("CONTROL", "CONNECTOR_CONFIG")
    assert message["control"]["connectorConfig"] == {"config": new}


@pytest.mark.parametrize("ids", [{}, {"connector_id": PRODUCT_ID}, {"connector_id": None}, {"connector_id": "other"}])
def test_any_other_configuration_is_left_as_it_is(ids: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    config = {**CONFIG, **ids}
    assert SourceMailcoach().configure(config, "") == config
    assert capsys.readouterr().out == ""


# Connection method -----------------------------------------------------------------------------------------------

CLOUD_URL, OWN_URL, CLOUD_ITSELF = (
    "https://team.mailcoach.app/api",
    "https://news.example.com/api",
    "https://mailcoach.app/api",
)


@pytest.mark.parametrize(
    ("method", "url", "problem"),
    [
        ({}, CLOUD_URL, None),
        ({}, OWN_URL, None),
        ({"connection_method": "self_hosted"}, CLOUD_URL, None),
        ({"connection_method": "self_hosted"}, OWN_URL, None),
        ({"connection_method": "cloud"}, CLOUD_URL, None),
        ({"connection_method": "cloud"}, "https://TEAM.mailcoach.app./api/", None),
        ({"connection_method": "cloud"}, OWN_URL, input_problems.URL_NOT_CLOUD),
        ({"connection_method": "cloud"}, CLOUD_ITSELF, input_problems.URL_NOT_CLOUD),
        ({"connection_method": "cloud"}, "https://teammailcoach.app/api", input_problems.URL_NOT_CLOUD),
        ({"connection_method": "cloud"}, "https://team.mailcoach.app.example.com/api", input_problems.URL_NOT_CLOUD),
        ({"connection_method": "cloud"}, "http://team.mailcoach.app/api", input_problems.URL_NOT_HTTPS),
        ({"connection_method": "cloud"}, "https://team.mailcoach.app:8443/api", input_problems.URL_PORT),
    ],
)
def test_cloud_demands_a_host_under_mailcoach_app(method: dict[str, str], url: str, problem: Problem | None) -> None:
    config = {**CONFIG, **method, "api_base_url": url}
    if problem is None:
        assert Config.parse(config).api_base.in_cloud is ("mailcoach.app" in url.lower())
    else:
        assert refusal(config).problem == problem


@pytest.mark.parametrize(
    ("look_alike", "punycode"),
    [
        ("team.mаilcoach.app", "team.xn--milcoach-16g.app"),
        ("team.mailcoach.аpp", "team.mailcoach.xn--pp-6kc"),
        ("team。mailcoaсh。app", "team.xn--mailcoah-lch.app"),
        ("mailcoach.app.bücher.example", "mailcoach.app.xn--bcher-kva.example"),
    ],
    ids=ascii,
)
def test_a_look_alike_of_mailcoach_app_is_shown_in_punycode(look_alike: str, punycode: str) -> None:
    config = {**CONFIG, "connection_method": "cloud", "api_base_url": f"https://{look_alike}/api"}
    error = refusal(config)
    assert error.problem == input_problems.URL_NOT_CLOUD
    assert f"but {punycode} is not" in str(error.message)
    assert str(error.message).isascii()


# The spec --------------------------------------------------------------------------------------------------------


def test_the_spec_is_what_the_connector_prints() -> None:
    assert SourceMailcoach().spec(logging.getLogger()).connectionSpecification == SPEC


def test_the_spec_is_a_draft_07_schema_that_allows_further_fields() -> None:
    Draft7Validator.check_schema(SPEC)
    assert SPEC["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SPEC["type"] == "object"
    assert SPEC["additionalProperties"] is True


def test_required_fields_come_first_and_no_two_fields_share_a_place() -> None:
    ordered = sorted(FIELDS, key=lambda name: int(FIELDS[name]["order"]))
    assert SPEC["required"] == ["api_base_url", "api_token"] == ordered[:2]
    assert ordered[-1] == "connector_id"
    assert [FIELDS[name]["order"] for name in ordered] == list(range(len(FIELDS)))


def test_the_token_alone_is_a_secret() -> None:
    assert [name for name, field in FIELDS.items() if field.get("airbyte_secret")] == ["api_token"]


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_one_type_a_title_and_a_description(name: str) -> None:
    field = FIELDS[name]
    assert field["type"] in ("string", "integer", "boolean")
    assert field["title"].replace("API", "Api").replace("URL", "Url").replace("ID", "Id").istitle()
    assert field["description"].endswith(".")
    assert field["description"].count(". ") <= 1


def test_choices_are_enums_with_a_default() -> None:
    choices = {name: field["enum"] for name, field in FIELDS.items() if "enum" in field}
    assert choices == {
        "connection_method": ["self_hosted", "cloud"],
        "campaign_status": ["sent", "scheduled", "draft", "all"],
        "email_privacy": ["plain", "sha256", "drop"],
        "deleted_rows": ["ignore", "mark"],
    }
    assert FIELDS["connection_method"]["default"] == "self_hosted"
    assert FIELDS["campaign_status"]["default"] == "sent"


def test_the_page_size_has_its_bounds_and_default() -> None:
    bounds = {key: FIELDS["page_size"][key] for key in ("minimum", "maximum", "default")}
    assert bounds == {"minimum": 1, "maximum": 1000, "default": 100}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "definitions", "writeOnly"])
def test_the_form_gets_nothing_that_it_cannot_show(keyword: str) -> None:
    assert f'"{keyword}"' not in json.dumps(SPEC)


def test_an_example_of_a_url_is_one_that_is_accepted() -> None:
    for url in FIELDS["api_base_url"]["examples"]:
        assert Config.parse({**CONFIG, "api_base_url": url}).api_base.url == url
