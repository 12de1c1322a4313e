"""How a pass goes through its lists: which requests it takes, what comes out, and which state after which rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from source_mailcoach.config import Config
from source_mailcoach.messages import problems
from source_mailcoach.messages.errors import MailcoachError, Problem
from source_mailcoach.records.fit import RowFit
from source_mailcoach.streams.facts import Facts, Slice
from source_mailcoach.streams.of_account import OfAccount
from source_mailcoach.streams.pages import Pages
from source_mailcoach.streams.passes import Passes
from source_mailcoach.sync.paging import Page
from source_mailcoach.sync.state import ACCOUNT, Mode, Parent
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Query
from unit_tests.conftest import CONFIG

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
HOUR, SIZE = timedelta(hours=1), 3
FACTS = Facts(
    endpoint="lists/{list}/rows", key=("uuid",), sort="-created_at", cursor="created_at", changes_sort="-created_at"
)
SCHEMA = {"type": "object", "properties": {"uuid": {"type": "string"}, "created_at": {"type": "string"}}}
A, B, C = (Parent(f"2026-01-0{day}T00:00:00Z", name) for day, name in enumerate("abc", 1))


def text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Client(MailcoachClient):
    """Answers from lists, newest row first and one an hour. Those that are ill fail from a page on."""

    def __init__(self) -> None:
        super().__init__(Config.parse(CONFIG))
        self.lists = {parent.uuid: 5 for parent in (A, B, C, ACCOUNT)}
        self.ill: dict[str, Problem] = {}
        self.ill_from = 2
        self.asked: list[str] = []
        self.waits = True
        self.server_time: datetime = NOW

    def fetch(self, query: Query, ahead: Iterable[Query] = (), later: Iterable[Query] = ()) -> Any:
        name, number = query.path.split("/")[1], int(dict(query.params)["page"])
        self.asked.append(f"{name}{number}")
        if number >= self.ill_from and (problem := self.ill.get(name)):
            raise MailcoachError(problem, url="u", status=500, answer="", reason="r", detail="d", path="p")
        total = self.lists[name]
        places = range((number - 1) * SIZE, min(total, number * SIZE))
        rows = [
            {"uuid": f"{name}-{place}", "created_at": text(self.server_time - (place + 1) * HOUR)} for place in places
        ]
        return Page(number, max(1, -(-total // SIZE)), total, SIZE, rows)

    def will_wait(self, query: Query | None) -> bool:
        return self.waits


class Lists(OfAccount):
    unit = "lists"
    listed: Sequence[Parent] = (A, B, C)

    def parents(self) -> Sequence[Parent]:
        return self.listed

    def slice_of(self, parent: Parent) -> Slice:
        return {"list": parent.uuid}


@dataclass
class Sync:
    """A sync by the client, from a saved state on. `out` has the uuids of rows, and each STATE that goes out."""

    client: Client
    saved: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "incremental"
    listed: Sequence[Parent] = (A, B, C)
    out: list[Any] = field(default_factory=list)
    failed: MailcoachError | None = None

    def __post_init__(self) -> None:
        self.client.asked.clear()
        pages = Pages(FACTS, "rows", self.client, lambda: RowFit(SCHEMA, {}), SIZE)
        owner = Lists(pages, Config.parse(CONFIG))
        owner.listed = self.listed
        self.passes = Passes(pages, owner, lambda row: (row,), lambda: False, self.save)

    def save(self, content: dict[str, Any]) -> None:
        self.saved = content

    def read(self) -> "Sync":
        try:
            self.out += self._messages()
        except MailcoachError as error:
            self.failed = error
        return self

    def _messages(self) -> Iterator[Any]:
        for _ in self.passes.slices(self.saved, self.mode):
            for message in self.passes.read_slice():
                if isinstance(message, dict):
                    yield message["uuid"]
                else:
                    yield vars(message.state.stream.stream_state)  # type: ignore[union-attr]
            if self.passes.is_state_due():
                yield self.saved

    @property
    def rows(self) -> list[str]:
        return [each for each in self.out if isinstance(each, str)]


def rows_of(*names: str) -> list[str]:
    return [f"{name}-{place}" for name in names for place in range(5)]


def test_a_state_comes_after_the_rows_that_it_is_of_and_no_later_than_the_next_page() -> None:
    sync = Sync(Client()).read()
    assert sync.rows == rows_of("a", "b", "c")
    kinds = ["row" if isinstance(each, str) else "state" for each in sync.out]
    assert kinds == (["row"] * 3 + ["state"] + ["row"] * 2 + ["state"]) * 3
    half_read = sync.out[3]["pass"]
    assert (half_read["parent"], half_read["position"][0] + half_read["position"][5]) == ("a", 3)
    assert sync.out[6]["pass"]["after"] == list(A.place)
    assert sync.out[-1]["cursor"] == text(NOW - HOUR)
    assert "pass" not in sync.out[-1]


def test_where_nothing_waits_a_state_comes_at_the_end_alone() -> None:
    client = Client()
    client.waits = False
    states = [each for each in Sync(client).read().out if not isinstance(each, str)]
    assert len(states) == 1
    assert "pass" not in states[0]


def test_a_pass_goes_on_where_it_was_killed() -> None:
    client = Client()
    first = Sync(client).read()
    second = Sync(client, first.out[3]).read()
    assert client.asked[0] == "a2"
    assert second.rows == rows_of("a", "b", "c")[3:]


def test_the_next_pass_reads_each_list_as_far_as_it_is_new() -> None:
    client = Client()
    client.lists["b"] = 90
    saved = Sync(client).read().saved
    Sync(client, saved).read()
    assert client.asked == ["a1", "b1", "c1"]
    client.server_time += 4 * HOUR
    Sync(client, saved).read()
    assert client.asked == ["a1", "a2", "b1", "b2", "c1", "c2"]


def test_where_the_server_refuses_the_sort_by_changes_it_is_not_tried_again_and_lists_are_read_whole() -> None:
    client = Client()
    sync = Sync(client, Sync(client).read().saved)
    assert sync.passes.reading.does_without("-created_at")
    assert not sync.passes.reading.does_without("-created_at")
    assert sync.read().rows == rows_of("a", "b", "c")


def test_a_list_that_fails_is_named_at_the_end_and_the_next_sync_reads_it_alone_from_where_it_stopped() -> None:
    client = Client()
    client.ill = {"b": problems.SERVER_ERROR}
    first = Sync(client).read()
    assert first.rows == [*rows_of("a"), "b-0", "b-1", "b-2", *rows_of("c")]
    assert first.failed
    assert "(b)" in str(first.failed)
    assert [each["parent"] for each in first.saved["pending"]] == ["b"]
    client.ill = {}
    second = Sync(client, first.saved).read()
    assert (second.rows, second.failed) == (["b-3", "b-4"], None)
    assert client.asked == ["b2"]
    assert second.saved["cursor"] == text(NOW - HOUR)


@pytest.mark.parametrize(
    ("problem", "listed"), [(problems.RATE_LIMITED, (A, B, C)), (problems.SERVER_ERROR, (ACCOUNT,))]
)
def test_what_concerns_more_than_one_list_ends_the_stream_after_its_state(
    problem: Problem, listed: Sequence[Parent]
) -> None:
    client = Client()
    client.waits, client.ill = False, {parent.uuid: problem for parent in listed}
    sync = Sync(client, listed=listed).read()
    assert sync.failed
    assert "pending" not in sync.saved
    assert client.asked == [f"{listed[0].uuid}1", f"{listed[0].uuid}2"]
    assert len(sync.rows) == SIZE
    assert sync.out[-1] == sync.saved


def test_a_state_that_is_out_does_not_come_again_where_the_stream_ends() -> None:
    client = Client()
    client.ill, client.ill_from = {"b": problems.RATE_LIMITED}, 1
    sync = Sync(client).read()
    assert sync.failed
    assert [each["pass"].get("after") for each in sync.out if not isinstance(each, str)] == [None, list(A.place)]


def test_a_pass_of_which_no_list_is_due_is_closed() -> None:
    client = Client()
    half_read = Sync(client).read().out[3]
    client.waits = False
    sync = Sync(client, half_read, listed=()).read()
    assert (client.asked, sync.out) == ([], [sync.saved])
    assert "pass" not in sync.saved
