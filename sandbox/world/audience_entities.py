"""What an account knows of its audience besides the subscribers: tags, segments, suppressions, imports."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.world.entities import EmailList

SUPPRESSION_REASONS = ("hard_bounce", "spam_complaint", "manual")
IMPORT_STATUSES = ("draft", "pending", "importing", "completed", "failed")


@dataclass(eq=False)
class Tag:
    """Its name is unique on its list. `mailcoach` tags are made by the application, not by people."""

    id: int
    uuid: str
    email_list: EmailList
    name: str
    created_at: int
    updated_at: int
    type: str = "default"
    visible_in_preferences: bool = False


@dataclass(eq=False)
class Segment:
    """Names may repeat, even on one list. The conditions are told up to v6 alone."""

    id: int
    uuid: str
    email_list: EmailList
    name: str
    created_at: int
    updated_at: int
    positive_tags: list[str] = field(default_factory=list)
    negative_tags: list[str] = field(default_factory=list)
    all_positive_tags_required: bool = False
    all_negative_tags_required: bool = False


@dataclass(eq=False)
class Suppression:
    """An address that gets no mail at all, whatever the list. It is unique, and never changes."""

    id: int
    uuid: str
    email: str
    reason: str
    created_at: int
    updated_at: int


@dataclass(eq=False)
class SubscriberImport:
    """`subscribers_csv` is null once the import has started."""

    id: int
    uuid: str
    email_list: EmailList
    status: str
    created_at: int
    subscribers_csv: str | None = None
    subscribe_unsubscribed: bool = False
    unsubscribe_others: bool = False
    replace_tags: bool = False
    imported_subscribers_count: int = 0
    error_count: int = 0
