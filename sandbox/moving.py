"""Reading a list of a server that lives: what happens to it meanwhile, and what the reading gave and cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.connector import Message, Run
from sandbox.life.store import Store
from sandbox.sandbox import Sandbox
from sandbox.truth.streams import PRIMARY_KEYS
from sandbox.world.entities import Campaign
from sandbox.world.mail_entities import Send
from sandbox.world.times import HOUR

Change = Callable[[Store, random.Random], object]
Key = tuple[Any, ...]
Half = Literal["before the count", "before the rows"]

WAITING, OPENED, JOINED, SUPPRESSED = 30, 130, 200, 200
FEW = 50
"""So many rows are never deleted."""


def new_mail(store: Store, rng: random.Random) -> None:
    store.advance(1, schedule=False)
    store.add_automation_send(next(iter(store.automation_mails)), store.subscribers[_somebody(store, rng)])


def sent_mail(store: Store, rng: random.Random) -> None:
    """One that waited goes from the end of the list, where MySQL has it, to the front."""
    store.advance(1, schedule=False)
    waiting = [send for send in store.sends() if send.sent_at is None]
    if waiting:
        send: Send = rng.choice(waiting)
        send.sent_at = send.updated_at = store.now
        store.changed(send.campaign)


def new_subscriber(store: Store, rng: random.Random) -> None:
    store.advance(1, schedule=False)
    store.add_subscriber(rng.choice(list(store.email_lists)), f"{rng.getrandbits(40):x}@example.org")


def deleted_subscriber(store: Store, rng: random.Random) -> None:
    """The subscriber's mails, opens and bounces go too."""
    if len(store.subscribers) > FEW:
        store.delete_subscriber(_somebody(store, rng))


def edited_subscriber(store: Store, rng: random.Random) -> None:
    store.advance(1, schedule=False)
    store.update_subscriber(_somebody(store, rng), first_name=f"{rng.getrandbits(20):x}")


def new_suppression(store: Store, rng: random.Random) -> None:
    store.advance(1, schedule=False)
    store.add_suppression(f"{rng.getrandbits(40):x}@example.org")


def lifted_suppression(store: Store, rng: random.Random) -> None:
    if len(store.suppressions) > FEW:
        store.delete_suppression(rng.choice(list(store.suppressions)))


def new_open(store: Store, rng: random.Random) -> None:
    store.advance(1, schedule=False)
    campaign = _campaign(store, rng)
    store.add_open(campaign, _who_has_not_opened(store, campaign, rng))


def late_open(store: Store, rng: random.Random) -> None:
    """Somebody's first open of a campaign, reported by the provider when later ones are known."""
    campaign = _campaign(store, rng)
    times = [group.first for group in store.children(campaign, "opens")]
    store.add_open(campaign, _who_has_not_opened(store, campaign, rng), rng.randint(min(times), max(times)))


def repeated_open(store: Store, rng: random.Random) -> None:
    store.advance(1, schedule=False)
    campaign = _campaign(store, rng)
    store.add_open(campaign, rng.choice(store.children(campaign, "opens")).subscriber)


def deleted_open(store: Store, rng: random.Random) -> None:
    campaign = _campaign(store, rng)
    store.delete_open(campaign, rng.choice(store.children(campaign, "opens")).subscriber)


def one_of(*changes: Change) -> Change:
    return lambda store, rng: rng.choice(changes)(store, rng)


@dataclass(frozen=True)
class Case:
    """What happens to which list; `moved_by` is the field whose change moves a row.

    With `again` the list is read by its latest changes, after all of it has changed.
    """

    stream: str
    happens: str
    change: Change
    moved_by: str
    again: bool = False

    def __str__(self) -> str:
        return f"{self.stream}: {self.happens}"


