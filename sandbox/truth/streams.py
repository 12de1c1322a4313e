"""What a connector must have delivered: the exact records of each stream, from the data and not from the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import compress, repeat
from typing import Any

from sandbox.life.store import Store
from sandbox.wire.audience_records import (
    import_detail_record,
    import_record,
    segment_record,
    subscriber_with_status,
    suppression_record,
    tag_record,
)
from sandbox.wire.mail_records import (
    automation_mail_record,
    click_event_records,
    send_record,
    template_record,
    transactional_mail_record,
    transactional_mail_template_record,
)
from sandbox.wire.records import (
    Row,
    bounce_record,
    campaign_record,
    click_record,
    email_list_record,
    open_record,
    unsubscribe_record,
)
from sandbox.world.entities import Campaign, Unsubscribe, in_scope
from sandbox.world.times import epoch, wire_time_or_none

PRIMARY_KEYS: Mapping[str, tuple[str, ...]] = {
    "email_lists": ("uuid",),
    "subscribers": ("uuid",),
    "tags": ("uuid",),
    "segments": ("uuid",),
    "subscriber_imports": ("uuid",),
    "campaigns": ("uuid",),
    "campaign_clicks": ("campaign_uuid", "uuid"),
    "campaign_click_events": ("uuid",),
    "campaign_opens": ("campaign_uuid", "subscriber_uuid"),
    "campaign_unsubscribes": ("campaign_uuid", "subscriber_uuid"),
    "campaign_bounces": ("campaign_uuid", "subscriber_uuid", "type"),
    "campaign_sends": ("campaign_uuid", "uuid"),
    "sends": ("uuid",),
    "suppressions": ("uuid",),
    "templates": ("uuid",),
    "transactional_mails": ("uuid",),
    "transactional_mail_templates": ("uuid",),
    "automation_mails": ("uuid",),
}
STREAMS = tuple(PRIMARY_KEYS)
"""All streams, in the order of discover."""


def with_domain(record: Row, address: str) -> Row:
    """The domain of the address in a field: a connector tells it also where it hashes the address."""
    _, at, domain = (record[address] or "").lower().rpartition("@")
    return record | {"email_domain": domain if at and domain else None}


def _unsubscribe(unsubscribe: Unsubscribe, store: Store) -> Row:
    record = with_domain(unsubscribe_record(unsubscribe), "subscriber_email")
    return record | {"subscriber_unsubscribed_at": record["subscriber"]["unsubscribed_at"]}


def _opens(campaign: Campaign, store: Store) -> Iterable[Row]:
    """Generated ones are left out."""
    groups = [] if campaign.uuid in store.generated else store.children(campaign, "opens")
    return (with_domain(open_record(group, store), "subscriber_email") for group in groups)


def _click_events(campaign: Campaign, store: Store) -> Iterable[Row]:
    return click_event_records(campaign, store) if store.version.has_click_events else ()


CHILD_STREAMS: Mapping[str, Callable[[Campaign, Store], Iterable[Row]]] = {
    "campaign_clicks": lambda campaign, store: (click_record(row, store) for row in store.children(campaign, "clicks")),
    "campaign_click_events": _click_events,
    "campaign_opens": _opens,
    "campaign_unsubscribes": lambda campaign, store: (
        _unsubscribe(row, store) for row in store.children(campaign, "unsubscribes")
    ),
    "campaign_bounces": lambda campaign, store: (
        with_domain(bounce_record(row), "subscriber_email") for row in store.children(campaign, "bounces")
    ),
    "campaign_sends": lambda campaign, store: (
        send_record(row, store) for row in store.campaign_sends(campaign).values()
    ),
}
OTHER_STREAMS: Mapping[str, Callable[[Any, Store], Row]] = {
    "email_lists": email_list_record,
    "subscribers": lambda row, store: with_domain(subscriber_with_status(row), "email"),
    "tags": lambda row, store: tag_record(row),
    "segments": segment_record,
    "sends": send_record,
    "suppressions": lambda row, store: with_domain(suppression_record(row), "email"),
    "templates": lambda row, store: template_record(row),
    "transactional_mails": transactional_mail_record,
    "transactional_mail_templates": lambda row, store: transactional_mail_template_record(row),
    "automation_mails": lambda row, store: automation_mail_record(row),
}


def endpoint_of(stream: str) -> str:
    """The kind of endpoint that a stream is read from."""
    return {"campaign_click_events": "campaign_clicks", "campaign_sends": "sends"}.get(stream, stream)


def began(campaign: Campaign) -> int:
    """What wasn't sent began when it was made."""
    return campaign.sent_at or campaign.created_at


