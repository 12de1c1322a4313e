"""What each Mailcoach version has and hasn't: the one table that the rest of the sandbox asks."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_PAGE_SIZE = 15
CLOUD_MAX_PAGE_SIZE = 1000

SINCE = {
    "campaign_bounces": 6,  # 6.24
    "tags": 6,  # 6.13
    "segments": 6,  # 6.13
    "sends": 6,  # 6.1
    "suppressions": 8,
    "transactional_mail_templates": 8,  # 8.14
}
"""The versions that brought endpoints. `/user` left the package in v7 and is on Cloud; `/automation-mails` is new."""


@dataclass(frozen=True)
class Version:
    """A server version; `number` orders the capabilities, v9, v10 and Cloud behave as v8 unless said otherwise."""

    number: int
    cloud: bool = False

    @property
    def integer_ids(self) -> bool:
        """v5 knows rows by an integer `id`, in paths too."""
        return self.number == 5

    def has(self, kind: str) -> bool:
        """Whether there is an endpoint of this kind."""
        if kind == "automation_mails":
            return self.cloud
        if kind == "user":
            return self.cloud or self.number <= 6
        return self.number >= SINCE.get(kind, 0)

    @property
    def queries_imports(self) -> bool:
        """Since 8.21 subscriber imports can be sorted, and what isn't allowed is refused; before, nobody listened."""
        return self.number >= 8

    @property
    def has_send_times(self) -> bool:
        """First and last open and click of a send since 8.7, its bounces since 8.23.1."""
        return self.number >= 8

    @property
    def tells_segments(self) -> bool:
        """The conditions of a segment left its row in v7."""
        return self.number <= 6

    @property
    def imports_spelling(self) -> str:
        """What an import calls the uuid of its list."""
        return "email_list_id" if self.cloud else "email_list_uuid"

    @property
    def statuses(self) -> tuple[str, ...]:
        return ("draft", "sending", "sent", "cancelled", *(["paused"] if self.number >= 8 else []))

    @property
    def has_click_events(self) -> bool:
        """The nested `clicks` array of a link came with 7.0."""
        return self.number >= 7

    @property
    def has_last_opened_at(self) -> bool:
        """Since 8.6, as a key of the row and as a sort."""
        return self.number >= 8

    @property
    def counters_on_campaign(self) -> bool:
        """Up to v6 the counters are columns of the campaign: sortable, and a recount moves `updated_at`."""
        return self.number <= 6

    @property
    def recounts_bounces(self) -> bool:
        """Until v8 hard and soft bounces and suppressed mails wait for the schedule, which ends after 14 days."""
        return self.number >= 8

    @property
    def skips_old_events(self) -> bool:
        """Since 8.7 a count that finds no event as new as the last count leaves the counters alone."""
        return self.number >= 8

    @property
    def engagement_on_subscriber(self) -> bool:
        """Since 8.8 an open or click moves the subscriber's `updated_at`."""
        return self.number >= 8

    @property
    def loose_types(self) -> bool:
        """Older database drivers send some integers as strings and some booleans as 0 or 1."""
        return self.number <= 6

    @property
    def empty_attributes_as_list(self) -> bool:
        """An empty `extra_attributes` is `[]` before 8.8.3 and `{}` after."""
        return self.number <= 7

    def page_size(self, asked: int | None) -> int:
        """Rows on a page when the client asks for `asked`: only Cloud listens."""
        if self.cloud and asked is not None and asked >= 1:
            return min(asked, CLOUD_MAX_PAGE_SIZE)
        return DEFAULT_PAGE_SIZE


VERSIONS = {
    "v5": Version(5),  # 5.11.1
    "v6": Version(6),  # 6.27.9
    "v7": Version(7),  # 7.4.3
    "v8": Version(8),  # 8.25.9
    "v9": Version(9),
    "v10": Version(10),  # 10.4
    "cloud": Version(9, cloud=True),
}
