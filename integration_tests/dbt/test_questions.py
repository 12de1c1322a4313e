"""The questions of `examples/sql`, which need no dbt, have the same answers as the marts on the same data."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.warehouse.__main__ import ROOT

from .warehouse import Row, Warehouse

MARTS = {
    "campaigns_against_counters": """
        select campaign_uuid,
               case measure when 'openers' then 'people who opened' when 'clickers' then 'people who clicked'
                            when 'bounced' then 'bounces' else measure end as measure,
               from_rows, counter, difference
        from main_mailcoach.campaign_counters
        union all
        select campaign_uuid, 'complaints', complaints, null, null from main_mailcoach.campaigns
        union all
        select campaign_uuid, 'suppressed', suppressed, null, null from main_mailcoach.campaigns
    """,
    "funnel": """
        select name as campaign, email_list_name as list, sent, delivered as arrived, readers as opened,
               clickers as clicked, unsubscribes as unsubscribed,
               round(100.0 * read_rate, 1) as opened_percent, round(100.0 * click_rate, 1) as clicked_percent,
               round(100.0 * unsubscribe_rate, 2) as unsubscribed_percent
        from main_mailcoach.campaigns
        where sent > 0
    """,
    "list_growth": """
        select email_list_uuid, strftime(day, '%Y-%W') as week, sum(joined) as joined,
               sum(left_by_campaign) as left_by_campaign, sum(left_by_complaint) as left_by_complaint,
               sum(left_otherwise) as left_otherwise, arg_max(active, day) as active
        from main_mailcoach.list_daily
        group by all
        having sum(joined + left_by_campaign + left_by_complaint + left_otherwise) > 0
    """,
    "most_engaged": """
        with recent as (
            select campaign_uuid from main_mailcoach.campaigns where sent_at is not null
            qualify row_number() over (partition by email_list_uuid order by sent_at desc, campaign_uuid) <= 10
        )
        select subscriber_uuid, s.email, s.email_list_name as list, count(*) as received,
               count(*) filter (where r.is_read) as opened, count(*) filter (where r.is_clicked) as clicked
        from main_mailcoach.campaign_recipients r
        join recent using (campaign_uuid)
        join main_mailcoach.subscribers s using (subscriber_uuid)
        where r.is_sent and s.status = 'subscribed'
        group by all
        having count(*) filter (where r.is_read) > 0
    """,
}
"""What is asked of the marts instead, with the columns that both have."""


def as_rows(rows: list[Row], columns: list[str]) -> list[str]:
    return sorted(repr([str(row[column]) for column in columns]) for row in rows)


def test_each_question_is_asked_here() -> None:
    questions = {path.stem for path in Path(ROOT, "examples/sql").glob("*.sql")} - {"erase_person"}
    assert set(MARTS) == questions


@pytest.mark.parametrize("question", MARTS)
def test_the_marts_give_the_answer_of_the_question(newsletter: Warehouse, question: str) -> None:
    answer, of_marts = (
        newsletter.query(Path(ROOT, f"examples/sql/{question}.sql").read_text()),
        newsletter.query(MARTS[question]),
    )
    assert answer
    columns = list(of_marts[0])
    assert as_rows(answer, columns) == as_rows(of_marts, columns)
