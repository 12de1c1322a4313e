"""The source: wires configuration, client and streams together, and answers `check`."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
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

from source_mailcoach.api import CHECK, SYNC, MailcoachClient
from source_mailcoach.config import LEGACY_RUNTIME_ID, PRODUCT_ID, Config, connection_specification
from source_mailcoach.overlap import Patience
from source_mailcoach.streams.base import MailcoachStream
from source_mailcoach.streams.campaign_engagement import (
    CampaignBounces,
    CampaignClicks,
    CampaignOpens,
    CampaignUnsubscribes,
)
from source_mailcoach.streams.campaigns import Campaigns
from source_mailcoach.streams.email_lists import EmailLists

DOCUMENTATION_URL = "https://docs.airbyte.com/integrations/sources/mailcoach"


class SourceMailcoach(AbstractSource):
    """Mailcoach, self-hosted (v6 to v9) or Cloud."""

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
        """The CDK ends a check that fails for a passing reason with an exit code and no status: here it has one."""
        try:
            return super().check(logger, config)
        except AirbyteTracedException as error:
            if error.failure_type is FailureType.config_error:
                raise
            if self.message_repository:
                self.message_repository.emit_message(error.as_sanitized_airbyte_message())
            return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, Any]:
        """One page of the two lists that all the rest hangs on proves URL, token, permission, and that it is Mailcoach.

        An empty account passes. Raises MailcoachError.
        """
        email_lists, campaigns, *_ = self._streams(Config.parse(config), CHECK)
        try:
            for stream in (email_lists, campaigns):
                stream.get_page(stream.query(1, stream.sorts[0], {}))
        finally:
            email_lists.client.rest()
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[MailcoachStream]:  # type: ignore[override]
        return self._streams(Config.parse(config), SYNC)

    def _streams(self, config: Config, patience: Patience) -> list[MailcoachStream]:
        client = MailcoachClient(config, patience)
        campaigns = Campaigns(client, config)
        of_campaigns = (CampaignClicks, CampaignOpens, CampaignUnsubscribes, CampaignBounces)
        return [
            EmailLists(client, config),
            campaigns,
            *(stream(campaigns, client, config) for stream in of_campaigns),
        ]

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Campaigns before the streams that need their list, whatever the catalog's order: it is then fetched once."""
        streams = sorted(catalog.streams, key=lambda configured: configured.stream.name != "campaigns")
        return super().read(logger, config, ConfiguredAirbyteCatalog(streams=streams), state)
