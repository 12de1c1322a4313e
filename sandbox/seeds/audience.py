"""Invented tags, segments, suppressions and imports, drawn apart from the campaigns so that these stay as they are."""

from __future__ import annotations

import random

from sandbox.life.store import Store
from sandbox.seeds.ages import tied_at_borders
from sandbox.world.audience_entities import IMPORT_STATUSES, SUPPRESSION_REASONS
from sandbox.world.entities import EmailList, Subscriber
from sandbox.world.times import DAY, HOUR, MINUTE

TAGS = (17, 3, 0, 2)
SEGMENTS = (18, 2, 0, 1)
"""On the first list, on the second, and so on, and again from the start."""

SUPPRESSIONS = 53
IMPORTS = 17
TAG_NAMES = ("vip", "été", "Kunden & Gäste", "東京", "trial", "churned")
SEGMENT_NAMES = ("VIP customers", "Inactive for 90 days", "Gäste", "Opened anything")


def seed_audience(store: Store) -> None:
    """The third list has neither tags nor segments of its own."""
    rng = random.Random(f"{store.seed}/audience")
    for place, email_list in enumerate(store.email_lists.values()):
        _tags(store, rng, email_list, TAGS[place % len(TAGS)])
        _segments(store, rng, email_list, SEGMENTS[place % len(SEGMENTS)])
    _suppressions(store, rng)
    if store.email_lists:
        _imports(store, rng)


def _tags(store: Store, rng: random.Random, email_list: EmailList, count: int) -> None:
    """The first two are those that subscribers have; some were last touched in the same second."""
    for number in range(count):
        made = store.now - (300 - 10 * number) * DAY
        store.add_tag(
            email_list,
            TAG_NAMES[number] if number < len(TAG_NAMES) else f"{TAG_NAMES[number % len(TAG_NAMES)]} {number}",
            uuid=store.new_uuid(rng),
            created_at=made,
            updated_at=store.now - (count - number) // 3 * 5 * DAY - HOUR,
            type="mailcoach" if number % 8 == 7 else "default",
            visible_in_preferences=number % 3 == 0,
        )


def _segments(store: Store, rng: random.Random, email_list: EmailList, count: int) -> None:
    """Across the border of a page, some have the same name and were made in the same second."""
    for number in range(count):
        rank = tied_at_borders(number)
        made = store.now - (2 + 3 * rank) * DAY
        store.add_segment(
            email_list,
            f"{SEGMENT_NAMES[rank % len(SEGMENT_NAMES)]} {rank}",
            uuid=store.new_uuid(rng),
            created_at=made,
            updated_at=made + HOUR,
            positive_tags=["vip"] if number % 2 == 0 else [],
            negative_tags=["churned", "été"] if number % 3 == 0 else [],
            all_positive_tags_required=number % 4 == 0,
        )


def _suppressions(store: Store, rng: random.Random) -> None:
    """Every third address is a subscriber's."""
    people = sorted({who.email for who in store.subscribers.values()})
    known = rng.sample(people, min(len(people), SUPPRESSIONS // 3))
    order = list(range(SUPPRESSIONS))
    rng.shuffle(order)
    for number in order:
        is_known = number % 3 == 0 and number // 3 < len(known)
        store.add_suppression(
            known[number // 3] if is_known else f"Unreachable.{number}@example.net",
            SUPPRESSION_REASONS[number % len(SUPPRESSION_REASONS)],
            uuid=store.new_uuid(rng),
            created_at=store.now - HOUR - tied_at_borders(number) * 11 * HOUR,
        )


def _imports(store: Store, rng: random.Random) -> None:
    """All of the last six days, in every state; the file is there until the import starts."""
    lists = list(store.email_lists.values())
    for number in range(IMPORTS):
        status = IMPORT_STATUSES[(number + 3) % len(IMPORT_STATUSES)]
        waiting, over = status in ("draft", "pending"), status in ("completed", "failed")
        store.add_import(
            lists[number % len(lists)],
            status,
            uuid=store.new_uuid(rng),
            created_at=store.now - 10 * MINUTE - tied_at_borders(number) * 8 * HOUR,
            subscribers_csv=_csv(rng, list(store.subscribers.values()), number) if waiting else None,
            subscribe_unsubscribed=number % 2 == 0,
            unsubscribe_others=number % 3 == 0,
            replace_tags=number % 4 == 0,
            imported_subscribers_count=0 if waiting else rng.randrange(1, 5000),
            error_count=rng.randrange(1, 40) if over and number % 3 == 0 else 0,
        )


def _csv(rng: random.Random, people: list[Subscriber], number: int) -> str:
    known = rng.sample(people, min(len(people), 3))
    rows = [f"{who.email},{who.first_name or ''},{who.last_name or ''}" for who in known]
    return "\n".join(["email,first_name,last_name", *rows, f"Imported.{number}@example.org,Ines,Grün", ""])
