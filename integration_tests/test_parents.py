"""Lists with lists below them: asked for once, whatever the order of the catalog, and deleted meanwhile."""

import tempfile
from collections import Counter
from typing import Any

import pytest
from airbyte_cdk.models import SyncMode

from integration_tests.in_process import read_here as read
from integration_tests.tables import assert_all_there, by_key
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, STREAMS, trust
from source_mailcoach import SourceMailcoach
from unit_tests.seeds import combined

CLICKS = ("campaign_clicks", "campaign_click_events")
ORDERS = {
    "as offered": STREAMS,
    "backwards": tuple(reversed(STREAMS)),
    "by name": tuple(sorted(STREAMS)),
    "children alone": ("campaign_opens", "segments", "campaign_click_events", "tags", "campaign_clicks", "subscribers"),
}


@pytest.mark.parametrize("name", CORE_STREAMS[2:])
def test_each_campaign_is_a_slice_of_its_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(version="v8", campaigns=6, seed=7, opens=5, sent_only=True) as sandbox:
        for variable, value in trust(sandbox).items():
            monkeypatch.setenv(variable, value)
        (stream,) = (stream for stream in SourceMailcoach().streams(sandbox.config()) if stream.name == name)
        slices = [stream_slice or {} for stream_slice in stream.stream_slices(sync_mode=SyncMode.full_refresh)]
        campaigns = {campaign.uuid for campaign in sandbox.store.campaigns.values() if campaign.sent_at}
    assert campaigns
    assert {stream_slice["campaign_uuid"] for stream_slice in slices} == campaigns
    assert len(slices) == len(campaigns)


@pytest.mark.parametrize(("order", "mode"), combined(list(ORDERS), ["full_refresh", "incremental"]))
def test_parents_and_clicks_are_asked_for_once_in_any_order(order: str, mode: str) -> None:
    """On Cloud, which lacks no endpoint: where one is missing, a list is asked for again to show that it answers."""
    with Sandbox(version="cloud", campaigns=24, seed=7, opens=5, html_bytes=50, shuffle_ties=False) as sandbox:
        result = read(sandbox, ORDERS[order], mode=mode)
        assert_all_there(result, sandbox, ORDERS[order])
        kinds = Counter(request.kind for request in sandbox.requests)
        for parent in ("email_lists", "campaigns"):
            assert kinds[parent] == sandbox.least_requests([parent])
        clicks = sandbox.least_requests(["campaigns", "campaign_clicks"]) - kinds["campaigns"]
        assert kinds["campaign_clicks"] == clicks
        assert len(sandbox.requests) == sandbox.least_requests(ORDERS[order])


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
@pytest.mark.parametrize("streams", [CLICKS[:1], CLICKS[1:], CLICKS[::-1]])
def test_clicks_and_their_events_need_not_one_another(streams: tuple[str, ...], mode: str) -> None:
    with Sandbox(version="v8", campaigns=8, seed=7, opens=20, shuffle_ties=False) as sandbox:
        result = read(sandbox, streams, mode=mode)
        assert_all_there(result, sandbox, streams)
        assert len(sandbox.requests) == sandbox.least_requests(streams)


def test_events_of_clicks_that_an_earlier_sync_has_read_are_asked_for_again() -> None:
    """The links go on where they stopped, but the rows of links from before are no longer at hand for the events."""
    with Sandbox(version="v8", campaigns=8, seed=7, opens=20, shuffle_ties=False) as sandbox:
        first = read(sandbox, ["campaign_clicks"], mode="incremental")
        sandbox.store.advance(30 * 24 * 3600)
        second = read(sandbox, CLICKS, mode="incremental", state=first.state)
        assert_all_there(second, sandbox, ["campaign_click_events"])


def test_without_room_on_the_disk_clicks_are_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(version="v8", campaigns=8, seed=7, opens=20, shuffle_ties=False) as sandbox:
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
        result = read(sandbox, CLICKS)
        assert_all_there(result, sandbox, CLICKS)
        assert ["cannot be kept on disk" in line for line in result.logs("INFO")].count(True) == 1
        campaigns = sandbox.least_requests(["campaigns"])
        assert len(sandbox.requests) - campaigns == 2 * (sandbox.least_requests(CLICKS) - campaigns)


