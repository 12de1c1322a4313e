"""Each probe can fail: a server that does otherwise is found out by it. Some show a thing only where it happens."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from probes.account import Account
from probes.client import ProbingClient
from probes.probe import V7, Probe, Verdict
from probes.sections import SECTIONS
from probes.values import SHOWN
from sandbox import Fault, Sandbox
from sandbox.connector import trust
from source_mailcoach.config import Config

PROBES = {probe.name: probe for probes in SECTIONS.values() for probe in probes}
# What may happen on a server: not to see it proves nothing.
ONLY_SEEN = {
    "rows tie",
    "readings differ",
    "cookies pile up",
    "updated_at stays behind",
    "engagement moves no mail",
    "list of an open",
}
Row = dict[str, Any]
LISTS, CAMPAIGNS, SENDS = "/api/email-lists$", "/api/campaigns$", "/api/sends$"
SUBSCRIBERS, TAGS, SEGMENTS, IMPORTS = "/subscribers$", "/tags$", "/segments$", "/subscriber-imports$"
CLICKS, OPENS, UNSUBSCRIBES, BOUNCES = "/clicks$", "/opens$", "/unsubscribes$", "/bounces$"
TEMPLATES, MAILS, SUPPRESSIONS = "/api/templates$", "/transactional-mails$", "/suppressions$"
GATEWAY = {"status": 404, "json": {"error": "no such thing"}}


def fault(path: str, **what: Any) -> Fault:
    return Fault(path=path, times=None, **what)


def rows(path: str, change: Callable[[Row], Row], **query: str) -> Fault:
    """Each row is changed."""
    return fault(path, query=query, rewrite=lambda page: {**page, "data": [change(row) for row in page["data"]]})


def put(path: str, **fields: Any) -> Fault:
    """Each row has these values."""
    return rows(path, lambda row: {**row, **fields})


def without(path: str, field: str) -> Fault:
    return rows(path, lambda row: {name: value for name, value in row.items() if name != field})


def backwards(path: str) -> Fault:
    """A sort is ignored."""
    return fault(path, rewrite=lambda page: {**page, "data": page["data"][::-1]})


def shuffled(path: str, field: str) -> Fault:
    """As if a sort by a field were ignored."""
    return rows(path, lambda row: {**row, field: f"20{row['uuid'][:2]}"})


def meta(path: str, **values: Any) -> Fault:
    return fault(path, rewrite=lambda page: {**page, "meta": {**page["meta"], **values}})


def accepted(path: str, **query: str) -> Fault:
    """What should be refused is answered with a page."""
    page = {"data": [], "links": {}, "meta": {"current_page": 1, "last_page": 1, "per_page": 15, "total": 0}}
    return fault(path, query=query, json=page)


def with_links(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "links": {**page["links"], "next": f"{page['meta']['path']}?sort=-id&page=2"}}


LIES: dict[str, Fault] = {
    "page size is told": meta(SUBSCRIBERS, per_page=100),
    "page size is fixed": meta(SUBSCRIBERS, per_page=7),
    "last page is told": meta(SUBSCRIBERS, last_page=1),
    "nothing past the end": meta(LISTS, current_page=1),
    "envelope": fault(TEMPLATES, json={"data": {"rows": []}}),
    "links drop the query": fault(SUBSCRIBERS, rewrite=with_links),
    "total counts groups": fault(OPENS, rewrite=lambda page: {**page, "data": page["data"][:10]}),
    "unknown sort": accepted(CAMPAIGNS, sort="no_such_sort"),
    "filter[per_page]": accepted(CAMPAIGNS, **{"filter[per_page]": "7"}),
    "limit is told": fault(CAMPAIGNS, query={"sort": "no_such_sort"}, status=400),
    "no cache": fault(LISTS, headers={"Age": "90"}),
    "date is told": fault(CAMPAIGNS, headers={"Date": "now"}),
    "rows are not ahead": put(SUBSCRIBERS, updated_at="2099-01-05T10:00:00.000000Z"),
    "missing row": fault(OPENS, **GATEWAY),
    "missing route": fault("/no-such-endpoint$", **GATEWAY),
    "no user": fault("/user$", json={"data": {"id": 1}}),
    "user": fault("/user$", **GATEWAY),
    "uuids are keys": put(CAMPAIGNS, uuid=None),
    "wrong token": fault(LISTS, query={"page": "1"}, after=1, login=True),
    "wrong token in a browser": fault(LISTS, after=1, status=401, json={"message": "Unauthenticated."}),
    "campaigns can be sorted": fault(CAMPAIGNS, query={"sort": "name,sent"}, status=400),
    "sent means sending too": put(CAMPAIGNS, status="cancelled"),
    "unknown status": accepted(CAMPAIGNS, **{"filter[status]": "cancelled"}),
    "scheduled is a draft": put(CAMPAIGNS, status="scheduled"),
    "statuses": put(CAMPAIGNS, status="archived"),
    "drafts have no rows": meta(OPENS, total=1),
    "from_name is the subject": put(CAMPAIGNS, from_name="Ada Acorn"),
    "rows carry bodies": without(CAMPAIGNS, "webview_html"),
    "the list is nested": put(CAMPAIGNS, email_list={"uuid": "845a"}),
    "sent campaigns are counted": put(CAMPAIGNS, statistics_calculated_at=None),
    "uuid of the list": put(CAMPAIGNS, email_list_uuid=3),
    "email lists can be sorted": backwards(LISTS),
    "email lists cannot be sorted by change": accepted(LISTS, sort="-updated_at"),
    "subscribers can be sorted": shuffled(SUBSCRIBERS, "updated_at"),
    "subscribers have an order": fault(SUBSCRIBERS, query={"sort": "-id"}, status=400),
    "no status": put(SUBSCRIBERS, status="subscribed"),
    "tags": backwards(TAGS),
    "segments": backwards(SEGMENTS),
    "sends": fault(SENDS, **GATEWAY),
    "sends can be sorted": shuffled(SENDS, "sent_at"),
    "sends can be sorted by one time": accepted(SENDS, sort="-created_at"),
    "sends of a campaign": put(SENDS, campaign_uuid="another"),
    "imports": put(IMPORTS, email_list_uuid=3),
    "suppressions": backwards(SUPPRESSIONS),
    "templates can be sorted": backwards(TEMPLATES),
    "fields of templates": put(TEMPLATES, fields={"title": "text"}),
    "transactional mails can be sorted": backwards(MAILS),
    "transactional mails never change": put(MAILS, updated_at=None),
    "transactional mail templates": fault("/transactional-mails/templates$", **GATEWAY),
    "automation mails": fault("/automation-mails$", **GATEWAY),
    "no automations": accepted("/automations$"),
    "lists tell their size": without(LISTS, "active_subscribers_count"),
    "clicks do not name their campaign": put(CLICKS, campaign_uuid="one"),
    "opens do not name their campaign": put(OPENS, campaign={}),
    "bounces do not name their campaign": put(BOUNCES, campaign_id=1),
    "bounces": fault(BOUNCES, **GATEWAY),
    "types of bounces": put(BOUNCES, type="deferred"),
    "key of a bounce": put(BOUNCES, subscriber_uuid="one", type="bounce"),
    "bounces can be sorted": backwards(BOUNCES),
    "list of a bounce": put(BOUNCES, subscriber_email_list_uuid=845),
    "key of an open": put(OPENS, subscriber_uuid="one"),
    "opens can be sorted": backwards(OPENS),
    "last open": fault(OPENS, query={"sort": "-last_opened_at,email"}, status=400),
    "uuid of an open": put(OPENS, uuid="one"),
    "key of a link": without(CLICKS, "uuid"),
    "links were clicked": put(CLICKS, click_count=0),
    "clicks are nested": put(CLICKS, clicks=[]),
    "clicks are whole": rows(CLICKS, lambda row: {**row, "clicks": row["clicks"][:1], "click_count": 99}),
    "clicks are counted alone": put(CLICKS, clicks=[]),
    "links can be sorted": rows(CLICKS, lambda row: {**row, "unique_click_count": -row["unique_click_count"]}),
    "unsubscribes can be sorted": fault(UNSUBSCRIBES, query={"sort": "-id"}, status=400),
    "unsubscribes have no time": put(UNSUBSCRIBES, created_at="2026-01-05T10:00:00.000000Z"),
    "unsubscribes name the campaign": put(UNSUBSCRIBES, campaign_uuid="another"),
    "key of an unsubscribe": put(UNSUBSCRIBES, subscriber_uuid="one"),
    "unsubscribes hold the campaign": without(UNSUBSCRIBES, "campaign"),
    "unsubscribes hold no campaign": put(UNSUBSCRIBES, campaign={}),
    "an empty object is a list": rows(CAMPAIGNS, lambda row: {**row, "fields": row["fields"] or {}}),
    "attributes": put(SUBSCRIBERS, extra_attributes="{}"),
    "counters": put(CAMPAIGNS, click_count=1.5),
    "flags": put(LISTS, requires_confirmation="yes"),
    "rates": rows(CAMPAIGNS, lambda row: {**row, "open_rate": int(row["open_rate"]) // 100}),
    "times": put(MAILS, created_at="5 January 2026"),
    **{f"schema of {name}": put(f"/{text.partition('?')[0].split('/')[-1]}$", new=1) for name, text in SHOWN.items()},
}


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    """One of each version that a probe is about, for all tests: none changes anything."""
    with (
        Sandbox(version="v6", rate_limit=100_000) as v6,
        Sandbox(version="v8", rate_limit=100_000) as v8,
        Sandbox(version="cloud", rate_limit=100_000) as cloud,
    ):
        yield {"v6": v6, "v8": v8, "cloud": cloud}


def version_for(probe: Probe) -> str:
    if probe.name == "schema of automation_mails":
        return "cloud"
    return "v8" if V7 in probe.versions else "v6"


def test_every_probe_has_a_lie_that_it_finds_or_is_one_that_cannot_fail() -> None:
    assert sorted([*LIES, *ONLY_SEEN]) == sorted(PROBES)


@contextmanager
def asked(sandbox: Sandbox) -> Iterator[Account]:
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in trust(sandbox).items():
            patch.setenv(variable, value)
        client = ProbingClient(Config.parse(sandbox.config()))
    try:
        yield Account(client)
    finally:
        client.close()


@pytest.fixture(scope="module")
def honest(sandboxes: dict[str, Sandbox]) -> Iterator[dict[str, Account]]:
    """What each of them says when it does not lie, asked once for all tests."""
    with ExitStack() as stack:
        yield {version: stack.enter_context(asked(sandbox)) for version, sandbox in sandboxes.items()}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_found_and_the_truth_is_not_blamed(
    name: str, sandboxes: dict[str, Sandbox], honest: dict[str, Account]
) -> None:
    probe = PROBES[name]
    version = version_for(probe)
    assert honest[version].finding(probe).verdict is Verdict.HOLDS
    sandboxes[version].add_fault(LIES[name])
    try:
        with asked(sandboxes[version]) as account:
            assert account.finding(probe).verdict is Verdict.DOES_NOT_HOLD
    finally:
        sandboxes[version].clear_faults()


def test_probes_of_what_only_some_servers_do_never_fail(sandboxes: dict[str, Sandbox]) -> None:
    """A server on which it does not happen cannot tell."""
    sandbox = sandboxes["v8"]
    sandbox.add_fault(rows(SENDS, lambda row: {**row, "sent_at": row["uuid"], "last_opened_at": None}))
    sandbox.add_fault(put(CAMPAIGNS, statistics_calculated_at=None))
    sandbox.add_fault(put(OPENS, subscriber_email_list_uuid="845a0000-0000-4000-8000-000000000000"))
    sandbox.settings.shuffle_ties = False
    try:
        with asked(sandbox) as account:
            found = {name: account.finding(PROBES[name]).verdict for name in ONLY_SEEN}
    finally:
        sandbox.clear_faults()
        sandbox.settings.shuffle_ties = True
    assert set(found.values()) == {Verdict.CANNOT_TELL}
