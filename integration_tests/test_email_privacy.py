"""`email_privacy`: no address of the account leaves the connector, in no stream, and hashes can still be joined."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from integration_tests.in_process import BRIEF, read_here
from integration_tests.tables import by_key, rows, table
from sandbox import Sandbox
from sandbox.connector import FULL_REFRESH_ONLY, STREAMS, read
from sandbox.life.store import Store
from sandbox.truth.streams import PRIMARY_KEYS
from unit_tests.seeds import combined

ADDRESS = re.compile(r"[^\s<>\"'=,;:/]+@[a-z0-9-]+\.[a-z.]+", re.IGNORECASE)

DOMAINS = {
    "subscribers": "email",
    "suppressions": "email",
    "campaign_opens": "subscriber_email",
    "campaign_unsubscribes": "subscriber_email",
    "campaign_bounces": "subscriber_email",
}
CODED = (
    *("in.codes%2540example.net", "in&#46;codes&commat;&#101;xample.net", "in\\u002ecodes\\u0040example.net"),
    *("in=2Ecodes=40exam=\r\nple.net", "in.codes＠example.net", "in.co\u200bdes@example.net"),
    *("=?utf-8?Q?in.codes=40example.net?=", "in.codes%26%2364%3Bexample.net"),
)
"""Ways to write the address of one subscriber."""


def account(version: str) -> Sandbox:
    """An account with addresses wherever Mailcoach has any, some in odd letters and some in texts."""
    sandbox = Sandbox(version=version, campaigns=8, seed=6, opens=12, shuffle_ties=False)
    store = sandbox.store
    email_list = next(iter(store.email_lists.values()))
    email_list.report_recipients = "Boss@example.com, office@example.org"
    store.add_subscriber(email_list, "Mixed.Case+News@Example.ORG", extra_attributes={"friend": "friend@example.net"})
    store.add_subscriber(email_list, "o'brien@example.com", first_name="<known.as@example.com>")
    campaign = next(each for each in store.campaigns.values() if each.status == "sent")
    who = next(each for each in store.subscribers.values() if each.email_list is campaign.email_list)
    store.add_click(campaign, who, "https://example.com/unsubscribe?email=clicker%40example.com")
    store.add_subscriber(email_list, "in.codes@example.net", extra_attributes={"note": "; ".join(CODED)})
    store.add_transactional_mail(
        "For hidden@example.org",
        [{"email": "To.Whom@example.com", "name": "to.whom@example.com"}],
        cc=[{"email": "cc.only@example.org", "name": None}],
        bcc=[{"email": "bcc.only@example.net", "name": None}],
        body='<a href="mailto:body.only@example.org">Write</a>',
    )
    store.changed()
    return sandbox


def addresses(store: Store) -> Iterator[str]:
    """Of the entities themselves, whatever the records show of them."""
    yield from (each.email for each in store.subscribers.values())
    yield from (each.email for each in store.suppressions.values())
    for mail in store.transactional_mails.values():
        yield from (str(each["email"]) for each in (*mail.senders, *mail.to, *mail.cc, *mail.bcc))
    for template in store.transactional_mail_templates.values():
        yield from (*(template.to or ()), *(template.cc or ()), *(template.bcc or ()))
    for email_list in store.email_lists.values():
        yield from ADDRESS.findall(f"{email_list.default_from_email} {email_list.report_recipients}")
    yield from (each.from_email for each in store.campaigns.values() if each.from_email)
    yield from (each.from_email for each in store.automation_mails.values() if each.from_email)
    for each in store.imports.values():
        yield from ADDRESS.findall(each.subscribers_csv or "")
    yield from ("friend@example.net", "known.as@example.com", "clicker%40example.com", "hidden@example.org")
    yield "body.only@example.org"


def texts(value: Any, name: str = "") -> Iterator[str]:
    """All texts of a record but the one that only looks like an address."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (key, *texts(each, key))
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, name)
    elif isinstance(value, str) and name != "transport_message_id":
        yield value


def hashed(address: str) -> str:
    return sha256(address.strip().lower().encode()).hexdigest()


def test_without_privacy_every_address_is_there() -> None:
    """Else the tests below would look for the wrong ones."""
    with account("cloud") as sandbox:
        output = read(sandbox, config=sandbox.config(include_import_details=True), changes=BRIEF).stdout.lower()
        known = {address.lower() for address in addresses(sandbox.store)}
        assert len(known) > 150
        assert {address for address in known if address not in output} == set()


