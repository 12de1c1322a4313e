"""The package on a newsletter: documented, without streams, with rows that come twice or are marked as deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.warehouse.__main__ import PACKAGE, TOOLS
from sandbox import Sandbox

from .warehouse import MARTS, Row, Warehouse

OF_SUBSCRIBERS = "--select +subscribers --exclude test_type:unit --indirect-selection buildable"
EMPTY_WITHOUT = {
    "campaigns": ["campaigns", "campaign_counters"],
    "subscribers": ["subscribers", "list_daily"],
    "email_lists": ["lists"],
}
"""Which marts have no row without a stream. All others are made of several."""


def as_rows(rows: list[Row]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


def assert_same_marts(one: Warehouse, other: Warehouse) -> None:
    for mart in MARTS:
        assert as_rows(one.mart(mart)) == as_rows(other.mart(mart)), mart


def test_every_model_and_column_has_a_description(newsletter: Warehouse, tmp_path: Path) -> None:
    warehouse = newsletter.copy(tmp_path)
    done = warehouse.dbt("docs generate", {"mailcoach_example": True})
    assert done.returncode == 0, done.stdout
    manifest, catalog = warehouse.written("manifest"), warehouse.written("catalog")
    documented = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    assert documented.keys() == catalog["nodes"].keys()
    for name, node in documented.items():
        assert node["description"], name
        assert list(node["columns"]) == list(catalog["nodes"][name]["columns"]), name
        for column, about in node["columns"].items():
            assert about["description"], (name, column)
    for source in manifest["sources"].values():
        assert source["description"]


def test_each_stream_has_a_model_of_staging_and_each_mart_a_line_in_the_readme(newsletter: Warehouse) -> None:
    tables = {row["table_name"] for row in newsletter.query(TABLES_OF_THE_SYNC)}
    staging = {path.stem.removeprefix("stg_mailcoach__") for path in (PACKAGE / "models/staging").glob("*.sql")}
    assert staging == tables
    readme = (PACKAGE / "README.md").read_text()
    for mart in MARTS:
        assert f"| `{mart}` |" in readme


TABLES_OF_THE_SYNC = "select table_name from information_schema.tables where table_schema = 'main'"


def test_without_any_stream_the_marts_are_empty_and_of_the_same_columns(newsletter: Warehouse, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "empty.duckdb")
    warehouse.build()
    for mart in MARTS:
        assert warehouse.mart(mart) == []
        assert columns_of(warehouse, mart) == columns_of(newsletter, mart)


def columns_of(warehouse: Warehouse, mart: str) -> list[Row]:
    return warehouse.query(
        "select column_name, data_type from information_schema.columns "
        f"where table_schema = 'main_mailcoach' and table_name = '{mart}' order by ordinal_position"
    )


@pytest.mark.parametrize("stream", EMPTY_WITHOUT)
def test_without_a_stream_the_other_marts_are_there(tables: Warehouse, tmp_path: Path, stream: str) -> None:
    """Only warnings may come: keys that lead to nothing."""
    warehouse = tables.copy(tmp_path)
    warehouse.query(f"drop table {stream}")
    done = warehouse.dbt("build --exclude test_type:unit")
    assert done.returncode == 0, done.stdout
    for mart in MARTS:
        expected = mart not in EMPTY_WITHOUT[stream]
        assert bool(warehouse.query(f"select 1 from main_mailcoach.{mart} limit 1")) == expected, mart


@pytest.mark.parametrize("gone", ["sends", "campaign_sends"])
def test_one_of_the_two_streams_of_mails_is_enough(
    tables: Warehouse, newsletter: Warehouse, tmp_path: Path, gone: str
) -> None:
    warehouse = tables.copy(tmp_path)
    warehouse.query(f"drop table {gone}")
    warehouse.build("--exclude test_type:unit")
    assert as_rows(warehouse.mart("campaigns")) == as_rows(newsletter.mart("campaigns"))
    assert (warehouse.mart("automation_mails", ["sum(sent) as sent"]) == [{"sent": 0}]) == (gone == "sends")


def test_an_old_server_without_click_events_and_times_has_all_sums(tmp_path: Path) -> None:
    """Version 6 lists no single clicks; how many there were, its mails tell."""
    warehouse = Warehouse(tmp_path / "mailcoach.duckdb")
    with Sandbox(version="v6", campaigns=8, opens=10, sent_only=True) as sandbox:
        warehouse.load(sandbox)
    done = warehouse.dbt("build --exclude test_type:unit rows_add_up_to_counters")
    assert done.returncode == 0, done.stdout
    (sums,) = warehouse.mart("campaigns", ["sum(clicks) as clicks", "sum(mailcoach_click_count) as counted"])
    (events,) = warehouse.mart("activities", ["sum(events) filter (where activity_type = 'clicked') as clicks"])
    assert sums["clicks"] == sums["counted"] > 0
    assert events["clicks"] >= sums["clicks"]


def test_rows_that_come_twice_and_older_versions_change_nothing(
    tables: Warehouse, newsletter: Warehouse, tmp_path: Path
) -> None:
    warehouse = tables.copy(tmp_path)
    for table in [row["table_name"] for row in warehouse.query(TABLES_OF_THE_SYNC)]:
        warehouse.query(f"insert into {table} select * from {table}")
    warehouse.query(
        "insert into subscribers select * replace ('unsubscribed' as status, "
        "_airbyte_extracted_at - interval 1 day as _airbyte_extracted_at) from subscribers"
    )
    warehouse.build("--exclude test_type:unit")
    assert_same_marts(warehouse, newsletter)


def test_rows_marked_as_deleted_are_left_out_and_come_back_with_a_newer_row(tables: Warehouse, tmp_path: Path) -> None:
    warehouse = tables.copy(tmp_path)
    first, second = (row["uuid"] for row in warehouse.query("select uuid from subscribers order by uuid limit 2"))
    for change in (
        "alter table subscribers add column _ab_cdc_deleted_at timestamp",
        f"update subscribers set _ab_cdc_deleted_at = '2026-07-01' where uuid in ('{first}', '{second}')",
        "insert into subscribers select * replace (null as _ab_cdc_deleted_at, _airbyte_extracted_at + interval 1 hour "
        f"as _airbyte_extracted_at) from subscribers where uuid = '{second}'",
    ):
        warehouse.query(change)
    warehouse.build(OF_SUBSCRIBERS)
    found = {row["subscriber_uuid"] for row in warehouse.mart("subscribers", ["subscriber_uuid"])}
    assert first not in found
    assert second in found


def test_the_provider_is_told_by_the_domain_also_where_addresses_are_hashed(tables: Warehouse, tmp_path: Path) -> None:
    warehouse = tables.copy(tmp_path)
    (before,) = warehouse.query("select count(*) as everybody from subscribers")
    warehouse.query("update subscribers set email = sha256(email)")
    warehouse.query("alter table subscribers drop column email_domain")  # as syncs of earlier versions leave it
    warehouse.build(OF_SUBSCRIBERS)
    assert {row["mailbox_provider"] for row in warehouse.mart("subscribers", ["mailbox_provider"])} == {"unknown"}
    warehouse.query("alter table subscribers add column email_domain varchar")
    warehouse.query("update subscribers set email_domain = 'gmail.com'")
    warehouse.build(OF_SUBSCRIBERS)
    rows = warehouse.query("select mailbox_provider, count(*) as n from main_mailcoach.subscribers group by 1")
    assert rows == [{"mailbox_provider": "Google", "n": before["everybody"]}]


def test_each_order_of_the_example_has_its_campaign(newsletter: Warehouse) -> None:
    orders = newsletter.query(
        "select order_id, attributed_by, campaign_name from main_mailcoach.attributed_orders order by order_id"
    )
    assert [tuple(order.values()) for order in orders] == [
        (1001, "utm", "Weekly 01"),
        (1002, "click", "Weekly 01"),
        (1003, "click", "Weekly 02"),
        (1004, "none", None),
        (1005, "none", None),  # by UTM a campaign that was not sent yet
        (1006, "click", "Weekly 02"),
        (1007, "none", None),  # clicked more than a week before
        (1008, "utm", "Product 02"),
    ]


def test_the_session_of_the_database_may_be_in_any_zone(newsletter: Warehouse, tmp_path: Path) -> None:
    warehouse = newsletter.copy(tmp_path)
    away = Warehouse(warehouse.database, {"MAILCOACH_TIME_ZONE": "America/New_York"})
    away.build(mailcoach_example=True)
    assert_same_marts(warehouse, newsletter)


def test_it_says_how_fresh_the_data_is(newsletter: Warehouse, tmp_path: Path) -> None:
    warehouse = newsletter.copy(tmp_path)
    assert warehouse.dbt("source freshness").returncode == 0
    warehouse.query("update email_lists set _airbyte_extracted_at = _airbyte_extracted_at - interval 10 day")
    assert warehouse.dbt("source freshness").returncode == 1
    stale = [each["unique_id"] for each in warehouse.written("sources")["results"] if each["status"] == "error"]
    assert stale == ["source.mailcoach.mailcoach.email_lists"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Somebody else's project, in which the package is a dependency."""
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: shop\nversion: '1.0.0'\nprofile: mailcoach\n"
        "vars:\n  mailcoach:\n    mailcoach_schema: raw\n    mailcoach_table_prefix: mc_\n"
    )
    (folder / "packages.yml").write_text(f"packages:\n  - local: {PACKAGE}\n")
    (folder / "models/visits.sql").write_text("select 1 as visit, now() as visited_at, 'weekly-12' as campaign")
    (folder / "models/campaigns_of_visits.sql").write_text(
        "{{ mailcoach.attribute(ref('visits'), key='visit', time='visited_at', utm_campaign='campaign') }}"
    )
    yield folder
    shutil.rmtree(folder)


