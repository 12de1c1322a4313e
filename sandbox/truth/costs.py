"""The fewest requests that can deliver a set of streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import compress

from sandbox.life.store import Store
from sandbox.truth.streams import CHILD_STREAMS, STREAMS, campaigns_in_scope, endpoint_of, parents, since
from sandbox.world.entities import Campaign, EmailList

TO_BELIEVE = 4
"""Three times there is no such endpoint, and in between an answer that shows that the API itself is there."""

OF_LISTS = ("subscribers", "tags", "segments")


def least_requests(
    store: Store,
    has: Callable[[str], bool],
    streams: Iterable[str],
    campaign_status: str,
    size: int,
    start_date: str | None,
    include_import_details: bool,
) -> int:
    """Each page of `size` rows once, and each list of parents once for all streams that need it.

    Clicks and click events are one endpoint; the detail of an import costs a request each. An endpoint that `has`
    denies costs `TO_BELIEVE` requests, if there is a parent to ask for. Up to v6 one shows that clicks have no events.
    """
    wanted = set(streams)
    unknown = wanted - set(STREAMS)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: none of {', '.join(STREAMS)}")

    def pages(rows: int) -> int:
        return max(1, -(-rows // size))

    def of_campaign(endpoint: str, campaign: Campaign) -> int:
        if endpoint == "sends":
            return pages(len(store.campaign_sends(campaign)))
        rows = store.children(campaign, endpoint.removeprefix("campaign_"))
        return pages(len([*compress(rows, since(campaign, endpoint, store, start_date))]))

    def of_list(stream: str, owner: EmailList) -> int:
        return pages(len(store.entities_of(owner, stream)))

    least = 0
    with store.lock:
        lists = list(store.email_lists.values())
        if wanted & {"email_lists", *OF_LISTS}:
            least += pages(len(lists))
        if wanted & {"campaigns", *CHILD_STREAMS}:
            # No filter of the API knows dates: the list is read whole.
            least += pages(len(campaigns_in_scope(store, campaign_status)))
        for stream in wanted & set(OF_LISTS):
            least += sum(of_list(stream, owner) for owner in lists) if has(stream) else TO_BELIEVE * min(1, len(lists))
        read = parents(store, campaign_status, start_date)
        eventless = not store.version.has_click_events and "campaign_clicks" not in wanted
        for endpoint in {endpoint_of(stream) for stream in wanted & CHILD_STREAMS.keys()}:
            if not has(endpoint):
                least += TO_BELIEVE * min(1, len(read))
            elif endpoint == "campaign_clicks" and eventless:
                least += min(1, len(read))
            else:
                least += sum(of_campaign(endpoint, campaign) for campaign in read)
        rest = wanted - {"email_lists", "campaigns", *OF_LISTS, *CHILD_STREAMS}
        for stream in rest:
            rows = len(store.entities(stream)) if has(stream) else 0
            least += pages(rows) if has(stream) else TO_BELIEVE
            least += rows if stream == "subscriber_imports" and include_import_details else 0
        return least
