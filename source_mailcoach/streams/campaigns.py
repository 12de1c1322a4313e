"""The campaigns of the account, and the index of them that the streams of single campaigns go by."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import SyncMode

from source_mailcoach import problems
from source_mailcoach.api import MailcoachClient
from source_mailcoach.problems import MailcoachError
from source_mailcoach.streams.base import MailcoachStream, Record, Slice

# The API's filter for sent means sending as well, and ignores a status that it does not know: everything comes then.
STATUSES: Mapping[str, frozenset[str]] = {
    "sent": frozenset({"sending", "sent"}),
    "scheduled": frozenset({"draft"}),
    "draft": frozenset({"draft"}),
}


@dataclass(frozen=True, order=True)
class CampaignEntry:
    """What the streams of single campaigns need to know of a campaign. Ordered by creation, which never changes."""

    created_at: str
    uuid: str
    status: str

    @property
    def can_have_engagement(self) -> bool:
        """Drafts, the scheduled ones among them, went to nobody."""
        return self.status != "draft"


class Campaigns(MailcoachStream):
    """Sortable by name and by time of sending, which other campaigns may share; by nothing that is unique.

    The list is fetched once in a sync, however many streams need it: a page of it carries four HTML bodies a row.
    """

    endpoint = "campaigns"
    primary_key = "uuid"
    sorts = ("name,sent", "-name,-sent")

    def __init__(self, client: MailcoachClient, page_size: int, status: str) -> None:
        super().__init__(client, page_size)
        self.status = status
        self._index: Sequence[CampaignEntry] | None = None

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        params = super().request_params(stream_state, stream_slice, next_page_token)
        return params if self.status == "all" else {"filter[status]": self.status, **params}

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Record]:
        entries = []
        for row in super().read_records(sync_mode, cursor_field, stream_slice, stream_state):
            if self._in_scope(row):
                entries.append(CampaignEntry(str(row.get("created_at")), row["uuid"], str(row.get("status"))))
                yield row
        self._index = sorted(entries)

    def _in_scope(self, row: Record) -> bool:
        return self.status == "all" or row.get("status") in STATUSES[self.status]

    def index(self) -> Sequence[CampaignEntry]:
        """The campaigns in scope, oldest first: from the reading of this stream, or from one made for the purpose."""
        if self._index is None:
            for _ in self.read_records(SyncMode.full_refresh):
                pass
        return self._index or ()

    def exists(self, campaign_uuid: str) -> bool:
        """Whether the server still has a campaign; asks it."""
        try:
            self.client.send_request("GET", f"{self.url_base}campaigns/{campaign_uuid}", self.client.request_kwargs)
        except MailcoachError as error:
            if error.problem is problems.NOT_FOUND:
                return False
            raise
        return True
