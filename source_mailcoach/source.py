"""The source: wires configuration, client and streams together, and answers `check`."""

import logging
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    FailureType,
    Status,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_mailcoach import inputs
from source_mailcoach.config import LEGACY_RUNTIME_ID, PRODUCT_ID, Config, connection_specification
from source_mailcoach.messages.completeness import Completeness
from source_mailcoach.messages.errors import MailcoachError, MayNotRead, NotFound
from source_mailcoach.messages.forecast import Forecast
from source_mailcoach.messages.platform import Estimates, Statuses
from source_mailcoach.messages.progress import Progress
from source_mailcoach.records.spool import Spool
from source_mailcoach.streams.account import (
    AutomationMails,
    Sends,
    SubscriberImports,
    Suppressions,
    Templates,
    TransactionalMails,
    TransactionalMailTemplates,
)
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.streams.campaign_clicks import CampaignClickEvents, CampaignClicks
from source_mailcoach.streams.campaign_engagement import (
    CampaignBounces,
    CampaignOpens,
    CampaignSends,
    CampaignUnsubscribes,
)
from source_mailcoach.streams.campaigns import Campaigns
from source_mailcoach.streams.email_list_contents import Segments, Subscribers, Tags
from source_mailcoach.streams.email_lists import EmailLists
from source_mailcoach.sync.state import Mode
from source_mailcoach.transport.api import CHECK, SYNC, MailcoachClient
from source_mailcoach.transport.request import Patience

# A check reads one page of each of these. What they do not show, the first read does.
PROBES = ("email_lists", "campaigns", "sends", "suppressions", "templates", "transactional_mails")
NEEDED_BY_OTHERS = {"email_lists": 0, "campaigns": 1, "campaign_clicks": 2}
DOCUMENTATION_URL = "https://docs.airbyte.com/integrations/sources/mailcoach"


