"""Probes name what is there, ask as the connector asks, and judge as they say."""

import json
import re
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from probes.account import FINDERS, question
from probes.engagement import clicks_are_whole
from probes.judges import exists_or_is_absent, refuses, sorts_by
from probes.probe import CannotTell, Finding, Reply, Verdict, names
from probes.report import markdown
from probes.sections import SECTIONS
from probes.values import SHOWN, streams
from source_mailcoach.transport.request import Answer

ROOT = Path(__file__).parent.parent
PROBES = [probe for probes in SECTIONS.values() for probe in probes]


def reply(*rows: object, status: int = 200, total: int = 0, message: str = "", text: str = "sends?page=1") -> Reply:
    meta = {"current_page": 1, "last_page": 1, "per_page": 15, "total": total or len(rows)}
    body = {"data": rows, "meta": meta} if status == 200 else {"message": message}
    return Reply(
        text,
        question(text),
        Answer(json.dumps(body).encode(), CaseInsensitiveDict(), 0.0, status=status),
        "https://x.test/api",
    )


# What probes are --------------------------------------------------------------------------------------------------


def test_the_sections_are_those_of_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Unique behaviors of Mailcoach\n")[2]
    assert list(SECTIONS) == re.findall(r"^### (.+)$", text.partition("\n## ")[0], re.MULTILINE)


def test_each_probe_has_a_name_of_its_own_and_tells_its_belief_in_a_sentence() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES)
    for probe in PROBES:
        assert probe.belief.endswith("."), probe.name
        assert probe.versions, probe.name
        assert not set("|\n") & set(probe.name + probe.belief)


def test_what_hangs_on_a_belief_is_there() -> None:
    for probe in PROBES:
        assert probe.hangs_on, probe.name
        for path in probe.hangs_on:
            assert path.startswith("source_mailcoach/"), probe.name
            assert (ROOT / path).is_file(), path


def test_each_probe_asks_for_what_can_be_found() -> None:
    for probe in PROBES:
        assert probe.asks, probe.name
        assert set(re.findall(r"\{(.*?)\}", " ".join(probe.asks))) <= set(FINDERS), probe.name


def test_lists_are_asked_for_in_an_order_in_which_their_stream_reads_them() -> None:
    assert streams().keys() - SHOWN.keys() == {"campaign_click_events", "campaign_sends"}
    for name, text in SHOWN.items():
        stream = streams()[name]
        known = {stream.facts.sort, stream.facts.changes_sort}
        query = question(text)
        assert dict(query.params)["sort"] in known, name
        assert query.path.endswith(stream.facts.endpoint.rpartition("}")[2]), name


def test_a_question_can_be_asked_in_ways_in_which_the_connector_never_asks() -> None:
    plain, again, odd = (question(f"email-lists?page=1{way}") for way in ("", "#again", "#browser#stranger"))
    assert plain.params == again.params == odd.params == (("page", "1"),)
    assert plain != again
    assert odd.as_browser
    assert odd.as_stranger
    assert plain.as_browser is plain.as_stranger is False


# Verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (reply(status=400, message="Requested sort(s) `x` is not allowed."), True),
        (reply(), False),
        (reply(status=500, message="Server Error"), False),
    ],
)
def test_only_a_400_refuses(answer: Reply, holds: bool) -> None:
    assert (refuses(answer).verdict is Verdict.HOLDS) is holds


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_read_cannot_tell(status: int) -> None:
    for judge in (refuses, exists_or_is_absent, sorts_by("sent_at")):
        with pytest.raises(CannotTell):
            judge(reply(status=status, message="This action is unauthorized."))


@pytest.mark.parametrize(
    ("status", "message", "verdict"),
    [
        (404, "The route api/sends could not be found.", Verdict.HOLDS),
        (404, "", Verdict.HOLDS),
        (404, "Not here", Verdict.DOES_NOT_HOLD),
        (500, "Server Error", Verdict.DOES_NOT_HOLD),
    ],
)
def test_an_endpoint_is_absent_only_in_laravels_words(status: int, message: str, verdict: Verdict) -> None:
    assert exists_or_is_absent(reply(status=status, message=message)).verdict is verdict


def test_times_are_in_order_whatever_way_they_are_written() -> None:
    newer, older = "2026-01-05T10:00:00Z", "2026-01-05T09:59:59.000000Z"
    rows = [{"sent_at": newer}, {"sent_at": newer}, {"sent_at": older}]
    assert sorts_by("sent_at")(reply(*rows)).verdict is Verdict.HOLDS
    assert sorts_by("sent_at")(reply(*rows[::-1])).verdict is Verdict.DOES_NOT_HOLD
    with pytest.raises(CannotTell):
        sorts_by("sent_at")(reply({"sent_at": None}, *rows))


def test_clicks_are_cut_only_if_several_links_end_at_the_same_number() -> None:
    def links(*lengths: tuple[int, int | str]) -> Reply:
        return reply(*({"clicks": [{}] * int(there), "click_count": counted} for there, counted in lengths))

    assert clicks_are_whole(links((3, 3), (20, "20"))).verdict is Verdict.HOLDS
    assert clicks_are_whole(links((15, 40), (15, 16), (2, 2))).verdict is Verdict.DOES_NOT_HOLD
    for deleted in (links((15, 40), (2, 2)), links((15, 40), (15, 16), (20, 20)), links((14, 15), (3, 4))):
        with pytest.raises(CannotTell):
            clicks_are_whole(deleted)


# What a report shows ----------------------------------------------------------------------------------------------


def test_only_mailcoachs_own_names_are_shown() -> None:
    assert names(["open_count", "clicks.uuid", "emailList.uuid"]) == "clicks.uuid, emailList.uuid, open_count"
    assert names(["ada@example.com", "Ada Acorn", 3, "", "x" * 50]) == "(another)"
    assert names([]) == "none"


def test_a_report_is_a_table_whatever_was_seen() -> None:
    probe = PROBES[0]
    text = markdown([("Types", [(probe, Finding(Verdict.DOES_NOT_HOLD, "a | b"))])], None, 3)
    assert f"| {probe.name} | does not hold | a / b | {', '.join(probe.hangs_on)} |" in text
    assert "0 beliefs hold, 1 do not, 0 cannot be told from this server; 3 requests" in text
    assert "Mailcoach of an unknown version" in text
