"""Templates, and the mails that aren't campaigns: transactional and of automations."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from sandbox.life.outbox import Outbox
from sandbox.world.mail_entities import Address, AutomationMail, Template, TransactionalMail, TransactionalMailTemplate


class Library(Outbox):
    """An account with templates, a log of transactional mails and automation mails."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.templates: dict[str, Template] = {}
        self.transactional_mails: dict[str, TransactionalMail] = {}
        self.transactional_mail_templates: dict[str, TransactionalMailTemplate] = {}
        self.automation_mails: dict[str, AutomationMail] = {}

    def add_template(self, name: str, **fields: Any) -> Template:
        with self.lock:
            template = Template(id=self.next_id("template"), name=name, **self.stamps(fields))
            self.templates[template.uuid] = template
            self._kept.pop("", None)
            return template

    def update_template(self, template: Template | str, **fields: Any) -> None:
        """Sets `fields` and moves `updated_at`."""
        with self.lock:
            target = self.templates[template if isinstance(template, str) else template.uuid]
            for name, value in fields.items():
                setattr(target, name, value)
            target.updated_at = self.now
            self._kept.pop("", None)

    def delete_template(self, template: Template | str) -> None:
        with self.lock:
            del self.templates[template if isinstance(template, str) else template.uuid]
            self._kept.pop("", None)

    def add_transactional_mail(self, subject: str, to: list[Address], **fields: Any) -> TransactionalMail:
        """A row of the log, and its send; from the account's own address unless `senders` is given."""
        with self.lock:
            made: dict[str, Any] = {
                "uuid": fields.get("uuid") or self.new_uuid(),
                "senders": [{"email": "shop@example.com", "name": "The shop"}],
                "created_at": self.now,
            } | fields
            mail = TransactionalMail(id=self.next_id("transactional_mail"), subject=subject, to=to, **made)
            self.transactional_mails[mail.uuid] = mail
            moments = dict.fromkeys(("created_at", "updated_at", "sent_at"), mail.created_at)
            uuid = str(uuid5(UUID(mail.uuid), "send"))
            self._add_other(None, {**moments, "uuid": uuid, "transactional_mail_uuid": mail.uuid})
            return mail

    def add_transactional_mail_template(self, name: str, **fields: Any) -> TransactionalMailTemplate:
        with self.lock:
            made: dict[str, Any] = {
                "uuid": fields.get("uuid") or self.new_uuid(),
                "subject": f"{name}: the subject",
                "html": f"<html><body>{name}: {{{{ code }}}}</body></html>",
                "created_at": self.now,
            } | fields
            template = TransactionalMailTemplate(id=self.next_id("transactional_mail_template"), name=name, **made)
            self.transactional_mail_templates[template.uuid] = template
            self._kept.pop("", None)
            return template

    def add_automation_mail(self, name: str, **fields: Any) -> AutomationMail:
        with self.lock:
            made = {"subject": f"{name}: the subject"} | self.stamps(fields)
            mail = AutomationMail(id=self.next_id("automation_mail"), name=name, **made)
            self.automation_mails[mail.uuid] = mail
            self._kept.pop("", None)
            return mail
