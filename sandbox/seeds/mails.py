"""Invented templates, transactional mails, automation mails and their sends, drawn apart from the campaigns."""

from __future__ import annotations

import random

from sandbox.life.bulk import fail
from sandbox.life.store import Store
from sandbox.seeds.ages import tied_at_borders
from sandbox.world.entities import Statistics, Subscriber
from sandbox.world.mail_entities import Address
from sandbox.world.times import DAY, HOUR, MINUTE

TEMPLATES = 31
TRANSACTIONAL_TEMPLATES = 18
TRANSACTIONAL_MAILS = 100
AUTOMATION_MAILS = 17
AUTOMATION_SENDS = 200
KINDS = ("Newsletter", "Angebot 🛒", "Zażółć", "お知らせ", "Plain")
SUBJECTS = ("Your order", "Reset your password", "Rechnung Nº", "Willkommen ☀️")


def seed_mails(store: Store) -> None:
    """Some of everything; sends of automations need somebody to go to."""
    rng = random.Random(f"{store.seed}/mails")
    people = [who for who in store.subscribers.values() if who.subscribed_at is not None]
    _templates(store, rng)
    _transactional_templates(store, rng)
    _transactional_mails(store, rng)
    mails = _automation_mails(store, rng)
    if people:
        _automation_sends(store, rng, mails, people)


def _templates(store: Store, rng: random.Random) -> None:
    """Across the borders of pages, some have the same name and were last touched in the same second."""
    order = list(range(TEMPLATES))
    rng.shuffle(order)
    for number in order:
        rank = tied_at_borders(number)
        name = f"{KINDS[rank % len(KINDS)]} {rank // 2}"
        touched = store.now - 2 * HOUR - rank * 6 * DAY
        fields = [{"name": each, "type": "editor"} for each in ("title", "content", "footer")[: number % 4]]
        store.add_template(
            name,
            uuid=store.new_uuid(rng),
            created_at=touched - 10 * DAY,
            updated_at=touched,
            html=f"<html><body><h1>{name}</h1>[[[content]]] <a href='https://www.example.com/'>Grüße</a></body></html>",
            fields=fields,
            repeats=number % 5 == 2,
            structured_html='{"body":{"html":"[[[content]]]"}}' if number % 2 else None,
        )


def _transactional_templates(store: Store, rng: random.Random) -> None:
    for number in range(TRANSACTIONAL_TEMPLATES):
        store.add_transactional_mail_template(
            f"{SUBJECTS[number % len(SUBJECTS)]} {number}",
            uuid=store.new_uuid(rng),
            created_at=store.now - (200 - number // 2) * DAY,
            to=["Orders@example.com", "staff@example.org"] if number % 3 == 0 else None,
            cc=[] if number % 2 else ["archive@example.net"],
            store_mail=number % 4 != 3,
        )


def _transactional_mails(store: Store, rng: random.Random) -> None:
    """Bodies quote an address; several in the same second; some were opened and clicked."""
    for number in reversed(range(TRANSACTIONAL_MAILS)):
        to = _address(rng, "Ada Brook" if number % 2 else None)
        mail = store.add_transactional_mail(
            f"{SUBJECTS[number % len(SUBJECTS)]} {number}",
            [to, _address(rng, "İpek O'Lake")] if number % 7 == 0 else [to],
            uuid=store.new_uuid(rng),
            created_at=store.now - HOUR - tied_at_borders(number) * 50 * HOUR,
            senders=[{"email": "shop@example.com", "name": "The shop" if number % 3 else None}],
            cc=[_address(rng, None)] if number % 5 == 0 else [],
            bcc=[{"email": "archive@example.net", "name": "Archive"}] if number % 4 == 0 else [],
            body=f"<p>For {to['email']}: <a href='https://shop.example.com/orders/{number}'>Ihre Bestellung</a></p>",
        )
        send = next(reversed(store.other_sends.values()))
        for kind in ("open", "open", "click")[: number % 4]:
            store.engage(send, kind, mail.created_at + rng.randrange(MINUTE, 30 * MINUTE))


def _address(rng: random.Random, name: str | None) -> Address:
    number = rng.randrange(10_000)
    return {"email": f"Buyer{number:04d}@example.{('com', 'org', 'net')[number % 3]}", "name": name}


def _automation_mails(store: Store, rng: random.Random) -> list[str]:
    """Across the border of a page, some have the same name and were made in the same second. Gives the uuids."""
    found = []
    for number in range(AUTOMATION_MAILS):
        rank = tied_at_borders(number)
        made = store.now - (330 - 4 * rank) * DAY
        mail = store.add_automation_mail(
            f"Step {rank:02d} – {KINDS[rank % len(KINDS)]}",
            uuid=store.new_uuid(rng),
            created_at=made,
            updated_at=made + DAY,
            from_email=None if number % 6 == 5 else "news@example.com",
            html=None if number % 9 == 8 else f"<html><body>Step {number}</body></html>",
            fields={"title": f"Step {number}"} if number % 3 == 0 else {},
            template_uuid=store.new_uuid(rng) if number % 4 == 1 else None,
            add_subscriber_tags=number % 2 == 0,
            sent_to_number_of_subscribers=10 * number + number % 3,
            statistics=Statistics(open_count=5 * number, unique_open_count=4 * number, click_count=number),
        )
        found.append(mail.uuid)
    return found


def _automation_sends(store: Store, rng: random.Random, mails: list[str], people: list[Subscriber]) -> None:
    """From today to 300 days ago, up to 25 in a second; some failed, and four wait."""
    for number in range(AUTOMATION_SENDS):
        at = store.now - 30 * MINUTE - number // 25 * 40 * DAY - max(0, number % 25 - 20) * HOUR
        pending = number % 60 == 59
        send = store.add_automation_send(
            mails[number % len(mails)],
            rng.choice(people),
            uuid=store.new_uuid(rng),
            created_at=at - 1,
            updated_at=at - 1 if pending else at,
            sent_at=None if pending else at,
        )
        if number % 40 == 7:
            fail(send)
        for kind in () if pending or send.failed_at else ("open", "click", "click")[: number % 4]:
            store.engage(send, kind, at + rng.randrange(MINUTE, 30 * MINUTE))
