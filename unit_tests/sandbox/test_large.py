"""Large accounts: campaigns by the thousand, and opens that are computed and not stored."""

import http.client
import json
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.world.times import DAY

from .client import all_rows, ask

TINY: dict[str, Any] = {"campaigns": 2, "opens": 2, "html_bytes": 20}


@contextmanager
def big(opens: int, **options: Any) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox with generated opens, and the path to them."""
    with Sandbox(**{**TINY, "big_campaign_opens": opens, **options}) as running:
        yield running, f"/campaigns/{running.big_campaign_uuid}/opens"


def wire(running: Sandbox, index: int) -> dict[str, Any]:
    """A generated open as a row that was cleaned up says it."""
    record = running.generated_open(index)
    return {name: record[name] for name in ("subscriber_uuid", "subscriber_email", "open_count", "first_opened_at")}


SORTS = [
    "first_opened_at,email",
    "-first_opened_at,email",
    "first_opened_at,-email",
    "-first_opened_at,-email",
    "-last_opened_at,email",
    "email",
    "-email",
    "-open_count,-last_opened_at,email",
    "-first_opened_at",
    "open_count",
]


@pytest.mark.parametrize("opens", [1, 14, 30, 100])
@pytest.mark.parametrize("sort", SORTS)
def test_generated_opens_come_in_the_order_asked_for(sort: str, opens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """About seven in each second; the last second has fewer."""
    monkeypatch.setattr("sandbox.world.generated.BUSY", max(1, opens // 6))
    with big(opens, shuffle_ties=False) as (running, path):
        rows = list(all_rows(running, f"{path}?sort={sort}"))
        assert len({row["first_opened_at"] for row in rows}) < max(2, opens)
        assert {row["subscriber_uuid"] for row in rows} == {
            running.generated_open(index)["subscriber_uuid"] for index in range(opens)
        }
        expected = rows
        for name in reversed(sort.split(",")):
            field = name.lstrip("-").replace("email", "subscriber_email")
            expected = sorted(expected, key=itemgetter(field), reverse=name.startswith("-"))
        assert rows == expected


def test_tied_generated_opens_change_places_within_their_second() -> None:
    with big(500_000) as (running, path):
        pages = [ask(running, f"{path}?sort=-first_opened_at&page=7").data for _ in range(4)]
        assert len({tuple(row["subscriber_uuid"] for row in page) for page in pages}) == 4
        assert len({tuple(row["first_opened_at"] for row in page) for page in pages}) == 1
        assert len({row["first_opened_at"] for row in pages[0]}) > 1


@pytest.mark.parametrize("version", ["v6", "v7", "v8", "cloud"])
def test_a_generated_open_has_the_shape_of_its_version_and_a_record(version: str) -> None:
    with big(40, version=version) as (running, path):
        row = ask(running, f"{path}?sort=email&page=2").data[3]
        expected = wire(running, 18)
        assert {name: type(expected[name])(row[name]) for name in expected} == expected
        assert ("last_opened_at" in row) == (version in ("v8", "cloud"))
        record = running.generated_open(18)
        assert record["campaign_uuid"] == running.big_campaign_uuid
        assert record["campaign_sent_at"] < record["first_opened_at"] < record["campaign_statistics_calculated_at"]


def test_the_big_campaign_is_a_sent_one_whose_opens_are_not_in_the_truth() -> None:
    with big(31) as (running, path):
        (row,) = [row for row in running.truth("campaigns") if row["uuid"] == running.big_campaign_uuid]
        assert (row["status"], row["unique_open_count"]) == ("sent", 31)
        meta = ask(running, path).meta
        assert (meta["total"], meta["last_page"]) == (31, 3)
        for kind in ("opens", "clicks", "unsubscribes", "bounces"):
            assert row["uuid"] not in {child["campaign_uuid"] for child in running.truth(f"campaign_{kind}")}
        assert running.least_requests(["campaign_opens"]) == 1 + 2 + 3


def test_searching_generated_opens_finds_them() -> None:
    with big(2000) as (running, path):
        answer = ask(running, f"{path}?filter[search]=OPENER00000199&sort=-email")
        assert [row["subscriber_uuid"] for row in answer.data] == [
            running.generated_open(index)["subscriber_uuid"] for index in range(1999, 1989, -1)
        ]


def test_nothing_can_happen_to_the_big_campaign() -> None:
    with big(10) as (running, path):
        who = next(iter(running.store.subscribers.values()))
        with pytest.raises(ValueError, match="generated"):
            running.store.add_open(running.big_campaign_uuid or "", who)
        running.store.advance(DAY)
        assert ask(running, path).meta["total"] == 10
        running.store.delete_campaign(running.big_campaign_uuid or "")
        assert ask(running, path).status == 404


def test_only_some_indexes_are_opens() -> None:
    with big(10) as (running, _):
        assert running.generated_open(-1) == running.generated_open(9)
        with pytest.raises(IndexError):
            running.generated_open(10)


def test_a_million_opens_cost_no_memory_and_no_time() -> None:
    tracemalloc.start()
    begin = time.process_time()
    with big(1_000_000, empty=True) as (running, path):
        assert time.process_time() - begin < 0.5
        connection = http.client.HTTPConnection(running.trusted_host, timeout=30)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {running.token}"}
        emails = []
        for page in range(1, 66_668, 333):
            connection.request("GET", f"/api{path}?sort=-last_opened_at,email&page={page}", headers=headers)
            emails += [row["subscriber_email"] for row in json.loads(connection.getresponse().read())["data"]]
        connection.close()
    assert time.process_time() - begin < 3
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert len(set(emails)) == len(emails) == 15 * 201


@pytest.mark.parametrize("options", [{"opens": 0}, {"opens": 5}])
def test_5000_campaigns_start_in_seconds_and_are_listed_fast(options: dict[str, Any]) -> None:
    begin = time.process_time()
    with Sandbox(campaigns=5000, html_bytes=20, **options) as running:
        assert time.process_time() - begin < 5
        begin = time.process_time()
        assert all(ask(running, f"/campaigns?filter[status]=sent&page={page}").data for page in range(1, 101))
        assert time.process_time() - begin < 3


def test_the_list_of_campaigns_follows_what_happens() -> None:
    with Sandbox(**TINY) as running:
        assert ask(running, "/campaigns?filter[status]=sent").meta["total"] == 2
        fresh = running.store.add_campaign("Fresh", "draft")
        assert ask(running, "/campaigns?filter[status]=sent").meta["total"] == 2
        running.store.set_status(fresh, "sending")
        assert ask(running, "/campaigns?filter[status]=sent").meta["total"] == 3
        running.store.delete_campaign(fresh)
        assert ask(running, "/campaigns?filter[status]=sent").meta["total"] == 2


@pytest.mark.parametrize(("campaigns", "in_window"), [(100, 20), (10, 1), (11, 0), (5, 5)])
def test_an_exact_number_was_sent_lately_and_the_others_rest(campaigns: int, in_window: int) -> None:
    with Sandbox(campaigns=campaigns, opens=3, html_bytes=20, sent_only=True, in_window=in_window) as running:
        now = running.store.now
        rows = list(running.store.campaigns.values())
        assert len(rows) == campaigns
        assert {row.status for row in rows} == {"sent"}
        ages = sorted((now - (row.sent_at or 0)) / DAY for row in rows)
        assert all(0 < age < 6 for age in ages[:in_window])
        assert all(age >= 30 for age in ages[in_window:])
        assert len(set(ages)) == campaigns
        stamps = sorted((row.statistics_calculated_at or 0, row.sent_at or 0) for row in rows)
        assert all(now - stamp < DAY for stamp, sent in stamps if now - sent < 6 * DAY)
        assert all(now - stamp > 15 * DAY for stamp, sent in stamps if now - sent > 6 * DAY)
        assert all(row.created_at <= (row.sent_at or 0) for row in rows)
        assert len(running.store.run_schedule()) <= in_window


def test_sent_only_leaves_the_ages_as_they_are() -> None:
    with Sandbox(campaigns=40, opens=3, html_bytes=20, sent_only=True) as running:
        assert {row["status"] for row in running.truth("campaigns", "all")} == {"sent"}
        ages = [(running.store.now - (row.sent_at or 0)) / DAY for row in running.store.campaigns.values()]
        assert max(ages) > 366
        assert sum(6 < age < 30 for age in ages) > 3


@pytest.mark.parametrize(("sent_only", "in_window"), [(False, 3), (True, 41), (True, -1)])
def test_an_impossible_window_is_an_error(sent_only: bool, in_window: int) -> None:
    with pytest.raises(ValueError, match="in_window is from 0 to 40"):
        Sandbox(sent_only=sent_only, in_window=in_window)
