"""The record of each entity per version: the row of the API with its true values, before `rows.py` spoils it."""

from __future__ import annotations

import json
from typing import Any

from sandbox.life.store import Store
from sandbox.world.entities import (
    BounceGroup,
    Campaign,
    EmailList,
    Link,
    OpenGroup,
    Statistics,
    Subscriber,
    Unsubscribe,
)
from sandbox.world.times import wire_time, wire_time_or_none

Row = dict[str, Any]
FILLER = "Grüße aus dem Newsletter – 春の便り 🌱 <a href='https://shop.example.com/'>lesen</a> / read on. "


def email_list_record(email_list: EmailList, store: Store) -> Row:
    record: Row = {
        "uuid": email_list.uuid,
        "name": email_list.name,
        "active_subscribers_count": store.active_subscribers(email_list),
        "campaigns_feed_enabled": False,
        "default_from_email": email_list.default_from_email,
        "default_from_name": email_list.default_from_name,
        "default_reply_to_email": None,
        "default_reply_to_name": None,
        "allow_form_subscriptions": email_list.allow_form_subscriptions,
        "honeypot_field": None,
        "redirect_after_subscribed": "https://www.example.com/welcome",
        "redirect_after_already_subscribed": None,
        "redirect_after_subscription_pending": None,
        "redirect_after_unsubscribed": None,
        "requires_confirmation": email_list.requires_confirmation,
        "confirmation_mailable_class": None,
        "campaign_mailer": "smtp",
        "automation_mailer": None,
        "transactional_mailer": None,
        "report_recipients": email_list.report_recipients,
        "report_campaign_sent": email_list.report_recipients is not None,
        "report_campaign_summary": False,
        "report_email_list_summary": email_list.email_list_summary_sent_at is not None,
        "email_list_summary_sent_at": wire_time_or_none(email_list.email_list_summary_sent_at),
        "created_at": wire_time(email_list.created_at),
        "updated_at": wire_time(email_list.updated_at),
    }
    if store.version.number <= 6:
        record |= {"confirmation_mail_subject": None, "confirmation_mail_content": None}
    return record


def campaign_record(campaign: Campaign, store: Store) -> Row:
    owner = campaign.email_list
    record: Row = {
        "uuid": campaign.uuid,
        "name": campaign.name,
        "email_list_uuid": None if owner is None else owner.uuid,
        "email_list": None if owner is None else email_list_record(owner, store),
        "template_uuid": campaign.template_uuid,
        "template": None,
        "from_email": campaign.from_email,
        "from_name": campaign.subject,
        "status": campaign.status,
        **html_bodies(campaign),
        "fields": campaign.fields,
        "mailable_class": None,
        "utm_tags": campaign.utm_tags,
        "sent_to_number_of_subscribers": campaign.sent_to_number_of_subscribers,
        "segment_class": campaign.segment_class,
        "segment_description": campaign.segment_description,
        **counters(campaign.statistics, campaign.sent_to_number_of_subscribers),
        "sent_at": wire_time_or_none(campaign.sent_at),
        "statistics_calculated_at": wire_time_or_none(campaign.statistics_calculated_at),
        "scheduled_at": wire_time_or_none(campaign.scheduled_at),
        "summary_mail_sent_at": wire_time_or_none(campaign.summary_mail_sent_at),
        "created_at": wire_time(campaign.created_at),
        "updated_at": wire_time(campaign.updated_at),
    }
    if campaign.template_uuid is not None:
        del record["template"]
    if store.version.number <= 6:
        record["last_modified_at"] = wire_time(campaign.last_modified_at)
    return record


