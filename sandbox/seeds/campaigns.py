"""Invented data: the same for the same arguments, and with every case that a client can stumble over."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.life.store import Store
from sandbox.seeds.ages import settled_ages, usual_ages
from sandbox.world.aggregate import newest, send_uuid
from sandbox.world.entities import Campaign, Click, EmailList, Feedback, Link, Open, Subscriber
from sandbox.world.times import DAY, HOUR
from sandbox.world.versions import Version

STATUSES = (
    *("sent", "sent", "draft", "scheduled", "sending", "cancelled", "sent", "paused", "sent", "sent"),
    *("sent", "sent", "sent", "draft", "sent", "sent", "sent", "cancelled", "sent", "sent"),
)
"""The status of the first twenty campaigns, and of the next twenty, and so on."""

LIST_UUID_STARTS = ("845a", "8e5a", "a")
"""What PHP makes an integer of: 845, 800000 and 0."""

OPENERS = (None, 0, 15, "big", 30, 1)
LINKS = (3, 0, 16, 12, 31, 1)
UNSUBSCRIBES = (2, 0, 15, 31, 16, 1)
BOUNCES = (3, 0, 15, 31, 16, 1)
"""What the first six sent campaigns get: the borders of a page of 15, nothing, one, and ten times the mean."""

BIG = 10
MAX_CLICKERS = 500
ORPHAN = 10
"""The campaign with this index was sent to a list that has since been deleted."""

FIRST_NAMES = ("Ada", "Bruno", "Chloé", "Élise", "Farah", "Günther", "İpek", "Jörg", "美咲", "Łukasz", "Zoë", None)
LAST_NAMES = ("Acorn", "Brook", "Çelik", "Dale", "Fjord", "Grove", "Hollow", "Ivy", "O'Lake", "Müller-Reed", None)
TOPICS = (
    "Spring news",
    "Été à la carte ☀️",
    "Zażółć gęślą jaźń",
    "春のお知らせ",
    'Sale: 50% off "everything" & more',
    "Product update 🚀",
    "Weekly digest",
)
PATHS = ("", "pricing", "docs/start?lang=de&x=1", "söll/über-uns", "🎉", "a b/c%20d", "blog/2026/10/%E6%98%A5")


@dataclass
class Plan:
    """How much of everything one campaign gets."""

    campaign: Campaign
    openers: int
    links: int
    unsubscribes: int
    bounces: int
    begin: int
    end: int

    @property
    def people(self) -> int:
        return max(self.openers, self.unsubscribes, self.bounces)


def seeded_store(
    version: Version,
    campaigns: int = 40,
    lists: int = 3,
    seed: int = 1,
    opens: int = 60,
    html_bytes: int = 2000,
    sent_only: bool = False,
    in_window: int | None = None,
) -> Store:
    """An account of `campaigns` campaigns on `lists` lists; `opens` is the mean of subscribers who opened one.

    With `in_window`, so many were sent lately, and of the others, at least 30 days old, nothing moves any more.
    """
    if in_window is not None and not (sent_only and 0 <= in_window <= campaigns):
        raise ValueError(f"in_window is from 0 to {campaigns}, the number of campaigns, and needs sent_only")
    store = Store(version, seed)
    rng = random.Random(f"{seed}/events")
    owners = [_add_list(store, index) for index in range(lists)]
    former = _add_list(store, lists) if campaigns > ORPHAN else None
    plans: list[Plan] = []
    ranks = iter(range(campaigns))
    if in_window is None:
        ages = usual_ages(rng, store.now, campaigns)
    else:
        ages = settled_ages(rng, store.now, campaigns, in_window)
    for index, (created, sent) in enumerate(ages):
        owner = former if index == ORPHAN else owners[index % lists] if owners else None
        status = "sent" if sent_only else _status(store, index)
        campaign = _add_campaign(store, index, status, created, sent, owner, html_bytes)
        if campaign.status != "draft" and owner is not None:
            usual = campaign.status != "sent" or owner is former
            begin = sent if campaign.sent_at is not None else created + 600
            end = store.now if in_window is None else min(store.now, begin + 14 * DAY)
            plans.append(_plan(rng, campaign, None if usual else next(ranks), opens, begin, end))
    for number, owner in enumerate([*owners, *([former] if former else [])]):
        mine = [plan for plan in plans if plan.campaign.email_list is owner]
        need = max((plan.people for plan in mine), default=0)
        pool = [_add_person(store, owner, number, index) for index in range(need + need // 5 + 12)]
        for plan in mine:
            _engage(store, rng, plan, pool)
            store.expect_sends(plan.campaign, pool)
    for plan in plans:
        _settle(store, rng, plan)
    if former is not None:
        store.delete_email_list(former)
    store.changed()
    return store


def _add_list(store: Store, index: int) -> EmailList:
    start = LIST_UUID_STARTS[index % len(LIST_UUID_STARTS)]
    made = store.now - (430 - index) * DAY
    return store.add_email_list(
        ("Customers", "Abonné·e·s 🇫🇷", "Partners", "customers")[index % 4] + (f" {index}" if index > 3 else ""),
        uuid=start + store.new_uuid()[len(start) :],
        created_at=made,
        updated_at=made + index * DAY,
        default_from_name=("Newsroom", None)[index % 2],
        requires_confirmation=index % 2 == 0,
        report_recipients="owner@example.com,staff@example.org" if index == 0 else None,
        email_list_summary_sent_at=store.now - DAY if index == 0 else None,
    )


def _status(store: Store, index: int) -> str:
    status = STATUSES[index % len(STATUSES)]
    return "sent" if status == "paused" and status not in store.version.statuses else status


def _add_campaign(
    store: Store, index: int, status: str, created: int, sent: int, owner: EmailList | None, html_bytes: int
) -> Campaign:
    """Every tenth has the name of the one before it, and was made in the same second."""
    name = f"{TOPICS[index % len(TOPICS)]} {index // len(TOPICS) + 1}"
    if index % 10 == 9:
        twin = next(reversed(store.campaigns.values()))
        name, created = twin.name, twin.created_at
    draft, scheduled = status == "draft", status == "scheduled"
    return store.add_campaign(
        name,
        "draft" if scheduled else status,
        subject=f"{TOPICS[(index + 3) % len(TOPICS)]} – read me",
        email_list=owner,
        created_at=created,
        updated_at=created + 300,
        last_modified_at=created + 200,
        sent_at=sent if status in ("sent", "cancelled") else None,
        scheduled_at=store.now + (index + 1) * HOUR if scheduled else None,
        summary_mail_sent_at=sent + DAY if status == "sent" and sent + DAY < store.now else None,
        statistics_calculated_at=None if draft or scheduled else sent,
        html_bytes=None if draft and index % 20 == 13 else html_bytes,
        fields={"title": name, "blocks": {"html": "<p>Hallo 👋</p>"}} if index % 3 == 0 else {},
        template_uuid=store.new_uuid() if index % 4 == 1 else None,
        from_email=None if index % 7 == 6 else "news@example.com",
        utm_tags=index % 2 == 0,
        segment_class="App\\Segments\\VipSegment" if index % 11 == 5 else None,
        segment_description="VIP customers" if index % 11 == 5 else "0",
    )


def _plan(rng: random.Random, campaign: Campaign, rank: int | None, mean: int, begin: int, end: int) -> Plan:
    """`rank` counts the sent campaigns; None gets what is usual."""
    if mean == 0:
        return Plan(campaign, 0, 0, 0, 0, begin, end)
    if rank is None or rank >= len(OPENERS):
        openers = rng.randint(mean // 4, 2 * mean - mean // 4)
        return Plan(campaign, openers, rng.randrange(9), rng.randrange(5), rng.randrange(8), begin, end)
    border = OPENERS[rank]
    openers = border if isinstance(border, int) else BIG * mean if border == "big" else mean
    return Plan(campaign, openers, LINKS[rank], UNSUBSCRIBES[rank], BOUNCES[rank], begin, end)


def _add_person(store: Store, owner: EmailList, number: int, index: int) -> Subscriber:
    """The first ten people are on every list, with the same address."""
    person = index if index < 10 else 1_000_000 * number + index
    first = FIRST_NAMES[person % len(FIRST_NAMES)]
    last = LAST_NAMES[person // 3 % len(LAST_NAMES)]
    joined = store.now - 420 * DAY + index * 7919 % (30 * DAY)
    return store.add_subscriber(
        owner,
        f"reader{person:07d}@example.{('com', 'org', 'net')[person % 3]}",
        first_name=first,
        last_name=last,
        extra_attributes={"city": "Köln", "orders": index} if index % 3 == 0 else {},
        tags=["vip", "été"] if index % 5 == 0 else [],
        subscribed_at=None if index % 40 == 39 else joined,
        created_at=joined,
        updated_at=joined,
    )


def _engage(store: Store, rng: random.Random, plan: Plan, pool: list[Subscriber]) -> None:
    campaign, events, span = plan.campaign, store.events[plan.campaign.uuid], max(2, plan.end - plan.begin)
    campaign.sent_to_number_of_subscribers = len(pool) if campaign.status == "sent" else len(pool) // 2
    soon = min(span, 3 * DAY)

    def moment() -> int:
        """Half in the first minutes, many in the same second; most within three days; one in twenty any time since."""
        if rng.random() < 0.5:
            return plan.begin + min(soon, 30 * rng.randrange(1, 20))
        return plan.begin + rng.randrange(1, span if rng.random() < 0.1 else soon)

    openers = rng.sample(pool, plan.openers)
    events.opens = [Open(who, moment()) for who in openers for _ in range(rng.choice((1, 1, 1, 2, 4)))]
    rng.shuffle(events.opens)
    for number in range(min(plan.links, plan.openers * 3)):
        most = min(len(openers), MAX_CLICKERS)
        clickers = rng.sample(openers, most * 2 // 5 + 1 if number == 0 and most > 3 else min(most, 1 + number % 3))
        link = Link(store.new_uuid(), f"https://shop.example.com/{PATHS[number % len(PATHS)]}#{number}")
        for who in clickers:
            for _ in range(1 + who.id % 2):
                link.clicks.append(Click(store.new_uuid(), send_uuid(campaign, who), who, moment()))
        events.links.append(link)
    leavers = rng.sample(pool, plan.unsubscribes)
    for number, who in enumerate(leavers):
        at = moment()
        store.record_unsubscribe(campaign, who, at)
        if number % 4 == 3:
            who.unsubscribed_at, who.subscribed_at, who.updated_at = None, at + HOUR, at + HOUR
    _bounce(store, rng, plan, leavers, pool, moment)


def _bounce(
    store: Store,
    rng: random.Random,
    plan: Plan,
    leavers: list[Subscriber],
    pool: list[Subscriber],
    moment: Callable[[], int],
) -> None:
    """Exactly `plan.bounces` rows: pairs of subscriber and type, the first two of one subscriber."""
    pairs = [(leavers[0], "complaint")] if leavers and plan.bounces > 2 else []
    for number, who in enumerate(rng.sample(pool, plan.bounces)):
        pairs += [(who, ("soft_bounce", "bounce", "bounce", "suppressed")[number % 4])]
        pairs += [(who, "bounce")] if number == 0 else []
    for number, (who, kind) in enumerate(pairs[: plan.bounces]):
        for _ in range(3 if kind == "soft_bounce" and number % 3 == 0 else 1):
            store.events[plan.campaign.uuid].feedback.append(Feedback(who, kind, moment()))


def _settle(store: Store, rng: random.Random, plan: Plan) -> None:
    """Recounted for 14 days and at each event: a young campaign's last events aren't counted yet."""
    campaign = plan.campaign
    due = min(store.now, plan.begin + 14 * DAY)
    settled = max(due, newest(store.events[campaign.uuid]))
    stamp = settled if due < store.now else store.now - rng.randrange(60, 4 * HOUR)
    store.recount(campaign, max(stamp, plan.begin))
