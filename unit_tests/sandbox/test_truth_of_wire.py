"""What the wire of the endpoints beside the campaigns' means, cleaned up by rules written once more, is the truth."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.truth.streams import STREAMS

from .client import all_rows, ask
from .test_truth import text_of

VERSIONS = ("v6", "v7", "v8", "v9", "v10", "cloud")
SMALL: dict[str, Any] = {"campaigns": 20, "opens": 8, "html_bytes": 20}
PATHS = {
    "sends": "/sends",
    "suppressions": "/suppressions",
    "templates": "/templates",
    "transactional_mails": "/transactional-mails",
    "transactional_mail_templates": "/transactional-mails/templates",
    "subscriber_imports": "/subscriber-imports",
    "automation_mails": "/automation-mails",
}
BOOLEANS = {
    *("all_positive_tags_required", "all_negative_tags_required"),
    *("subscribe_unsubscribed", "unsubscribe_others", "replace_tags"),
}


def clean(stream: str, row: dict[str, Any]) -> dict[str, Any]:
    found = dict(row)
    for name, value in row.items():
        if name in BOOLEANS:
            found[name] = bool(value)
        elif name.endswith("_count"):
            found[name] = int(value)
        elif name == "extra_attributes" or (name == "fields" and stream == "automation_mails"):
            found[name] = value or {}
        elif name == "fields" and isinstance(value, dict):
            found[name] = list(value.values())
    if "email_list_id" in found:
        found["email_list_uuid"] = found.pop("email_list_id")
    if "email" in row:
        found["email_domain"] = row["email"].split("@")[1].lower()
    if stream == "subscribers":
        confirmed = "subscribed" if row["subscribed_at"] else "unconfirmed"
        found["status"] = "unsubscribed" if row["unsubscribed_at"] else confirmed
    return found


def wire(running: Sandbox, stream: str) -> list[dict[str, Any]]:
    if stream in PATHS:
        present = ask(running, PATHS[stream]).status == 200
        return [clean(stream, row) for row in all_rows(running, PATHS[stream])] if present else []
    paths = [f"/email-lists/{uuid}/{stream}" for uuid in running.store.email_lists]
    return [clean(stream, row) for path in paths for row in all_rows(running, path)]


@pytest.mark.parametrize("version", VERSIONS)
def test_truth_is_what_the_wire_means(version: str) -> None:
    absent = {"v6": 3, "v7": 3, "v8": 1, "v9": 1, "v10": 1, "cloud": 0}
    with Sandbox(version, **SMALL, shuffle_ties=False) as running:
        truths = {stream: running.truth(stream) for stream in ("subscribers", "tags", "segments", *PATHS)}
        assert sum(not records for records in truths.values()) == absent[version]
        for stream, records in truths.items():
            assert text_of(records) == text_of(wire(running, stream)), stream


@pytest.mark.parametrize("campaign_status", ["sent", "all"])
@pytest.mark.parametrize("version", VERSIONS)
def test_sends_and_click_events_of_campaigns_are_stamped(version: str, campaign_status: str) -> None:
    with Sandbox(version, **SMALL, shuffle_ties=False) as running:
        sends, events = [], []
        for campaign in running.truth("campaigns", campaign_status):
            if campaign["status"] == "draft":
                continue
            stamps = {"campaign_uuid": campaign["uuid"], "campaign_sent_at": campaign["sent_at"]}
            stamps["campaign_statistics_calculated_at"] = campaign["statistics_calculated_at"]
            path = f"/sends?filter[campaign_uuid]={campaign['uuid']}"
            sends += [stamps | clean("sends", row) for row in all_rows(running, path)]
            for link in all_rows(running, f"/campaigns/{campaign['uuid']}/clicks"):
                events += [stamps | click | {"url": link["url"]} for click in link.get("clicks", [])]
        assert text_of(running.truth("campaign_sends", campaign_status)) == text_of(sends)
        assert text_of(running.truth("campaign_click_events", campaign_status)) == text_of(events)
        assert sends
        assert (events == []) == (version == "v6")


@pytest.mark.parametrize("version", ["v7", "v8", "cloud"])
def test_imports_with_details_are_what_the_details_mean(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        details = [
            clean("subscriber_imports", ask(running, f"/subscriber-imports/{uuid}").data)
            for uuid in running.store.imports
        ]
        assert text_of(running.truth("subscriber_imports", include_import_details=True)) == text_of(details)


def test_the_start_date_leaves_out_what_was_sent_before_and_not_counted_since() -> None:
    begin = "2026-08-01T00:00:00Z"
    with Sandbox(**SMALL) as running:
        campaigns = running.truth("campaigns")
        sent = {row["uuid"] for row in campaigns if (row["sent_at"] or row["created_at"]) >= begin}
        chosen = {row["uuid"] for row in campaigns if (row["statistics_calculated_at"] or "") >= begin} | sent
        assert sent < chosen < {row["uuid"] for row in campaigns}
        for stream in STREAMS:
            whole, part = running.truth(stream), running.truth(stream, start_date=begin)
            moment = {"sends": "sent_at", "transactional_mails": "created_at"}.get(stream)
            if stream.startswith("campaign"):
                key = "uuid" if stream == "campaigns" else "campaign_uuid"
                assert part == [row for row in whole if row[key] in chosen]
            elif moment is None:
                assert part == whole
                continue
            else:
                assert part == [row for row in whole if row[moment] is None or row[moment] >= begin]
            assert len(part) < len(whole)


@pytest.mark.parametrize(
    ("stream", "moment"),
    [("campaign_opens", "last_opened_at"), ("campaign_bounces", "created_at"), ("campaign_unsubscribes", None)],
)
def test_below_a_campaign_that_is_older_than_the_start_date_only_later_rows_are_needed(
    stream: str, moment: str | None
) -> None:
    begin = "2026-10-20T00:00:00Z"
    with Sandbox(**SMALL) as running:
        campaign = next(each for each in running.store.campaigns.values() if each.status == "sent" and each.email_list)
        people = [each for each in running.store.subscribers.values() if each.email_list is campaign.email_list]
        for who in people[:2]:
            running.store.add_open(campaign, who)
            running.store.add_bounce(campaign, who, "complaint")
        allowed = running.truth(stream, start_date=begin)
        needed = running.truth(stream, start_date=begin, needed_only=True)
        left_out = [row for row in allowed if row not in needed]
        assert {row["subscriber_uuid"] for row in needed} >= {who.uuid for who in people[:2]}
        assert left_out
        assert all(row["campaign_sent_at"] < begin and (moment is None or row[moment] < begin) for row in left_out)
        assert needed == [row for row in allowed if row not in left_out]


def test_an_endpoint_left_out_has_no_truth() -> None:
    with Sandbox(**SMALL, without={"sends", "clicks", "tags", "automation-mails", "subscriber_imports"}) as running:
        gone = {"sends", "campaign_sends", "campaign_clicks", "campaign_click_events", "tags", "subscriber_imports"}
        assert {stream for stream in STREAMS if not running.truth(stream)} == gone | {"automation_mails"}
        (uuid, *_) = running.store.email_lists
        assert ask(running, f"/email-lists/{uuid}/tags").status == 404
        assert ask(running, f"/subscriber-imports/{next(iter(running.store.imports))}").status == 404


def test_an_empty_account_has_nothing() -> None:
    with Sandbox("cloud", empty=True) as running:
        assert all(running.truth(stream, "all") == [] for stream in STREAMS)