def test_tied_and_shuffled_links_bring_each_event_once() -> None:
    with Sandbox(version="v8", campaigns=8, seed=3, opens=30) as sandbox:
        for campaign in list(sandbox.store.campaigns.values()):
            for number in range(20 if campaign.status == "sent" else 0):
                who = next(
                    each for each in sandbox.store.subscribers.values() if each.email_list is campaign.email_list
                )
                sandbox.store.add_click(campaign, who, f"https://example.com/{number}")
        result = read(sandbox, CLICKS)
        assert_all_there(result, sandbox, CLICKS)
        for stream in CLICKS:
            assert len(result.records(stream)) == len(sandbox.truth(stream))


def test_a_campaign_deleted_after_it_was_listed_is_left_out_with_one_warning_a_stream() -> None:
    streams = ("campaign_opens", "campaign_clicks", "campaign_bounces")
    with Sandbox(version="v8", campaigns=12, seed=5, opens=10) as sandbox:
        gone = sandbox.truth("campaign_opens")[0]["campaign_uuid"]

        def delete(request: Any) -> None:
            if request.kind == "campaign_clicks":
                sandbox.on_request = None
                sandbox.store.delete_campaign(gone)

        sandbox.on_request = delete
        result = read(sandbox, streams)
        assert_all_there(result, sandbox, streams)
        assert sorted(result.logs("WARN")) == [
            f"Campaign {gone} was deleted during the sync and is left out of {stream}." for stream in sorted(streams)
        ]


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
def test_a_list_deleted_after_it_was_listed_is_left_out_with_one_warning_a_stream(mode: str) -> None:
    streams = ("subscribers", "tags", "segments")
    with Sandbox(version="v8", campaigns=4, seed=5, opens=4, lists=4) as sandbox:
        gone = list(sandbox.store.email_lists)[-1]

        def delete(request: Any) -> None:
            if request.kind == "subscribers" and request.key != gone:
                sandbox.on_request = None
                sandbox.store.delete_email_list(gone)

        sandbox.on_request = delete
        result = read(sandbox, streams, mode=mode)
        assert_all_there(result, sandbox, streams)
        assert sorted(result.logs("WARN")) == [
            f"Email list {gone} was deleted during the sync and is left out of {stream}." for stream in sorted(streams)
        ]
        again = read(sandbox, streams, mode=mode, state=result.state)
        assert (again.exit_code, again.logs("WARN")) == (0, [])


@pytest.mark.parametrize(
    ("parent", "streams"),
    [
        ("campaigns", ("campaigns", "campaign_opens", "campaign_bounces")),
        ("email_lists", ("email_lists", "subscribers", "tags")),
    ],
)
@pytest.mark.parametrize(("minutes", "listings"), [(59, 1), (61, 2)])
def test_a_listing_is_renewed_for_the_streams_that_begin_when_it_is_an_hour_old(
    parent: str, streams: tuple[str, ...], minutes: int, listings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came in meanwhile is in the rows of the stream that begins after that, and in the next sync for the others.

    No stream of the sync loses anything by it: not the one that was under way, and none of them in the next sync.
    """
    now = [0.0]
    monkeypatch.setattr("source_mailcoach.streams.listing.ListingStream.clock", lambda: now[0])
    _, first, second = streams
    with Sandbox(version="v8", campaigns=6, seed=5, opens=10, sent_only=True, lists=3, shuffle_ties=False) as sandbox:

        def an_hour_later(request: Any) -> None:
            """While the first stream below is read."""
            if request.kind == first:
                sandbox.on_request = None
                now[0] += 60 * minutes
                sandbox.store.advance(60 * minutes)
                email_list = sandbox.store.add_email_list("A new one")
                sandbox.store.add_tag(email_list, "new")
                who = sandbox.store.add_subscriber(email_list, "new@example.org")
                campaign = sandbox.store.add_campaign("A new one", email_list=email_list)
                sandbox.store.add_open(campaign, who)
                sandbox.store.add_bounce(campaign, who)

        sandbox.on_request = an_hour_later
        result = read(sandbox, streams, mode="incremental")
        assert result.exit_code == 0
        assert Counter(request.kind for request in sandbox.requests)[parent] == listings
        missing = by_key(second, sandbox.truth(second)).keys() - by_key(second, result.records(second)).keys()
        assert len(missing) == 2 - listings
        again = read(sandbox, streams, mode="incremental", state=result.state)
        for stream in streams:
            both = [*result.records(stream), *again.records(stream)]
            assert by_key(stream, both).keys() == by_key(stream, sandbox.truth(stream)).keys(), stream
