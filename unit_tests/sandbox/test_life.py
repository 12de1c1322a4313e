"""What changes in the account beside its campaigns' events, and what follows from it."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.world.entities import Campaign, Subscriber
from sandbox.world.times import DAY, HOUR, wire_time

from .client import ask, with_rows

SMALL: dict[str, Any] = {"opens": 20, "html_bytes": 20}


def somebody(running: Sandbox) -> Subscriber:
    """Tagged, and still on a list."""
    return next(who for who in running.store.subscribers.values() if "vip" in who.tags)


def row_of(running: Sandbox, stream: str, uuid: str) -> dict[str, Any]:
    (row,) = [row for row in running.truth(stream, "all") if row["uuid"] == uuid]
    return row


def stranger(running: Sandbox, campaign: Campaign) -> Subscriber:
    """Somebody on the list who hasn't got the campaign."""
    got = running.store.campaign_sends(campaign)
    people = running.store.subscribers.values()
    return next(who for who in people if who.email_list is campaign.email_list and who.uuid not in got)


def test_a_change_of_a_subscriber_moves_its_time_and_a_tag_does_not() -> None:
    with Sandbox(**SMALL) as running:
        who, now = somebody(running), running.store.advance(HOUR)
        before = who.updated_at
        running.store.tag_subscriber(who, "trial")
        assert who.updated_at == before
        assert row_of(running, "subscribers", who.uuid)["tags"][-1] == "trial"
        running.store.update_subscriber(who, first_name="Ines")
        row = ask(running, f"/email-lists/{who.email_list.uuid}/subscribers?sort=-updated_at,-id").data[0]
        assert (row["uuid"], row["first_name"], row["updated_at"]) == (who.uuid, "Ines", wire_time(now))


def test_a_tag_that_is_renamed_or_deleted_changes_subscribers_silently() -> None:
    with Sandbox(**SMALL) as running:
        who, now = somebody(running), running.store.advance(HOUR)
        before = who.updated_at
        tag = next(tag for tag in running.store.tags.values() if tag.name == "vip" and tag.email_list is who.email_list)
        running.store.rename_tag(tag, "gold")
        assert "gold" in who.tags
        assert row_of(running, "tags", tag.uuid)["updated_at"] == wire_time(now)
        running.store.delete_tag(tag)
        assert not {"gold", "vip"} & set(who.tags)
        assert who.updated_at == before
        assert tag.uuid not in running.store.tags


def test_tags_and_segments_are_added_to_a_list_and_deleted() -> None:
    with Sandbox(**SMALL) as running:
        *_, owner = running.store.email_lists.values()
        tag, segment = running.store.add_tag(owner, "fresh"), running.store.add_segment(owner, "Fresh ones")
        assert [row["uuid"] for row in ask(running, f"/email-lists/{owner.uuid}/tags").data] == [tag.uuid]
        assert [row["uuid"] for row in ask(running, f"/email-lists/{owner.uuid}/segments").data] == [segment.uuid]
        with pytest.raises(ValueError, match="fresh already"):
            running.store.add_tag(owner, "fresh")
        running.store.delete_segment(segment)
        assert ask(running, f"/email-lists/{owner.uuid}/segments").data == []


def test_an_address_is_suppressed_once_and_can_be_reactivated() -> None:
    with Sandbox(**SMALL) as running:
        made = running.store.add_suppression("gone@example.net", "hard_bounce")
        assert ask(running, "/suppressions?sort=-created_at").data[0]["uuid"] == made.uuid
        with pytest.raises(ValueError, match="suppressed already"):
            running.store.add_suppression("gone@example.net")
        with pytest.raises(ValueError, match="bored is none of"):
            running.store.add_suppression("other@example.net", "bored")
        running.store.delete_suppression(made)
        assert ask(running, "/suppressions/gone@example.net").status == 404


def test_imports_are_pruned_after_seven_days() -> None:
    with Sandbox(**SMALL) as running:
        owner = next(iter(running.store.email_lists.values()))
        running.store.advance(3 * DAY)
        fresh = running.store.add_import(owner, "pending")
        assert 0 < len(running.store.prune_imports()) < 17
        running.store.advance(5 * DAY)
        running.store.prune_imports()
        assert list(running.store.imports) == [fresh.uuid]
        with pytest.raises(ValueError, match="lost is none of"):
            running.store.add_import(owner, "lost")


def test_mails_of_a_campaign_wait_until_they_are_finished() -> None:
    with Sandbox(**SMALL) as running:
        store = running.store
        campaign = next(each for each in store.campaigns.values() if each.status == "sending")
        waiting = [send for send in store.campaign_sends(campaign).values() if send.sent_at is None]
        fresh = store.add_send(campaign, stranger(running, campaign), pending=True)
        assert fresh.transport_message_id is None
        now = store.advance(HOUR)
        assert store.finish_sends(campaign) == [*waiting, fresh]
        assert row_of(running, "sends", fresh.uuid)["sent_at"] == wire_time(now)
        assert ask(running, "/sends").data[0]["sent_at"] == wire_time(now)
        with pytest.raises(ValueError, match="has got"):
            store.add_send(campaign, fresh.subscriber or "")


def test_a_campaign_that_is_sent_has_no_mails_that_wait() -> None:
    with Sandbox(**SMALL) as running:
        campaign = next(each for each in running.store.campaigns.values() if each.status == "sending")
        running.store.set_status(campaign, "sent")
        assert all(send.sent_at is not None for send in running.store.campaign_sends(campaign).values())


