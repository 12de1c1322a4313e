"""What a Mailcoach account is made of: lists, subscribers, campaigns, and the events between them.

Moments are whole seconds since the epoch, UTC. Events point at their subscriber; the store keeps them per campaign.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

CAMPAIGN_STATUSES = ("sent", "scheduled", "draft", "all")
FEEDBACK_TYPES = ("bounce", "soft_bounce", "complaint", "suppressed")


@dataclass(eq=False)
class EmailList:
    id: int
    uuid: str
    name: str
    created_at: int
    updated_at: int
    default_from_email: str | None = "news@example.com"
    default_from_name: str | None = "Newsroom"
    requires_confirmation: bool = True
    allow_form_subscriptions: bool = False
    report_recipients: str | None = None
    email_list_summary_sent_at: int | None = None


@dataclass(eq=False)
class Subscriber:
    """A person on one list; the same person on another list is another subscriber with the same email."""

    __slots__ = (
        "created_at",
        "email",
        "email_list",
        "extra_attributes",
        "first_name",
        "id",
        "last_name",
        "subscribed_at",
        "tags",
        "unsubscribed_at",
        "updated_at",
        "uuid",
    )
    id: int
    uuid: str
    email_list: EmailList
    email: str
    first_name: str | None
    last_name: str | None
    extra_attributes: dict[str, Any]
    tags: list[str]
    subscribed_at: int | None
    unsubscribed_at: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True)
class Statistics:
    """A campaign's counters as of its last recount."""

    open_count: int = 0
    unique_open_count: int = 0
    click_count: int = 0
    unique_click_count: int = 0
    unsubscribe_count: int = 0
    bounce_count: int = 0


@dataclass(eq=False)
class Campaign:
    """`statistics` holds what the last recount, at `statistics_calculated_at`, found: later events aren't in it."""

    id: int
    uuid: str
    name: str
    subject: str
    status: str
    email_list: EmailList | None
    created_at: int
    updated_at: int
    last_modified_at: int
    sent_at: int | None = None
    scheduled_at: int | None = None
    summary_mail_sent_at: int | None = None
    statistics_calculated_at: int | None = None
    statistics: Statistics = Statistics()
    sent_to_number_of_subscribers: int = 0
    html_bytes: int | None = 2000
    """Size of each of the four HTML bodies; None for a campaign without content."""
    fields: dict[str, Any] = field(default_factory=dict)
    template_uuid: str | None = None
    from_email: str | None = "news@example.com"
    utm_tags: bool = True
    segment_class: str | None = None
    segment_description: str = "0"
    later_variants: frozenset[str] = frozenset()
    """Of a split test, the subscribers (by uuid) who got another variant than the first."""


class Open(NamedTuple):
    subscriber: Subscriber
    at: int


class Click(NamedTuple):
    uuid: str
    send_uuid: str
    subscriber: Subscriber
    at: int


@dataclass(eq=False)
class Link:
    """Made by its first click, so a link that nobody clicked doesn't exist."""

    uuid: str
    url: str
    clicks: list[Click] = field(default_factory=list)


class Unsubscribe(NamedTuple):
    id: int
    subscriber: Subscriber
    at: int


class Feedback(NamedTuple):
    subscriber: Subscriber
    type: str
    at: int


class OpenGroup(NamedTuple):
    """A row of `/opens`: one subscriber's opens of one campaign."""

    subscriber: Subscriber
    opens: int
    first: int
    last: int


class BounceGroup(NamedTuple):
    """A row of `/bounces`: one subscriber's feedback of one type on one campaign."""

    subscriber: Subscriber
    type: str
    bounces: int
    first: int


@dataclass(eq=False)
class Events:
    """Everything that happened to one campaign."""

    opens: list[Open] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    later_clicks: list[Click] = field(default_factory=list)
    """Those in later variants of a split test, which are on the mails and nowhere else."""
    unsubscribes: list[Unsubscribe] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)


def in_scope(campaign: Campaign, campaign_status: str) -> bool:
    """`sent` is sending too; `scheduled` is a draft with a date; cancelled and paused are in `all` alone."""
    if campaign_status not in CAMPAIGN_STATUSES:
        raise ValueError(f"{campaign_status} is none of {', '.join(CAMPAIGN_STATUSES)}")
    if campaign_status == "sent":
        return campaign.status in ("sending", "sent")
    if campaign_status == "all":
        return True
    return campaign.status == "draft" and (campaign.scheduled_at is not None) == (campaign_status == "scheduled")
