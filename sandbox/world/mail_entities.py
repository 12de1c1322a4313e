"""Single mails and what they are made of: sends, templates, transactional mails, automation mails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.world.entities import Campaign, Statistics, Subscriber

Address = dict[str, str | None]
"""`{"email": …, "name": …}`"""


@dataclass
class Engagement:
    """What came back of one send: the moments of its opens and clicks, and how often it bounced."""

    opens: list[int] = field(default_factory=list)
    clicks: list[int] = field(default_factory=list)
    hard_bounces: int = 0
    soft_bounces: int = 0


@dataclass(eq=False, slots=True)
class Send:
    """One mail to one recipient, of a campaign, an automation mail or a transactional mail.

    `sent_at` is null until the mail is sent, and set when it fails too. A transactional mail has no subscriber. `own`
    is the engagement of what isn't a campaign's; that of a campaign's send is in the campaign's events.
    """

    uuid: str
    subscriber: Subscriber | None
    created_at: int
    updated_at: int
    sent_at: int | None = None
    campaign: Campaign | None = None
    automation_mail_uuid: str | None = None
    transactional_mail_uuid: str | None = None
    failed_at: int | None = None
    failure_reason: str | None = None
    own: Engagement | None = None

    @property
    def transport_message_id(self) -> str | None:
        """What the mail provider calls the mail; nothing if it never got it."""
        if self.sent_at is None or self.failed_at is not None:
            return None
        return f"<{self.uuid.replace('-', '')[:20]}@mail.example.com>"


@dataclass(eq=False)
class Template:
    """`fields` are its placeholders, `{"name": …, "type": …}`. Since a name repeats in the HTML of some templates
    (`repeats`), the server makes an object with numeric keys of them."""

    id: int
    uuid: str
    name: str
    created_at: int
    updated_at: int
    html: str = "<html><body>[[[content]]]</body></html>"
    fields: list[dict[str, str]] = field(default_factory=list)
    repeats: bool = False
    structured_html: str | None = None


@dataclass(eq=False)
class TransactionalMail:
    """A row of the log; it never changes."""

    id: int
    uuid: str
    created_at: int
    subject: str | None
    senders: list[Address]
    to: list[Address]
    cc: list[Address] = field(default_factory=list)
    bcc: list[Address] = field(default_factory=list)
    body: str | None = None


@dataclass(eq=False)
class TransactionalMailTemplate:
    """Recipients are plain addresses, or null."""

    id: int
    uuid: str
    name: str
    created_at: int
    subject: str
    html: str
    to: list[str] | None = None
    cc: list[str] | None = None
    bcc: list[str] | None = None
    store_mail: bool = True


@dataclass(eq=False)
class AutomationMail:
    """A mail that automations send. It exists on every version; only Cloud lists it."""

    id: int
    uuid: str
    name: str
    created_at: int
    updated_at: int
    subject: str
    from_email: str | None = "news@example.com"
    html: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    template_uuid: str | None = None
    utm_tags: bool = True
    add_subscriber_tags: bool = False
    sent_to_number_of_subscribers: int = 0
    statistics: Statistics = field(default_factory=Statistics)
