"""What single streams do with their rows, and what they do when the server surprises them."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from airbyte_cdk.models import AirbyteMessage, ConfiguredAirbyteCatalogSerializer, SyncMode, Type

from sandbox import Sandbox
from sandbox.connector import catalog
from source_mailcoach import SourceMailcoach
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.streams.account import Sends, SubscriberImports, TransactionalMails
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.streams.campaign_engagement import CampaignBounces, CampaignOpens, CampaignUnsubscribes
from source_mailcoach.streams.email_list_contents import Segments, Subscribers
from source_mailcoach.sync.paging import Page
from unit_tests.conftest import CONFIG, URL

SLICE = {"campaign_uuid": "c", "campaign_sent_at": None, "campaign_statistics_calculated_at": None}


def stream(kind: type[MailcoachStream], **config: Any) -> Any:
    return next(found for found in SourceMailcoach().streams({**CONFIG, **config}) if type(found) is kind)


def read(sandbox: Sandbox, names: list[str], mode: str = "full_refresh", **config: Any) -> list[AirbyteMessage]:
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog(names, mode))
    return list(SourceMailcoach().read(logging.getLogger("airbyte"), sandbox.config(**config), configured, []))


def records(messages: list[AirbyteMessage], name: str) -> list[Mapping[str, Any]]:
    return [m.record.data for m in messages if m.type is Type.RECORD and m.record and m.record.stream == name]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Any:
    with Sandbox(version="v8", campaigns=12, seed=4, opens=10) as running:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", running.trusted_host)
        monkeypatch.setattr("source_mailcoach.streams.absence.PAUSE", 0.02)
        yield running


@pytest.mark.parametrize(("wire", "kept"), [(845, None), (0, None), ("a-uuid", "a-uuid"), (None, None)])
def test_the_corrupted_uuid_of_the_list_never_passes_for_a_good_one(wire: object, kept: object) -> None:
    (record,) = stream(CampaignOpens).passes.reading.records(
        {"subscriber_uuid": "s", "subscriber_email_list_uuid": wire}, SLICE
    )
    assert record["subscriber_email_list_uuid"] == kept


def test_the_campaign_that_version_6_repeats_in_each_unsubscribe_is_left_out() -> None:
    row = {"campaign_uuid": "c", "campaign": {"html": "x" * 20_000}, "subscriber": {"unsubscribed_at": "t"}}
    (record,) = stream(CampaignUnsubscribes).passes.reading.records(row, SLICE)
    assert "campaign" not in record
    assert record["subscriber_unsubscribed_at"] == "t"


def unsubscribes(*times: str | None) -> Page:
    return Page(1, 9, 99, 15, [{"subscriber": {"unsubscribed_at": time}} for time in times])


@pytest.mark.parametrize(
    ("page", "known"),
    [
        (unsubscribes("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), True),
        (unsubscribes("2026-01-01T00:00:00Z", None), False),  # subscribed again
        (unsubscribes("2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z"), False),  # the last one was reported late
        (unsubscribes(), False),
    ],
)
def test_unsubscribes_are_known_when_all_of_a_page_are(page: Page, known: bool) -> None:
    assert CampaignUnsubscribes.facts.all_older(page.rows, datetime(2026, 2, 1, tzinfo=timezone.utc)) is known


def test_bounces_are_known_from_the_last_row_on() -> None:
    page = Page(1, 9, 99, 15, [{"created_at": "2026-03-01T00:00:00Z"}, {"created_at": "2026-01-01T00:00:00Z"}])
    assert CampaignBounces.facts.all_older(page.rows, datetime(2026, 2, 1, tzinfo=timezone.utc))
    assert not CampaignBounces.facts.all_older(page.rows, datetime(2025, 2, 1, tzinfo=timezone.utc))


@pytest.mark.parametrize(
    ("subscribed_at", "unsubscribed_at", "status"),
    [
        (None, None, "unconfirmed"),
        ("2026-01-01T00:00:00Z", None, "subscribed"),
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "unsubscribed"),
        (None, "2026-02-01T00:00:00Z", "unsubscribed"),
    ],
)
def test_the_status_of_a_subscriber_follows_from_two_times(
    subscribed_at: str | None, unsubscribed_at: str | None, status: str
) -> None:
    row = {"uuid": "s", "subscribed_at": subscribed_at, "unsubscribed_at": unsubscribed_at}
    assert list(stream(Subscribers).passes.reading.records(row, {"email_list_uuid": "l"})) == [
        {**row, "email_list_uuid": "l", "status": status}
    ]


@pytest.mark.parametrize("spelling", ["email_list_id", "email_list_uuid"])
def test_the_list_of_an_import_has_one_name_whatever_the_server_calls_it(spelling: str) -> None:
    (record,) = stream(SubscriberImports).records_of({"uuid": "i", spelling: "l", "status": "draft"})
    assert record == {"uuid": "i", "email_list_uuid": "l", "status": "draft"}


@pytest.mark.parametrize(("kind", "field"), [(Sends, "sent_at"), (TransactionalMails, "created_at")])
@pytest.mark.parametrize(
    ("time", "kept"),
    [
        ("2026-01-31T23:59:59.000000Z", False),
        ("2026-02-01T00:00:00.000000Z", True),
        ("2026-02-02T00:00:00.000000Z", True),
        (None, True),  # it waits, and will be sent after the start date if at all
    ],
)
def test_the_start_date_leaves_out_older_single_mails(
    kind: type[MailcoachStream], field: str, time: str | None, kept: bool
) -> None:
    row = {"uuid": "m", field: time}
    assert list(stream(kind, start_date="2026-02-01").passes.reading.records(row, {})) == ([row] if kept else [])
    assert list(stream(kind).passes.reading.records(row, {})) == [row]


def test_what_a_stream_of_mails_was_read_for_includes_the_start_date() -> None:
    assert stream(Sends, start_date="2026-02-01").owner.scope["start_date"] == "2026-02-01T00:00:00Z"


def test_segments_are_read_without_a_sort_after_any_was_refused() -> None:
    segments = stream(Segments)
    pages, reading = segments.pages, segments.passes.reading
    first = pages.query(1, reading.sort, {"email_list_uuid": "l"})
    assert dict(first.params)["sort"] == "-created_at,name"
    assert reading.does_without(reading.sort)
    plain = pages.query(2, reading.sort, {"email_list_uuid": "l"})
    assert dict(plain.params) == {"per_page": 100, "page": 2}
    assert not reading.does_without(reading.sort), "there is nothing left to do without"


@pytest.mark.parametrize("lacking", ["opens", "campaigns"])
def test_rows_of_a_stream_or_of_its_parent_that_never_came_make_a_full_refresh_fail(lacking: str) -> None:
    opens = stream(CampaignOpens)
    opens.refuse_gaps()
    (opens if lacking == "opens" else opens.parent).pages.missing = 3
    with pytest.raises(MailcoachError, match=f"{lacking} lacks rows: Mailcoach counts 3 more rows"):
        opens.refuse_gaps()


def test_what_the_cdk_itself_would_send_is_guarded_too() -> None:
    """Nothing of the CDK's own reading is used; should it ever be, it must follow no redirect either."""
    opens = stream(CampaignOpens)
    assert opens._http_client is opens.client
    assert opens.request_kwargs()["allow_redirects"] is False
    assert opens.url_base == f"{URL}/"
    response = requests.Response()
    response._content = b'{"data": [{"a": 1}], "meta": {"current_page":1,"last_page":3,"total":31,"per_page":15}}'
    assert list(opens.parse_response(response)) == [{"a": 1}]
    assert opens.next_page_token(response) is None


