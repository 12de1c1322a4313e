"""A sync as a whole: what the log says of streams that fail, and when the rest of them is not even tried."""

import logging
from contextlib import suppress
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from sandbox import Sandbox
from sandbox.connector import catalog
from source_mailcoach import SourceMailcoach


def errors_of(sandbox: Sandbox, names: list[str], **config: Any) -> list[str]:
    """The messages of the failed streams of a read."""
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog(names))
    messages = []
    reading = SourceMailcoach().read(logging.getLogger("airbyte"), sandbox.config(**config), configured, [])
    with suppress(AirbyteTracedException):  # at the end, with the names of all streams that failed
        for message in reading:
            if message.type is Type.TRACE and message.trace and message.trace.error:
                messages.append(str(message.trace.error.message))
    return messages


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Any:
    with Sandbox(version="v8", campaigns=4, seed=4, opens=5) as running:
        monkeypatch.setenv("MAILCOACH_TRUSTED_HOSTS", running.trusted_host)
        yield running


def test_a_refused_token_is_told_once_and_not_for_each_stream(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    (message,) = errors_of(sandbox, ["email_lists", "tags", "templates"], api_token="another-token")
    assert "refused the API token (401)" in message
    assert len(sandbox.requests) == 1
    assert not any(record.exc_info for record in caplog.records)


def test_a_stream_that_may_not_be_read_does_not_stop_the_others(sandbox: Sandbox) -> None:
    sandbox.settings.token_may_not_read = {"templates"}
    (message,) = errors_of(sandbox, ["templates", "suppressions"])
    assert "leave this stream out" in message
    assert {request.kind for request in sandbox.requests} == {"templates", "suppressions"}


def test_a_stream_that_does_not_exist_is_named(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    assert errors_of(sandbox, ["opens", "tags"]) == []
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["The catalog names a stream opens, which this connector does not have: leave it out."]
