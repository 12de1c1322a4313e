"""The truth comes from the data; here the wire, cleaned up by rules written once more, says the same."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.truth.streams import PRIMARY_KEYS, STREAMS
from sandbox.world.times import epoch

from .client import CHILDREN, all_rows, with_rows

IN_SCOPE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "sent": lambda row: row["status"] in ("sending", "sent"),
    "scheduled": lambda row: row["status"] == "draft" and row["scheduled_at"] is not None,
    "draft": lambda row: row["status"] == "draft" and row["scheduled_at"] is None,
    "all": lambda row: True,
}
BOOLEANS = {"utm_tags", "requires_confirmation", "allow_form_subscriptions", "campaigns_feed_enabled"}


def clean(row: dict[str, Any]) -> dict[str, Any]:
    """The record shape: numbers are numbers, booleans booleans, empty objects objects, and no garbage."""
    found = {}
    for name, value in row.items():
        if name in BOOLEANS or (name.startswith("report_") and name != "report_recipients"):
            value = bool(value)
        elif name.endswith(("_count", "_rate")) or name == "sent_to_number_of_subscribers":
            value = int(value)
        elif name in ("fields", "extra_attributes"):
            value = value or {}
        elif name in ("email_list", "subscriber") and value is not None:
            value = clean(value)
        elif name == "subscriber_email_list_uuid" and isinstance(value, int):
            value = None
        if not (name == "uuid" and value is None) and name != "campaign":
            found[name] = value
    return found


def stamped(kind: str, row: dict[str, Any], campaign: dict[str, Any]) -> dict[str, Any]:
    """A child row with what the connector adds from the campaign's listing, and lifts from within the row."""
    row |= {
        "campaign_uuid": campaign["uuid"],
        "campaign_sent_at": campaign["sent_at"],
        "campaign_statistics_calculated_at": campaign["statistics_calculated_at"],
    }
    if "subscriber_email" in row:
        row["email_domain"] = row["subscriber_email"].split("@")[1].lower()
    if kind == "unsubscribes":
        row["subscriber_unsubscribed_at"] = row["subscriber"]["unsubscribed_at"]
    return row


def text_of(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(repr(sorted(record.items())) for record in records)


@pytest.mark.parametrize("campaign_status", ["sent", "all"])
@pytest.mark.parametrize("version", ["v6", "v7", "v8", "v9", "v10", "cloud"])
def test_truth_is_what_the_wire_means(version: str, campaign_status: str) -> None:
    with Sandbox(version, campaigns=20, opens=8, html_bytes=20, shuffle_ties=False) as running:
        lists = [clean(row) for row in all_rows(running, "/email-lists")]
        assert text_of(running.truth("email_lists")) == text_of(lists)
        campaigns = [clean(row) for row in all_rows(running, "/campaigns") if IN_SCOPE[campaign_status](row)]
        assert text_of(running.truth("campaigns", campaign_status)) == text_of(campaigns)
        for kind in CHILDREN:
            children = [
                stamped(kind, clean(row), campaign)
                for campaign in campaigns
                if campaign["status"] != "draft"
                for row in all_rows(running, f"/campaigns/{campaign['uuid']}/{kind}")
            ]
            assert children
            assert text_of(running.truth(f"campaign_{kind}", campaign_status)) == text_of(children)


def test_child_records_are_stamped_with_the_campaign_as_it_is_now() -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        campaign = with_rows(running, "unsubscribes", 15)
        streams = [f"campaign_{kind}" for kind in CHILDREN]
        for moment, text in (("2026-11-01T12:00:00Z", "2026-11-01T12:00:00.000000Z"), (None, None)):
            campaign.statistics_calculated_at = None if moment is None else epoch(moment)
            campaign.sent_at = campaign.statistics_calculated_at
            for stream in streams:
                rows = [row for row in running.truth(stream) if row["campaign_uuid"] == campaign.uuid]
                assert {(row["campaign_sent_at"], row["campaign_statistics_calculated_at"]) for row in rows} == {
                    (text, text)
                }
        found = [row["subscriber_unsubscribed_at"] for row in running.truth("campaign_unsubscribes")]
        assert None in found
        assert any(found)


@pytest.mark.parametrize("campaign_status", list(IN_SCOPE))
def test_scopes_part_the_campaigns(campaign_status: str) -> None:
    with Sandbox(opens=2) as running:
        chosen = running.truth("campaigns", campaign_status)
        everything = running.truth("campaigns", "all")
        assert chosen
        assert {row["uuid"] for row in chosen} == {row["uuid"] for row in everything if IN_SCOPE[campaign_status](row)}


@pytest.mark.parametrize("campaign_status", ["draft", "scheduled"])
def test_drafts_have_no_children(campaign_status: str) -> None:
    with Sandbox(opens=2) as running:
        assert all(running.truth(f"campaign_{kind}", campaign_status) == [] for kind in CHILDREN)


def test_primary_keys_are_unique() -> None:
    with Sandbox("cloud") as running:
        for stream, names in PRIMARY_KEYS.items():
            records = running.truth(stream, campaign_status="all")
            assert len({tuple(record[name] for name in names) for record in records}) == len(records) > 0


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data() -> None:
    def everything(seed: int) -> list[Any]:
        with Sandbox(seed=seed, campaigns=12, opens=5) as running:
            return [running.truth(stream, "all") for stream in STREAMS]

    assert everything(1) == everything(1)
    assert everything(1) != everything(2)


def test_sizes_vary_from_nothing_over_page_borders_to_ten_times_the_mean() -> None:
    with Sandbox(opens=60) as running:
        sizes = [len(running.store.children(each, "opens")) for each in running.store.campaigns.values()]
        assert {0, 1, 15, 30, 60, 600} <= set(sizes)
        assert with_rows(running, "opens", 600).status == "sent"


def test_an_unknown_stream_or_scope_is_an_error() -> None:
    with Sandbox(opens=2) as running:
        with pytest.raises(ValueError, match="is none of email_lists"):
            running.truth("automations")
        with pytest.raises(ValueError, match="is none of sent"):
            running.truth("campaigns", "cancelled")


def test_an_endpoint_left_out_has_no_truth() -> None:
    with Sandbox("v6", opens=20, without={"bounces"}) as running:
        assert running.truth("campaign_bounces") == []
        assert running.truth("campaign_opens")


def test_the_least_requests_are_each_page_once() -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        core = ["email_lists", "campaigns", *(f"campaign_{kind}" for kind in CHILDREN)]
        for streams in (["email_lists"], ["campaigns"], ["campaigns", "campaign_opens"], core):
            running.reset_stats()
            if "email_lists" in streams:
                list(all_rows(running, "/email-lists"))
            if streams != ["email_lists"]:
                campaigns = list(all_rows(running, "/campaigns?filter[status]=sent"))
                for kind in CHILDREN:
                    for campaign in campaigns if f"campaign_{kind}" in streams else []:
                        list(all_rows(running, f"/campaigns/{campaign['uuid']}/{kind}"))
            assert running.least_requests(streams) == len(running.requests)


def test_the_least_requests_on_cloud_depend_on_the_page_size() -> None:
    with Sandbox("cloud", opens=20, html_bytes=20) as running:
        assert running.least_requests(["campaigns"], "all", page_size=15) == 3
        assert running.least_requests(["campaigns"], "all") == 1