class SourceMailcoach(AbstractSource):
    """Mailcoach, self-hosted (v6 to v10) or Cloud."""

    # Checked by our own code: the CDK's messages do not say which field, option or place is wrong, nor what to do.
    check_config_against_spec = False
    read_config = staticmethod(inputs.read_config)
    read_catalog = staticmethod(inputs.read_catalog)
    read_state = staticmethod(inputs.read_state)
    _selected: Mapping[str, tuple[Mode, Mapping[str, Any]]] = MappingProxyType({})
    _client: MailcoachClient | None = None

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        return ConnectorSpecification(
            connectionSpecification=connection_specification(), documentationUrl=DOCUMENTATION_URL
        )

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> Mapping[str, Any]:
        """Rewrite the connector_id of an old saved configuration; the platform saves what the message holds."""
        if config.get("connector_id") == LEGACY_RUNTIME_ID:
            config = {**config, "connector_id": PRODUCT_ID}
            emit_configuration_as_airbyte_control_message(config)
        return config

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Give a status also if a check fails for a transient reason. The CDK alone would only exit with an error."""
        try:
            return super().check(logger, config)
        except AirbyteTracedException as error:
            if error.failure_type is FailureType.config_error:
                raise
            if self.message_repository:
                self.message_repository.emit_message(error.as_sanitized_airbyte_message())
            return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, Any]:
        """Read a page of each of PROBES, which shows that URL, token and permission are right, and it is Mailcoach.

        An empty account passes. So does a token that may read only a part: the log names the streams that it may not
        read. Raises MailcoachError.
        """
        streams = {stream.name: stream for stream in self._streams(Config.parse(config), CHECK)}
        client = streams["campaigns"].client
        refused: dict[str, MailcoachError] = {}
        try:
            for name in PROBES:
                stream = streams[name]
                try:
                    stream.pages.get(stream.pages.query(1, stream.facts.sort, {}))
                except MayNotRead as error:
                    refused[stream.facts.endpoint] = error
                except MailcoachError as error:
                    if name in PROBES[:2]:
                        raise
                    if not (isinstance(error, NotFound) and stream.facts.since):
                        logger.warning(f"{name} cannot be read now: {error.what}")
        finally:
            client.close()
        if refused and not client.has_answered:
            raise next(iter(refused.values()))
        below = [
            name
            for name, stream in streams.items()
            if not refused.keys().isdisjoint((stream.facts.endpoint, getattr(stream, "parent", stream).facts.endpoint))
        ]
        if below:
            logger.warning(
                f"The API token may not read these streams: {', '.join(below)}. Leave them out of the sync, or use "
                "the token of a user who may read them."
            )
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[MailcoachStream]:  # type: ignore[override]
        return self._streams(Config.parse(config), SYNC)

    def _streams(self, config: Config, patience: Patience) -> list[MailcoachStream]:
        client = self._client = MailcoachClient(config, patience)
        email_lists, campaigns = EmailLists(client, config), Campaigns(client, config)
        spool = Spool() if {"campaign_clicks", "campaign_click_events"} <= self._selected.keys() else None
        streams = [
            email_lists,
            Subscribers(email_lists, client, config),
            Tags(email_lists, client, config),
            Segments(email_lists, client, config),
            SubscriberImports(client, config),
            campaigns,
            CampaignClicks(campaigns, client, config, spool),
            CampaignClickEvents(campaigns, client, config, spool),
            CampaignOpens(campaigns, client, config),
            CampaignUnsubscribes(campaigns, client, config),
            CampaignBounces(campaigns, client, config),
            CampaignSends(campaigns, client, config),
            Sends(client, config),
            Suppressions(client, config),
            Templates(client, config),
            TransactionalMails(client, config),
            TransactionalMailTemplates(client, config),
            AutomationMails(client, config),
        ]
        logger = logging.getLogger("airbyte")
        for name in sorted(self._selected.keys() - {stream.name for stream in streams}):
            logger.warning(f"The catalog names a stream {name}, which this connector does not have: leave it out.")
        forecast = Forecast(logger)
        self._completeness = Completeness(logger)
        client.events.listeners += [Progress(logger), forecast, self._completeness, Statuses(say), Estimates(say)]
        for stream in streams:
            is_spooled = spool and isinstance(stream, CampaignClickEvents)
            if stream.owner and stream.name in self._selected and not is_spooled:
                forecast.expected.append(partial(stream.owner.expected_requests, *self._selected[stream.name]))
        return streams

    @property
    def stop_sync_on_stream_failure(self) -> bool:
        """If the token is refused or the server is gone, each further stream would only fail with the same message."""
        return self._client is not None and self._client.is_hopeless

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the streams. Those whose rows others need come first, whatever the catalog says: they are read once."""
        logger.addFilter(without_traceback)
        saved = {
            message.stream.stream_descriptor.name: vars(message.stream.stream_state)
            for message in state or ()
            if message.stream and message.stream.stream_state
        }
        self._selected = {
            configured.stream.name: (configured.sync_mode.value, saved.get(configured.stream.name, {}))
            for configured in catalog.streams
        }
        streams = sorted(catalog.streams, key=lambda configured: NEEDED_BY_OTHERS.get(configured.stream.name, 9))
        try:
            yield from super().read(logger, config, ConfiguredAirbyteCatalog(streams=streams), state)
        finally:
            if self._client:
                self._completeness.report()
                self._client.close()


def say(message: AirbyteMessage) -> None:
    """Write a message at once, before the CDK gets to the next one. Only the main thread may."""
    sys.stdout.write(f"{AirbyteEntrypoint.airbyte_message_to_string(message)}\n")
    sys.stdout.flush()


def without_traceback(record: logging.LogRecord) -> bool:
    """Drop the traceback of a MailcoachError: its message says what to do, and lines of code would only bury it."""
    if record.exc_info and isinstance(record.exc_info[1], MailcoachError):
        record.exc_info = None
    return True
