"""The least that a class-based CDK stream can do: pages by number, rows as they come, stamped with their campaign.

`python benchmarks/bare_stream.py read --config … --catalog …`; the configuration also has the `campaign`, a uuid.
"""

import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

import requests
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.streams.http import HttpStream
from airbyte_cdk.sources.streams.http.requests_native_auth import TokenAuthenticator


class CampaignOpens(HttpStream):
    primary_key = ["campaign_uuid", "subscriber_uuid"]

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        super().__init__(authenticator=TokenAuthenticator(config["api_token"]))

    @property
    def url_base(self) -> str:
        return f"{self._config['api_base_url']}/"

    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]  # the CDK's is cached
        return {"type": "object", "additionalProperties": True, "properties": {}}

    def path(self, **_: Any) -> str:
        return f"campaigns/{self._config['campaign']}/opens"

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Mapping[str, Any] | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        return {"per_page": 100, "sort": "-first_opened_at", **(next_page_token or {})}

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        meta = response.json()["meta"]
        return {"page": meta["current_page"] + 1} if meta["current_page"] < meta["last_page"] else None

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Mapping[str, Any]]:
        for row in response.json()["data"]:
            yield {**row, "campaign_uuid": self._config["campaign"]}


class SourceBare(AbstractSource):
    def spec(self, *_: Any) -> ConnectorSpecification:
        return ConnectorSpecification(connectionSpecification={"type": "object", "additionalProperties": True})

    def check_connection(self, logger: Any, config: Mapping[str, Any]) -> tuple[bool, Any]:
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        return [CampaignOpens(config)]


if __name__ == "__main__":
    launch(SourceBare(), sys.argv[1:])
