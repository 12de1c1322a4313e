"""Types: what fields hold, and whether the schema of each stream says so."""

from functools import cache

from probes.account import count
from probes.asks import (
    AUTOMATION_MAILS,
    BOUNCES,
    CAMPAIGNS,
    CLICKS,
    IMPORTS,
    LISTS,
    MAIL_TEMPLATES,
    MAILS,
    OPENS,
    SEGMENTS,
    SENDS,
    SENT,
    SUBSCRIBERS,
    SUPPRESSIONS,
    TAGS,
    TEMPLATES,
    UNSUBSCRIBES,
)
from probes.judges import Judge, all_rows
from probes.probe import CannotTell, Finding, Probe, Reply, fails, holds, holds_if, kinds, names
from source_mailcoach import SourceMailcoach
from source_mailcoach.records.fit import RowFit
from source_mailcoach.streams.adapter import MailcoachStream
from source_mailcoach.sync.times import is_plain

FIT, TIMES = "source_mailcoach/records/fit.py", "source_mailcoach/sync/times.py"
COUNTERS = (
    "sent_to_number_of_subscribers",
    *("open_count", "unique_open_count", "click_count", "unique_click_count", "unsubscribe_count", "bounce_count"),
)
RATES = ("open_rate", "click_rate", "unsubscribe_rate", "bounce_rate")
FLAGS = ("allow_form_subscriptions", "requires_confirmation", "report_campaign_sent", "campaigns_feed_enabled")
# A list that shows the rows of each stream. Click events are within the links, mails of a campaign are mails.
SHOWN = {
    "email_lists": LISTS,
    "subscribers": SUBSCRIBERS,
    "tags": TAGS,
    "segments": SEGMENTS,
    "subscriber_imports": IMPORTS,
    "campaigns": CAMPAIGNS,
    "campaign_clicks": CLICKS,
    "campaign_opens": OPENS,
    "campaign_unsubscribes": UNSUBSCRIBES,
    "campaign_bounces": BOUNCES,
    "sends": SENDS,
    "suppressions": SUPPRESSIONS,
    "templates": TEMPLATES,
    "transactional_mails": MAILS,
    "transactional_mail_templates": MAIL_TEMPLATES,
    "automation_mails": AUTOMATION_MAILS,
}


@cache
def streams() -> dict[str, MailcoachStream]:
    """The connector's streams. None of them asks anything here: the address is nobody's."""
    nobody = {"api_base_url": "https://news.example.com/api", "api_token": "0123456789"}
    return {stream.name: stream for stream in SourceMailcoach().streams(nobody)}


def fits_the_schema(stream_name: str) -> Judge:
    """Rows have no field that the schema lacks, no value that cannot be made to fit, and their key."""

    def judge(reply: Reply) -> Finding:
        stream = streams()[stream_name]
        fit = RowFit(stream.row_schema(), stream.facts.wire)
        rows = [fit(row) for row in reply.rows]
        without_key = sum(not all(map(row.get, stream.pages.key_fields)) for row in rows)
        drift = fit.drift
        detail = (
            f"{len(rows)} rows, unknown fields: {names(drift.unknown)}, of another type: {names(drift.misfits)}, "
            f"without key: {without_key}"
        )
        return holds_if(not (drift.unknown or drift.misfits or without_key), detail)

    return judge


def empty_object_is_a_list(reply: Reply) -> Finding:
    values = [row["fields"] for row in reply.rows if row.get("fields") is not None]
    if {} in values:
        return fails(f"fields are {{}} in {values.count({})} of {len(values)} campaigns")
    if [] not in values:
        raise CannotTell(f"no campaign of {len(values)} has empty fields")
    return holds(f"fields are [] in {values.count([])} of {len(values)} campaigns, else {kinds(filter(None, values))}")


def attributes_are_an_object(reply: Reply) -> Finding:
    """Or an empty list: before 8.8.3."""
    values = [row.get("extra_attributes") for row in reply.rows]
    strange = [value for value in values if value not in ([], None) and not isinstance(value, dict)]
    return holds_if(
        not strange, f"{len(values)} subscribers: {kinds(values)}, empty: {kinds(v for v in values if not v)}"
    )


def counters_are_whole(*replies: Reply) -> Finding:
    values = [row[field] for row in all_rows(replies) for field in COUNTERS if row.get(field) is not None]
    whole = [value for value in values if type(value) is int or (isinstance(value, str) and value.isdecimal())]
    return holds_if(len(whole) == len(values), f"{len(values)} counters: {kinds(values)}")


def flags_are_true_or_one(reply: Reply) -> Finding:
    values = [row[field] for row in reply.rows for field in FLAGS if row.get(field) is not None]
    strange = [value for value in values if value not in (True, False, "0", "1")]
    return holds_if(not strange, f"{len(values)} flags: {kinds(values)}")


def rates_are_percent_times_100(reply: Reply) -> Finding:
    """A rate of 25 % is 2500. Counts may be newer than the rate, so what is about right is right."""
    rates = [count(row.get(field)) for row in reply.rows for field in RATES]
    if max(rates) > 10_000:
        return fails(f"a rate is {max(rates)}")
    judged = []
    for row in reply.rows:
        sent_to, opened = count(row.get("sent_to_number_of_subscribers")), count(row.get("unique_open_count"))
        if sent_to and opened and count(row.get("open_rate")):
            judged.append(count(row["open_rate"]) / (opened * 100 / sent_to))
    if not judged:
        raise CannotTell("no campaign has opens")
    right = sum(30 < ratio < 300 for ratio in judged)
    return holds_if(
        2 * right > len(judged), f"{right} of {len(judged)} open rates are about 100 times their percentage"
    )


def times_are_plain(*replies: Reply) -> Finding:
    values = [
        value
        for row in all_rows(replies)
        for field, value in row.items()
        if field.endswith("_at") and value is not None
    ]
    plain = [value for value in values if isinstance(value, str) and is_plain(value)]
    return holds_if(len(plain) == len(values), f"{len(plain)} of {len(values)} times as 2026-01-05T10:00:00.000000Z")


PROBES = [
    Probe(
        "an empty object is a list",
        "fields of a campaign are [] where there are none.",
        (FIT,),
        (CAMPAIGNS,),
        empty_object_is_a_list,
    ),
    Probe(
        "attributes",
        "extra_attributes of a subscriber are an object, or [] where there are none.",
        (FIT,),
        (SUBSCRIBERS,),
        attributes_are_an_object,
    ),
    Probe(
        "counters",
        "Counters are integers, or text that is one.",
        (FIT, "source_mailcoach/sync/gate.py"),
        (CAMPAIGNS, SENT),
        counters_are_whole,
    ),
    Probe("flags", "Flags are true and false, or 1 and 0.", (FIT,), (LISTS,), flags_are_true_or_one),
    Probe(
        "rates",
        "Rates of a campaign are percent x 100.",
        ("source_mailcoach/schemas/campaigns.json",),
        (SENT,),
        rates_are_percent_times_100,
    ),
    Probe(
        "times",
        "Times are in UTC, and written in one way.",
        (TIMES,),
        (LISTS, CAMPAIGNS, SENDS, TEMPLATES, MAILS),
        times_are_plain,
    ),
    *(
        Probe(
            f"schema of {name}",
            f"Rows of {name} fit the schema.",
            (f"source_mailcoach/schemas/{name}.json",),
            (text,),
            fits_the_schema(name),
        )
        for name, text in SHOWN.items()
    ),
]
