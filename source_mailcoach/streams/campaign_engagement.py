"""What recipients did with a campaign: a list for each campaign that was sent, so at least one request for each."""

from collections.abc import Iterable

from source_mailcoach.streams.facts import Facts, Row, value_at
from source_mailcoach.streams.of_campaigns import CampaignStream


class CampaignOpens(CampaignStream):
    """A row for each subscriber who opened.

    `first_opened_at` never changes, and an email address is on a list only once: no two rows are equal in the sort.
    A repeated open changes `last_opened_at` only, by which servers before 8.6 cannot sort.
    """

    facts = Facts(
        endpoint="campaigns/{campaign_uuid}/opens",
        key=("campaign_uuid", "subscriber_uuid"),
        cursor="campaign_statistics_calculated_at",
        sort="-first_opened_at,email",
        changes_sort="-last_opened_at,email",
        changed="last_opened_at",
        counter="unique_open_count",
        address="subscriber_email",
        unwanted=("uuid",),  # v6 and v7 send it, always null
        wire={"uuid": {}, "subscriber_email_list_uuid": {}},
    )

    def records_of(self, row: Row) -> Iterable[Row]:
        """Up to v8 the server casts the list's uuid to an integer such as 845 or 0. No list can be found by that."""
        list_uuid = row.get("subscriber_email_list_uuid")
        return ({**row, "subscriber_email_list_uuid": list_uuid if isinstance(list_uuid, str) else None},)


class CampaignUnsubscribes(CampaignStream):
    """A row for each subscriber who left by this campaign. Sortable by a unique `id` that rows do not have.

    Nor do rows have the time of the event. The nearest is the subscriber's `unsubscribed_at`, which is null after a new
    subscription, and later after another unsubscribe. Unsubscribes from a split test's second variant do not make
    Mailcoach count the campaign again. A complaint that is reported late has a new id and an old time.
    """

    facts = Facts(
        endpoint="campaigns/{campaign_uuid}/unsubscribes",
        key=("campaign_uuid", "subscriber_uuid"),
        cursor="campaign_statistics_calculated_at",
        sort="-id",
        changes_sort="-id",
        changed="subscriber.unsubscribed_at",
        comes_late=True,
        counter="unsubscribe_count",
        uncounted=True,
        address="subscriber_email",
        unwanted=("campaign",),  # v6 repeats the whole campaign, with all of its HTML, in every row
        wire={"campaign": {}},
    )

    def records_of(self, row: Row) -> Iterable[Row]:
        return ({**row, "subscriber_unsubscribed_at": value_at(row, self.facts.changed)},)


class CampaignBounces(CampaignStream):
    """A row for each subscriber and type of bounce. Two types of one subscriber can have the same second.

    `created_at` is the time of the first bounce of this type, so a repeated one changes nothing to sort by. On v6 and
    v7 bounces do not make Mailcoach count the campaign again, and those of a split test's second variant never do.
    """

    facts = Facts(
        endpoint="campaigns/{campaign_uuid}/bounces",
        key=("campaign_uuid", "subscriber_uuid", "type"),
        cursor="campaign_statistics_calculated_at",
        sort="-created_at,email,bounce_count",
        changes_sort="-created_at,email,bounce_count",
        changed="created_at",
        ties=("created_at", "subscriber_email", "bounce_count"),
        counter="bounce_count",
        uncounted=True,
        address="subscriber_email",
        since="Mailcoach 6.24",
    )


class CampaignSends(CampaignStream):
    """The mails of a campaign, with what each recipient did: `sends`, for the campaigns in scope alone.

    Opens and clicks of a mail change nothing that could be sorted by, so a campaign's mails are always read whole.
    """

    facts = Facts(
        endpoint="sends",
        filters={"filter[campaign_uuid]": "{campaign_uuid}"},
        key=("campaign_uuid", "uuid"),
        cursor="campaign_statistics_calculated_at",
        sort="-sent_at",
        ties=("sent_at",),
        counter="sent_to_number_of_subscribers",
        since="Mailcoach 6.1",
    )
