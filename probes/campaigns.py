"""Campaigns."""

from collections import defaultdict

from probes.asks import CAMPAIGNS, DRAFTS, SCHEDULED, SENT
from probes.judges import sorts_by, types_among, values_among
from probes.probe import EVERY, V6, CannotTell, Finding, Probe, Reply, fails, holds, holds_if, names
from source_mailcoach.messages.errors import EndpointNotFound
from source_mailcoach.sync.times import parse_time

CAMPAIGNS_STREAM, GATE = "source_mailcoach/streams/campaigns.py", "source_mailcoach/sync/gate.py"
SCHEMA = "source_mailcoach/schemas/campaigns.json"
CHILDREN = tuple(f"campaigns/{{draft}}/{child}?page=1" for child in ("clicks", "opens", "unsubscribes", "bounces"))
BODIES = ("html", "structured_html", "email_html", "webview_html")


def unknown_status_filters_nothing(filtered: Reply, whole: Reply) -> Finding:
    if not whole.page.total:
        raise CannotTell("there are no campaigns")
    detail = f"{filtered.page.total} campaigns of {whole.page.total}"
    return holds_if(filtered.page.total == whole.page.total, detail)


def scheduled_are_drafts(reply: Reply) -> Finding:
    rows = reply.rows
    drafts = [row for row in rows if row.get("status") == "draft" and row.get("scheduled_at")]
    return holds_if(len(drafts) == len(rows), f"{len(drafts)} of {len(rows)} are drafts with a scheduled_at")


def drafts_have_no_rows(*replies: Reply) -> Finding:
    """A server before 6.24 has no bounces, of drafts either."""
    there = [reply for reply in replies if not isinstance(reply.error, EndpointNotFound)]
    rows = sum(reply.page.total for reply in there)
    return holds_if(rows == 0, f"{len(there)} lists, {rows} rows")


def from_name_is_the_subject(reply: Reply) -> Finding:
    """Campaigns of one sender have his name in common, and each its own subject, as far as people write new ones."""
    by_sender = defaultdict(list)
    for row in reply.rows:
        if "subject" in row:
            return holds_if(row["subject"] == row.get("from_name"), "the row has a subject too")
        if row.get("from_name"):
            by_sender[row.get("from_email")].append(row["from_name"])
    rows = max(by_sender.values(), key=len, default=[])
    if len(rows) < 3:
        raise CannotTell(f"at most {len(rows)} of the campaigns looked at have a sender in common")
    different = len(set(rows))
    detail = f"{len(rows)} campaigns of one sender, {different} different from_name"
    if 1 < different <= min(3, len(rows) // 2):
        raise CannotTell(detail)
    return holds_if(different > 1, detail)


def rows_carry_bodies(reply: Reply) -> Finding:
    rows = reply.rows
    lacking = {body for body in (*BODIES, "email_list") if not all(body in row for row in rows)}
    size = len(reply.answer.content) // 1024
    return holds_if(not lacking, f"{len(rows)} rows in {size} KB, lacking: {names(lacking)}")


def updated_at_stays_behind(reply: Reply) -> Finding:
    counted = [
        (parse_time(row.get("statistics_calculated_at")), parse_time(row.get("updated_at")))
        for row in reply.rows
        if row.get("unique_open_count")
    ]
    behind = sum(bool(count and update and update < count) for count, update in counted)
    if not behind:
        raise CannotTell(f"of {len(counted)} campaigns with opens none was counted after its updated_at")
    return holds(f"{behind} of {len(counted)} campaigns with opens were counted after their updated_at")


def sent_ones_are_counted(reply: Reply) -> Finding:
    sent = [row for row in reply.rows if row.get("status") == "sent"]
    if not sent:
        raise CannotTell("no campaign has the status sent")
    never = sum(not parse_time(row.get("statistics_calculated_at")) for row in sent)
    return holds_if(never == 0, f"{never} of {len(sent)} sent campaigns have no statistics_calculated_at")


def list_is_nested(reply: Reply) -> Finding:
    lists = [row.get("email_list") for row in reply.rows if row.get("email_list_uuid")]
    if not lists:
        raise CannotTell("no campaign has an email list")
    whole = [found for found in lists if isinstance(found, dict) and found.get("uuid") and "created_at" in found]
    if len(whole) < len(lists):
        return fails(f"{len(whole)} of {len(lists)} campaigns hold their whole list")
    return holds(f"{len(whole)} campaigns hold their whole list")


PROBES = [
    Probe(
        "campaigns can be sorted",
        "Campaigns can be sorted by name, then by when they were sent.",
        (CAMPAIGNS_STREAM,),
        (CAMPAIGNS,),
        sorts_by(),
    ),
    Probe(
        "sent means sending too",
        "filter[status]=sent gives campaigns that are sent or being sent, and no others.",
        (CAMPAIGNS_STREAM,),
        (SENT,),
        values_among("status", ("sent", "sending")),
    ),
    Probe(
        "unknown status",
        "A status that the filter does not know, such as cancelled, is ignored: all campaigns come.",
        (CAMPAIGNS_STREAM,),
        ("campaigns?filter[status]=cancelled&page=1", CAMPAIGNS),
        unknown_status_filters_nothing,
    ),
    Probe(
        "scheduled is a draft",
        "A scheduled campaign is a draft with a scheduled_at.",
        (CAMPAIGNS_STREAM,),
        (SCHEDULED,),
        scheduled_are_drafts,
    ),
    Probe(
        "statuses",
        "A campaign is draft, sending, sent, cancelled or paused.",
        (CAMPAIGNS_STREAM,),
        (CAMPAIGNS, SENT, DRAFTS),
        values_among("status", ("draft", "sending", "sent", "cancelled", "paused")),
    ),
    Probe(
        "drafts have no rows",
        "Clicks, opens, unsubscribes and bounces of a draft are 200 without rows.",
        (GATE, CAMPAIGNS_STREAM),
        CHILDREN,
        drafts_have_no_rows,
    ),
    Probe(
        "from_name is the subject",
        "from_name of a campaign holds the subject, not the name of the sender.",
        (SCHEMA,),
        (SENT,),
        from_name_is_the_subject,
    ),
    Probe(
        "rows carry bodies",
        "Each row of the list of campaigns carries four bodies and the email list.",
        (CAMPAIGNS_STREAM, GATE),
        (SENT,),
        rows_carry_bodies,
    ),
    Probe(
        "the list is nested",
        "A campaign holds its email list as a whole.",
        (SCHEMA, "source_mailcoach/schemas/shared/email_list.json"),
        (SENT,),
        list_is_nested,
    ),
    Probe(
        "updated_at stays behind",
        "updated_at of a campaign does not move when recipients open, click or leave.",
        (GATE,),
        (SENT,),
        updated_at_stays_behind,
        EVERY - {V6},
    ),
    Probe(
        "sent campaigns are counted",
        "A campaign that was sent has a statistics_calculated_at.",
        (GATE, "source_mailcoach/streams/of_campaigns.py"),
        (SENT,),
        sent_ones_are_counted,
    ),
    Probe(
        "uuid of the list",
        "A campaign names its email list by uuid.",
        (SCHEMA,),
        (SENT,),
        types_among(str, fields=("email_list_uuid",)),
    ),
]
