"""Clicks, opens, unsubscribes, bounces."""

from probes.asks import BOUNCES, CLICKS, LATEST_OPENS, OPENS, UNSUBSCRIBES
from probes.judges import (
    exists_or_is_absent,
    have_fields,
    keys_are_unique,
    lack_fields,
    sorts_by,
    types_among,
    unless,
    values_among,
)
from probes.probe import EVERY, V6, CannotTell, Finding, Probe, Reply, fails, holds, holds_if, names

ENGAGEMENT, CLICKS_STREAM = (
    "source_mailcoach/streams/campaign_engagement.py",
    "source_mailcoach/streams/campaign_clicks.py",
)
BOUNCE_TYPES = ("bounce", "soft_bounce", "complaint", "suppressed")
CLICK_FIELDS = ("uuid", "send_uuid", "subscriber_uuid", "created_at")


def last_open_is_sortable_where_it_is_told(latest: Reply, first: Reply) -> Finding:
    """Since 8.6 opens have a last_opened_at, and can be sorted by it. Before, both are missing."""
    told = all("last_opened_at" in row for row in first.rows)
    if latest.status == 400:
        return holds_if(not told, f"status 400, last_opened_at is {'' if told else 'not '}in the rows")
    return sorts_by("last_opened_at")(latest) if told else fails(f"status {latest.status}, but no last_opened_at")


def clicks_are_nested(reply: Reply) -> Finding:
    rows = reply.rows
    nested = [row.get("clicks") for row in rows if row.get("clicks")]
    if not nested:
        return fails(f"{len(rows)} links have no clicks")
    clicks = [click for of_link in nested if isinstance(of_link, list) for click in of_link if isinstance(click, dict)]
    lacking = {field for field in CLICK_FIELDS for click in clicks if field not in click}
    detail = f"{len(rows)} links, {len(clicks)} clicks, lacking: {names(lacking)}"
    return holds_if(bool(clicks) and not lacking, detail)


def clicks_are_whole(reply: Reply) -> Finding:
    """A list that was cut at some length would be as long for each link that has more."""
    lengths = [(len(row["clicks"]), int(row.get("click_count") or 0)) for row in reply.rows if row.get("clicks")]
    if not lengths:
        raise CannotTell("no link has clicks")
    cut = [length for length, counted in lengths if length < counted]
    detail = f"{len(lengths)} links, {len(cut)} with fewer clicks than click_count says"
    if not cut:
        return holds(detail)
    if len(cut) > 1 and len(set(cut)) == 1 and max(length for length, _ in lengths) == cut[0]:
        return fails(f"{detail}, each {cut[0]}")
    raise CannotTell(f"{detail}: deleted subscribers may be the reason")


def links_were_clicked(reply: Reply) -> Finding:
    never = sum(not int(row.get("click_count") or 0) for row in reply.rows)
    return holds_if(never == 0, f"{never} of {len(reply.rows)} links were never clicked")


def list_of_an_open_is_no_uuid(reply: Reply) -> Finding:
    values = [row.get("subscriber_email_list_uuid") for row in reply.rows]
    texts = [value for value in values if isinstance(value, str) and len(value) == 36]
    if texts:
        raise CannotTell(f"{len(texts)} of {len(values)} are uuids: a server that is newer than 8.25")
    return holds(f"{len(values)} rows, none with a uuid")


def uuid_of_an_open_is_null(reply: Reply) -> Finding:
    there = [row["uuid"] for row in reply.rows if row.get("uuid") is not None]
    return holds_if(not there, f"{len(there)} of {len(reply.rows)} opens have a uuid")


def unsubscribes_name_the_campaign(reply: Reply) -> Finding:
    asked = reply.query.path.split("/")[1]
    others = sum(row.get("campaign_uuid") != asked for row in reply.rows)
    return holds_if(others == 0, f"{others} of {len(reply.rows)} rows name another campaign or none")


def have_no_time(reply: Reply) -> Finding:
    """Times of the subscriber are within `subscriber`."""
    times = {field for row in reply.rows for field in row if field.endswith("_at")}
    return holds_if(not times, f"{len(reply.rows)} rows, times: {names(times)}")


