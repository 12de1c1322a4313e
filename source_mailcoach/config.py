"""The configuration of a connection: one model that makes the spec and validates."""

import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticCustomError

from source_mailcoach.host_policy import ApiBase, parse_api_base, trusted_hosts
from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.records.privacy import Privacy
from source_mailcoach.sync.times import format_time

PRODUCT_ID = "conn_mailcoach_sellersync_edm"
MAX_PARALLEL = 16
TOO_SHORT = "it has less than 8 characters"
NO_DATE = "it is no day of the calendar: write a day such as 2025-01-01, or a time as 2025-01-01T00:00:00Z"
LEGACY_RUNTIME_ID = "source:efd2f044-dcbb-52ee-98d0-c169d9d092b9"

# The platform's form checks entries by these patterns. They accept all that the code accepts for a host that is not
# trusted. What they let through is checked again by the code, whose messages say more. There is no `format: date-time`,
# because it refuses a day without a time.
URL_PATTERN = r"^\s*[Hh][Tt][Tt][Pp][Ss]://\S+/api/?\s*$"
DATE_PATTERN = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)


def _moment(value: object, parse: ValidatorFunctionWrapHandler) -> datetime:
    """A day or a time as written in the form, in UTC. Pydantic alone would take a number for seconds since 1970."""
    try:
        if isinstance(value, str) and re.search(DATE_PATTERN, value):
            time: datetime = parse(value)
            return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValidationError, OverflowError):  # 30 February; a time that is in the year 10000 in UTC
        pass
    raise PydanticCustomError("no_date", NO_DATE)