def test_a_campaign_that_vanishes_is_left_out_with_one_warning(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    gone = sandbox.truth("campaign_opens")[0]["campaign_uuid"]

    def delete(request: Any) -> None:
        if request.path.endswith("/opens"):
            sandbox.on_request = None
            sandbox.store.delete_campaign(gone)

    sandbox.on_request = delete
    messages = read(sandbox, ["campaign_opens"])
    assert len(records(messages, "campaign_opens")) == len(sandbox.truth("campaign_opens"))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == [f"Campaign {gone} was deleted during the sync and is left out of campaign_opens."]


def test_an_endpoint_that_the_server_lacks_is_asked_for_by_few_requests_and_told_once(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A 404 that comes once is no proof."""
    sandbox.settings.without = frozenset({"bounces"})
    read(sandbox, ["campaign_bounces"])
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [("6.24" in warning) for warning in warnings] == [True]
    assert len([request for request in sandbox.requests if request.path.endswith("/bounces")]) == 3


def test_a_start_date_and_a_status_leave_campaigns_out(sandbox: Sandbox) -> None:
    """Of campaigns that were sent before the start date, those that were counted since are there."""
    everything = records(read(sandbox, ["campaigns"], campaign_status="all"), "campaigns")
    began = {row["uuid"]: row.get("sent_at") or row["created_at"] for row in everything}
    latest = {row["uuid"]: max(began[row["uuid"]], row.get("statistics_calculated_at") or "") for row in everything}
    start = sorted(latest.values())[5]
    late = {
        row["uuid"]
        for row in records(read(sandbox, ["campaigns"], campaign_status="all", start_date=start), "campaigns")
    }
    assert late == {uuid for uuid, time in latest.items() if time >= start}
    assert len(late) == len(everything) - 5
    assert any(began[uuid] < start for uuid in late)
    drafts = records(read(sandbox, ["campaigns"], campaign_status="draft"), "campaigns")
    assert {campaign["status"] for campaign in drafts} == {"draft"}


def test_a_server_that_ignores_the_filter_by_status_is_filtered_here(sandbox: Sandbox) -> None:
    campaigns = next(found for found in SourceMailcoach().streams(sandbox.config()) if found.name == "campaigns")
    campaigns.pages.filters = {}
    rows: Iterable[Any] = campaigns.read_records(SyncMode.full_refresh)
    statuses = {row["status"] for row in rows}
    assert statuses <= {"sent", "sending"}