def test_opens_clicks_and_bounces_are_counted_by_the_send_and_move_nothing_else() -> None:
    with Sandbox(**SMALL) as running:
        store, campaign = running.store, with_rows(running, "opens", 15)
        send = next(each for each in store.campaign_sends(campaign).values() if not store.engagement(each).opens)
        assert send.subscriber is not None
        before = row_of(running, "sends", send.uuid)
        now = store.advance(HOUR)
        store.add_open(campaign, send.subscriber)
        store.add_click(campaign, send.subscriber, "https://shop.example.com/x")
        store.add_bounce(campaign, send.subscriber, "soft_bounce")
        after = row_of(running, "campaign_sends", send.uuid)
        assert after["open_count"] == 1
        assert after["click_count"] == before["click_count"] + 1
        assert after["soft_bounce_count"] == before["soft_bounce_count"] + 1
        assert after["last_opened_at"] == after["last_clicked_at"] == wire_time(now)
        assert [after[name] for name in ("sent_at", "updated_at")] == [
            before[name] for name in ("sent_at", "updated_at")
        ]


def test_whoever_engages_has_got_the_mail_by_now() -> None:
    with Sandbox(**SMALL) as running:
        campaign, now = with_rows(running, "opens", 15), running.store.advance(HOUR)
        who = stranger(running, campaign)
        running.store.add_open(campaign, who)
        assert running.store.campaign_sends(campaign)[who.uuid].sent_at == now


@pytest.mark.parametrize("campaigns", [20, 40])
def test_sends_are_the_same_whenever_they_are_first_asked_for(campaigns: int) -> None:
    def sends(early: bool) -> list[Any]:
        with Sandbox(**SMALL, campaigns=campaigns) as running:
            if early:
                running.truth("sends")
            for campaign in list(running.store.campaigns.values()):
                openers = running.store.children(campaign, "opens")
                if openers and campaign.email_list:
                    running.store.add_open(campaign, openers[0].subscriber)
                    running.store.set_status(campaign, "cancelled")
            running.store.delete_subscriber(somebody(running))
            running.store.delete_email_list(next(iter(running.store.email_lists)))
            return sorted(running.truth("sends"), key=lambda row: str(row["uuid"]))

    assert sends(True) == sends(False)


def test_single_mails_come_and_are_engaged_with() -> None:
    with Sandbox("cloud", **SMALL) as running:
        store = running.store
        mail = store.add_automation_mail("Step one")
        send = store.add_automation_send(mail.uuid, somebody(running))
        store.engage(send, "open")
        row = ask(running, f"/sends?filter[automation_mail_uuid]={mail.uuid}").data[0]
        assert (row["uuid"], row["open_count"], row["click_count"]) == (send.uuid, 1, 0)
        assert ask(running, "/automation-mails?filter[name]=Step%20one").data[0]["uuid"] == mail.uuid
        log = store.add_transactional_mail("Hello", [{"email": "buyer@example.org", "name": None}])
        assert ask(running, "/transactional-mails").data[0]["uuid"] == log.uuid
        owned = ask(running, f"/sends?filter[transactional_mail_log_item_uuid]={log.uuid}")
        assert owned.data[0]["subscriber_uuid"] is None
        template = store.add_transactional_mail_template("Receipt")
        assert ask(running, "/transactional-mails/templates?sort=-id").data[0]["uuid"] == template.uuid
        campaigns = next(each for each in store.sends() if each.campaign)
        with pytest.raises(ValueError, match="methods of their own"):
            store.engage(campaigns, "open")


def test_templates_come_change_and_go() -> None:
    with Sandbox(**SMALL) as running:
        made = running.store.add_template("Fresh")
        now = running.store.advance(HOUR)
        running.store.update_template(made, html="<p>new</p>")
        row = ask(running, "/templates?sort=-updated_at,name").data[0]
        assert (row["uuid"], row["html"], row["updated_at"]) == (made.uuid, "<p>new</p>", wire_time(now))
        running.store.delete_template(made)
        assert ask(running, f"/templates/{made.uuid}").status == 404


def test_a_deleted_list_takes_all_that_is_on_it_along() -> None:
    with Sandbox(**SMALL) as running:
        gone = with_rows(running, "opens", 15).email_list
        assert gone is not None
        people = {who.uuid for who in running.store.subscribers.values() if who.email_list is gone}
        running.store.delete_email_list(gone)
        for stream in ("tags", "segments", "subscriber_imports", "subscribers"):
            rows = running.truth(stream)
            assert rows
            assert gone.uuid not in {row["email_list_uuid"] for row in rows}
        assert not people & {row["subscriber_uuid"] for row in running.truth("sends")}
        assert ask(running, f"/email-lists/{gone.uuid}/tags").status == 404


def test_a_deleted_subscriber_and_a_deleted_campaign_take_their_sends_along() -> None:
    with Sandbox(**SMALL) as running:
        campaign = with_rows(running, "opens", 15)
        who = running.store.children(campaign, "opens")[0].subscriber
        running.store.delete_subscriber(who)
        assert who.uuid not in {row["subscriber_uuid"] for row in running.truth("sends")}
        running.store.delete_campaign(campaign)
        assert campaign.uuid not in {row["campaign_uuid"] for row in running.truth("sends")}
