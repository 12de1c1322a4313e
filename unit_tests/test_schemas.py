"""The schemas of the streams are complete, legal, and say of every field what it means."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader
from jsonschema import Draft7Validator

import source_mailcoach
from source_mailcoach import SourceMailcoach
from source_mailcoach.streams.adapter import MailcoachStream

STREAMS: dict[str, MailcoachStream] = {
    stream.name: stream
    for stream in SourceMailcoach().streams(
        {"api_base_url": "https://news.example.com/api", "api_token": "1|0123456789"}
    )
}
# Primary key and cursor field of each stream, in the order of `discover`.
OF_CAMPAIGNS = "campaign_statistics_calculated_at"
PROMISED: dict[str, tuple[list[str], str | None]] = {
    "email_lists": (["uuid"], None),
    "subscribers": (["uuid"], "updated_at"),
    "tags": (["uuid"], "updated_at"),
    "segments": (["uuid"], None),
    "subscriber_imports": (["uuid"], None),
    "campaigns": (["uuid"], "updated_at"),
    "campaign_clicks": (["campaign_uuid", "uuid"], OF_CAMPAIGNS),
    "campaign_click_events": (["uuid"], OF_CAMPAIGNS),
    "campaign_opens": (["campaign_uuid", "subscriber_uuid"], OF_CAMPAIGNS),
    "campaign_unsubscribes": (["campaign_uuid", "subscriber_uuid"], OF_CAMPAIGNS),
    "campaign_bounces": (["campaign_uuid", "subscriber_uuid", "type"], OF_CAMPAIGNS),
    "campaign_sends": (["campaign_uuid", "uuid"], OF_CAMPAIGNS),
    "sends": (["uuid"], "sent_at"),
    "suppressions": (["uuid"], "created_at"),
    "templates": (["uuid"], "updated_at"),
    "transactional_mails": (["uuid"], "created_at"),
    "transactional_mail_templates": (["uuid"], None),
    "automation_mails": (["uuid"], None),
}
SCHEMAS: dict[str, dict[str, Any]] = {
    name: ResourceSchemaLoader("source_mailcoach").get_schema(name) for name in PROMISED
}
# What servers of some version give as null or leave out, by the facts about Mailcoach's API, and what `email_privacy`
# can drop: addresses, and short texts that can be one.
NULLABLE = {
    "email_lists": """
        name default_from_email default_from_name default_reply_to_email default_reply_to_name honeypot_field
        redirect_after_subscribed redirect_after_already_subscribed redirect_after_subscription_pending
        redirect_after_unsubscribed confirmation_mailable_class campaign_mailer automation_mailer transactional_mailer
        report_recipients email_list_summary_sent_at confirmation_mail_subject confirmation_mail_content
    """,
    "subscribers": "email first_name last_name extra_attributes subscribed_at unsubscribed_at",
    "tags": "name",
    "segments": "name all_positive_tags_required all_negative_tags_required positive_tags negative_tags",
    "subscriber_imports": "subscribers_csv imported_subscribers_count created_at",
    "campaigns": """
        name email_list_uuid email_list template_uuid template from_email from_name html structured_html email_html
        webview_html fields mailable_class segment_class sent_at statistics_calculated_at scheduled_at
        summary_mail_sent_at last_modified_at
    """,
    "campaign_clicks": "clicks",
    "campaign_clicks.clicks[]": "send_uuid subscriber_uuid",
    "campaign_click_events": "send_uuid subscriber_uuid",
    "campaign_opens": "subscriber_email_list_uuid subscriber_email last_opened_at",
    "campaign_unsubscribes": "subscriber_email subscriber",
    "campaign_unsubscribes.subscriber": "email first_name last_name extra_attributes subscribed_at unsubscribed_at",
    "campaign_bounces": "subscriber_email",
    "campaign_sends": """
        transport_message_id automation_mail_uuid transactional_mail_log_item_uuid subscriber_uuid sent_at failed_at
        failure_reason open_count click_count first_opened_at last_opened_at first_clicked_at last_clicked_at
        bounce_count hard_bounce_count soft_bounce_count
    """,
    "sends": """
        transport_message_id campaign_uuid automation_mail_uuid transactional_mail_log_item_uuid subscriber_uuid sent_at
        failed_at failure_reason open_count click_count first_opened_at last_opened_at first_clicked_at last_clicked_at
        bounce_count hard_bounce_count soft_bounce_count
    """,
    "suppressions": "email",
    "templates": "name fields structured_html",
    "templates.fields[]": "",
    "transactional_mails": "subject cc bcc body html",
    "transactional_mails.from[]": "email name",
    "transactional_mails.to[]": "email name",
    "transactional_mails.cc[]": "email name",
    "transactional_mails.bcc[]": "email name",
    "transactional_mail_templates": "name to cc bcc subject",
    "automation_mails": """
        name template_uuid from_email subject html structured_html email_html webview_html fields mailable_class
    """,
}
ALLOWED = {"type", "description", "properties", "additionalProperties", "items", "format", "airbyte_type"}


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and all that it holds, each with its path: `campaigns.email_list.name`, `campaign_clicks.clicks[]`."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


WITHIN = {name: list(nodes(schema, name)) for name, schema in SCHEMAS.items()}
NODES = dict(node for within in WITHIN.values() for node in within)
of_every_stream = pytest.mark.parametrize("name", PROMISED)


def kinds(schema: dict[str, Any]) -> list[str]:
    declared = schema["type"]
    return [declared] if isinstance(declared, str) else declared


def test_the_streams_are_those_that_are_promised() -> None:
    assert list(STREAMS) == list(PROMISED)


@of_every_stream
def test_a_schema_comes_from_the_file_of_the_streams_name(name: str) -> None:
    assert STREAMS[name].get_json_schema() == SCHEMAS[name]
    assert SCHEMAS[name]["properties"]


def test_no_schema_is_without_a_stream() -> None:
    files = Path(source_mailcoach.__file__).parent.glob("schemas/*.json")
    assert {file.stem for file in files} == set(PROMISED)


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
    fields, _ = PROMISED[name]
    assert STREAMS[name].primary_key == fields
    assert [kinds(SCHEMAS[name]["properties"][field]) for field in fields] == [["string"]] * len(fields)


@of_every_stream
def test_the_cursor_field_is_a_timestamp_of_the_schema(name: str) -> None:
    _, cursor = PROMISED[name]
    assert STREAMS[name].cursor_field == (cursor or [])
    assert STREAMS[name].supports_incremental is (cursor is not None)
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


@of_every_stream
def test_a_field_that_can_be_null_says_when(name: str) -> None:
    for path, node in WITHIN[name]:
        if "null" in kinds(node):
            assert re.search(r"\b(null|missing)\b", node["description"], re.IGNORECASE), path


@of_every_stream
def test_a_field_of_an_address_tells_what_email_privacy_does_to_it(name: str) -> None:
    for path, node in WITHIN[name]:
        if path.endswith("email") or "report_recipients" in path:
            assert "Email Privacy turns" in node["description"], path
            assert "null" in kinds(node), path


@of_every_stream
def test_everything_is_described_in_sentences(name: str) -> None:
    for path, node in WITHIN[name]:
        description = node["description"]
        assert description.strip() == description, path
        assert description.endswith("."), path
        assert description[0].isupper(), path


@of_every_stream
def test_there_is_one_type_besides_null_and_nothing_undeclared(name: str) -> None:
    for path, node in WITHIN[name]:
        (kind,) = set(kinds(node)) - {"null"}
        assert kind in ("string", "integer", "number", "boolean", "object", "array"), path
        assert kinds(node) in ([kind], ["null", kind]), path
        assert set(node) - ALLOWED == ({"$schema"} if path == name else set()), path
        assert ("items" in node) == (kind == "array"), path


@of_every_stream
def test_objects_allow_further_fields(name: str) -> None:
    """Servers add fields with every version, and those pass through."""
    for path, node in WITHIN[name]:
        if "object" in kinds(node):
            assert node["additionalProperties"] is True, path


@of_every_stream
def test_times_and_nothing_else_are_timestamps_with_a_zone(name: str) -> None:
    for path, node in WITHIN[name]:
        stamp = {"format": "date-time", "airbyte_type": "timestamp_with_timezone"} if path.endswith("_at") else {}
        assert {key: node[key] for key in ("format", "airbyte_type") if key in node} == stamp, path
        assert not stamp or "string" in kinds(node), path


def test_traps_of_the_api_are_told_where_somebody_would_fall_into_them() -> None:
    assert "SUBJECT" in NODES["campaigns.from_name"]["description"]
    assert "corrupted" in NODES["campaign_opens.subscriber_email_list_uuid"]["description"]
    assert "split test" in NODES["campaigns.open_count"]["description"]
    assert "go stale" in NODES["subscribers.tags"]["description"]
    assert "connector derives it" in NODES["subscribers.status"]["description"]
    assert "Engagement Window" in NODES["sends"]["description"]
    assert "7 days" in NODES["subscriber_imports"]["description"]
    assert "can look like an email address" in NODES["sends.transport_message_id"]["description"]
    for path, node in NODES.items():
        if path.endswith("_rate"):
            assert "percent x 100, 0 to 10000" in node["description"]


def fields_of(path: str, *left_out: str) -> dict[str, Any]:
    return {name: field for name, field in NODES[path]["properties"].items() if name not in left_out}


def test_what_is_in_several_streams_is_described_alike_in_all_of_them() -> None:
    stamps = ("campaign_sent_at", "campaign_statistics_calculated_at")
    keys = ("uuid", "campaign_uuid")
    assert fields_of("campaigns.email_list") == fields_of("email_lists")
    assert fields_of("campaign_unsubscribes.subscriber") == fields_of("subscribers", "status", "email_domain")
    assert fields_of("campaign_sends", *keys, *stamps) == fields_of("sends", *keys)
    assert fields_of("campaign_clicks.clicks[]", "uuid") == fields_of(
        "campaign_click_events", "uuid", "campaign_uuid", "url", *stamps
    )
    with_domain = [name for name in PROMISED if "email_domain" in fields_of(name)]
    assert with_domain == [name for name, stream in STREAMS.items() if stream.facts.address]
    assert len({json.dumps(fields_of(name)["email_domain"]) for name in with_domain}) == 1
    of_campaigns = [name for name, (_, cursor) in PROMISED.items() if cursor == OF_CAMPAIGNS]
    for stamp in stamps:
        assert len({json.dumps(fields_of(name)[stamp]) for name in of_campaigns}) == 1


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
    ("campaign_bounces", {"campaign_uuid": "c", "subscriber_uuid": "s", "subscriber_email": None}, True),
    ("subscribers", {"uuid": "s", "email": None, "status": "unconfirmed", "subscribed_at": None, "tags": []}, True),
    ("subscribers", {"uuid": "s", "status": None}, False),
    ("tags", {"uuid": "t", "name": "a", "updated_at": "2026-11-20T08:00:00Z"}, True),
    ("segments", {"uuid": "g", "positive_tags": ["a"], "all_positive_tags_required": True}, True),
    ("subscriber_imports", {"uuid": "i", "status": "completed", "subscribers_csv": None, "error_count": 0}, True),
    ("campaign_click_events", {"uuid": "e", "campaign_uuid": "c", "url": "https://www.example.com/"}, True),
    ("campaign_sends", {"campaign_uuid": "c", "uuid": "m", "open_count": None, "sent_at": None}, True),
    ("campaign_sends", {"campaign_uuid": None, "uuid": "m"}, False),
    ("sends", {"uuid": "m", "campaign_uuid": None, "subscriber_uuid": None, "click_count": 2}, True),
    ("sends", {"uuid": "m", "click_count": "2"}, False),
    ("suppressions", {"uuid": "x", "email": None, "reason": "manual"}, True),
    ("templates", {"uuid": "t", "fields": [{"name": "title", "type": "text"}], "structured_html": None}, True),
    ("templates", {"uuid": "t", "fields": {"1": {"name": "title", "type": "text"}}}, False),
    ("transactional_mails", {"uuid": "l", "to": [{"email": None, "name": "Ada"}], "cc": [], "bcc": None}, True),
    ("transactional_mails", {"uuid": "l", "to": ["ada@example.com"]}, False),
    ("transactional_mail_templates", {"uuid": "t", "to": ["staff@example.com"], "cc": None, "store_mail": True}, True),
    ("automation_mails", {"uuid": "a", "fields": {}, "template_uuid": None, "open_rate": 2550}, True),
    ("automation_mails", {"uuid": "a", "open_rate": 2550.5, "click_rate": 310.25}, True),
    ("automation_mails", {"uuid": "a", "open_rate": "2550.5"}, False),
]


@pytest.mark.parametrize(("name", "row", "valid"), ROWS, ids=str)
def test_a_schema_takes_good_records_and_refuses_wrong_types(name: str, row: dict[str, Any], valid: bool) -> None:
    assert Draft7Validator(SCHEMAS[name]).is_valid(row) is valid
