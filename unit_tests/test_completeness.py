"""Why a campaign's own counter and its rows differ, and from when on Mailcoach has pruned."""

from datetime import datetime, timedelta, timezone

import pytest

from source_mailcoach.messages.completeness import Tally, why
from source_mailcoach.messages.events import Counter, ListCompared

SENT = datetime(2026, 1, 5, tzinfo=timezone.utc)
COUNTED = SENT + timedelta(days=14)


def compared(
    total: int, counter: int, newest: datetime | None = SENT, field: str = "unique_open_count"
) -> ListCompared:
    return ListCompared(total, 0, True, newest, Counter(field, counter, SENT, COUNTED))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (compared(10, 10), "agree"),
        (compared(11, 10, newest=COUNTED + timedelta(seconds=1)), "lag"),
        (compared(11, 10, newest=COUNTED), "split test"),
        (compared(11, 10, newest=None), "split test"),
        (compared(11, 10, field="bounce_count"), "several kinds"),
        (compared(9, 10), "deleted"),
        (ListCompared(1, 0, True, SENT, Counter("unique_open_count", 0, SENT, None)), "lag"),
    ],
)
def test_the_reason_is_the_one_that_fits(found: ListCompared, reason: str) -> None:
    assert why(found, None) == reason


def test_fewer_rows_than_counted_are_pruned_up_to_the_youngest_campaign_that_lacks_some() -> None:
    assert why(compared(0, 10), SENT) == "pruned"
    assert why(compared(3, 10), SENT) == "pruned"
    assert why(compared(0, 10), SENT - timedelta(days=1)) == "deleted"


@pytest.mark.parametrize(
    ("totals", "until"),
    [
        ([(0, 5), (0, 3), (7, 7)], 1),
        ([(0, 5), (0, 0), (7, 7)], 0),  # nobody opened it: it tells nothing
        ([(0, 5), (1, 3), (7, 7)], 1),  # of the next some late ones are left
        ([(4, 5), (0, 3), (7, 7)], 1),
        ([(4, 5), (2, 3), (7, 7)], None),  # people who were deleted
        ([(5, 5), (0, 3), (7, 7)], None),  # the only one who opened it was deleted
        ([(0, 0), (7, 7)], None),
        ([(0, 5)], 0),
        ([], None),
    ],
)
def test_only_the_oldest_campaigns_without_rows_are_pruned(totals: list[tuple[int, int]], until: int | None) -> None:
    sent = [SENT + timedelta(days=number) for number in range(len(totals))]
    tally = Tally(
        lists=[
            ListCompared(total, 0, True, None, Counter("unique_open_count", counter, at, COUNTED))
            for (total, counter), at in zip(totals, sent, strict=True)
        ][::-1]
    )
    assert tally.pruned_until == (None if until is None else sent[until])


def test_a_campaign_without_its_list_has_lost_its_rows_with_the_people_and_not_by_age() -> None:
    orphan = Counter("unique_open_count", 5, SENT, COUNTED, has_list=False)
    assert Tally(lists=[ListCompared(0, 0, True, None, orphan)]).pruned_until is None