def html_bodies(campaign: Campaign) -> Row:
    """Four bodies of about `html_bytes` bytes each; a draft has the first two only."""
    if campaign.html_bytes is None:
        return dict.fromkeys(("html", "structured_html", "email_html", "webview_html"))
    text = (FILLER * (campaign.html_bytes // len(FILLER.encode()) + 1))[: campaign.html_bytes]
    html = f"<html><body><h1>{campaign.name}</h1>{text}</body></html>"
    ready = campaign.status != "draft"
    return {
        "html": html,
        "structured_html": json.dumps({"templateValues": {"html": {"html": text}}}, ensure_ascii=False),
        "email_html": f"<!DOCTYPE html>\n{html}" if ready else None,
        "webview_html": f"<!DOCTYPE html>\n{html}\n" if ready else None,
    }


def counters(statistics: Statistics, sent_to: int) -> Row:
    """Rates are percent times 100."""
    base = max(1, sent_to)
    return {
        "open_count": statistics.open_count,
        "unique_open_count": statistics.unique_open_count,
        "open_rate": min(10_000, round(statistics.unique_open_count * 10_000 / base)),
        "click_count": statistics.click_count,
        "unique_click_count": statistics.unique_click_count,
        "click_rate": min(10_000, round(statistics.unique_click_count * 10_000 / base)),
        "unsubscribe_count": statistics.unsubscribe_count,
        "unsubscribe_rate": min(10_000, round(statistics.unsubscribe_count * 10_000 / base)),
        "bounce_count": statistics.bounce_count,
        "bounce_rate": min(10_000, round(statistics.bounce_count * 10_000 / base)),
    }


def open_record(group: OpenGroup, store: Store) -> Row:
    """The list's uuid is unknown to the client: what the server sends in its place is garbage."""
    record: Row = {
        "subscriber_uuid": group.subscriber.uuid,
        "subscriber_email_list_uuid": None,
        "subscriber_email": group.subscriber.email,
        "open_count": group.opens,
        "first_opened_at": wire_time(group.first),
    }
    if store.version.has_last_opened_at:
        record["last_opened_at"] = wire_time(group.last)
    return record


def click_record(link: Link, store: Store) -> Row:
    record: Row = {
        "uuid": link.uuid,
        "url": link.url,
        "unique_click_count": unique_clicks(link),
        "click_count": len(link.clicks),
    }
    if store.version.has_click_events:
        record["clicks"] = [
            {
                "uuid": click.uuid,
                "send_uuid": click.send_uuid,
                "link_uuid": link.uuid,
                "subscriber_uuid": click.subscriber.uuid,
                "created_at": wire_time(click.at),
                "updated_at": wire_time(click.at),
            }
            for click in link.clicks
        ]
    return record


def unique_clicks(link: Link) -> int:
    return len({click.subscriber.id for click in link.clicks})


def subscriber_record(subscriber: Subscriber) -> Row:
    return {
        "uuid": subscriber.uuid,
        "email_list_uuid": subscriber.email_list.uuid,
        "email": subscriber.email,
        "first_name": subscriber.first_name,
        "last_name": subscriber.last_name,
        "extra_attributes": subscriber.extra_attributes,
        "tags": subscriber.tags,
        "subscribed_at": wire_time_or_none(subscriber.subscribed_at),
        "unsubscribed_at": wire_time_or_none(subscriber.unsubscribed_at),
        "created_at": wire_time(subscriber.created_at),
        "updated_at": wire_time(subscriber.updated_at),
    }


def unsubscribe_record(unsubscribe: Unsubscribe) -> Row:
    """No moment of its own: the nearest is what the subscriber's row says now."""
    return {
        "subscriber_uuid": unsubscribe.subscriber.uuid,
        "subscriber_email": unsubscribe.subscriber.email,
        "subscriber": subscriber_record(unsubscribe.subscriber),
    }


def bounce_record(group: BounceGroup) -> Row:
    return {
        "subscriber_uuid": group.subscriber.uuid,
        "subscriber_email_list_uuid": group.subscriber.email_list.uuid,
        "subscriber_email": group.subscriber.email,
        "bounce_count": group.bounces,
        "type": group.type,
        "created_at": wire_time(group.first),
    }
