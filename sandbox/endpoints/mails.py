"""The list endpoints of single mails and templates: sorts, filters, default orders."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.endpoints.query import Endpoint, like, nullable, one_of
from sandbox.life.store import Store
from sandbox.world.mail_entities import AutomationMail, Send, Template, TransactionalMail, TransactionalMailTemplate
from sandbox.world.versions import Version


def _subject_is_gone(version: Version) -> tuple[str, ...]:
    """The subject left the tables of transactional mails in v7."""
    return ("subject",) if version.number >= 7 else ()


def sends_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[Send]:
    """One sort and no second key: mails of the same second come in any order."""
    return Endpoint(
        sorts={"sent_at": lambda row: nullable(row.sent_at, store.nulls_first)},
        filters={
            "subscriber_uuid": lambda row, value: row.subscriber is not None and one_of(row.subscriber.uuid, value),
            "campaign_uuid": lambda row, value: row.campaign is not None and one_of(row.campaign.uuid, value),
            "automation_mail_uuid": lambda row, value: one_of(row.automation_mail_uuid, value),
            "transactional_mail_log_item_uuid": lambda row, value: one_of(row.transactional_mail_uuid, value),
        },
        default=("-sent_at",),
    )


def templates_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[Template]:
    return Endpoint(
        sorts={"name": lambda row: row.name.casefold(), "updated_at": lambda row: row.updated_at},
        filters={"search": lambda row, value: like(row.name, value)},
        default=("name",),
    )


def transactional_mails_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[TransactionalMail]:
    def has_message(row: TransactionalMail, value: str) -> bool:
        sends = store.other_sends.values()
        return any(
            each.transactional_mail_uuid == row.uuid and one_of(each.transport_message_id, value) for each in sends
        )

    return Endpoint(
        sorts={
            "created_at": lambda row: row.created_at,
            "id": lambda row: row.id,
            "subject": lambda row: nullable(row.subject, store.nulls_first),
        },
        filters={
            "search": lambda row, value: like(row.subject, value),
            "transport_message_id": has_message,
        },
        default=("-created_at", "-id"),
        since={"filter transport_message_id": 6},
        broken=_subject_is_gone,
    )


def transactional_mail_templates_endpoint(
    store: Store, query: Mapping[str, str]
) -> Endpoint[TransactionalMailTemplate]:
    return Endpoint(
        sorts={
            "created_at": lambda row: row.created_at,
            "id": lambda row: row.id,
            "subject": lambda row: row.subject,
        },
        filters={
            "uuid": lambda row, value: one_of(row.uuid, value),
            "name": lambda row, value: one_of(row.name, value),
            "search": lambda row, value: like(row.name, value),
        },
        default=("-created_at", "-id"),
        broken=_subject_is_gone,
    )


def automation_mails_endpoint(store: Store, query: Mapping[str, str]) -> Endpoint[AutomationMail]:
    """The default order isn't documented."""
    return Endpoint(
        sorts={"name": lambda row: row.name.casefold(), "created_at": lambda row: row.created_at},
        filters={
            "search": lambda row, value: like(row.name, value),
            "name": lambda row, value: one_of(row.name, value),
            "uuid": lambda row, value: one_of(row.uuid, value),
        },
        default=("name",),
    )
