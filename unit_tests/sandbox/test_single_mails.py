"""Sends, templates, transactional mails and automation mails: their rows and orders."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.world.order import Database

from .client import all_rows, ask

SMALL: dict[str, Any] = {"opens": 20, "html_bytes": 20}
SEND = {
    *("uuid", "transport_message_id", "campaign_uuid", "automation_mail_uuid", "transactional_mail_log_item_uuid"),
    *("subscriber_uuid", "sent_at", "failed_at", "failure_reason", "open_count", "click_count"),
    *("created_at", "updated_at"),
}
SEND_TIMES = {
    *("first_opened_at", "last_opened_at", "first_clicked_at", "last_clicked_at"),
    *("bounce_count", "hard_bounce_count", "soft_bounce_count"),
}
OWNERS = ("campaign_uuid", "automation_mail_uuid", "transactional_mail_log_item_uuid")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(**SMALL, shuffle_ties=False) as running:
        yield running


def column(running: Sandbox, path: str, name: str) -> list[Any]:
    return [row[name] for row in all_rows(running, path)]


@pytest.mark.parametrize("version", ["v6", "v7", "v8", "cloud"])
def test_sends_have_one_owner_and_since_v8_times_and_bounces(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        row = ask(running, "/sends?page=3").data[0]
        assert set(row) == (SEND | SEND_TIMES if version in ("v8", "cloud") else SEND)
        rows = running.truth("sends")
        assert all(sum(each[name] is not None for name in OWNERS) == 1 for each in rows)
        assert all(sum(each[name] is not None for each in rows) > 99 for name in OWNERS)
        assert all((each["subscriber_uuid"] is None) == (each[OWNERS[2]] is not None) for each in rows)
        assert ask(running, f"/sends/{row['uuid']}").data == row
        if version == "v6":
            assert {type(each["open_count"]) for each in all_rows(running, "/sends")} == {int, str}


def test_a_failed_send_quotes_the_address_and_has_no_message(sandbox: Sandbox) -> None:
    rows = list(all_rows(sandbox, "/sends"))
    failed = [row for row in rows if row["failed_at"]]
    assert failed
    assert any(sandbox.store.subscribers[row["subscriber_uuid"]].email in row["failure_reason"] for row in failed)
    assert all(row["sent_at"] == row["failed_at"] and row["transport_message_id"] is None for row in failed)
    sent = [row["transport_message_id"] for row in rows if row["sent_at"] and not row["failed_at"]]
    assert all(re.fullmatch(r"<[0-9a-f]{20}@mail\.example\.com>", text) for text in sent)
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize("database", ["mysql", "postgresql"])
def test_sends_that_wait_come_last_on_mysql_and_first_on_postgresql(database: Database) -> None:
    nulls_first = database == "postgresql"
    with Sandbox(**SMALL, database=database) as running:
        for path in ("/sends", "/sends?sort=-sent_at"):
            moments = column(running, path, "sent_at")
            keys = [(moment is None if nulls_first else moment is not None, moment or "") for moment in moments]
            assert keys == sorted(keys, reverse=True)
            assert 5 < moments.count(None) < 100
        assert column(running, "/sends?sort=sent_at", "sent_at") == moments[::-1]


def test_runs_of_sends_in_one_second_span_pages_and_change_places() -> None:
    with Sandbox(html_bytes=20) as running:
        campaign = max(running.store.campaigns.values(), key=lambda each: len(running.store.campaign_sends(each)))
        moments = Counter(row["sent_at"] for row in running.truth("sends"))
        assert max(moments.values()) >= 40
        path = f"/sends?filter[campaign_uuid]={campaign.uuid}"
        assert ask(running, path).meta["total"] == len(running.store.campaign_sends(campaign)) > 600
        seen = column(running, path, "uuid")
        assert len(set(seen)) < len(seen)


def test_everybody_who_engaged_has_got_the_mail_and_the_counts_agree(sandbox: Sandbox) -> None:
    sends = {row["uuid"]: row for row in sandbox.truth("campaign_sends", "all")}
    opens = {(row["campaign_uuid"], row["subscriber_uuid"]): row for row in sandbox.truth("campaign_opens", "all")}
    clicks = Counter(row["send_uuid"] for row in sandbox.truth("campaign_click_events", "all"))
    assert clicks.keys() <= sends.keys()
    assert opens.keys() < {(row["campaign_uuid"], row["subscriber_uuid"]) for row in sends.values()}
    for uuid, row in sends.items():
        opened = opens.get((row["campaign_uuid"], row["subscriber_uuid"]))
        assert row["open_count"] == (opened["open_count"] if opened else 0)
        assert row["last_opened_at"] == (opened["last_opened_at"] if opened else None)
        assert row["click_count"] == clicks[uuid]
        assert row["bounce_count"] == row["hard_bounce_count"] + row["soft_bounce_count"]
    assert {row["hard_bounce_count"] for row in sends.values()} >= {0, 1}


def test_sends_are_filtered_by_what_they_belong_to(sandbox: Sandbox) -> None:
    for row in list(all_rows(sandbox, "/sends"))[::300]:
        for name in ("subscriber_uuid", *OWNERS):
            if row[name] is not None:
                assert set(column(sandbox, f"/sends?filter[{name}]={row[name]}", name)) == {row[name]}
    answer = ask(sandbox, "/sends?sort=id")
    assert answer.json == {"message": "Requested sort(s) `id` is not allowed. Allowed sort(s) are `sent_at`."}


def test_a_campaign_with_generated_opens_has_no_sends() -> None:
    with Sandbox(campaigns=2, opens=2, html_bytes=20, big_campaign_opens=100) as running:
        assert ask(running, f"/sends?filter[campaign_uuid]={running.big_campaign_uuid}").meta["total"] == 0
        assert running.big_campaign_uuid not in {row["campaign_uuid"] for row in running.truth("campaign_sends")}


@pytest.mark.parametrize("version", ["v6", "v8"])
def test_fields_of_some_templates_are_an_object_with_numeric_keys(version: str) -> None:
    with Sandbox(version, **SMALL, shuffle_ties=False) as running:
        rows = list(all_rows(running, "/templates?sort=-updated_at,name"))
        assert set(rows[0]) == {"uuid", "name", "html", "fields", "structured_html", "created_at", "updated_at"}
        assert {type(row["fields"]) for row in rows} == {list, dict}
        assert ["0", "2"] in [list(row["fields"]) for row in rows]
        keys = [(row["updated_at"], row["name"]) for row in rows]
        assert [moment for moment, _ in keys] == sorted((moment for moment, _ in keys), reverse=True)
        assert 18 <= len(rows) <= 33
        assert keys[14] == keys[15]
        names = [name.casefold() for name in column(running, "/templates", "name")]
        assert names == sorted(names)


@pytest.mark.parametrize(("version", "twice"), [("v6", False), ("v7", True), ("v8", True)])
def test_transactional_mails_have_addresses_and_since_v7_their_body_twice(version: str, twice: bool) -> None:
    with Sandbox(version, **SMALL) as running:
        rows = list(all_rows(running, "/transactional-mails"))
        assert len(rows) == 100
        assert set(rows[0]) - {"html"} == {"uuid", "subject", "from", "to", "cc", "bcc", "body", "created_at"}
        assert all(("html" in row) == twice and row.get("html", row["body"]) == row["body"] for row in rows)
        assert all(row["to"][0]["email"] in row["body"] for row in rows)
        assert {len(row["cc"]) for row in rows} == {len(row["bcc"]) for row in rows} == {0, 1}
        assert {address["name"] for row in rows for address in row["from"]} == {None, "The shop"}
        moments = [row["created_at"] for row in rows]
        assert moments == sorted(moments, reverse=True)
        assert len(set(moments)) < len(moments)
        ids = [running.store.transactional_mails[row["uuid"]].id for row in rows]
        assert ids == sorted(ids, reverse=True)
        assert ask(running, "/transactional-mails?sort=subject").status == (200 if version == "v6" else 500)


def test_a_transactional_mail_is_found_by_its_message(sandbox: Sandbox) -> None:
    send = next(row for row in sandbox.truth("sends") if row["transactional_mail_log_item_uuid"])
    path = f"/transactional-mails?filter[transport_message_id]={send['transport_message_id']}"
    assert column(sandbox, path, "uuid") == [send["transactional_mail_log_item_uuid"]]


@pytest.mark.parametrize("version", ["v6", "v7", "v8", "cloud"])
def test_templates_of_transactional_mails_look_like_a_missing_mail_before_v8(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        answer = ask(running, "/transactional-mails/templates?sort=-id")
        if version in ("v6", "v7"):
            model = "Spatie\\Mailcoach\\Domain\\TransactionalMail\\Models\\TransactionalMailLogItem"
            assert (answer.status, answer.json) == (404, {"message": f"No query results for model [{model}] templates"})
            return
        row = answer.data[0]
        assert set(row) == {"uuid", "name", "to", "cc", "bcc", "subject", "html", "store_mail", "created_at"}
        assert {type(each["to"]) for each in running.truth("transactional_mail_templates")} == {list, type(None)}
        assert ask(running, f"/transactional-mails/templates/{row['uuid']}").data == row
        assert ask(running, "/transactional-mails/templates?sort=subject").status == 500


@pytest.mark.parametrize("version", ["v6", "v7", "v8", "v9", "v10", "cloud"])
def test_only_cloud_lists_automation_mails(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        answer = ask(running, "/automation-mails?sort=name,created_at")
        if version != "cloud":
            assert (answer.status, answer.json) == (
                404,
                {"message": "The route api/automation-mails could not be found."},
            )
            return
        keys = [
            (row["name"], row["created_at"]) for row in ask(running, "/automation-mails?sort=name&per_page=50").data
        ]
        assert len(keys) == 17
        assert keys[14] == keys[15]
        assert {type(row["fields"]) for row in answer.data} == {list, dict}
        assert ask(running, f"/automation-mails/{answer.data[0]['uuid']}").data == answer.data[0]