CASES = [
    Case("sends", "a new mail", new_mail, "sent_at"),
    Case("sends", "a subscriber is deleted", deleted_subscriber, "sent_at"),
    Case("sends", "a waiting mail is sent", sent_mail, "sent_at"),
    Case("sends", "any of these", one_of(new_mail, deleted_subscriber, sent_mail), "sent_at"),
    Case("subscribers", "a new subscriber", new_subscriber, "uuid"),
    Case("subscribers", "a subscriber is deleted", deleted_subscriber, "uuid"),
    Case("subscribers", "a subscriber is edited", edited_subscriber, "updated_at", again=True),
    Case("subscribers", "any of these", one_of(new_subscriber, deleted_subscriber, edited_subscriber), "uuid"),
    Case("suppressions", "a new address", new_suppression, "uuid"),
    Case("suppressions", "an address is lifted", lifted_suppression, "uuid"),
    Case("suppressions", "any of these", one_of(new_suppression, lifted_suppression), "uuid"),
    Case("campaign_opens", "an open", new_open, "first_opened_at"),
    Case("campaign_opens", "an open is reported late", late_open, "first_opened_at"),
    Case("campaign_opens", "opens are deleted", deleted_open, "first_opened_at"),
    Case("campaign_opens", "a repeated open", repeated_open, "last_opened_at", again=True),
    Case("campaign_opens", "any of these", one_of(new_open, deleted_open, repeated_open), "first_opened_at"),
]


@dataclass(frozen=True)
class Outcome:
    """A reading of a list: its requests, the fewest possible, changes meanwhile, rows that stayed and did not come."""

    run: Run
    requests: int
    least: int
    changes: int
    lost: int

    @property
    def warnings(self) -> list[str]:
        return self.run.logs("WARN")


def read_while_it_moves(
    read: Callable[..., Run], case: Case, every: int, half: Half = "before the count", seed: int = 1, **options: Any
) -> Outcome:
    """Read a list one request at a time, with a change at every so many requests. `options` are the sandbox's."""
    usual: dict[str, Any] = {"version": "v8", "campaigns": 3, "opens": 60, "html_bytes": 50, "shuffle_ties": False}
    with Sandbox(seed=seed, **(usual | options)) as sandbox:
        rng, store, state = random.Random(seed), sandbox.store, list[Message]()
        _fill(store, rng)
        config = sandbox.config(max_parallel_requests=1)
        if case.again:
            state = read(sandbox, [case.stream], config, "incremental").state
            store.advance(HOUR)
            _change_all(store)
            sandbox.reset_stats()
        before, least, changes = _rows(sandbox, case), sandbox.least_requests([case.stream]), 0

        def live(request: object) -> None:
            nonlocal changes
            if len(sandbox.requests) % every == 0:
                case.change(store, rng)
                changes += 1

        sandbox.on_request, sandbox.on_select = (live, None) if half == "before the count" else (None, live)
        run = read(sandbox, [case.stream], config, "incremental" if case.again else "full_refresh", state)
        sandbox.on_request = sandbox.on_select = None
        after = _rows(sandbox, case)
        stayed = {key for key, value in before.items() if value is not None and after.get(key) == value}
        came = {_key(case, row) for row in run.records(case.stream)}
        least = max(least, sandbox.least_requests([case.stream]))
        return Outcome(run, len(sandbox.requests), least, changes, len(stayed - came))


def _fill(store: Store, rng: random.Random) -> None:
    for _ in range(SUPPRESSED):
        new_suppression(store, rng)
    campaign = _campaign(store, rng)
    for number in range(JOINED):
        new_subscriber(store, rng)
        subscriber = list(store.subscribers)[-1]
        if number < WAITING:
            store.add_send(campaign, subscriber, pending=True)
        elif number < WAITING + OPENED:
            store.add_open(campaign, subscriber)


def _change_all(store: Store) -> None:
    for number, subscriber in enumerate(list(store.subscribers)):
        store.advance(number % 2, schedule=False)
        store.update_subscriber(subscriber, last_name="Changed")
    for campaign in _campaigns(store):
        for group in list(store.children(campaign, "opens")):
            store.advance(1, schedule=False)
            store.add_open(campaign, group.subscriber)


def _rows(sandbox: Sandbox, case: Case) -> dict[Key, Any]:
    return {_key(case, row): row.get(case.moved_by) for row in sandbox.truth(case.stream)}


def _key(case: Case, row: Mapping[str, Any]) -> Key:
    return tuple(row[field] for field in PRIMARY_KEYS[case.stream])


def _somebody(store: Store, rng: random.Random) -> str:
    return rng.choice(list(store.subscribers))


def _campaigns(store: Store) -> list[Campaign]:
    return [each for each in store.campaigns.values() if each.status == "sent" and store.children(each, "opens")]


def _campaign(store: Store, rng: random.Random) -> Campaign:
    return rng.choice(_campaigns(store))


def _who_has_not_opened(store: Store, campaign: Campaign, rng: random.Random) -> str:
    opened = {group.subscriber.uuid for group in store.children(campaign, "opens")}
    return rng.choice([uuid for uuid in store.subscribers if uuid not in opened])
