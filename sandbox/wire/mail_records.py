"""The records of single mails per version, as `records.py` has those of campaigns."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sandbox.life.store import Store
from sandbox.wire.records import FILLER, Row, counters
from sandbox.world.entities import Campaign, Link
from sandbox.world.mail_entities import AutomationMail, Send, Template, TransactionalMail, TransactionalMailTemplate
from sandbox.world.times import wire_time, wire_time_or_none


def send_record(send: Send, store: Store) -> Row:
    back = store.engagement(send)
    record: Row = {
        "uuid": send.uuid,
        "transport_message_id": send.transport_message_id,
        "campaign_uuid": None if send.campaign is None else send.campaign.uuid,
        "automation_mail_uuid": send.automation_mail_uuid,
        "transactional_mail_log_item_uuid": send.transactional_mail_uuid,
        "subscriber_uuid": None if send.subscriber is None else send.subscriber.uuid,
        "sent_at": wire_time_or_none(send.sent_at),
        "failed_at": wire_time_or_none(send.failed_at),
        "failure_reason": send.failure_reason,
        "open_count": len(back.opens),
        "click_count": len(back.clicks),
        "created_at": wire_time(send.created_at),
        "updated_at": wire_time(send.updated_at),
    }
    if store.version.has_send_times:
        record |= {
            "first_opened_at": wire_time_or_none(min(back.opens, default=None)),
            "last_opened_at": wire_time_or_none(max(back.opens, default=None)),
            "first_clicked_at": wire_time_or_none(min(back.clicks, default=None)),
            "last_clicked_at": wire_time_or_none(max(back.clicks, default=None)),
            "bounce_count": back.hard_bounces + back.soft_bounces,
            "hard_bounce_count": back.hard_bounces,
            "soft_bounce_count": back.soft_bounces,
        }
    return record


def click_event_records(campaign: Campaign, store: Store) -> Iterator[Row]:
    """The clicks that are nested in the links of a campaign, each with the address of its link."""
    link: Link
    for link in store.children(campaign, "clicks"):
        for click in link.clicks:
            yield {
                "uuid": click.uuid,
                "link_uuid": link.uuid,
                "url": link.url,
                "send_uuid": click.send_uuid,
                "subscriber_uuid": click.subscriber.uuid,
                "created_at": wire_time(click.at),
                "updated_at": wire_time(click.at),
            }


def template_record(template: Template) -> Row:
    return {
        "uuid": template.uuid,
        "name": template.name,
        "html": template.html,
        "fields": template.fields,
        "structured_html": template.structured_html,
        "created_at": wire_time(template.created_at),
        "updated_at": wire_time(template.updated_at),
    }


def transactional_mail_record(mail: TransactionalMail, store: Store) -> Row:
    """Since v7 the body is there twice."""
    record: Row = {
        "uuid": mail.uuid,
        "subject": mail.subject,
        "from": mail.senders,
        "to": mail.to,
        "cc": mail.cc,
        "bcc": mail.bcc,
        "body": mail.body,
        "created_at": wire_time(mail.created_at),
    }
    return record | {"html": mail.body} if store.version.number >= 7 else record


def transactional_mail_template_record(template: TransactionalMailTemplate) -> Row:
    return {
        "uuid": template.uuid,
        "name": template.name,
        "to": template.to,
        "cc": template.cc,
        "bcc": template.bcc,
        "subject": template.subject,
        "html": template.html,
        "store_mail": template.store_mail,
        "created_at": wire_time(template.created_at),
    }


def _rate(count: int, mail: AutomationMail) -> float:
    """Unlike a campaign's it may carry a fraction."""
    return round(count * 10_000 / max(1, mail.sent_to_number_of_subscribers), 2)


def automation_mail_record(mail: AutomationMail) -> Row:
    """Opens and clicks are counted, unsubscribes and bounces are not."""
    html, counts = mail.html, counters(mail.statistics, mail.sent_to_number_of_subscribers)
    structured = None if html is None else json.dumps({"templateValues": {"html": FILLER}}, ensure_ascii=False)
    return {
        "uuid": mail.uuid,
        "name": mail.name,
        "template_uuid": mail.template_uuid,
        "from_email": mail.from_email,
        "subject": mail.subject,
        "html": html,
        "structured_html": structured,
        "email_html": html,
        "webview_html": html,
        "fields": mail.fields,
        "mailable_class": None,
        "utm_tags": mail.utm_tags,
        "add_subscriber_tags": mail.add_subscriber_tags,
        "add_subscriber_link_tags": False,
        "sent_to_number_of_subscribers": mail.sent_to_number_of_subscribers,
        **{name: count for name, count in counts.items() if name.startswith(("open", "unique", "click"))},
        "open_rate": _rate(counts["unique_open_count"], mail),
        "click_rate": _rate(counts["unique_click_count"], mail),
        "created_at": wire_time(mail.created_at),
        "updated_at": wire_time(mail.updated_at),
    }
