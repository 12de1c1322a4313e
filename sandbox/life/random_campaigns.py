"""Random life of campaigns: they are made and sent, opened and clicked, left and deleted."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.life.random_life import KNOWN
from sandbox.life.random_mails import MailLife
from sandbox.world.entities import FEEDBACK_TYPES, Campaign
from sandbox.world.times import HOUR, MINUTE

LEAST_CAMPAIGNS = 4


class CampaignLife(MailLife):
    """What may happen: each says what it did, or gives None if it can't be done now. `back`: seconds before now."""

    def _open(self, back: int = 0) -> str | None:
        return self._opened(self._campaign(), back)

    def _open_old(self) -> str | None:
        old = self._year_old()
        return self._opened(self.rng.choice(old), 0) if old else None

    def _opened(self, campaign: Campaign | None, back: int) -> str | None:
        if campaign is None:
            return None
        openers = [group.subscriber for group in self.store.children(campaign, "opens")]
        who, again = self._known_or_new(campaign, openers)
        at = self._moment(campaign, back)
        self.store.add_open(campaign, who, at)
        self._engaged(campaign, who)
        return f"{who.email} opened {campaign.uuid}{again}{self._when(at)}"

    def _click(self, back: int = 0) -> str | None:
        campaign = self._campaign()
        if campaign is None:
            return None
        links = self.store.events[campaign.uuid].links
        known = bool(links) and self.rng.random() < KNOWN
        url = self.rng.choice(links).url if known else self._name("https://shop.example.com/fresh")
        who, _ = self._known_or_new(campaign, [click.subscriber for link in links for click in link.clicks])
        at = self._moment(campaign, back)
        self.store.add_click(campaign, who, url, at)
        self._engaged(campaign, who)
        return f"{who.email} clicked {url} in {campaign.uuid}{self._when(at)}"

    def _unsubscribe(self) -> str | None:
        campaign = self._campaign()
        if campaign is None:
            return None
        who = self._newcomer(campaign, [each for each in self._people(campaign) if each.unsubscribed_at is not None])
        self.store.add_unsubscribe(campaign, who)
        return f"{who.email} unsubscribed through {campaign.uuid}"

    def _bounce(self, back: int = 0) -> str | None:
        campaign = self._campaign()
        if campaign is None:
            return None
        kind = self.rng.choice(FEEDBACK_TYPES)
        known = [group.subscriber for group in self.store.children(campaign, "bounces") if group.type == kind]
        who, again = self._known_or_new(campaign, known)
        at = self._moment(campaign, back)
        self.store.add_bounce(campaign, who, kind, at)
        self._engaged(campaign, who)
        if kind != "complaint" and not self.store.version.recounts_bounces:
            self._silently("campaign_bounces", campaign.uuid, who.uuid, kind)
        return f"{kind} of {who.email} in {campaign.uuid}{again}{self._when(at)}"

    def _back_dated(self) -> str | None:
        """Mailcoach hears of the event late, and stores the provider's time of it."""
        happen: Callable[[int], str | None] = self.rng.choice([self._open, self._click, self._bounce])
        return happen(self.rng.randint(HOUR, 20 * HOUR))

    def _draft(self) -> str | None:
        owners = list(self.store.email_lists.values())
        if not owners:
            return None
        made = self.store.add_campaign(self._name("New "), "draft", email_list=self.rng.choice(owners), html_bytes=50)
        return f"new draft {made.uuid}"

    def _send(self) -> str | None:
        """From draft to sending or at once to sent, from sending to sent."""
        waiting = [each for each in self._campaigns("draft", "sending") if each.email_list is not None]
        if not waiting:
            return None
        campaign = self.rng.choice(waiting)
        if campaign.status == "draft":
            self._begun[campaign.uuid] = self.store.now
            self._mails_to_send(campaign)
        status = "sent" if campaign.status == "sending" else self.rng.choice(["sending", "sent"])
        self.store.set_status(campaign, status)
        for send in self.store.campaign_sends(campaign).values():
            if send.sent_at == self.store.now:
                self._silently("campaign_sends", campaign.uuid, send.uuid)
        return f"{campaign.uuid} is now {status}"

    def _delete_subscriber(self) -> str | None:
        """Mostly somebody who opened something."""
        campaign = self._campaign()
        openers = [group.subscriber for group in self.store.children(campaign, "opens")] if campaign else []
        everybody = openers or list(self.store.subscribers.values())
        if not everybody:
            return None
        who = self.rng.choice(everybody)
        self._lost_clicks({who})
        with self._deleting():
            self.store.delete_subscriber(who)
        return f"subscriber {who.email} deleted from {who.email_list.name}"

    def _delete_campaign(self) -> str | None:
        """But none of the last few, and not the last one that is a year old."""
        campaigns, old = self._campaigns("sending", "sent", "cancelled", "paused"), self._year_old()
        if len(campaigns) <= LEAST_CAMPAIGNS:
            return None
        campaign = self.rng.choice([each for each in campaigns if [each] != old])
        with self._deleting():
            self.store.delete_campaign(campaign)
        return f"campaign {campaign.uuid} deleted"

    def _advance(self) -> str:
        minutes = self.rng.randint(1, 9 * 60)
        self.store.advance(minutes * MINUTE)
        return f"{minutes} minutes later"
