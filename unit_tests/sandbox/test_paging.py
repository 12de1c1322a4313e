from collections.abc import Iterator

import pytest

from sandbox import Sandbox

from .client import all_rows, ask, most, with_rows


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(opens=20, html_bytes=20) as running:
        yield running


def test_a_page_has_15_rows_whatever_is_asked(sandbox: Sandbox) -> None:
    for asked in ("per_page=100", "per_page=5", "limit=100", "page[size]=100"):
        answer = ask(sandbox, f"/campaigns?{asked}")
        assert (len(answer.data), answer.meta["per_page"]) == (15, 15)


def test_cloud_honours_per_page_up_to_1000() -> None:
    with Sandbox("cloud", opens=2, html_bytes=20) as cloud:
        assert len(ask(cloud, "/campaigns?per_page=25").data) == 25
        assert ask(cloud, "/campaigns?per_page=1000").meta["per_page"] == 1000
        assert ask(cloud, "/campaigns?per_page=5000").meta["per_page"] == 1000
        assert ask(cloud, "/campaigns?per_page=0").meta["per_page"] == 15
        assert ask(cloud, "/campaigns").meta["per_page"] == 15


def test_filter_per_page_is_refused(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "/email-lists?filter[per_page]=100")
    assert answer.status == 400
    assert answer.json == {
        "message": "Requested filter(s) `per_page` are not allowed. Allowed filter(s) are `search, name`."
    }


def test_the_envelope_is_laravels(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "/campaigns?page=2&sort=name&filter[search]=e")
    path = "http://mailcoach-app.internal/api/campaigns"
    assert list(answer.json) == ["data", "links", "meta"]
    assert answer.json["links"]["prev"] == f"{path}?page=1"
    assert answer.json["links"]["first"] == f"{path}?page=1"
    meta = answer.meta
    assert list(meta) == ["current_page", "from", "last_page", "links", "path", "per_page", "to", "total"]
    assert (meta["current_page"], meta["from"], meta["to"], meta["path"]) == (2, 16, 15 + len(answer.data), path)
    assert meta["links"][0] == {"url": f"{path}?page=1", "label": "&laquo; Previous", "active": False}
    assert meta["links"][2] == {"url": f"{path}?page=2", "label": "2", "active": True}


def test_links_forget_filter_and_sort(sandbox: Sandbox) -> None:
    following = ask(sandbox, "/campaigns?filter[status]=sent&sort=name").json["links"]["next"]
    assert following == "http://mailcoach-app.internal/api/campaigns?page=2"


def test_long_page_lists_are_shortened_with_dots() -> None:
    with Sandbox(campaigns=600, opens=0, html_bytes=20) as large:
        labels = [link["label"] for link in ask(large, "/campaigns?page=20").meta["links"][1:-1]]
        assert labels == ["1", "2", "...", "17", "18", "19", "20", "21", "22", "23", "...", "39", "40"]
        assert len(ask(large, "/campaigns?page=1").meta["links"]) == 15
        assert len(ask(large, "/campaigns?page=40").meta["links"]) == 15


def test_past_the_end_is_an_empty_page_with_the_number_asked_for(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "/campaigns?page=99")
    assert (answer.status, answer.data, answer.json["links"]["next"]) == (200, [], None)
    assert (answer.meta["current_page"], answer.meta["last_page"]) == (99, 3)
    assert (answer.meta["from"], answer.meta["to"], answer.meta["total"]) == (None, None, 40)


@pytest.mark.parametrize("page", ["0", "-1", "two", "2.5", "", "1e3"])
def test_an_invalid_page_is_page_1(sandbox: Sandbox, page: str) -> None:
    assert ask(sandbox, f"/campaigns?page={page}").meta["current_page"] == 1


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (1, 1), (15, 1), (30, 2)])
def test_page_borders(sandbox: Sandbox, rows: int, pages: int) -> None:
    answer = ask(sandbox, f"/campaigns/{with_rows(sandbox, 'opens', rows).uuid}/opens")
    assert (answer.meta["total"], answer.meta["last_page"], len(answer.data)) == (rows, pages, min(15, rows))


