"""What happens in a sync reaches all who listen, and the log has a line of what a person wants to know."""

import math
from datetime import datetime, timezone

import pytest

from source_mailcoach.messages import events, findings, problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import (
    Announced,
    Event,
    Events,
    PageRead,
    ReadAgain,
    RequestStarted,
    Resumed,
    ThreadsLacking,
    Waiting,
)
from source_mailcoach.messages.findings import (
    ClocksDiffer,
    Drifted,
    EndpointMissing,
    ListDeleted,
    ListLeftOut,
    RowsDeleted,
    RowsMissing,
    RowsUnnamed,
    RowsUnproved,
    RowsUnsure,
    RowsUnusable,
    WholeReading,
)

CAMPAIGNS = "28 of 40 campaigns are to be read"
ERROR = MailcoachError(problems.SERVER_ERROR, url="https://news.example.com/api")
LINES: list[tuple[Event, str]] = [
    (RequestStarted("sends", {"page": 2}), "DEBUG GET sends {'page': 2}"),
    (Waiting(42, "Trying again"), "INFO Trying again in 42 seconds."),
    (
        ThreadsLacking(),
        "WARNING This machine lets no more threads start: some requests cannot overlap, and take longer.",
    ),
    (ReadAgain("of opens is", "it is damaged"), "WARNING All of opens is read again: it is damaged."),
    (Resumed("opens"), "INFO opens goes on where the sync before has stopped."),
    (
        Announced("opens", CAMPAIGNS, 145, 60),
        f"INFO opens: {CAMPAIGNS}, about 145 requests: 2 minutes at the 60 a minute that this server allows",
    ),
    (Announced("opens", CAMPAIGNS, 145, 300), f"INFO opens: {CAMPAIGNS}, about 145 requests"),
    (Announced("opens", CAMPAIGNS, 145, math.inf), f"INFO opens: {CAMPAIGNS}, about 145 requests"),
    (
        ClocksDiffer(datetime(2026, 1, 5, 10, tzinfo=timezone.utc), "it has a row of 2027-01-05 10:00"),
        "INFO An answer of Mailcoach's is of 2026-01-05 10:00 UTC, and it has a row of 2027-01-05 10:00. A clock is "
        "wrong, or a cache keeps answers, or a row has a wrong date. No rows are lost by that, but some are read more "
        "often.",
    ),
    (
        ListLeftOut("opens", "Campaign 3f", ERROR),
        "WARNING Campaign 3f is left out of opens in this sync. "
        "https://news.example.com/api failed with an internal error (500).",
    ),
    (ListDeleted("opens", "Campaign 3f"), "WARNING Campaign 3f was deleted during the sync and is left out of opens."),
    (
        WholeReading("tags", 3),
        "INFO tags: rows are gone, or have come unnoticed. All are read again to find out which.",
    ),
    (RowsDeleted("tags", 1), "INFO tags: 1 row deleted in Mailcoach, and now marked as deleted."),
    (
        RowsUnsure("tags", 2, ERROR),
        "WARNING tags: 2 rows may have been deleted. Mailcoach could not be asked, so the next sync does that. "
        "https://news.example.com/api failed with an internal error (500).",
    ),
    (
        RowsUnnamed("tags", 1600),
        "WARNING tags: at least 1,600 rows deleted in Mailcoach, more at once than can be named. "
        "They stay in the destination. A full refresh of this stream with overwrite removes them.",
    ),
    (
        EndpointMissing("tags", "Mailcoach 6.13"),
        "WARNING tags needs Mailcoach 6.13, and this server does not have it: no rows are read.",
    ),
    (
        RowsMissing("opens of campaign 3f", 1600),
        "WARNING Mailcoach counts 1,600 more rows in opens of campaign 3f than it gave in repeated readings. "
        "They may be missing from this sync.",
    ),
    (
        RowsUnproved("opens"),
        "WARNING opens changed faster than it could be read. Rows may be missing from this sync; "
        "a full refresh at a quiet time brings them.",
    ),
    (
        RowsUnusable("campaigns", 1),
        "WARNING 1 row of campaigns came without a usable uuid. What lies below cannot be asked for, "
        "and is left out; the rows themselves are kept.",
    ),
    (Drifted("Mailcoach sent {braces} and %s."), "WARNING Mailcoach sent {braces} and %s."),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=[type(event).__name__ for event, _ in LINES])
def test_an_event_of_interest_is_a_line_at_its_level(event: Event, line: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "airbyte"):
        Events().emit(event)
    assert [f"{record.levelname} {record.getMessage()}" for record in caplog.records] == [line]


def test_every_event_that_has_a_line_is_tried_here() -> None:
    kinds = [kind for kind in (*vars(events).values(), *vars(findings).values()) if isinstance(kind, type)]
    with_line = {kind for kind in kinds if getattr(kind, "level", False)}
    assert with_line == {type(event) for event, _ in LINES}


@pytest.mark.parametrize("event", [Waiting(4.9, "Trying again"), PageRead(1, 2, 15)], ids=["short wait", "page"])
def test_what_is_no_news_has_no_line(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "airbyte"):
        Events().emit(event)
    assert caplog.messages == []


def test_all_who_listen_are_told_in_their_order_and_also_of_what_one_of_them_brings_about() -> None:
    told: list[tuple[str, Event]] = []
    seam = Events()

    def first(event: Event) -> None:
        told.append(("first", event))
        if event == PageRead(1, 1, 0):
            seam.emit(PageRead(2, 2, 0))

    seam.listeners += [first, lambda event: told.append(("second", event))]
    seam.emit(PageRead(1, 1, 0))
    inner, outer = PageRead(2, 2, 0), PageRead(1, 1, 0)
    assert told == [("first", outer), ("first", inner), ("second", inner), ("second", outer)]