PROBES = [
    *(
        Probe(
            f"{name} do not name their campaign",
            f"Rows of {name} do not say of which campaign they are.",
            ("source_mailcoach/streams/of_campaigns.py",),
            (text,),
            lack_fields("campaign_uuid", "campaign_id", "campaign"),
        )
        for name, text in {"clicks": CLICKS, "opens": OPENS, "bounces": BOUNCES}.items()
    ),
    Probe(
        "bounces",
        "Before 6.24 there are no bounces.",
        (ENGAGEMENT,),
        ("campaigns/{sent}/bounces?page=1",),
        exists_or_is_absent,
    ),
    Probe(
        "types of bounces",
        "A bounce is bounce, soft_bounce, complaint or suppressed.",
        (ENGAGEMENT,),
        (BOUNCES,),
        values_among("type", BOUNCE_TYPES),
    ),
    Probe(
        "key of a bounce",
        "A subscriber has one row for each type of bounce.",
        (ENGAGEMENT,),
        (BOUNCES,),
        keys_are_unique("subscriber_uuid", "type"),
    ),
    Probe(
        "bounces can be sorted",
        "Bounces can be sorted by created_at, then by email and number.",
        (ENGAGEMENT,),
        (BOUNCES,),
        unless(404, "there are no bounces: before 6.24", sorts_by("created_at")),
    ),
    Probe(
        "list of a bounce",
        "A bounce names the list of the subscriber by uuid.",
        (ENGAGEMENT,),
        (BOUNCES,),
        types_among(str, fields=("subscriber_email_list_uuid",)),
    ),
    Probe(
        "key of an open",
        "A subscriber has one row of opens.",
        (ENGAGEMENT,),
        (OPENS,),
        keys_are_unique("subscriber_uuid"),
    ),
    Probe(
        "opens can be sorted",
        "Opens can be sorted by first_opened_at, then by email.",
        (ENGAGEMENT,),
        (OPENS,),
        sorts_by("first_opened_at"),
    ),
    Probe(
        "last open",
        "Opens can be sorted by last_opened_at where rows have it: since 8.6. Before, that is a 400.",
        (ENGAGEMENT, "source_mailcoach/streams/passes.py"),
        (LATEST_OPENS, OPENS),
        last_open_is_sortable_where_it_is_told,
    ),
    Probe(
        "list of an open",
        "subscriber_email_list_uuid of an open is a uuid that was made an integer.",
        (ENGAGEMENT,),
        (OPENS,),
        list_of_an_open_is_no_uuid,
    ),
    Probe("uuid of an open", "uuid of an open is null or missing.", (ENGAGEMENT,), (OPENS,), uuid_of_an_open_is_null),
    Probe("key of a link", "A link has a uuid.", (CLICKS_STREAM,), (CLICKS,), keys_are_unique("uuid")),
    Probe(
        "links were clicked", "A link is listed once it was clicked.", (CLICKS_STREAM,), (CLICKS,), links_were_clicked
    ),
    Probe(
        "clicks are nested",
        "A link holds its clicks, each with its mail, subscriber and time.",
        (CLICKS_STREAM,),
        (CLICKS,),
        clicks_are_nested,
        EVERY - {V6},
    ),
    Probe(
        "clicks are whole",
        "All clicks of a link are in its row: they have no pages.",
        (CLICKS_STREAM,),
        (CLICKS,),
        clicks_are_whole,
        EVERY - {V6},
    ),
    Probe(
        "clicks are counted alone",
        "On v6 a link has no clicks, only their number.",
        (CLICKS_STREAM,),
        (CLICKS,),
        lack_fields("clicks"),
        frozenset({V6}),
    ),
    Probe(
        "links can be sorted",
        "Links can be sorted by their clicks.",
        (CLICKS_STREAM,),
        (CLICKS,),
        sorts_by("unique_click_count"),
    ),
    Probe(
        "unsubscribes can be sorted",
        "Unsubscribes can be sorted by an id that is unique, and is not in the row.",
        (ENGAGEMENT,),
        (UNSUBSCRIBES,),
        sorts_by(),
    ),
    Probe(
        "unsubscribes have no time",
        "An unsubscribe does not say when.",
        (ENGAGEMENT,),
        (UNSUBSCRIBES,),
        have_no_time,
    ),
    Probe(
        "unsubscribes name the campaign",
        "An unsubscribe names its campaign.",
        (ENGAGEMENT,),
        (UNSUBSCRIBES,),
        unsubscribes_name_the_campaign,
    ),
    Probe(
        "key of an unsubscribe",
        "A subscriber leaves by a campaign once.",
        (ENGAGEMENT,),
        (UNSUBSCRIBES,),
        keys_are_unique("subscriber_uuid"),
    ),
    Probe(
        "unsubscribes hold the campaign",
        "On v6 each unsubscribe holds the whole campaign.",
        (ENGAGEMENT,),
        (UNSUBSCRIBES,),
        have_fields("campaign"),
        frozenset({V6}),
    ),
    Probe(
        "unsubscribes hold no campaign",
        "Since v7 no unsubscribe holds the campaign.",
        (ENGAGEMENT,),
        (UNSUBSCRIBES,),
        lack_fields("campaign"),
        EVERY - {V6},
    ),
]