def test_an_empty_account_has_one_empty_page() -> None:
    with Sandbox(empty=True) as nothing:
        for path in ("/email-lists", "/campaigns"):
            answer = ask(nothing, path)
            assert (answer.status, answer.data, answer.meta["total"], answer.meta["last_page"]) == (200, [], 0, 1)


def test_tied_rows_change_places_between_requests(sandbox: Sandbox) -> None:
    path = f"/campaigns/{most(sandbox, 'opens').uuid}/opens?sort=open_count"
    orders = {tuple(row["subscriber_uuid"] for row in ask(sandbox, path).data) for _ in range(5)}
    assert len(orders) == 5
    assert {row["open_count"] for row in ask(sandbox, path).data} == {1}


def test_tied_rows_are_repeated_and_missed_across_pages(sandbox: Sandbox) -> None:
    campaign = most(sandbox, "opens")
    seen = [row["subscriber_uuid"] for row in all_rows(sandbox, f"/campaigns/{campaign.uuid}/opens?sort=open_count")]
    assert len(seen) == len(sandbox.store.children(campaign, "opens"))
    assert len(set(seen)) < len(seen)


@pytest.mark.parametrize(
    ("path", "field", "page"),
    [
        ("/sends?sort=-sent_at", "sent_at", 3),
        ("/suppressions?sort=-created_at", "created_at", 1),
        ("/templates?sort=-updated_at,name", "updated_at", 1),
        ("/subscriber-imports?sort=created_at", "created_at", 1),
        ("/email-lists/*/segments?sort=-created_at,name", "created_at", 1),
        ("/automation-mails?sort=name,created_at", "created_at", 1),
    ],
)
def test_rows_change_places_only_with_those_that_tie(path: str, field: str, page: int) -> None:
    with Sandbox("cloud", opens=20, html_bytes=20) as running:
        path = path.replace("*", next(iter(running.store.email_lists)))
        imports = {uuid: each.created_at for uuid, each in running.store.imports.items()}
        pages = [ask(running, f"{path}&page={page}").data for _ in range(8)]
        assert len({tuple(row["uuid"] for row in rows) for rows in pages}) > 1
        moments = {tuple(row.get(field) or imports[row["uuid"]] for row in rows) for rows in pages}
        assert len(moments) == 1


def test_a_total_order_repeats_and_misses_nothing(sandbox: Sandbox) -> None:
    campaign = most(sandbox, "opens")
    for sort in ("email", "-email", "first_opened_at,email", "-last_opened_at,-email"):
        rows = all_rows(sandbox, f"/campaigns/{campaign.uuid}/opens?sort={sort}")
        assert len({row["subscriber_uuid"] for row in rows}) == len(sandbox.store.children(campaign, "opens"))


def test_the_same_requests_get_the_same_ties_again() -> None:
    def run() -> list[str]:
        with Sandbox(opens=20, html_bytes=20) as running:
            path = f"/campaigns/{most(running, 'opens').uuid}/opens?sort=open_count"
            return [row["subscriber_uuid"] for _ in range(3) for row in ask(running, path).data]

    assert run() == run()


def test_ties_can_be_told_to_stay() -> None:
    with Sandbox(opens=20, html_bytes=20, shuffle_ties=False) as running:
        path = f"/campaigns/{most(running, 'opens').uuid}/opens?sort=open_count"
        assert ask(running, path).data == ask(running, path).data


def test_rows_inserted_while_paging_push_others_to_the_next_page() -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        campaign = with_rows(running, "opens", 30)
        opened = {group.subscriber.uuid for group in running.store.children(campaign, "opens")}
        fresh = next(who for who in running.store.subscribers.values() if who.uuid not in opened)

        def insert(request: object) -> None:
            if getattr(request, "query", {}).get("page") == "2":
                running.store.add_open(campaign, fresh)

        running.on_request = insert
        rows = [
            row["subscriber_uuid"]
            for row in all_rows(running, f"/campaigns/{campaign.uuid}/opens?sort=-first_opened_at,email")
        ]
        assert fresh.uuid not in rows
        assert len(rows) == 31
        assert len(set(rows)) == 30


