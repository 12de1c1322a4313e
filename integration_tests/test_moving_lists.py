"""Lists that move while they are read, over real sockets: each row that stays comes, at the cost `reader` promises."""

import pytest

from integration_tests.in_process import read_here
from integration_tests.tables import assert_all_there, by_key
from sandbox import Sandbox
from sandbox.moving import CASES, Case, Half, read_while_it_moves
from source_mailcoach.sync.asking import GRACE, LIMIT
from unit_tests.seeds import TIMES

FRONT = 1 / 15
SHAKY = 3
"""Rows move by a place and the total stays: that looks like equal rows which changed places, and is looked into."""
# The requests that a change costs at most: if it happens before the rows are counted, and between count and rows.
COSTS = {
    "sends: a new mail": (FRONT, SHAKY),
    "sends: a subscriber is deleted": (4, 4),  # who has got several mails
    "sends: a waiting mail is sent": (SHAKY, SHAKY),
    "sends: any of these": (SHAKY, SHAKY),
    "subscribers: a new subscriber": (FRONT, 2),
    "subscribers: a subscriber is deleted": (2, 2),
    "subscribers: a subscriber is edited": (FRONT, FRONT),
    "subscribers: any of these": (2, 2),
    "suppressions: a new address": (FRONT, SHAKY),
    "suppressions: an address is lifted": (2, 2),
    "suppressions: any of these": (2, SHAKY),
    "campaign_opens: an open": (FRONT, 2),
    "campaign_opens: an open is reported late": (1, 2),
    "campaign_opens: opens are deleted": (2, 2),
    "campaign_opens: a repeated open": (FRONT, FRONT),
    "campaign_opens: any of these": (2, 2),
}
AT_THE_END = 3
"""Once a list: its front is looked at again, or what was pushed behind the last page."""


# In which half of a page, and once in so many pages.
WHEN: list[tuple[Half, int]] = [
    ("before the count", 10),
    ("before the rows", 3),
    ("before the count", 3),
    ("before the rows", 10),
    ("before the count", 1),
]


def some_of(number: int) -> list[tuple[Half, int]]:
    """If few cases are tried, two for each: both halves, seldom or often."""
    return WHEN if TIMES > 1 else [WHEN[:2], WHEN[2:4], WHEN[3:]][number % 3]


@pytest.mark.parametrize(
    ("case", "half", "every"),
    [(case, *when) for number, case in enumerate(CASES) for when in some_of(number)],
    ids=lambda value: str(value),
)
def test_no_row_that_stays_is_lost_and_changes_cost_what_the_contract_says(case: Case, half: Half, every: int) -> None:
    outcome = read_while_it_moves(read_here, case, every, half)
    assert outcome.run.exit_code == 0
    assert outcome.changes
    assert [warning for warning in outcome.warnings if "changed faster than it could be read" not in warning] == []
    assert every < 10 or not outcome.warnings
    assert not outcome.lost or outcome.warnings
    cost = COSTS[str(case)][half == "before the rows"]
    assert outcome.requests <= outcome.least + cost * outcome.changes + AT_THE_END
    assert outcome.requests <= 3 * (LIMIT * outcome.least + GRACE)


@pytest.mark.parametrize("case", [case for case in CASES if case.stream in ("sends", "suppressions")], ids=str)
def test_no_row_is_lost_where_postgresql_orders_equal_rows_of_a_list_that_moves(case: Case) -> None:
    outcome = read_while_it_moves(read_here, case, 10, shuffle_ties=True, database="postgresql")
    assert (outcome.run.exit_code, outcome.lost, outcome.warnings) == (0, 0, [])


def test_equal_rows_in_small_numbers_all_come_from_postgresql() -> None:
    """One reading lacks some of them, and the reverse sort has those."""
    streams = ["sends", "campaign_sends", "suppressions", "tags", "templates", "campaign_bounces"]
    with Sandbox(version="v8", campaigns=8, opens=60, seed=2, database="postgresql") as sandbox:
        result = read_here(sandbox, streams)
        assert_all_there(result, sandbox, streams)
        assert result.logs("WARN") == []
        assert len(sandbox.requests) <= 3 * sandbox.least_requests(streams)


@pytest.mark.parametrize("rows", [160, 400, 1000] if TIMES > 1 else [160, 400])
def test_rows_that_postgresql_hides_behind_equal_ones_are_counted_and_looked_for_by_two_further_readings(
    rows: int,
) -> None:
    with Sandbox(empty=True, database="postgresql") as sandbox:
        for number in range(rows):
            sandbox.store.add_suppression(f"{number}@example.org")
        result = read_here(sandbox, ["suppressions"])
        missing = rows - len(by_key("suppressions", result.records("suppressions")))
        assert missing > 0
        assert [f"counts {missing} more rows in suppressions" in warning for warning in result.logs("WARN")] == [True]
        pages = sandbox.least_requests(["suppressions"])
        assert len(sandbox.requests) <= pages + 2 * (pages + 2)
