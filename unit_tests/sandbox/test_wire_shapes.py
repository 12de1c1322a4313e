import re
from collections import Counter
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.wire.rows import php_int

from .client import CHILDREN, all_rows, ask, most

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CURRENT = ("v6", "v7", "v8", "v9", "v10", "cloud")


def rows_of(version: str, kind: str) -> list[dict[str, Any]]:
    with Sandbox(version, opens=20, html_bytes=20) as running:
        path = {"lists": "/email-lists", "campaigns": "/campaigns"}.get(kind)
        return list(all_rows(running, path or f"/campaigns/{most(running, kind).uuid}/{kind}"))


def keys_of(version: str, kind: str) -> set[str]:
    return set().union(*rows_of(version, kind))


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_opens_before_v8_have_a_null_uuid_and_no_last_opened_at(version: str) -> None:
    rows = rows_of(version, "opens")
    assert all(row["uuid"] is None for row in rows)
    assert set(rows[0]) == {
        *("uuid", "subscriber_uuid", "subscriber_email_list_uuid", "subscriber_email", "open_count", "first_opened_at")
    }


@pytest.mark.parametrize("version", ["v8", "v9", "v10", "cloud"])
def test_opens_since_v8_have_last_opened_at(version: str) -> None:
    rows = rows_of(version, "opens")
    assert set(rows[0]) == {
        *("subscriber_uuid", "subscriber_email_list_uuid", "subscriber_email"),
        *("open_count", "first_opened_at", "last_opened_at"),
    }
    assert all(row["first_opened_at"] <= row["last_opened_at"] for row in rows)


@pytest.mark.parametrize("version", CURRENT)
def test_the_list_of_an_open_is_an_integer_made_of_a_uuid(version: str) -> None:
    with Sandbox(version, opens=5, html_bytes=20) as running:
        campaigns = [each for each in running.store.campaigns.values() if running.store.children(each, "opens")]
        found = {
            row["subscriber_email_list_uuid"]
            for campaign in campaigns
            for row in ask(running, f"/campaigns/{campaign.uuid}/opens").data
        }
    assert found == {845, 800000, 0}


def test_php_reads_an_exponent_in_a_uuid() -> None:
    uuids = ["845a0000-…", "8e5a0000-…", "ab000000-…", "9e999999-…", "00000012-…"]
    assert [php_int(text) for text in uuids] == [845, 800000, 0, 2**63 - 1, 12]


@pytest.mark.parametrize(("version", "nested"), [("v6", False), ("v7", True), ("v8", True), ("cloud", True)])
def test_clicks_are_a_row_per_link_with_its_events_since_v7(version: str, nested: bool) -> None:
    rows = rows_of(version, "clicks")
    expected = {"uuid", "url", "unique_click_count", "click_count"}
    assert set(rows[0]) == (expected | {"clicks"} if nested else expected)
    if nested:
        assert all(len(row["clicks"]) == row["click_count"] for row in rows)
        assert all(
            len({each["subscriber_uuid"] for each in row["clicks"]}) == row["unique_click_count"] for row in rows
        )
        event = rows[0]["clicks"][0]
        assert set(event) == {"uuid", "send_uuid", "link_uuid", "subscriber_uuid", "created_at", "updated_at"}


def test_a_link_exists_once_somebody_clicked_it() -> None:
    assert all(int(row["click_count"]) > 0 for version in ("v6", "v8") for row in rows_of(version, "clicks"))


@pytest.mark.parametrize("version", CURRENT)
def test_only_v6_repeats_the_whole_campaign_in_each_unsubscribe(version: str) -> None:
    rows = rows_of(version, "unsubscribes")
    assert all(("campaign" in row) == (version == "v6") for row in rows)
    assert all(row["campaign_uuid"] and UUID.fullmatch(row["subscriber_uuid"]) for row in rows)
    assert all(row["subscriber"]["uuid"] == row["subscriber_uuid"] for row in rows)
    if version == "v6":
        assert all("email_html" in row["campaign"] and "email_list" in row["campaign"] for row in rows)


@pytest.mark.parametrize(("version", "empty"), [("v6", []), ("v7", []), ("v8", {}), ("cloud", {})])
def test_empty_extra_attributes(version: str, empty: Any) -> None:
    found = [row["subscriber"]["extra_attributes"] for row in rows_of(version, "unsubscribes")]
    assert empty in found
    assert {"city": "Köln"}.items() <= next(value for value in found if value).items()


def test_somebody_resubscribed_after_unsubscribing() -> None:
    found = [row["subscriber"]["unsubscribed_at"] for row in rows_of("v8", "unsubscribes")]
    assert None in found
    assert any(found)


def test_bounces_have_every_type_and_a_subscriber_with_several() -> None:
    rows = rows_of("v8", "bounces")
    assert {row["type"] for row in rows} == {"bounce", "soft_bounce", "complaint", "suppressed"}
    assert Counter(row["subscriber_uuid"] for row in rows).most_common(1)[0][1] > 1
    assert any(row["bounce_count"] > 1 for row in rows)
    assert all(UUID.fullmatch(row["subscriber_email_list_uuid"]) for row in rows)


@pytest.mark.parametrize("version", CURRENT)
def test_fields_are_a_list_when_empty_and_a_template_is_null_or_absent(version: str) -> None:
    rows = rows_of(version, "campaigns")
    assert [] in [row["fields"] for row in rows]
    assert any(isinstance(row["fields"], dict) and row["fields"] for row in rows)
    assert all(("template" in row) == (row["template_uuid"] is None) for row in rows)
    assert all(row["template"] is None for row in rows if "template" in row)