def test_rows_deleted_while_paging_pull_others_past_the_reader() -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        campaign = with_rows(running, "opens", 30)
        first = ask(running, f"/campaigns/{campaign.uuid}/opens?sort=email").data
        running.store.delete_open(campaign, first[0]["subscriber_uuid"])
        second = ask(running, f"/campaigns/{campaign.uuid}/opens?sort=email&page=2")
        assert second.meta["total"] == 29
        assert len({row["subscriber_uuid"] for row in [*first, *second.data]}) == 29


def test_a_row_deleted_after_the_count_is_still_counted_on_that_page() -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        campaign = with_rows(running, "opens", 30)
        path = f"/campaigns/{campaign.uuid}/opens?sort=email"
        first = ask(running, path).data
        running.on_select = lambda request: running.store.delete_open(campaign, first[0]["subscriber_uuid"])
        second = ask(running, f"{path}&page=2")
        running.on_select = None
        assert (second.meta["total"], len(second.data)) == (30, 14)
        third = ask(running, path)
        assert (third.meta["total"], third.data[:-1]) == (29, first[1:])


def test_a_row_added_after_the_count_is_selected_and_not_counted() -> None:
    with Sandbox(empty=True) as running:
        running.on_select = lambda request: running.store.add_email_list("New")
        answer = ask(running, "/email-lists")
        assert (answer.meta["total"], len(answer.data)) == (0, 1)


@pytest.mark.parametrize("path", ["campaigns/{}/opens", "sends?filter[campaign_uuid]={}"])
def test_a_campaign_deleted_after_the_count_has_no_rows_any_more(path: str) -> None:
    with Sandbox(opens=20, html_bytes=20) as running:
        campaign = most(running, "opens")
        running.on_select = lambda request: running.store.delete_campaign(campaign)
        answer = ask(running, "/" + path.format(campaign.uuid))
        assert answer.meta["total"] > 0
        assert answer.data == []


def suppressed_at_once(sandbox: Sandbox, rows: int) -> set[str]:
    """So many suppressions of the same second, and none else; their uuids."""
    sandbox.store.suppressions.clear()
    return {sandbox.store.add_suppression(f"{number}@example.org").uuid for number in range(rows)}


def column_of(sandbox: Sandbox, sort: str) -> list[str]:
    return [row["uuid"] for row in all_rows(sandbox, f"/suppressions?sort={sort}")]


def test_postgresql_has_equal_rows_in_the_same_order_each_time_and_others_on_the_next_page() -> None:
    with Sandbox(empty=True, database="postgresql") as running:
        uuids = suppressed_at_once(running, 75)
        seen = column_of(running, "-created_at")
        assert column_of(running, "-created_at") == seen
        assert len(set(seen)) < len(uuids)


@pytest.mark.parametrize(("rows", "hides"), [(75, False), (150, False), (160, True), (400, True)])
def test_postgresql_hides_some_of_many_equal_rows_from_both_directions(rows: int, hides: bool) -> None:
    with Sandbox(empty=True, database="postgresql") as running:
        uuids = suppressed_at_once(running, rows)
        seen = {*column_of(running, "created_at"), *column_of(running, "-created_at")}
        assert (seen < uuids) == hides
        assert seen <= uuids


def test_postgresql_orders_rows_that_differ_as_any_database_does() -> None:
    with Sandbox(opens=20, html_bytes=20, database="postgresql") as running:
        campaign = most(running, "opens")
        rows = list(all_rows(running, f"/campaigns/{campaign.uuid}/opens?sort=-first_opened_at,email"))
        assert len({row["subscriber_uuid"] for row in rows}) == len(running.store.children(campaign, "opens"))


def test_ties_stay_on_postgresql_too_if_they_are_told_to() -> None:
    with Sandbox(empty=True, database="postgresql", shuffle_ties=False) as running:
        uuids = suppressed_at_once(running, 400)
        assert set(column_of(running, "-created_at")) == uuids
