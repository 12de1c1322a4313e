"""Sockets: kept, given up when they stall, and never more of them than requests that may be under way."""

import dataclasses
import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, ConfiguredAirbyteCatalogSerializer, Type

from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, catalog
from source_mailcoach import SourceMailcoach
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.transport.api import SYNC, MailcoachClient


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(version="v8", campaigns=8, seed=4, opens=20, shuffle_ties=False) as running:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", running.trusted_host)
        yield running


class Watched(SourceMailcoach):
    """Keeps its streams, so that a test can look at their client."""

    made: list[MailcoachStream]

    def streams(self, config: Any) -> list[MailcoachStream]:  # type: ignore[override]
        self.made = super().streams(config)
        return self.made


def read(connector: SourceMailcoach, config: Any, *streams: str) -> list[AirbyteMessage]:
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog(streams or STREAMS))
    return list(connector.read(logging.getLogger("airbyte"), config, configured, []))


def test_connections_are_kept_and_compressed_answers_are_asked_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MailcoachClient, "close", MailcoachClient.end_requests)  # its connections are counted
    connector = Watched()
    read(connector, sandbox.config(max_parallel_requests=3))
    manager: Any = connector.made[0].client._session.get_adapter(sandbox.api_base_url)
    (pool,) = [manager.poolmanager.pools[key] for key in (*manager.poolmanager.pools.keys(),)]
    assert pool.num_requests == len(sandbox.requests) > 50
    assert pool.num_connections <= 3
    assert all("gzip" in request.headers["accept-encoding"] for request in sandbox.requests)


def test_a_stalled_socket_is_given_up_and_the_request_tried_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_mailcoach.source.SYNC", dataclasses.replace(SYNC, read_timeout=0.5))
    sandbox.add_fault(Fault(path="/opens$", stall=3, after=4))
    messages = read(SourceMailcoach(), sandbox.config(), "campaign_opens")
    assert len([message for message in messages if message.type is Type.RECORD]) == len(sandbox.truth("campaign_opens"))


def test_a_check_leaves_no_thread_and_sends_six_requests(sandbox: Sandbox) -> None:
    assert SourceMailcoach().check_connection(logging.getLogger("airbyte"), sandbox.config()) == (True, None)
    assert len(sandbox.requests) == 6


def test_an_app_that_sets_a_cookie_of_a_new_name_with_each_answer_is_read_to_the_end(sandbox: Sandbox) -> None:
    fault = sandbox.add_fault(Fault(new_cookie=True, times=None))
    messages = read(SourceMailcoach(), sandbox.config(), "campaign_opens", "campaign_bounces", "subscribers", "sends")
    assert fault.struck > 26
    assert not any("cookie" in request.headers for request in sandbox.requests)
    opens = [m.record.data for m in messages if m.record and m.record.stream == "campaign_opens"]
    assert len(opens) == len(sandbox.truth("campaign_opens"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_that_asks_for_no_wait_is_waited_out(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A second of waiting takes 20 ms, on the clock of the budget as well."""
    sleep, began = time.sleep, time.monotonic()
    monkeypatch.setattr(
        "source_mailcoach.transport.overlap.time",
        SimpleNamespace(sleep=lambda s: sleep(s / 50), monotonic=lambda: 50 * (time.monotonic() - began)),
    )
    clock = SimpleNamespace(monotonic=lambda: 50 * (time.monotonic() - began))
    monkeypatch.setattr("source_mailcoach.transport.api.time", clock)
    sandbox.add_fault(Fault(status=status, times=None, lasts=0.2, after=5, headers={"Retry-After": "0"}))
    messages = read(SourceMailcoach(), sandbox.config(), "campaign_opens")
    assert len([message for message in messages if message.type is Type.RECORD]) == len(sandbox.truth("campaign_opens"))
    assert len([request for request in sandbox.requests if request.status == status]) <= 8


def test_clients_ask_caches_for_what_is_new(sandbox: Sandbox) -> None:
    read(SourceMailcoach(), sandbox.config(), "email_lists")
    assert {request.headers["cache-control"] for request in sandbox.requests} == {"no-cache"}
