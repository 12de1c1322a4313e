"""The table of the API: each kind of entity, its list endpoint, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.endpoints.audience import (
    imports_endpoint,
    segments_endpoint,
    subscribers_endpoint,
    suppressions_endpoint,
    tags_endpoint,
)
from sandbox.endpoints.campaigns import campaigns_endpoint, email_lists_endpoint
from sandbox.endpoints.mails import (
    automation_mails_endpoint,
    sends_endpoint,
    templates_endpoint,
    transactional_mail_templates_endpoint,
    transactional_mails_endpoint,
)
from sandbox.endpoints.query import Endpoint
from sandbox.life.store import Store
from sandbox.wire.audience_rows import import_detail, import_row, segment_row, subscriber_row, suppression_row, tag_row
from sandbox.wire.mail_rows import (
    automation_mail_row,
    send_row,
    template_row,
    transactional_mail_row,
    transactional_mail_template_row,
)
from sandbox.wire.records import Row
from sandbox.wire.rows import campaign_row, email_list_detail, email_list_row

ToRow = Callable[[Any, Store], Row]


@dataclass(frozen=True)
class Resource:
    """A kind of entity: its list endpoint, its row, and how the application names its class.

    `of_list` ones are listed below their email list. `detail` is the row of one entity, where it differs.
    """

    endpoint: Callable[[Store, Mapping[str, str]], Endpoint[Any]]
    row: ToRow
    model: str
    of_list: bool = False
    detail: ToRow | None = None


RESOURCES: Mapping[str, Resource] = {
    "email_lists": Resource(
        lambda store, query: email_lists_endpoint(store),
        email_list_row,
        "Audience\\Models\\EmailList",
        detail=email_list_detail,
    ),
    "campaigns": Resource(
        lambda store, query: campaigns_endpoint(store),
        campaign_row,
        "Campaign\\Models\\Campaign",
    ),
    "subscribers": Resource(subscribers_endpoint, subscriber_row, "Audience\\Models\\Subscriber", True),
    "tags": Resource(tags_endpoint, tag_row, "Audience\\Models\\Tag", True),
    "segments": Resource(segments_endpoint, segment_row, "Audience\\Models\\TagSegment", True),
    "suppressions": Resource(suppressions_endpoint, suppression_row, "Audience\\Models\\Suppression"),
    "subscriber_imports": Resource(
        imports_endpoint,
        import_row,
        "Audience\\Models\\SubscriberImport",
        detail=import_detail,
    ),
    "sends": Resource(sends_endpoint, send_row, "Shared\\Models\\Send"),
    "templates": Resource(templates_endpoint, template_row, "Template\\Models\\Template"),
    "transactional_mails": Resource(
        transactional_mails_endpoint,
        transactional_mail_row,
        "TransactionalMail\\Models\\TransactionalMailLogItem",
    ),
    "transactional_mail_templates": Resource(
        transactional_mail_templates_endpoint,
        transactional_mail_template_row,
        "TransactionalMail\\Models\\TransactionalMail",
    ),
    "automation_mails": Resource(
        automation_mails_endpoint,
        automation_mail_row,
        "Automation\\Models\\AutomationMail",
    ),
}