def test_from_name_is_the_subject() -> None:
    with Sandbox(opens=2, html_bytes=20) as running:
        row = ask(running, "/campaigns").data[0]
        assert row["from_name"] == running.store.campaigns[row["uuid"]].subject


def test_a_campaign_whose_list_was_deleted_keeps_its_counters_and_loses_its_rows() -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        row = next(row for row in all_rows(running, "/campaigns") if row["email_list_uuid"] is None)
        assert row["email_list"] is None
        assert row["unique_open_count"] > 0
        assert ask(running, f"/campaigns/{row['uuid']}/opens").data == []


def test_list_rows_of_campaigns_carry_the_whole_list_and_four_bodies() -> None:
    with Sandbox(opens=2, html_bytes=20_000, campaigns=3) as running:
        row = ask(running, "/campaigns?filter[status]=sent").data[0]
        assert row["email_list"] == ask(running, f"/email-lists/{row['email_list_uuid']}").data
        for name in ("html", "structured_html", "email_html", "webview_html"):
            assert 20_000 <= len(row[name].encode()) < 40_000


def test_v6_alone_has_last_modified_at_and_confirmation_mails() -> None:
    for version in CURRENT:
        assert ("last_modified_at" in keys_of(version, "campaigns")) == (version == "v6")
        assert ("confirmation_mail_subject" in keys_of(version, "lists")) == (version == "v6")


def test_v6_sends_some_counters_as_text_and_some_booleans_as_numbers() -> None:
    rows = rows_of("v6", "campaigns")
    assert {type(row["open_count"]) for row in rows} == {int, str}
    assert {type(row["utm_tags"]) for row in rows} == {bool, int}
    assert all(type(row["open_count"]) is int for version in ("v7", "v8") for row in rows_of(version, "campaigns"))


def test_the_detail_of_a_list_on_v6_counts_nobody() -> None:
    for version, counts in (("v6", False), ("v7", True)):
        with Sandbox(version, opens=2, html_bytes=20) as running:
            row = ask(running, "/email-lists").data[0]
            assert int(row["active_subscribers_count"]) > 0
            detail = ask(running, f"/email-lists/{row['uuid']}").data
            assert (detail["active_subscribers_count"] > 0) == counts


def test_statuses_by_version() -> None:
    usual = {"draft", "sending", "sent", "cancelled"}
    for version in CURRENT:
        paused = {"paused"} if version in ("v8", "v9", "v10", "cloud") else set()
        assert {row["status"] for row in rows_of(version, "campaigns")} == usual | paused


def test_names_repeat_in_the_same_second() -> None:
    twins = Counter((row["name"], row["created_at"]) for row in rows_of("v8", "campaigns"))
    assert [count for count in twins.values() if count > 1] == [2, 2, 2, 2]


def test_a_person_is_in_many_campaigns_and_on_two_lists() -> None:
    with Sandbox(opens=20) as running:
        opens = running.truth("campaign_opens", campaign_status="all")
        assert Counter(row["subscriber_uuid"] for row in opens).most_common(1)[0][1] > 3
        lists_of: dict[str, set[str]] = {}
        for who in running.store.subscribers.values():
            lists_of.setdefault(who.email, set()).add(who.email_list.uuid)
        assert max(len(lists) for lists in lists_of.values()) == 3


def test_texts_are_escaped_as_php_does() -> None:
    with Sandbox(opens=2, html_bytes=200) as running:
        body = ask(running, "/campaigns").body
        assert body.isascii()
        assert rb"\ud83d" in body
        assert b"https:\\/\\/shop.example.com" in body


@pytest.mark.parametrize("version", CURRENT)
def test_times_are_whole_seconds_utc_and_addresses_are_invented(version: str) -> None:
    with Sandbox(version, opens=5, html_bytes=20) as running:
        (uuid, *_) = running.store.email_lists
        paths = ["/email-lists", "/campaigns", *(f"/campaigns/{most(running, kind).uuid}/{kind}" for kind in CHILDREN)]
        paths += [f"/email-lists/{uuid}/{kind}" for kind in ("subscribers", "tags", "segments")]
        paths += ["/sends?page=9", "/suppressions", "/templates", "/transactional-mails", "/automation-mails"]
        paths += [f"/subscriber-imports/{each}" for each in running.store.imports]
        text = b"".join(ask(running, path).body for path in paths).decode()
    times = re.findall(r'"[^"]*_at":"([^"]+)"', text)
    assert times
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z", moment) for moment in times)
    assert {match.group(1) for match in re.finditer(r"@([\w.]+\w)", text)} <= {
        "example.com",
        "example.org",
        "example.net",
        "mail.example.com",
    }


def test_v5_is_known_by_its_integer_ids() -> None:
    with Sandbox("v5", opens=5, html_bytes=20) as running:
        for path in ("/email-lists", "/campaigns"):
            assert all(isinstance(row["id"], int) for row in ask(running, path).data)
        campaign = most(running, "opens")
        assert ask(running, f"/campaigns/{campaign.uuid}/opens").status == 404
        row = ask(running, f"/campaigns/{campaign.id}/opens").data[0]
        assert isinstance(row["subscriber_id"], int)
        assert ask(running, f"/campaigns/{campaign.id}").data["id"] == campaign.id
        assert ask(running, f"/campaigns/{campaign.id}/bounces").status == 404
        assert ask(running, "/email-lists/1/subscribers").data[0]["email_list_id"] == 1
        assert ask(running, "/templates").data[0]["id"] > 0
        for path in ("/email-lists/1/tags", "/sends", "/suppressions", "/transactional-mails/templates"):
            assert ask(running, path).status == 404
        with pytest.raises(ValueError, match="v5"):
            running.truth("campaigns")
