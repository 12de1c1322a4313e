"""Keys of one stream find their row in another, for every server version; and where they do not, why.

A key finds nothing, and rightly so, in these cases, where something is out of scope, gone, or never told:

- `campaign_uuid` of `sends`: the stream has the mails of all campaigns, `campaigns` only those that Campaign Status and
  Start Date select. Without them every one is found. The streams below campaigns are limited to the same campaigns.
- `email_list_uuid` of campaigns whose list was deleted: it is null, and so never dangles. Their subscribers, and all
  that these did, have gone with the list.
- `automation_mail_uuid` of `sends`, on servers that do not list automation mails, which is most of them.
- `subscriber_email_list_uuid` of opens is null, since the server sends a corrupted number. That of bounces is whole.
- rows in a destination that were read before a subscriber, campaign or list was deleted: one sync alone has none.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from integration_tests.in_process import BRIEF
from sandbox import Sandbox
from sandbox.connector import STREAMS, read
from unit_tests.seeds import versions

Records = dict[str, list[Mapping[str, Any]]]
VERSIONS = versions("v6", "v7", "v8", "v9", "v10", "cloud")
BELOW_CAMPAIGNS = tuple(stream for stream in STREAMS if stream.startswith("campaign_"))
OF_LISTS = ("subscribers", "tags", "segments", "subscriber_imports")
PERSONS = (*(stream for stream in BELOW_CAMPAIGNS if stream != "campaign_clicks"), "sends")
SINCE_V7 = ("campaign_click_events",)

JOINS = [
    *((stream, "subscriber_uuid", "subscribers") for stream in PERSONS),
    *((stream, "campaign_uuid", "campaigns") for stream in (*BELOW_CAMPAIGNS, "sends")),
    *((stream, "email_list_uuid", "email_lists") for stream in (*OF_LISTS, "campaigns")),
    ("campaign_bounces", "subscriber_email_list_uuid", "email_lists"),
    ("campaign_click_events", "link_uuid", "campaign_clicks"),
    ("campaign_click_events", "send_uuid", "campaign_sends"),
    ("campaign_click_events", "send_uuid", "sends"),
    ("campaign_sends", "uuid", "sends"),
    ("sends", "transactional_mail_log_item_uuid", "transactional_mails"),
]
NEVER_NULL = {(stream, key) for stream, key, _ in JOINS} - {
    ("sends", "subscriber_uuid"),  # null for transactional mails
    ("sends", "campaign_uuid"),  # one of three says what a mail was for
    ("sends", "transactional_mail_log_item_uuid"),
    ("campaigns", "email_list_uuid"),  # null once the list is deleted
}


def read_all(sandbox: Sandbox, **config: Any) -> Records:
    """The records of all streams, in one sync."""
    result = read(sandbox, config=sandbox.config(**config), changes=BRIEF)
    assert result.exit_code == 0, result.stdout
    found: Records = {stream: [] for stream in STREAMS}
    for message in result.of_type("RECORD"):
        found[message["record"]["stream"]].append(message["record"]["data"])
    return found


@pytest.fixture(scope="module", params=VERSIONS)
def everything(request: pytest.FixtureRequest) -> tuple[str, Records]:
    """A server's version, and all of its streams, cancelled and paused campaigns included."""
    with Sandbox(version=request.param, campaigns=24, seed=11, opens=20, html_bytes=50, shuffle_ties=False) as sandbox:
        return request.param, read_all(sandbox, campaign_status="all")


def keys(records: Records, stream: str, field: str) -> set[Any]:
    return {row[field] for row in records[stream] if row.get(field) is not None}


@pytest.mark.parametrize(("stream", "key", "target"), JOINS)
def test_every_key_finds_its_row(everything: tuple[str, Records], stream: str, key: str, target: str) -> None:
    version, records = everything
    wanted = keys(records, stream, key)
    assert bool(wanted) == (version != "v6" or stream not in SINCE_V7)
    assert wanted <= keys(records, target, "uuid")
    if (stream, key) in NEVER_NULL:
        assert all(row.get(key) for row in records[stream])


