"""Rows of single mails and templates as the server sends them, with all that is odd about them."""

from __future__ import annotations

from sandbox.life.store import Store
from sandbox.wire.mail_records import (
    automation_mail_record,
    send_record,
    template_record,
    transactional_mail_record,
    transactional_mail_template_record,
)
from sandbox.wire.records import Row
from sandbox.wire.rows import loose, with_id
from sandbox.world.mail_entities import AutomationMail, Send, Template, TransactionalMail, TransactionalMailTemplate


def send_row(send: Send, store: Store) -> Row:
    return loose(send_record(send, store), store, int(send.uuid[:6], 16))


def template_row(template: Template, store: Store) -> Row:
    """PHP's array_unique leaves gaps between the keys, and an array with gaps is an object in JSON."""
    row = template_record(template)
    if template.repeats:
        row["fields"] = {str(2 * number): field for number, field in enumerate(template.fields)}
    return with_id(row, template, store)


def transactional_mail_row(mail: TransactionalMail, store: Store) -> Row:
    return with_id(transactional_mail_record(mail, store), mail, store)


def transactional_mail_template_row(template: TransactionalMailTemplate, store: Store) -> Row:
    return transactional_mail_template_record(template)


def automation_mail_row(mail: AutomationMail, store: Store) -> Row:
    row = automation_mail_record(mail)
    return row | {"fields": row["fields"] or []}
