from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox

from .client import all_rows, ask, most


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(opens=20, html_bytes=20, shuffle_ties=False) as running:
        yield running


def column(sandbox: Sandbox, path: str, name: str) -> list[Any]:
    return [row[name] for row in all_rows(sandbox, path)]


def test_status_sent_is_sending_and_sent(sandbox: Sandbox) -> None:
    assert set(column(sandbox, "/campaigns?filter[status]=sent", "status")) == {"sending", "sent"}


def test_status_scheduled_is_a_draft_with_a_date(sandbox: Sandbox) -> None:
    rows = list(all_rows(sandbox, "/campaigns?filter[status]=scheduled"))
    assert rows
    assert all(row["status"] == "draft" and row["scheduled_at"] for row in rows)


def test_status_draft_is_a_draft_without_a_date_oldest_first(sandbox: Sandbox) -> None:
    rows = list(all_rows(sandbox, "/campaigns?filter[status]=draft"))
    assert all(row["status"] == "draft" and row["scheduled_at"] is None for row in rows)
    made = [row["created_at"] for row in rows]
    assert len(made) > 2
    assert made == sorted(made)


@pytest.mark.parametrize("status", ["cancelled", "paused", "sending", "sent,draft", "all", ""])
def test_a_status_that_the_filter_does_not_know_returns_everything(sandbox: Sandbox, status: str) -> None:
    assert ask(sandbox, f"/campaigns?filter[status]={status}").meta["total"] == 40


def test_campaigns_come_drafts_first_then_newest(sandbox: Sandbox) -> None:
    rows = list(all_rows(sandbox, "/campaigns"))
    drafts = [row["status"] == "draft" and row["scheduled_at"] is None for row in rows]
    assert drafts == sorted(drafts, reverse=True)
    moments = [row["scheduled_at"] or row["sent_at"] or row["updated_at"] for row in rows[sum(drafts) :]]
    assert moments == sorted(moments, reverse=True)


def test_filters_of_v8_on_the_list_and_the_template(sandbox: Sandbox) -> None:
    row = next(row for row in all_rows(sandbox, "/campaigns") if row["template_uuid"] and row["email_list_uuid"])
    chosen = column(sandbox, f"/campaigns?filter[emailList.uuid]={row['email_list_uuid']}", "email_list_uuid")
    assert set(chosen) == {row["email_list_uuid"]}
    assert ask(sandbox, f"/campaigns?filter[contentItem.template.uuid]={row['template_uuid']}").meta["total"] == 1
    with Sandbox("v7", opens=2, html_bytes=20) as older:
        answer = ask(older, f"/campaigns?filter[emailList.uuid]={row['email_list_uuid']}")
        assert answer.status == 400
        assert "Allowed filter(s) are `search, status, email_list_id`." in answer.json["message"]


def test_search_is_a_substring_in_any_case(sandbox: Sandbox) -> None:
    names = column(sandbox, "/campaigns?filter[search]=UPDATE", "name")
    assert names
    assert all("update" in name for name in names)


def test_a_comma_in_an_exact_filter_means_any_of_them(sandbox: Sandbox) -> None:
    path = f"/campaigns/{most(sandbox, 'bounces').uuid}/bounces"
    assert set(column(sandbox, f"{path}?filter[type]=complaint,suppressed", "type")) == {"complaint", "suppressed"}


def test_several_sort_keys_and_descending_ones(sandbox: Sandbox) -> None:
    path = f"/campaigns/{most(sandbox, 'opens').uuid}/opens?sort=-open_count,email"
    keys = [(-row["open_count"], row["subscriber_email"]) for row in all_rows(sandbox, path)]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("kind", "name"), [("opens", "first_opened_at"), ("clicks", "unique_click_count"), ("bounces", "created_at")]
)
def test_default_orders_are_descending(sandbox: Sandbox, kind: str, name: str) -> None:
    values = column(sandbox, f"/campaigns/{most(sandbox, kind).uuid}/{kind}", name)
    assert len(values) > 15
    assert values == sorted(values, reverse=True)


def test_unsubscribes_come_newest_first_and_can_be_sorted_by_id(sandbox: Sandbox) -> None:
    campaign = most(sandbox, "unsubscribes")
    events = sandbox.store.events[campaign.uuid].unsubscribes
    newest = sorted(events, key=lambda event: (-event.at, -event.id))
    path = f"/campaigns/{campaign.uuid}/unsubscribes"
    assert column(sandbox, path, "subscriber_uuid") == [event.subscriber.uuid for event in newest]
    assert column(sandbox, f"{path}?sort=id", "subscriber_uuid") == [event.subscriber.uuid for event in events]


def test_email_lists_come_by_name(sandbox: Sandbox) -> None:
    names = column(sandbox, "/email-lists", "name")
    assert names == sorted(names, key=str.casefold)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/email-lists", "name, created_at, active_subscribers_count"),
        (
            "/campaigns",
            "name, email_list_id, sent, unique_open_count, unique_click_count, unsubscribe_rate, "
            "sent_to_number_of_subscribers",
        ),
        ("opens", "email, open_count, first_opened_at, last_opened_at"),
        ("clicks", "unique_click_count, click_count"),
        ("unsubscribes", "created_at, id"),
        ("bounces", "email, bounce_count, created_at"),
    ],
)
def test_a_refused_sort_names_those_allowed(sandbox: Sandbox, path: str, allowed: str) -> None:
    if "/" not in path:
        path = f"/campaigns/{most(sandbox, path).uuid}/{path}"
    answer = ask(sandbox, f"{path}?sort=-updated_at")
    assert answer.status == 400
    assert answer.json == {
        "message": f"Requested sort(s) `updated_at` is not allowed. Allowed sort(s) are `{allowed}`."
    }


@pytest.mark.parametrize(
    ("version", "status"), [("v6", 400), ("v7", 400), ("v8", 200), ("v9", 200), ("v10", 200), ("cloud", 200)]
)
def test_last_opened_at_sorts_since_v8(version: str, status: int) -> None:
    with Sandbox(version, opens=2, html_bytes=20) as running:
        answer = ask(running, f"/campaigns/{most(running, 'opens').uuid}/opens?sort=-last_opened_at,email")
        assert answer.status == status


@pytest.mark.parametrize(("version", "status"), [("v6", 200), ("v7", 500), ("v8", 500)])
def test_sorting_campaigns_by_a_counter_breaks_since_v7(version: str, status: int) -> None:
    with Sandbox(version, opens=2, html_bytes=20) as running:
        answer = ask(running, "/campaigns?sort=-unique_open_count")
        assert answer.status == status
        assert status == 200 or answer.json == {"message": "Server Error"}


def test_debug_shows_what_broke() -> None:
    with Sandbox(opens=2, html_bytes=20, debug=True) as running:
        answer = ask(running, "/campaigns?sort=unique_open_count")
        assert answer.status == 500
        assert list(answer.json) == ["message", "exception", "file", "line", "trace"]


@pytest.mark.parametrize("status", ["draft", "scheduled"])
def test_children_of_what_was_not_sent_are_empty(sandbox: Sandbox, status: str) -> None:
    campaign = ask(sandbox, f"/campaigns?filter[status]={status}").data[0]
    for kind in ("opens", "clicks", "unsubscribes", "bounces"):
        answer = ask(sandbox, f"/campaigns/{campaign['uuid']}/{kind}")
        assert (answer.status, answer.data, answer.meta["total"]) == (200, [], 0)