def test_nested_clicks_find_link_mail_and_person(everything: tuple[str, Records]) -> None:
    version, records = everything
    nested = [(link, click) for link in records["campaign_clicks"] for click in link.get("clicks") or ()]
    assert bool(nested) == (version != "v6")
    mails, people = keys(records, "campaign_sends", "uuid"), keys(records, "subscribers", "uuid")
    for link, click in nested:
        assert click["link_uuid"] == link["uuid"]
        assert click["send_uuid"] in mails
        assert click["subscriber_uuid"] in people


def test_person_mail_and_campaign_of_a_row_belong_together(everything: tuple[str, Records]) -> None:
    """The mail of a click went to the one who clicked, and a subscriber is on the list of the campaign."""
    _, records = everything
    mails = by_uuid(records, "campaign_sends")
    for click in records["campaign_click_events"]:
        mail = mails[click["send_uuid"]]
        assert (mail["subscriber_uuid"], mail["campaign_uuid"]) == (click["subscriber_uuid"], click["campaign_uuid"])
    people, campaigns = by_uuid(records, "subscribers"), by_uuid(records, "campaigns")
    for stream in PERSONS[:-1]:
        for row in records[stream]:
            person, campaign = people[row["subscriber_uuid"]], campaigns[row["campaign_uuid"]]
            assert person["email_list_uuid"] == campaign["email_list_uuid"]


def test_mails_of_automations_find_theirs_where_the_server_lists_them(everything: tuple[str, Records]) -> None:
    version, records = everything
    wanted, listed = keys(records, "sends", "automation_mail_uuid"), keys(records, "automation_mails", "uuid")
    assert wanted
    assert wanted <= listed if version == "cloud" else not listed


def test_the_list_of_an_open_is_told_by_its_campaign_alone(everything: tuple[str, Records]) -> None:
    _, records = everything
    assert keys(records, "campaign_opens", "subscriber_email_list_uuid") == set()


def by_uuid(records: Records, stream: str) -> dict[str, Mapping[str, Any]]:
    return {row["uuid"]: row for row in records[stream]}


def test_addresses_join_people_to_suppressions(everything: tuple[str, Records]) -> None:
    version, records = everything
    people = {row["email"].lower() for row in records["subscribers"]}
    suppressed = {row["email"].lower() for row in records["suppressions"]}
    assert bool(people & suppressed) == (version not in ("v6", "v7"))


@pytest.mark.parametrize("version", VERSIONS)
def test_mails_of_campaigns_out_of_scope_find_none(version: str) -> None:
    """And it is these alone: cancelled, paused, or sent before the start date."""
    with Sandbox(version=version, campaigns=24, seed=11, opens=20, html_bytes=50, shuffle_ties=False) as sandbox:
        start = sorted(campaign["sent_at"] for campaign in sandbox.truth("campaigns") if campaign["sent_at"])[3]
        records = read_all(sandbox, start_date=start[:10])
        campaigns = keys(records, "campaigns", "uuid")
        everywhere = {row["uuid"]: row for row in sandbox.truth("campaigns", campaign_status="all")}
        lost = keys(records, "sends", "campaign_uuid") - campaigns
        assert {everywhere[uuid]["status"] for uuid in lost} >= {"cancelled"}
        assert all(
            everywhere[uuid]["status"] in ("cancelled", "paused") or (everywhere[uuid]["sent_at"] or "9") < start[:10]
            for uuid in lost
        )
        for stream in BELOW_CAMPAIGNS:
            assert keys(records, stream, "campaign_uuid") <= campaigns


@pytest.mark.parametrize("version", VERSIONS)
def test_a_deleted_list_leaves_campaigns_without_a_list_and_without_people(version: str) -> None:
    with Sandbox(version=version, campaigns=12, seed=11, opens=20, sent_only=True, shuffle_ties=False) as sandbox:
        gone = next(iter(sandbox.store.email_lists.values()))
        orphans = {each.uuid for each in sandbox.store.campaigns.values() if each.email_list is gone}
        sandbox.store.delete_email_list(gone)
        records = read_all(sandbox)
        without = {row["uuid"] for row in records["campaigns"] if row.get("email_list_uuid") is None}
        assert orphans <= without
        assert all(without.isdisjoint(keys(records, stream, "campaign_uuid")) for stream in PERSONS)
        for stream, key, target in JOINS:
            assert keys(records, stream, key) <= keys(records, target, "uuid"), (stream, key)
