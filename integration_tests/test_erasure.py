"""`examples/sql/erase_person.sql`: of the person nothing is left in any table, and of others nothing is missing."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.sources.utils.schema_helpers import ResourceSchemaLoader

from integration_tests.test_examples import EXAMPLES, Row, by_key, query, sync
from sandbox import Sandbox
from sandbox.connector import STREAMS
from sandbox.truth.streams import PRIMARY_KEYS
from sandbox.world.entities import Subscriber
from unit_tests.seeds import combined

RECIPE = (EXAMPLES / "sql/erase_person.sql").read_text()
TO_FILL_IN = "select lower('ada@example.com') as address, '' as hash, '' as subscriber_uuid;"
ADDRESS = "jürgen.O'Hara+news@Example.org"
HASH = sha256(ADDRESS.lower().encode()).hexdigest()
OTHER = "other.Jürgen.O'Hara+news@example.org"
"""Another person, whose address ends like that of the first."""

SPELLINGS = (ADDRESS, HASH, "jürgen.o'hara%2Bnews%40example.org", "jürgen.o'hara+news&#64;example.org")
NO_TEXTS = re.compile(
    r".*(uuid|_id|_domain|_class|_mailer)|(subscriber_)?email|status|type|reason|honeypot_field|redirect_.*|clicks"
    r"|confirmation_.*"
)
"""Fields that no other person's text is in. A row with the person in one of them goes as a whole, or is a click."""

Tables = dict[str, dict[tuple[Any, ...], Row]]


def account(version: str) -> tuple[Sandbox, list[Subscriber]]:
    """Somebody on two lists has left something in every stream that can tell of people, and so has somebody else."""
    sandbox = Sandbox(version=version, campaigns=8, seed=6, opens=12, shuffle_ties=False)
    store = sandbox.store
    first, second, *_ = store.email_lists.values()
    person, other = (
        [store.add_subscriber(each, ADDRESS) for each in (first, second)],
        store.add_subscriber(first, OTHER),
    )
    for each in (*person, other):
        campaign = next(c for c in store.campaigns.values() if c.status == "sent" and c.email_list is each.email_list)
        store.add_open(campaign, each)
        store.add_click(campaign, each, "https://www.example.com/for-all")
        store.add_bounce(campaign, each, "complaint")
    store.add_suppression(ADDRESS)
    store.add_suppression(OTHER)
    one, another = ([{"email": address, "name": None}] for address in (ADDRESS, OTHER))
    for fields in ({"to": one}, {"to": another, "cc": one}, {"to": another, "bcc": one}, {"to": another}):
        store.add_transactional_mail("For you", **fields, body="Good day")
    return sandbox, person


def synced(sandbox: Sandbox, folder: Path, privacy: str = "plain") -> Tables:
    sync(sandbox, folder, email_privacy=privacy, include_import_details=True)
    return tables(folder)


def tables(folder: Path) -> Tables:
    return {stream: by_key(stream, query(folder, f"select * from {stream}")) for stream in STREAMS}


def erase(folder: Path, address: str = "", hash: str = "", subscriber_uuid: str = "") -> None:
    address, hash, subscriber_uuid = (text.replace("'", "''") for text in (address.lower(), hash, subscriber_uuid))
    filled_in = f"select '{address}' as address, '{hash}' as hash, '{subscriber_uuid}' as subscriber_uuid;"
    assert RECIPE.count(TO_FILL_IN) == 1
    with closing(sqlite3.connect(folder / "data/mailcoach.db")) as database:
        database.executescript(RECIPE.replace(TO_FILL_IN, filled_in))


def people_of(row: Row) -> set[str]:
    """The uuids and addresses of people whose row it is."""
    fields = ("subscriber_uuid", "email", "subscriber_email")
    mailboxes = [box for field in ("from", "to", "cc", "bcc") for box in json.loads(row.get(field) or "[]")]
    named = {str(box["email"]).lower() for box in mailboxes if isinstance(box, dict)}
    return named | {str(row[field]).lower() for field in fields if row.get(field)}


