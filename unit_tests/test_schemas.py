"""The schemas of the streams are complete, legal, and say of every field what it means."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader
from jsonschema import Draft7Validator

from source_mailcoach import SourceMailcoach
from source_mailcoach.streams.base import MailcoachStream

STREAMS: dict[str, MailcoachStream] = {
    stream.name: stream
    for stream in SourceMailcoach().streams(
        {"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}
    )
}
SCHEMAS: dict[str, dict[str, Any]] = {name: dict(stream.get_json_schema()) for name, stream in STREAMS.items()}
KEYS = {
    "email_lists": ["uuid"],
    "campaigns": ["uuid"],
    "campaign_clicks": ["campaign_uuid", "uuid"],
    "campaign_opens": ["campaign_uuid", "subscriber_uuid"],
    "campaign_unsubscribes": ["campaign_uuid", "subscriber_uuid"],
    "campaign_bounces": ["campaign_uuid", "subscriber_uuid", "type"],
}
# What servers of some version give as null or leave out, by the facts about Mailcoach's API.
NULLABLE = {
    "email_lists": """
        default_from_email default_from_name default_reply_to_email default_reply_to_name honeypot_field
        redirect_after_subscribed redirect_after_already_subscribed redirect_after_subscription_pending
        redirect_after_unsubscribed confirmation_mailable_class campaign_mailer automation_mailer transactional_mailer
        report_recipients email_list_summary_sent_at confirmation_mail_subject confirmation_mail_content
    """,
    "campaigns": """
        name email_list_uuid email_list template_uuid template from_email from_name html structured_html email_html
        webview_html fields mailable_class segment_class sent_at statistics_calculated_at scheduled_at
        summary_mail_sent_at last_modified_at
    """,
    "campaign_clicks": "clicks",
    "campaign_clicks.clicks[]": "send_uuid subscriber_uuid",
    "campaign_opens": "subscriber_email_list_uuid last_opened_at",
    "campaign_unsubscribes": "subscriber",
    "campaign_unsubscribes.subscriber": "first_name last_name extra_attributes subscribed_at unsubscribed_at",
    "campaign_bounces": "",
}
ALLOWED = {"type", "description", "properties", "additionalProperties", "items", "format", "airbyte_type"}


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and all that it holds, each with its path: `campaigns.email_list.name`, `campaign_clicks.clicks[]`."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


NODES = dict(node for name, schema in SCHEMAS.items() for node in nodes(schema, name))
at_every_level = pytest.mark.parametrize("path", NODES)
of_every_stream = pytest.mark.parametrize("name", STREAMS)


def kinds(schema: dict[str, Any]) -> list[str]:
    declared = schema["type"]
    return [declared] if isinstance(declared, str) else declared


def test_the_six_streams_are_those_that_are_promised() -> None:
    assert list(STREAMS) == list(KEYS)


@of_every_stream
def test_a_schema_comes_from_the_file_of_the_streams_name(name: str) -> None:
    assert SCHEMAS[name] == ResourceSchemaLoader("source_mailcoach").get_schema(name)
    assert SCHEMAS[name]["properties"]


@of_every_stream
def test_a_schema_is_valid_draft_07_that_allows_further_fields(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SCHEMAS[name]["type"] == "object"


@of_every_stream
def test_a_schema_uses_nothing_that_destinations_cannot_handle(name: str) -> None:
    text = json.dumps(SCHEMAS[name])
    assert not [word for word in ("allOf", "anyOf", "oneOf", "not", "$ref", "definitions") if f'"{word}"' in text]


@of_every_stream
def test_the_primary_key_is_in_the_schema_and_never_null(name: str) -> None:
    key = STREAMS[name].primary_key
    fields = [key] if isinstance(key, str) else key
    assert fields == KEYS[name]
    assert [kinds(SCHEMAS[name]["properties"][field]) for field in fields] == [["string"]] * len(fields)


@of_every_stream
def test_a_cursor_field_is_a_timestamp_of_the_schema(name: str) -> None:
    cursor = STREAMS[name].cursor_field
    assert isinstance(cursor, str) or cursor == []
    if cursor:
        assert SCHEMAS[name]["properties"][cursor]["format"] == "date-time"


@pytest.mark.parametrize("path", NULLABLE)
def test_the_fields_that_can_be_null_are_nullable_and_no_others(path: str) -> None:
    of_the_api = {
        name: schema
        for name, schema in NODES[path]["properties"].items()
        if "connector" not in schema["description"]  # which says so of the fields that it adds
    }
    nullable = [name for name, schema in of_the_api.items() if "null" in kinds(schema)]
    assert sorted(nullable) == sorted(NULLABLE[path].split())


@at_every_level
def test_everything_is_described_in_sentences(path: str) -> None:
    description = NODES[path]["description"]
    assert description.strip() == description
    assert description.endswith(".")
    assert description[0].isupper()


@at_every_level
def test_there_is_one_type_besides_null_and_nothing_undeclared(path: str) -> None:
    node = NODES[path]
    (kind,) = set(kinds(node)) - {"null"}
    assert kind in ("string", "integer", "boolean", "object", "array")
    assert kinds(node) in ([kind], ["null", kind])
    assert set(node) - ALLOWED == ({"$schema"} if path in STREAMS else set())
    assert ("items" in node) == (kind == "array")


@at_every_level
def test_objects_allow_further_fields(path: str) -> None:
    """Servers add fields with every version, and those pass through."""
    if "object" in kinds(NODES[path]):
        assert NODES[path]["additionalProperties"] is True


@at_every_level
def test_times_and_nothing_else_are_timestamps_with_a_zone(path: str) -> None:
    node = NODES[path]
    stamp = {"format": "date-time", "airbyte_type": "timestamp_with_timezone"} if path.endswith("_at") else {}
    assert {key: node[key] for key in ("format", "airbyte_type") if key in node} == stamp
    assert not stamp or "string" in kinds(node)


def test_traps_of_the_api_are_told_where_somebody_would_fall_into_them() -> None:
    assert "SUBJECT" in NODES["campaigns.from_name"]["description"]
    assert "corrupted" in NODES["campaign_opens.subscriber_email_list_uuid"]["description"]
    assert "split test" in NODES["campaigns.open_count"]["description"]
    for path, node in NODES.items():
        if path.endswith("_rate"):
            assert "percent x 100, 0 to 10000" in node["description"]


def test_a_campaign_holds_its_list_with_the_fields_of_the_stream_of_lists() -> None:
    assert SCHEMAS["campaigns"]["properties"]["email_list"]["properties"] == SCHEMAS["email_lists"]["properties"]


ROWS: list[tuple[str, dict[str, Any], bool]] = [
    ("email_lists", {"uuid": "l", "report_recipients": None, "new_field": [1]}, True),
    ("email_lists", {"uuid": None}, False),
    ("campaigns", {"uuid": "c", "fields": {}, "email_list": None, "sent_at": None, "template": None}, True),
    ("campaigns", {"uuid": "c", "open_count": "12"}, False),
    ("campaigns", {"uuid": "c", "fields": []}, False),
    ("campaign_clicks", {"campaign_uuid": "c", "uuid": "l", "click_count": 1}, True),
    ("campaign_clicks", {"campaign_uuid": "c", "uuid": "l", "clicks": [{"uuid": "e", "send_uuid": None}]}, True),
    ("campaign_opens", {"campaign_uuid": "c", "subscriber_uuid": "s", "subscriber_email_list_uuid": None}, True),
    ("campaign_opens", {"campaign_uuid": "c", "subscriber_uuid": "s", "subscriber_email_list_uuid": 845}, False),
    ("campaign_unsubscribes", {"campaign_uuid": "c", "subscriber": {"tags": ["a"], "extra_attributes": {}}}, True),
    ("campaign_unsubscribes", {"campaign_uuid": "c", "subscriber": {"extra_attributes": []}}, False),
    ("campaign_bounces", {"campaign_uuid": "c", "subscriber_uuid": "s", "type": "complaint"}, True),
    ("campaign_bounces", {"campaign_uuid": "c", "subscriber_uuid": "s", "type": None}, False),
]


@pytest.mark.parametrize(("name", "row", "valid"), ROWS, ids=str)
def test_a_schema_takes_good_records_and_refuses_wrong_types(name: str, row: dict[str, Any], valid: bool) -> None:
    assert Draft7Validator(SCHEMAS[name]).is_valid(row) is valid
