"""All probes, by the sections of CONTRIBUTING.md that say what the connector believes."""

from collections.abc import Mapping, Sequence

from probes import campaigns, contents, engagement, http, paging, values
from probes.probe import Probe

SECTIONS: Mapping[str, Sequence[Probe]] = {
    "Requests and paging": [*paging.PROBES, *http.PROBES],
    "Campaigns": campaigns.PROBES,
    "Lists, mails, and the rest": contents.PROBES,
    "Clicks, opens, unsubscribes, bounces": engagement.PROBES,
    "Types": values.PROBES,
}