def test_another_project_takes_it_as_a_package_and_says_where_the_tables_are(
    tables: Warehouse, project: Path, tmp_path: Path
) -> None:
    warehouse = tables.copy(tmp_path / "data")
    warehouse.query("create schema raw")
    for table in [row["table_name"] for row in warehouse.query(TABLES_OF_THE_SYNC)]:
        warehouse.query(f"create table raw.mc_{table} as from {table}; drop table {table}")
    for command in ("deps", "build"):
        done = warehouse.dbt(command, project=project)
        assert done.returncode == 0, done.stdout
    (visit,) = warehouse.query("select * from main.campaigns_of_visits")
    assert visit["attributed_by"] == "utm"


def test_it_runs_on_what_pyairbyte_leaves(tmp_path: Path) -> None:
    made = PACKAGE.parent / "examples/results/sandbox/db_mailcoach.duckdb"
    if not made.exists():
        pytest.skip(f"the layout of PyAirbyte itself is NOT tested: `make example` leaves {made}")
    shutil.copy(made, tmp_path)
    warehouse = Warehouse(tmp_path / made.name)
    warehouse.build(mailcoach_example=True)
    for mart in MARTS:
        assert warehouse.query(f"select 1 from main_mailcoach.{mart} limit 1"), mart


def test_our_tables_are_laid_out_as_those_of_pyairbyte(tables: Warehouse) -> None:
    made = PACKAGE.parent / "examples/results/sandbox/db_mailcoach.duckdb"
    if not made.exists():
        pytest.skip(f"the layout of PyAirbyte itself is NOT tested: `make example` leaves {made}")
    layout = (
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'main' "
        "and table_name not like '\\_airbyte%' escape '\\' order by all"
    )
    assert tables.query(layout) == Warehouse(made).query(layout)


def test_the_environment_of_dbt_is_its_own() -> None:
    assert not (TOOLS / "source-mailcoach").exists()