@pytest.mark.parametrize(
    ("version", "privacy", "by"),
    [*combined(["v6", "v8", "cloud"], ["plain", "sha256"], ["address", "uuid"]), ("v8", "drop", "uuid")],
)
def test_nothing_is_left_of_the_person_and_all_of_others_is_as_before(
    tmp_path: Path, version: str, privacy: str, by: str
) -> None:
    sandbox, person = account(version)
    with sandbox:
        before = synced(sandbox, tmp_path, privacy)
    uuids = {each.uuid for each in (person[:1] if privacy == "drop" else person)}
    signs = uuids | {ADDRESS.lower(), HASH}
    if by == "address":
        erase(tmp_path, ADDRESS, HASH)
    else:
        erase(tmp_path, subscriber_uuid=person[0].uuid)
    after = tables(tmp_path)
    left = str(after).lower().replace(OTHER.lower(), "")
    assert [sign for sign in signs if sign in left] == []
    gone: dict[str, set[Any]] = {stream: before[stream].keys() - after[stream].keys() for stream in STREAMS}
    mails = {uuid for (uuid,) in gone["transactional_mails"]}
    for stream in STREAMS:
        for key, row in before[stream].items():
            is_of_person = bool(people_of(row) & signs) or row.get("transactional_mail_log_item_uuid") in mails
            is_of_person = is_of_person or (stream == "subscribers" and key[0] in uuids)
            assert (key in gone[stream]) == is_of_person, stream
            if not is_of_person:
                assert after[stream][key] == without_clicks_of(row, uuids), stream
    people = {"subscribers", "campaign_opens", "campaign_unsubscribes", "campaign_sends", "sends"}
    addressed = set() if privacy == "drop" else {"transactional_mails"}
    assert {stream for stream in STREAMS if gone[stream]} >= people | addressed


def without_clicks_of(row: Row, uuids: set[str]) -> Row:
    clicks = json.loads(row.get("clicks") or "[]")
    kept = [click for click in clicks if click["subscriber_uuid"] not in uuids]
    if len(kept) == len(clicks):
        return row
    return row | {"clicks": json.dumps(kept, ensure_ascii=False, separators=(",", ":"))}


def fields_of_texts() -> Iterator[tuple[str, str]]:
    """Stream and field: texts, also within objects and lists."""
    for stream in STREAMS:
        for field, schema in ResourceSchemaLoader("source_mailcoach").get_schema(stream)["properties"].items():
            is_text = any(kind in schema["type"] for kind in ("string", "object", "array"))
            if is_text and schema.get("format") != "date-time" and not NO_TEXTS.fullmatch(field):
                yield stream, field


def test_every_text_of_another_person_that_holds_the_address_becomes_null_and_nothing_else(tmp_path: Path) -> None:
    sandbox, person = account("cloud")
    with sandbox:
        before = synced(sandbox, tmp_path)
    texts = [*fields_of_texts()]
    assert len(texts) > 50
    signs = {ADDRESS.lower(), *(each.uuid for each in person)}
    planted: dict[str, tuple[Any, ...]] = {}
    for number, (stream, field) in enumerate(texts):
        others = (key for key, row in before[stream].items() if not people_of(row) & signs and not signs & {*key})
        key = planted.setdefault(stream, next(others))
        text = json.dumps([{"name": f"for {SPELLINGS[number % len(SPELLINGS)]}, now"}], ensure_ascii=False)
        change(tmp_path, f'update {stream} set "{field}" = ? where {which(stream)}', text, *key)
    erase(tmp_path, ADDRESS, HASH)
    after = tables(tmp_path)
    for stream, key in planted.items():
        empty = dict.fromkeys(field for of, field in texts if of == stream)
        assert after[stream][key] == before[stream][key] | empty, stream


def which(stream: str) -> str:
    return " and ".join(f"{field} = ?" for field in PRIMARY_KEYS[stream])


def change(folder: Path, sql: str, *values: Any) -> None:
    with closing(sqlite3.connect(folder / "data/mailcoach.db")) as database, database:
        assert database.execute(sql, values).rowcount == 1


def test_somebody_with_that_address_in_the_past_is_the_same_person(tmp_path: Path) -> None:
    """Rows keep the address that they were read with, and the text of a mail keeps it too."""
    sandbox, person = account("v8")
    old = "juergen@old.example.net"
    with sandbox:
        synced(sandbox, tmp_path)
    change(tmp_path, "update campaign_opens set subscriber_email = ? where subscriber_uuid = ?", old, person[1].uuid)
    change(tmp_path, "update suppressions set email = ? where email = ?", old, OTHER)
    erase(tmp_path, ADDRESS, HASH)
    assert old not in str(tables(tmp_path))