class Config(BaseModel):
    """Unknown fields are ignored, so that configurations of other versions stay valid."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra={"additionalProperties": True})

    connection_method: Literal["self_hosted", "cloud"] = Field(
        default="self_hosted",
        title="Connection Method",
        description=(
            "Choose Self-hosted (self_hosted) if you run Mailcoach on a server of your own, "
            "or Mailcoach Cloud (cloud) if you use it at mailcoach.app."
        ),
        json_schema_extra={"order": 2},
    )
    api_base_url: str = Field(
        title="API Base URL",
        description=(
            "The https address of your Mailcoach API, which ends in /api. "
            "For Mailcoach Cloud it is https://YOUR-TEAM.mailcoach.app/api."
        ),
        examples=["https://news.example.com/api", "https://your-team.mailcoach.app/api"],
        json_schema_extra={"order": 0, "pattern": URL_PATTERN, "pattern_descriptor": "https://HOST/api"},
    )
    api_token: SecretStr = Field(
        min_length=8,
        title="API Token",
        description=(
            "An API token of your Mailcoach user, created in Mailcoach under API Tokens. "
            'In Mailcoach Cloud give it the permission "All API endpoints".'
        ),
        json_schema_extra={"order": 1, "airbyte_secret": True},
    )
    campaign_status: Literal["sent", "scheduled", "draft", "all"] = Field(
        default="sent",
        title="Campaign Status",
        description=(
            "Which campaigns to read: sent (sending and sent), scheduled, draft, or all (cancelled and paused too). "
            "Clicks, opens, unsubscribes and bounces are read for the same campaigns."
        ),
        json_schema_extra={"order": 3, "always_show": True},
    )
    page_size: int = Field(
        default=100,
        ge=1,
        le=1000,
        title="Page Size",
        description=(
            "How many rows to ask for in one request. Self-hosted servers give 15 whatever you ask for; "
            "nothing is lost either way."
        ),
        json_schema_extra={"order": 4},
    )
    start_date: Annotated[datetime, WrapValidator(_moment)] | None = Field(
        default=None,
        title="Start Date",
        description=(
            "Leave out campaigns sent before this day (UTC) to which nothing has happened since, and with them their "
            "clicks, opens, unsubscribes and bounces; also single mails (sends and transactional mails) from before. "
            "Leave it empty to read all."
        ),
        examples=["2025-01-01", "2025-01-01T00:00:00Z"],
        json_schema_extra={
            "order": 5,
            "always_show": True,
            "type": "string",
            "pattern": DATE_PATTERN,
            "pattern_descriptor": "YYYY-MM-DD or YYYY-MM-DDTHH:mm:ssZ",
        },
    )
    engagement_window_days: int = Field(
        default=7,
        ge=0,
        le=3650,
        title="Engagement Window (Days)",
        description=(
            "Incremental syncs always look again at campaigns sent within this many days, and at others only if "
            "Mailcoach has counted something new for them; in the stream sends, mails of these days are read again. "
            "0 turns it off."
        ),
        json_schema_extra={"order": 6},
    )
    lookback_hours: int = Field(
        default=24,
        ge=0,
        le=87600,
        title="Lookback (Hours)",
        description=(
            "In an incremental sync, how far back rows of a campaign are read again, for events that your email "
            "provider reports late."
        ),
        json_schema_extra={"order": 7},
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        title="Requests Per Minute",
        description=(
            "Ask Mailcoach for no more than this many pages a minute, if you share its limit with other tools. "
            "Leave it empty to use all that your server allows."
        ),
        json_schema_extra={"order": 8, "type": "integer", "minimum": 1, "maximum": 100_000},
    )
    max_parallel_requests: int | None = Field(
        default=None,
        ge=1,
        le=MAX_PARALLEL,
        title="Parallel Requests",
        description=(
            "How many requests may be under way at the same time at most; the rows and their order stay the same. "
            "Leave it empty for as many as your server answers without getting slower, up to 16."
        ),
        json_schema_extra={"order": 9, "type": "integer", "minimum": 1, "maximum": MAX_PARALLEL},
    )
    email_privacy: Privacy = Field(
        default="plain",
        title="Email Privacy",
        description=(
            "What to do with email addresses, in all streams: plain leaves them as they are, sha256 replaces each by "
            "a hash (SHA-256 of the trimmed, lower-cased address), by which records can still be joined, and drop "
            "removes them."
        ),
        json_schema_extra={"order": 10},
    )
    include_import_details: bool = Field(
        default=False,
        title="Include Import Details",
        description=(
            "Also read the uploaded CSV file and the creation time of each subscriber import, which takes a request "
            "for each. The file holds personal data."
        ),
        json_schema_extra={"order": 11},
    )
    deleted_rows: Literal["ignore", "mark"] = Field(
        default="ignore",
        title="Deleted Rows",
        description=(
            "What incremental syncs do about subscribers, campaigns, tags, templates and suppressions that are deleted "
            "in Mailcoach: ignore leaves their rows in the destination, and mark sends each of them once more with the "
            "time in _ab_cdc_deleted_at, so that the destination can delete it. Refresh the schema after a change."
        ),
        json_schema_extra={"order": 12},
    )
    reconcile_days: int = Field(
        default=7,
        ge=0,
        le=365,
        title="Reconcile Every (Days)",
        description=(
            "If subscribers were deleted and Deleted Rows is mark, all of them are read again to find out which, once "
            "in so many days at the most. 0 turns it off."
        ),
        json_schema_extra={"order": 13},
    )
    connector_id: str | None = Field(
        default=None,
        title="Connector ID",
        description="Set by the platform in saved configurations. You need not enter it.",
        json_schema_extra={"order": 14, "airbyte_hidden": True, "type": "string"},
    )

    _api_base: ApiBase = PrivateAttr()

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_for_true(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false in fields of numbers: pydantic would take true for 1."""
        if isinstance(value, bool) and info.field_name not in ("include_import_details", "start_date"):
            raise PydanticCustomError("int_type", "Input should be no true or false")
        return value

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "Config":
        """Validate a configuration. Raises MailcoachError (config), which names the first thing that is wrong."""
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"]))
            detail = TOO_SHORT if first["type"] == "too_short" else first["msg"][:1].lower() + first["msg"][1:]
            # Without its cause: pydantic's error quotes the input, which may be the token.
            raise MailcoachError(input_problems.CONFIG_INVALID, field=field, detail=detail) from None
        token = config.token
        if len(token) < 8:
            raise MailcoachError(input_problems.CONFIG_INVALID, field="api_token", detail=TOO_SHORT)
        if not (token.isascii() and token.isprintable()) or " " in token:
            detail = "it holds a space or a character that no API token has"
            raise MailcoachError(input_problems.CONFIG_INVALID, field="api_token", detail=detail)
        if config.connector_id not in (None, PRODUCT_ID, LEGACY_RUNTIME_ID):
            raise MailcoachError(input_problems.CONNECTOR_ID, expected=PRODUCT_ID)
        config._api_base = parse_api_base(config.api_base_url)
        if config.connection_method == "cloud" and not config.api_base.in_cloud:
            raise MailcoachError(input_problems.URL_NOT_CLOUD, host=config.api_base.host)
        return config

    @property
    def api_base(self) -> ApiBase:
        return self._api_base

    def scope(self) -> dict[str, str | None]:
        """The settings that change the rows of every stream. If one changes, everything has to be read again."""
        privacy = None if self.email_privacy == "plain" else self.email_privacy
        return {"api_base_url": self.api_base.url, "email_privacy": privacy}

    @property
    def start(self) -> str | None:
        """The start date as text, always in the same form, since it is part of the state's scope."""
        return format_time(self.start_date) if self.start_date else None

    @property
    def engagement_window(self) -> timedelta:
        return timedelta(days=self.engagement_window_days)

    @property
    def lookback(self) -> timedelta:
        return timedelta(hours=self.lookback_hours)

    @property
    def reconcile_every(self) -> timedelta:
        return timedelta(days=self.reconcile_days)

    @property
    def token(self) -> str:
        """The API token without the white space that comes along when it is copied."""
        return self.api_token.get_secret_value().strip()


def connection_specification(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The JSON schema of the spec, as the platform's form shows it.

    If the operator trusts some hosts, the URL has no pattern, because theirs may have plain http and any port.
    """
    schema = Config.model_json_schema()
    properties = schema["properties"]
    properties["api_token"].pop("writeOnly")
    properties["api_token"].pop("format")
    for optional in ("start_date", "requests_per_minute", "max_parallel_requests", "connector_id"):
        properties[optional].pop("anyOf")
        properties[optional].pop("default")
    if trusted_hosts(environ):
        del properties["api_base_url"]["pattern"], properties["api_base_url"]["pattern_descriptor"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Mailcoach Source Spec",
        **{key: schema[key] for key in ("type", "required", "properties", "additionalProperties")},
    }
