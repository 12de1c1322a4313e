"""The campaigns of the account, and the listing that tells the streams below them which campaigns there are."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from airbyte_cdk.models import SyncMode

from source_mailcoach.config import Config
from source_mailcoach.messages.events import ReadAgain, RowsUnchanged
from source_mailcoach.streams.facts import Facts, Row
from source_mailcoach.streams.listing import ListingStream, count_of, is_usable
from source_mailcoach.streams.tombstones import Tombstones
from source_mailcoach.sync import clocks
from source_mailcoach.sync.gate import GATE_MARGIN, Campaign, Listing
from source_mailcoach.sync.known import Known, key_of
from source_mailcoach.sync.state import State
from source_mailcoach.sync.tally import Tally
from source_mailcoach.sync.times import format_time, parse_time, sortable
from source_mailcoach.sync.transitions import usable
from source_mailcoach.sync.watermark import Watermark
from source_mailcoach.transport.api import MailcoachClient

# The API's filter `sent` also gives `sending`. A status that the API does not know is ignored: then all campaigns come.
STATUSES: Mapping[str, frozenset[str]] = {
    "sent": frozenset({"sending", "sent"}),
    "scheduled": frozenset({"draft"}),
    "draft": frozenset({"draft"}),
}
KNOWN_STATUSES = frozenset({"draft", "sending", "sent", "cancelled", "paused"})

COUNTERS = ("unique_open_count", "unsubscribe_count", "bounce_count", "sent_to_number_of_subscribers")


class Campaigns(ListingStream):
    """Sortable by name and by time of sending. Several campaigns may have the same: nothing to sort by is unique.

    The list is fetched once an hour at most, however many streams need it, because each row has four HTML bodies. There
    is no filter by date, so an incremental sync also reads it whole, and emits what has changed. From v7 on, opens and
    clicks do not change `updated_at`, only `statistics_calculated_at`.
    """

    facts = Facts(endpoint="campaigns", key=("uuid",), cursor="updated_at", sort="name,sent", deletions="short")

    def __init__(self, client: MailcoachClient, config: Config) -> None:
        super().__init__(client, config)
        # In these words, so that a state of earlier versions, which left older campaigns out, is known as another one.
        start = config.start and f"{config.start} (older campaigns that Mailcoach has counted since are in)"
        self.scope = {**config.scope(), "campaign_status": config.campaign_status, "start_date": start}
        if config.campaign_status != "all":
            self.pages.filters = {"filter[status]": config.campaign_status}
        self._listing: Listing | None = None

    def read_whole(self, sync_mode: SyncMode) -> Iterator[Row]:
        """All campaigns in scope, or in an incremental sync those that have changed since the last one, or are gone."""
        campaigns, unusable, unchanged = [], 0, 0
        seen, counted = Watermark(), Watermark()
        rows = super().read_whole(sync_mode)
        first = list(islice(rows, 1))
        # Only the first answer tells the server's time, by which a saved state may be from the future.
        saved = self._saved(sync_mode)
        since, tally = parse_time(saved.cursor), self._tally(saved, sync_mode)
        tombstones = Tombstones(self.pages, self._has_left)
        for row in chain(first, rows):
            recounted = parse_time(row.get("statistics_calculated_at"))
            changes = [recounted, parse_time(row.get("created_at")), parse_time(row.get("updated_at"))]
            seen, counted = seen.after(self.pages.now, changes), counted.after(self.pages.now, [recounted])
            if not self._in_scope(row):
                unchanged += 1
                continue
            if tally:
                tombstones.saw([row], tally)
                reached = sortable(seen.cursor and seen.cursor.isoformat())
                tally.see(key_of(row.get("uuid")), sortable(row.get("created_at")), reached)
            if is_usable(row.get("uuid")):
                campaigns.append(_campaign(row))
            else:
                unusable += 1
            if since is None or any(time and time >= since - GATE_MARGIN for time in changes):
                yield row
            else:
                unchanged += 1
        self.pages.emit(RowsUnchanged(unchanged))
        self.warn_of_unusable(unusable)
        began, until = (format_time(time) if time else None for time in (counted.began, counted.cursor))
        self._made_at = type(self).clock()
        self._listing = Listing(campaigns, clocks.earliest(seen.began), until, began)
        latest = seen.cursor or since
        cursor = format_time(latest) if latest and sync_mode is SyncMode.incremental else None
        if tally:
            tally.end(sortable(cursor), sortable(began))
            yield from tombstones.of(tally)
        self._state = State(self.scope, cursor, known=tally.known if tally else None).to_json()

    def _saved(self, sync_mode: SyncMode) -> State:
        """The saved state, if it counts in this sync mode."""
        if sync_mode is not SyncMode.incremental:
            return State(self.scope)
        state, reason = usable(self._state, self.scope, clocks.latest(self.client.server_time))
        if reason:
            self.pages.emit(ReadAgain("campaigns are", reason))
        return state

    def _tally(self, saved: State, sync_mode: SyncMode) -> Tally | None:
        is_wanted = self.marks_deleted and sync_mode is SyncMode.incremental
        return Tally(saved.known or Known(), 16, is_whole=True, is_resumed=False) if is_wanted else None

    def _in_scope(self, row: Row) -> bool:
        """An unknown status does not exclude a campaign: the server has been asked for the right ones.

        The start date bounds history, not campaigns: one that was sent before it is in scope once Mailcoach counts it
        after it, because somebody opened it, clicked or left.
        """
        status, start = self.config.campaign_status, parse_time(self.config.start)
        if status != "all" and _status(row) in KNOWN_STATUSES - STATUSES[status]:
            return False
        began = parse_time(row.get("sent_at")) or parse_time(row.get("created_at"))
        counted = parse_time(row.get("statistics_calculated_at"))
        return start is None or began is None or began >= start or bool(counted and counted >= start)

    def _has_left(self, row: Row) -> bool:
        """Whether a campaign that the listing lacks is there, and no longer in scope."""
        status, is_scheduled = self.config.campaign_status, parse_time(row.get("scheduled_at")) is not None
        if _status(row) == "draft" and status in ("scheduled", "draft") and is_scheduled != (status == "scheduled"):
            return True
        return not self._in_scope(row)

    def listing(self) -> Listing:
        """The campaigns in scope, from the reading of this stream. If it was not read yet, it is read for this."""
        if self._listing is None:
            kept = self._state
            for _ in self.read_whole(SyncMode.full_refresh):
                pass
            self._state = kept
        assert self._listing
        return self._listing

    def listed(self) -> Collection[str]:
        return [campaign.uuid for campaign in self.listing().campaigns]


def _campaign(row: Row) -> Campaign:
    return Campaign(
        created_at=sortable(row.get("created_at")) or "",
        uuid=row["uuid"],
        status=_status(row),
        sent_at=_time(row.get("sent_at")),
        statistics_calculated_at=_time(row.get("statistics_calculated_at")),
        has_list=bool(row.get("email_list_uuid")),
        counters={field: count_of(row.get(field)) for field in COUNTERS},
    )


def _status(row: Row) -> str:
    return str(row.get("status")).strip().lower()


def _time(value: Any) -> str | None:
    return value if parse_time(value) else None
