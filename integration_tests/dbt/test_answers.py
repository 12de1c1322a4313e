"""The numbers on the page of answers are those of the marts."""

from __future__ import annotations

import pytest

from examples.answers.page import page
from examples.answers.questions import FINDINGS, Answer, answers
from unit_tests.test_answers import PICTURE, Parsed

from .warehouse import Row, Warehouse


@pytest.fixture(scope="module")
def found(newsletter: Warehouse) -> list[Answer]:
    return answers(lambda sql: newsletter.query(f"set schema = 'main_mailcoach'; {sql}"))


@pytest.fixture(scope="module")
def numbers(found: list[Answer], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """The lines of each table, without their heads."""
    picture = tmp_path_factory.mktemp("page") / "picture.png"
    picture.write_bytes(PICTURE)
    parsed = Parsed(page(found, dict.fromkeys(FINDINGS, picture), ""))
    return {name: lines[1:] for name, lines in parsed.lines.items()}


def number(text: str) -> int:
    return int(text.replace(",", ""))


def total(rows: list[Row], field: str) -> int:
    return sum(row[field] for row in rows)


def test_every_question_has_an_answer(found: list[Answer]) -> None:
    assert [answer.name for answer in found] == list(FINDINGS)


def test_campaigns_have_the_numbers_of_rows_and_counters(
    newsletter: Warehouse, numbers: dict[str, list[list[str]]]
) -> None:
    said = {}
    for row in newsletter.mart("campaign_counters"):
        said[row["campaign_name"], row["measure"]] = f"{row['from_rows']:,}" + (
            f" ({row['counter']:,})" if row["difference"] else ""
        )
    lines = numbers["campaigns_against_counters"]
    assert len(lines) == 12
    for name, _, *cells in lines:
        assert cells == [said[name, measure] for measure in ("openers", "clickers", "unsubscribes", "bounced")]


def test_the_funnel_adds_up_campaigns(newsletter: Warehouse, numbers: dict[str, list[list[str]]]) -> None:
    campaigns = newsletter.mart("campaigns")
    for name, count, *cells in numbers["funnel"]:
        of_list = [row for row in campaigns if row["email_list_name"] == name]
        steps = ("sent", "delivered", "readers", "clickers", "unsubscribes")
        assert [number(count), *map(number, cells)] == [len(of_list), *(total(of_list, step) for step in steps)]


def test_the_weeks_add_up_days_and_end_with_who_is_active(
    newsletter: Warehouse, numbers: dict[str, list[list[str]]]
) -> None:
    lists = {row["name"]: row for row in newsletter.mart("lists")}
    days = newsletter.mart("list_daily")
    for name, of_list in lists.items():
        weeks = [line for line in numbers["list_growth"] if line[0] == name]
        assert number(weeks[0][-1]) == of_list["subscribed"]
        shown = [row for row in days if row["email_list_name"] == name and str(row["day"]) >= weeks[-1][1]]
        fields = ("joined", "left_by_campaign", "left_by_complaint", "left_otherwise")
        for place, field in enumerate(fields, start=2):
            assert sum(number(week[place]) for week in weeks) == total(shown, field)


def test_all_openers_are_in_the_times(newsletter: Warehouse, numbers: dict[str, list[list[str]]]) -> None:
    opened = [row for row in newsletter.mart("campaign_recipients") if row["is_opened"]]
    assert sum(number(cell) for _, *cells in numbers["opening_times"] for cell in cells) == len(opened)
    for hours, openers, share in numbers["hours_to_open"]:
        within = sum(row["hours_to_open"] <= number(hours) for row in opened)
        assert (number(openers), share) == (within, f"{100 * within / len(opened):.1f} %")


def test_everybody_reads_what_the_cohorts_read(newsletter: Warehouse, found: list[Answer]) -> None:
    (rows,) = (answer.rows for answer in found if answer.name == "cohorts")
    everybody = [row for row in rows if row["joined"] is None]
    mails = [row for row in newsletter.mart("campaign_recipients") if row["is_delivered"]]
    known = {row["subscriber_uuid"] for row in newsletter.mart("subscribers") if row["subscribed_at"]}
    of_known = [row for row in mails if row["subscriber_uuid"] in known]
    left_out = len(of_known) - sum(row["delivered"] for row in everybody)
    assert 0 <= left_out < 30
    assert sum(row["readers"] for row in everybody) <= sum(row["is_read"] for row in of_known)


def test_providers_add_up_campaigns(newsletter: Warehouse, numbers: dict[str, list[list[str]]]) -> None:
    mart = newsletter.mart("deliverability")
    assert {line[0] for line in numbers["deliverability"]} >= {"Google", "Microsoft", "other"}
    for name, sent, bounced, rate, *_ in numbers["deliverability"]:
        of_provider = [row for row in mart if row["mailbox_provider"] == name]
        assert (number(sent), number(bounced)) == (total(of_provider, "sent"), total(of_provider, "bounced"))
        assert rate == f"{100 * number(bounced) / number(sent):.1f} %"


def test_links_are_those_of_one_campaign(newsletter: Warehouse, found: list[Answer]) -> None:
    (rows,) = (answer.rows for answer in found if answer.name == "links")
    mart = [row for row in newsletter.mart("links") if row["campaign_name"] == rows[0]["campaign_name"]]
    assert {row["path"]: row["clicks"] for row in rows} == {row["path"]: row["mailcoach_click_count"] for row in mart}
    assert sum(row["share_of_clicks"] for row in rows) == pytest.approx(1)


def test_the_most_engaged_are_ranked(found: list[Answer]) -> None:
    (rows,) = (answer.rows for answer in found if answer.name == "most_engaged")
    ranks = [(row["clicked"], row["read"]) for row in rows]
    assert ranks == sorted(ranks, reverse=True)
    assert all(row["clicked"] <= row["read"] <= row["received"] <= 10 for row in rows)
