"""Subscribers, tags, segments, suppressions and imports: their rows, what may be asked of them, and in which order."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox

from .client import all_rows, ask

UNKNOWN = "00000000-0000-4000-8000-000000000000"
SMALL: dict[str, Any] = {"opens": 20, "html_bytes": 20}
SUBSCRIBER = {
    *("uuid", "email_list_uuid", "email", "first_name", "last_name", "extra_attributes", "tags"),
    *("subscribed_at", "unsubscribed_at", "created_at", "updated_at"),
}
CONDITIONS = {"all_positive_tags_required", "all_negative_tags_required", "positive_tags", "negative_tags"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(**SMALL, shuffle_ties=False) as running:
        yield running


def first_list(running: Sandbox, kind: str = "") -> str:
    return f"/email-lists/{next(iter(running.store.email_lists))}{kind and '/' + kind}"


def column(running: Sandbox, path: str, name: str) -> list[Any]:
    return [row[name] for row in all_rows(running, path)]


@pytest.mark.parametrize(("version", "empty"), [("v6", []), ("v7", []), ("v8", {}), ("cloud", {})])
def test_subscribers_have_no_status_and_an_empty_list_for_no_attributes_before_v8(version: str, empty: Any) -> None:
    with Sandbox(version, **SMALL) as running:
        rows = list(all_rows(running, first_list(running, "subscribers")))
        assert all(set(row) == SUBSCRIBER for row in rows)
        assert empty in [row["extra_attributes"] for row in rows]
        assert ask(running, f"/subscribers/{rows[0]['uuid']}").data == rows[0]


def test_subscribers_of_a_list_come_newest_first_and_can_be_read_by_id(sandbox: Sandbox) -> None:
    path = first_list(sandbox, "subscribers")
    (owner, *_) = sandbox.store.email_lists.values()
    people = [who for who in sandbox.store.subscribers.values() if who.email_list is owner]
    assert len(people) > 30
    assert column(sandbox, f"{path}?sort=id", "uuid") == [who.uuid for who in people]
    newest = sorted(people, key=lambda who: (-who.created_at, -who.id))
    assert column(sandbox, path, "uuid") == [who.uuid for who in newest]


@pytest.mark.parametrize(
    "sort",
    [
        *("created_at", "-updated_at,-id", "subscribed_at,id", "-unsubscribed_at,-id"),
        *("email", "first_name,id", "-last_name,id"),
    ],
)
def test_subscribers_can_be_sorted_by_all_of_these(sandbox: Sandbox, sort: str) -> None:
    name = sort.split(",")[0].lstrip("-")
    found = column(sandbox, f"{first_list(sandbox, 'subscribers')}?sort={sort}", name)
    keys = [(value is not None, (value or "").casefold()) for value in found]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_subscribers_are_filtered_by_status_address_and_tags(sandbox: Sandbox) -> None:
    counts = Counter(who.email_list.uuid for who in sandbox.store.subscribers.values())
    ((largest, total),) = counts.most_common(1)
    path = f"/email-lists/{largest}/subscribers"
    found = {
        status: ask(sandbox, f"{path}?filter[status]={status}").meta["total"]
        for status in ("unconfirmed", "subscribed", "unsubscribed")
    }
    assert sum(found.values()) == total
    assert all(found.values())
    assert ask(sandbox, f"{path}?filter[status]=happy").meta["total"] == total
    assert column(sandbox, f"{path}?filter[email]=reader0000003@example.com", "first_name") == ["Élise"]
    assert ask(sandbox, f"{path}?filter[search]=READER000000").meta["total"] == 10
    tagged = ask(sandbox, f"{path}?filter[tags]=vip,trial&filter[tagType]=any").meta["total"]
    assert 0 < tagged < total
    assert ask(sandbox, f"{path}?filter[tags]=vip,trial&filter[tagType]=all").meta["total"] == 0
    assert ask(sandbox, f"{path}?filter[tags]=nothing").meta["total"] == total


@pytest.mark.parametrize("kind", ["subscribers", "tags", "segments"])
def test_an_unknown_list_has_no_children(sandbox: Sandbox, kind: str) -> None:
    message = f"No query results for model [Spatie\\Mailcoach\\Domain\\Audience\\Models\\EmailList] {UNKNOWN}"
    answer = ask(sandbox, f"/email-lists/{UNKNOWN}/{kind}")
    assert (answer.status, answer.json) == (404, {"message": message})


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("subscribers", "created_at, updated_at, subscribed_at, unsubscribed_at, email, first_name, last_name, id"),
        ("tags", "name, updated_at, visible_in_preferences, subscriber_count"),
        ("segments", "name, created_at"),
    ],
)
def test_a_refused_sort_names_those_allowed(sandbox: Sandbox, kind: str, allowed: str) -> None:
    answer = ask(sandbox, f"{first_list(sandbox, kind)}?sort=-color")
    message = f"Requested sort(s) `color` is not allowed. Allowed sort(s) are `{allowed}`."
    assert (answer.status, answer.json) == (400, {"message": message})


def test_tags_of_a_list_are_more_than_a_page_and_another_list_has_none(sandbox: Sandbox) -> None:
    counts = [ask(sandbox, f"/email-lists/{uuid}/tags").meta["total"] for uuid in sandbox.store.email_lists]
    assert counts == [17, 3, 0]
    rows = list(all_rows(sandbox, first_list(sandbox, "tags")))
    assert set(rows[0]) == {"uuid", "name", "email_list_uuid", "created_at", "updated_at"}
    assert [row["name"] for row in rows] == sorted((row["name"] for row in rows), key=str.casefold)
    assert max(Counter(row["updated_at"] for row in rows).values()) > 1
    assert ask(sandbox, f"{first_list(sandbox)}/tags/{rows[3]['uuid']}").data == rows[3]
    assert ask(sandbox, f"{first_list(sandbox, 'tags')}?filter[type]=mailcoach").meta["total"] == 2
    assert ask(sandbox, f"{first_list(sandbox, 'tags')}?sort=subscriber_count").status == 500


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_segments_tell_their_conditions_up_to_v6(version: str) -> None:
    with Sandbox(version, **SMALL, shuffle_ties=False) as running:
        rows = list(all_rows(running, f"{first_list(running, 'segments')}?sort=-created_at,name"))
        usual = {"uuid", "name", "email_list_uuid", "created_at", "updated_at"}
        assert set(rows[0]) == (usual | CONDITIONS if version == "v6" else usual)
        keys = [(row["created_at"], row["name"]) for row in rows]
        assert keys[14] == keys[15]
        assert ask(running, f"{first_list(running)}/segments/{rows[3]['uuid']}").data == rows[3]
        if version == "v6":
            assert {type(row["all_positive_tags_required"]) for row in rows} == {bool, int}


def test_an_older_server_refuses_any_sort_of_segments() -> None:
    with Sandbox("v6", **SMALL, without_sorts={"segments"}) as running:
        answer = ask(running, f"{first_list(running, 'segments')}?sort=name")
        message = "Requested sort(s) `name` is not allowed. Allowed sort(s) are ``."
        assert (answer.status, answer.json) == (400, {"message": message})
        names = column(running, first_list(running, "segments"), "name")
        assert names == sorted(names, key=str.casefold)
        assert ask(running, f"{first_list(running, 'tags')}?sort=name").status == 200


def test_suppressions_come_in_any_order_and_tie_across_pages(sandbox: Sandbox) -> None:
    moments = column(sandbox, "/suppressions?sort=-created_at", "created_at")
    assert 40 <= len(moments) <= 70
    assert moments == sorted(moments, reverse=True)
    assert all(moments[border - 1] == moments[border] for border in (15, 30, 45))
    assert column(sandbox, "/suppressions", "created_at") != moments
    with Sandbox(**SMALL) as shuffling:
        orders = {tuple(row["uuid"] for row in ask(shuffling, "/suppressions").data) for _ in range(5)}
        assert len(orders) == 5
        assert len({frozenset(order) for order in orders}) > 1


def test_a_suppression_can_be_asked_for_by_its_address(sandbox: Sandbox) -> None:
    row = ask(sandbox, "/suppressions?filter[reason]=manual").data[0]
    assert set(row) == {"uuid", "email", "reason", "created_at", "updated_at"}
    assert row["reason"] == "manual"
    for key in (row["uuid"], row["email"]):
        assert ask(sandbox, f"/suppressions/{key}").data == row
    who = next(iter(sandbox.store.subscribers.values()))
    assert ask(sandbox, f"/subscribers/{who.email}").status == 404


@pytest.mark.parametrize("version", ["v6", "v7", "v8", "cloud"])
def test_imports_are_in_all_states_and_cloud_spells_their_list_differently(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        rows = {row["uuid"]: row for _ in range(9) for row in all_rows(running, "/subscriber-imports")}
        assert len(rows) == 17
        assert {row["status"] for row in rows.values()} == {"draft", "pending", "importing", "completed", "failed"}
        spelling = "email_list_id" if version == "cloud" else "email_list_uuid"
        assert {row[spelling] for row in rows.values()} == set(running.store.email_lists)
        assert all(len(row) == 8 for row in rows.values())
        details = [ask(running, f"/subscriber-imports/{uuid}").data for uuid in rows]
        new = {"subscribers_csv"} if version in ("v6", "v7") else {"subscribers_csv", "created_at"}
        assert all(set(row) - set(rows[row["uuid"]]) == new for row in details)
        assert {row["subscribers_csv"] is None for row in details if row["status"] in ("draft", "pending")} == {False}
        assert {row["subscribers_csv"] for row in details if row["status"] == "importing"} == {None}
        assert any("@example.org,Ines" in (row["subscribers_csv"] or "") for row in details)


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_nobody_listened_to_sorts_and_filters_of_imports_before_v8(version: str) -> None:
    with Sandbox(version, **SMALL) as running:
        for query in ("sort=nonsense", "filter[nonsense]=1", "filter[status]=draft", "sort=created_at"):
            answer = ask(running, f"/subscriber-imports?{query}")
            assert (answer.status, answer.meta["total"]) == (200, 17)
        (uuid, *_) = running.store.email_lists
        assert ask(running, f"/subscriber-imports?filter[email_list_uuid]={uuid}").meta["total"] == 6


def test_imports_can_be_sorted_and_filtered_since_v8(sandbox: Sandbox) -> None:
    made = sandbox.store.imports
    newest = [made[uuid].created_at for uuid in column(sandbox, "/subscriber-imports?sort=-created_at", "uuid")]
    assert newest == sorted(newest, reverse=True)
    assert newest[14] == newest[15]
    assert set(column(sandbox, "/subscriber-imports?filter[status]=failed,draft", "status")) == {"failed", "draft"}
    assert ask(sandbox, "/subscriber-imports?sort=updated_at").status == 400
    assert ask(sandbox, "/subscriber-imports?filter[nonsense]=1").status == 400
