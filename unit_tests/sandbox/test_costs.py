"""Tokens that may read some endpoints only, and the fewest requests for any set of streams."""

from collections.abc import Iterable
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, FULL_REFRESH_ONLY, catalog
from sandbox.connector import STREAMS as OFFERED
from sandbox.truth.streams import STREAMS

from .client import all_rows, ask

SMALL: dict[str, Any] = {"campaigns": 20, "opens": 8, "html_bytes": 20}
CHILDREN = {
    "campaign_clicks": "clicks",
    "campaign_click_events": "clicks",
    "campaign_opens": "opens",
    "campaign_unsubscribes": "unsubscribes",
    "campaign_bounces": "bounces",
}
OF_LISTS = ("subscribers", "tags", "segments")


def read_once(running: Sandbox, streams: Iterable[str]) -> None:
    """Every page of what the streams need, once."""
    wanted = set(streams)
    if wanted & {"email_lists", *OF_LISTS}:
        for email_list in list(all_rows(running, "/email-lists")):
            for kind in wanted & set(OF_LISTS):
                list(all_rows(running, f"/email-lists/{email_list['uuid']}/{kind}"))
    if any(stream.startswith("campaign") for stream in wanted):
        for campaign in list(all_rows(running, "/campaigns?filter[status]=sent")):
            for kind in {CHILDREN[stream] for stream in wanted & CHILDREN.keys()}:
                list(all_rows(running, f"/campaigns/{campaign['uuid']}/{kind}"))
            if "campaign_sends" in wanted:
                list(all_rows(running, f"/sends?filter[campaign_uuid]={campaign['uuid']}"))
    paths = {
        **dict.fromkeys(("sends", "suppressions", "templates")),
        "transactional_mails": "transactional-mails",
        "transactional_mail_templates": "transactional-mails/templates",
        "subscriber_imports": "subscriber-imports",
        "automation_mails": "automation-mails",
    }
    for stream in wanted & paths.keys():
        list(all_rows(running, f"/{paths[stream] or stream}"))


@pytest.mark.parametrize(
    "streams",
    [
        *([stream] for stream in STREAMS),
        ["campaign_clicks", "campaign_click_events"],
        ["email_lists", "subscribers", "tags"],
        STREAMS,
    ],
)
def test_the_least_requests_are_each_page_once(streams: list[str]) -> None:
    with Sandbox("cloud", **SMALL) as running:
        read_once(running, streams)
        assert running.least_requests(streams, page_size=15) == len(running.requests)


def test_parents_and_the_clicks_endpoint_are_counted_once() -> None:
    with Sandbox(**SMALL) as running:
        least = running.least_requests
        campaigns, lists = least(["campaigns"]), least(["email_lists"])
        both = least(["campaign_clicks", "campaign_click_events"])
        assert both == least(["campaign_clicks"]) == least(["campaign_click_events"])
        assert least(["campaign_sends", "campaign_opens"]) == (
            least(["campaign_sends"]) + least(["campaign_opens"]) - campaigns
        )
        assert least(["tags", "segments"]) == least(["tags"]) + least(["segments"]) - lists
        details = least(["subscriber_imports"], include_import_details=True)
        assert details == least(["subscriber_imports"]) + 17
        assert least(["campaign_sends"], start_date="2026-10-01") < least(["campaign_sends"])
        with pytest.raises(ValueError, match="automations: none of"):
            least(["automations"])


def test_an_absent_endpoint_costs_three_requests_and_one_that_shows_that_the_api_is_there() -> None:
    with Sandbox("v7", **SMALL) as running:
        least = running.least_requests
        assert least(["suppressions"]) == 4
        assert least(["suppressions", "automation_mails"]) == 8
        assert least(["suppressions", "email_lists"]) == 5
        assert least(["suppressions", "templates"]) == 4 + least(["templates"])
    with Sandbox("v6", **SMALL, without={"tags", "sends"}) as running:
        least = running.least_requests
        assert least(["tags"]) == least(["email_lists"]) + 4
        assert least(["campaign_sends"]) == least(["campaigns"]) + 4
        assert least(["campaign_click_events"]) == least(["campaigns"]) + 1
        assert least(["campaign_clicks", "campaign_click_events"]) == least(["campaign_clicks"])


@pytest.mark.parametrize(
    ("name", "forbidden"),
    [
        ("email-lists", {"/email-lists"}),
        ("templates", {"/templates"}),
        ("transactional_mails", {"/transactional-mails"}),
        ("transactional_mail_templates", {"/transactional-mails/templates"}),
        ("sends", {"/sends"}),
        ("suppressions", {"/suppressions"}),
        ("subscriber-imports", {"/subscriber-imports"}),
        ("campaigns", {"/campaigns"}),
    ],
)
def test_a_token_may_be_forbidden_some_endpoints(name: str, forbidden: set[str]) -> None:
    paths = ("/email-lists", "/campaigns", "/sends", "/suppressions", "/templates", "/transactional-mails")
    with Sandbox(**SMALL, token_may_not_read={name}) as running:
        answers = {path: ask(running, path) for path in (*paths, *forbidden)}
        assert {path for path, answer in answers.items() if answer.status == 403} == forbidden
        for path in forbidden:
            assert answers[path].json == {"message": "This action is unauthorized."}
        running.settings.token_may_not_read = ()
        assert all(ask(running, path).status == 200 for path in forbidden)


def test_a_forbidden_list_of_things_is_forbidden_one_by_one_too() -> None:
    with Sandbox(**SMALL, token_may_not_read={"tags", "clicks", "templates"}) as running:
        (uuid, *_), (tag, *_) = running.store.email_lists, running.store.tags
        (campaign, *_), (template, *_) = running.store.campaigns, running.store.templates
        lists = f"/email-lists/{uuid}"
        for path in (f"{lists}/tags", f"{lists}/tags/{tag}", f"/campaigns/{campaign}/clicks", f"/templates/{template}"):
            assert ask(running, path).status == 403
        for path in (lists, f"{lists}/segments", f"/campaigns/{campaign}/opens"):
            assert ask(running, path).status == 200


def test_every_endpoint_has_a_kind_in_the_log() -> None:
    with Sandbox(**SMALL) as running:
        (uuid, *_), (who, *_) = running.store.email_lists, running.store.subscribers
        for path in (f"/email-lists/{uuid}/tags", f"/subscribers/{who}", "/transactional-mails/templates", "/links"):
            ask(running, path)
        assert [(request.kind, request.key) for request in running.requests] == [
            ("tags", uuid),
            ("subscriber", who),
            ("transactional_mail_templates", None),
            ("other", None),
        ]


def test_the_catalog_knows_the_streams_that_have_one_mode_only() -> None:
    assert set(OFFERED) == set(STREAMS)
    assert set(CORE_STREAMS) < set(OFFERED)
    modes = {entry["stream"]["name"]: entry["sync_mode"] for entry in catalog(OFFERED, "incremental")["streams"]}
    assert {name for name, mode in modes.items() if mode == "full_refresh"} == set(FULL_REFRESH_ONLY)


def test_sends_are_made_campaign_by_campaign_as_they_are_asked_for() -> None:
    with Sandbox(campaigns=5000, opens=5, html_bytes=20) as running:
        sent = [uuid for uuid, campaign in running.store.campaigns.items() if campaign.status == "sent"]
        totals = [ask(running, f"/sends?filter[campaign_uuid]={uuid}").meta["total"] for uuid in sent[:100]]
        made = [uuid for uuid in sent if uuid not in running.store._pools]
        assert made == sent[:100]
        assert sum(total > 2 for total in totals) > 90
