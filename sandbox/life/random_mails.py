"""Random life of single mails: sends wait and go, transactional mails and templates come, templates change."""

from __future__ import annotations

from sandbox.life.random_life import Life
from sandbox.world.entities import Campaign

RECEIVERS = 6


class MailLife(Life):
    """What may happen: each says what it did, or gives None if it can't be done now."""

    def _queue_send(self) -> str | None:
        sending = [each for each in self._campaigns("sending") if each.email_list is not None]
        if not sending:
            return None
        campaign = self.rng.choice(sending)
        count = self._mails_to_send(campaign)
        return f"{count} mails of {campaign.uuid} wait" if count else None

    def _finish_sends(self) -> str | None:
        sending = self._campaigns("sending")
        if not sending:
            return None
        campaign = self.rng.choice(sending)
        finished = self.store.finish_sends(campaign)
        for send in finished:
            self._silently("campaign_sends", campaign.uuid, send.uuid)
        return f"{len(finished)} mails of {campaign.uuid} sent" if finished else None

    def _automate(self) -> str | None:
        who, mails = self._somebody(), list(self.store.automation_mails)
        if who is None or not mails:
            return None
        mail = self.rng.choice(mails)
        self.store.add_automation_send(mail, who)
        return f"automation mail {mail} sent to {who.email}"

    def _engage(self) -> str | None:
        """With a mail that is no campaign's."""
        sends = [send for send in self.store.other_sends.values() if send.sent_at is not None]
        if not sends:
            return None
        send, kind = self.rng.choice(sends), self.rng.choice(["open", "click"])
        self.store.engage(send, kind)
        self._silently("sends", send.uuid)
        return f"{kind} of the single mail {send.uuid}"

    def _add_automation_mail(self) -> str:
        return f"new automation mail {self.store.add_automation_mail(self._name('Step ')).uuid}"

    def _transactional_mail(self) -> str:
        name = self._name("buyer")
        to = {"email": f"{name}@example.org", "name": None}
        mail = self.store.add_transactional_mail(f"For {name}", [to], body=f"<p>To {name}@example.org</p>")
        return f"transactional mail {mail.uuid} sent"

    def _add_transactional_template(self) -> str:
        made = self.store.add_transactional_mail_template(self._name("Receipt "))
        return f"new transactional template {made.uuid}"

    def _add_template(self) -> str:
        return f"new template {self.store.add_template(self._name('Template ')).uuid}"

    def _change_template(self) -> str | None:
        templates = list(self.store.templates.values())
        if not templates:
            return None
        template = self.rng.choice(templates)
        self.store.update_template(template, html=f"<p>{self._name('Version ')}</p>")
        return f"template {template.uuid} changed"

    def _delete_template(self) -> str | None:
        templates = list(self.store.templates.values())
        if not templates:
            return None
        template = self.rng.choice(templates)
        with self._deleting():
            self.store.delete_template(template)
        return f"template {template.uuid} deleted"

    def _mails_to_send(self, campaign: Campaign) -> int:
        """A few people of the list will get the campaign; until then nothing can sort their mails but as null."""
        got = self.store.campaign_sends(campaign)
        people = [who for who in self._people(campaign) if who.uuid not in got]
        chosen = self.rng.sample(people, min(len(people), self.rng.randint(1, RECEIVERS)))
        for who in chosen:
            send = self.store.add_send(campaign, who, pending=True)
            self._silently("sends", send.uuid)
            self._silently("campaign_sends", campaign.uuid, send.uuid)
        return len(chosen)