@pytest.mark.parametrize(("version", "privacy"), combined(["v6", "v8", "cloud"], ["sha256", "drop"]))
def test_no_address_of_the_account_is_anywhere_in_the_output(version: str, privacy: str) -> None:
    with account(version) as sandbox:
        config = sandbox.config(email_privacy=privacy, include_import_details=True)
        result = read(sandbox, config=config, changes=BRIEF, LOG_LEVEL="debug")
        assert result.exit_code == 0, result.stdout
        output = (result.stdout + result.stderr).lower()
        assert [address for address in addresses(sandbox.store) if address.lower() in output] == []
        for message in result.of_type("RECORD"):
            found = [text for text in texts(message["record"]["data"]) if ADDRESS.search(text)]
            assert found == [], message["record"]["stream"]
        sends = result.records("sends")
        assert all("@" in send["transport_message_id"] for send in sends if send.get("transport_message_id"))
        for stream in STREAMS:
            truth = by_key(stream, sandbox.truth(stream))
            assert by_key(stream, result.records(stream)).keys() == truth.keys(), "no row is left out"


def test_hashes_are_the_same_in_every_stream() -> None:
    with account("v8") as sandbox:
        result = read_here(sandbox, config=sandbox.config(email_privacy="sha256"))
        people = {uuid: hashed(who.email) for uuid, who in sandbox.store.subscribers.items()}
        assert {row["uuid"]: row["email"] for row in result.records("subscribers")} == people
        for stream in ("campaign_opens", "campaign_unsubscribes", "campaign_bounces"):
            assert result.records(stream)
            for row in result.records(stream):
                assert row["subscriber_email"] == people[row["subscriber_uuid"]]
        suppressed = {row["uuid"]: row["email"] for row in result.records("suppressions")}
        assert suppressed == {uuid: hashed(each.email) for uuid, each in sandbox.store.suppressions.items()}
        assert set(suppressed.values()) & set(people.values())
        mails = by_key("transactional_mails", result.records("transactional_mails"))
        for uuid, mail in sandbox.store.transactional_mails.items():
            found = [each["email"] for each in mails[uuid,]["to"]]
            assert found == [hashed(str(each["email"])) for each in mail.to]


@pytest.mark.parametrize(("version", "privacy"), combined(["v6", "v8", "cloud"], ["plain", "sha256", "drop"]))
def test_every_stream_of_addresses_tells_their_domains_unless_they_are_dropped(version: str, privacy: str) -> None:
    with account(version) as sandbox:
        result = read(sandbox, DOMAINS, sandbox.config(email_privacy=privacy), changes=BRIEF)
        for stream, address in DOMAINS.items():
            truth = by_key(stream, sandbox.truth(stream))
            told = {key: row.get("email_domain") for key, row in by_key(stream, result.records(stream)).items()}
            known = {key: row[address].rpartition("@")[2].lower() for key, row in truth.items()}
            assert told == (dict.fromkeys(known) if privacy == "drop" else known), stream


def test_an_address_in_codes_has_the_hash_of_the_address_or_is_dropped() -> None:
    with account("v8") as sandbox:
        for privacy, left in (("sha256", hashed("in.codes@example.net")), ("drop", "")):
            result = read_here(sandbox, ["subscribers"], sandbox.config(email_privacy=privacy))
            notes = [
                row["extra_attributes"].get("note") for row in result.records("subscribers") if row["extra_attributes"]
            ]
            assert "; ".join(left for _ in CODED) in notes


def test_dropping_leaves_all_that_is_no_address() -> None:
    with account("v8") as sandbox:
        result = read_here(sandbox, ["subscribers"], sandbox.config(email_privacy="drop"))
        assert not any("email" in row for row in result.records("subscribers"))
        truth = [{**row, "email": None, "email_domain": None} for row in sandbox.truth("subscribers")]
        plain = [row for row in truth if not any(ADDRESS.search(text) for text in texts(row))]
        assert len(truth) - len(plain) == 3
        assert set(rows(plain)) <= set(table("subscribers", result.records("subscribers")))


def test_a_change_of_it_reads_everything_again_and_says_why() -> None:
    incremental = [stream for stream in STREAMS if stream not in FULL_REFRESH_ONLY]
    with account("v8") as sandbox:
        last = read_here(sandbox, incremental, mode="incremental")
        was = "not set"
        for privacy in ("sha256", "drop", "plain"):
            config = sandbox.config(email_privacy=privacy)
            last = read_here(sandbox, incremental, config, "incremental", last.state)
            now = "not set" if privacy == "plain" else privacy
            warnings = last.logs("WARN")
            assert [f"email_privacy was {was} and is now {now}" in each for each in warnings] == [True] * len(
                incremental
            )
            for stream in incremental:
                keys = by_key(stream, last.records(stream)).keys()
                assert keys == {tuple(row[key] for key in PRIMARY_KEYS[stream]) for row in sandbox.truth(stream)}
            was = now
        again = read_here(sandbox, incremental, sandbox.config(), "incremental", last.state)
        assert again.logs("WARN") == []