def campaigns_in_scope(store: Store, campaign_status: str, start_date: str | None = None) -> list[Campaign]:
    """Those that began on or after the day, and older ones that were counted since."""
    start = 0 if start_date is None else epoch(start_date)
    with store.lock:
        return [
            campaign
            for campaign in store.campaigns.values()
            if in_scope(campaign, campaign_status)
            and max(began(campaign), campaign.statistics_calculated_at or 0) >= start
        ]


TIMES: Mapping[str, str] = {"campaign_opens": "last", "campaign_unsubscribes": "at", "campaign_bounces": "first"}
"""By which time the rows below a campaign can be read newest first."""


def since(campaign: Campaign, stream: str, store: Store, start_date: str | None) -> Iterable[bool]:
    """Of each row below a campaign, whether a connector must read it: all but those that are older than the day, below
    a campaign that is older too, in a list that can be read newest first."""
    if stream not in TIMES or start_date is None or began(campaign) >= epoch(start_date):
        return repeat(True)
    rows = store.children(campaign, stream.removeprefix("campaign_"))
    return (getattr(row, TIMES[stream]) >= epoch(start_date) for row in rows)


def parents(store: Store, campaign_status: str, start_date: str | None = None) -> list[Campaign]:
    """The campaigns whose children are read: those in scope that aren't drafts, scheduled ones included."""
    return [each for each in campaigns_in_scope(store, campaign_status, start_date) if each.status != "draft"]


def stamp(campaign: Campaign) -> Row:
    """What each child record carries of its campaign, as the campaign is now."""
    return {
        "campaign_uuid": campaign.uuid,
        "campaign_sent_at": wire_time_or_none(campaign.sent_at),
        "campaign_statistics_calculated_at": wire_time_or_none(campaign.statistics_calculated_at),
    }


def truth(
    store: Store,
    stream: str,
    campaign_status: str = "sent",
    start_date: str | None = None,
    include_import_details: bool = False,
    needed_only: bool = False,
) -> list[Row]:
    """In no particular order. v5 has no records: a connector refuses it. What a version lacks has none.

    `start_date` leaves out campaigns that were sent before and not counted since, with all their children, and sends
    and transactional mails of before; sends that still wait are in. Rows of before below a campaign that was sent
    before may be read or not: `needed_only` leaves them out.
    """
    if stream not in STREAMS:
        raise ValueError(f"{stream} is none of {', '.join(STREAMS)}")
    if store.version.integer_ids:
        raise ValueError("v5 is there to be recognized; it has no records")
    if not store.version.has(endpoint_of(stream)):
        return []
    with store.lock:
        if stream == "campaigns":
            chosen = campaigns_in_scope(store, campaign_status, start_date)
            return [campaign_record(campaign, store) for campaign in chosen]
        if stream == "subscriber_imports":
            imports = store.imports.values()
            return [import_detail_record(e, store) if include_import_details else import_record(e) for e in imports]
        if stream in CHILD_STREAMS:
            read = parents(store, campaign_status, start_date)
            start = start_date if needed_only else None
            return [
                stamp(each) | record
                for each in read
                for record in compress(CHILD_STREAMS[stream](each, store), since(each, stream, store, start))
            ]
        moment = {"sends": "sent_at", "transactional_mails": "created_at"}.get(stream)
        records = [OTHER_STREAMS[stream](each, store) for each in store.entities(stream).values()]
        if start_date is None or moment is None:
            return records
        return [record for record in records if record[moment] is None or epoch(record[moment]) >= epoch(start_date)]
