"""Lists, mails, and the rest."""

from probes.asks import (
    AUTOMATION_MAILS,
    IMPORTS,
    LISTS,
    MAIL_TEMPLATES,
    MAILS,
    SEGMENTS,
    SENDS,
    SENDS_OF_CAMPAIGN,
    SUBSCRIBERS,
    SUBSCRIBERS_BY_ID,
    SUPPRESSIONS,
    TAGS,
    TEMPLATES,
)
from probes.judges import (
    exists_or_is_absent,
    have_fields,
    is_absent,
    lack_fields,
    refuses,
    sorted_or_absent,
    sorts_by,
    unless,
)
from probes.probe import CannotTell, Finding, Probe, Reply, fails, holds, holds_if, kinds, names
from source_mailcoach.sync.times import parse_time

ACCOUNT, OF_LISTS = "source_mailcoach/streams/account.py", "source_mailcoach/streams/email_list_contents.py"
DIAGNOSIS = "source_mailcoach/transport/diagnosis.py"


def engagement_moves_no_row(reply: Reply) -> Finding:
    opened = [row for row in reply.rows if row.get("last_opened_at")]
    times = [(parse_time(row["last_opened_at"]), parse_time(row.get("updated_at"))) for row in opened]
    later = sum(bool(open_ and update and update < open_) for open_, update in times)
    if not later:
        raise CannotTell(f"none of {len(opened)} mails was opened after its updated_at")
    return holds(f"{later} of {len(opened)} opened mails were opened after their updated_at")


def sends_are_of_the_campaign(reply: Reply) -> Finding:
    asked = dict(reply.query.params)["filter[campaign_uuid]"]
    others = sum(row.get("campaign_uuid") != asked for row in reply.rows)
    return holds_if(others == 0, f"{others} of {len(reply.rows)} mails are of another campaign")


def imports_name_their_list(reply: Reply) -> Finding:
    rows = reply.rows
    spellings = {name for row in rows for name in ("email_list_uuid", "email_list_id") if name in row}
    values = [row.get(name) for row in rows for name in spellings if name in row]
    good = len(spellings) == 1 and all(isinstance(value, str) for value in values)
    return holds_if(good, f"{len(rows)} imports have {names(spellings)}: {kinds(values)}")


def fields_are_a_list_or_have_gaps(reply: Reply) -> Finding:
    """An object of which all names are numbers is what PHP writes for an array with gaps."""
    values = [row["fields"] for row in reply.rows if "fields" in row]
    if not values:
        raise CannotTell("no template has fields: before 6.9")
    strange = [
        value
        for value in values
        if not isinstance(value, list)
        and not (isinstance(value, dict) and all(name.isdecimal() for name in value))
        and value is not None
    ]
    if strange:
        return fails(f"{len(strange)} of {len(values)} templates have another kind of fields")
    return holds(f"{len(values)} templates: {kinds(values)}")


def status_follows_from_times(reply: Reply) -> Finding:
    return lack_fields("status")(reply) if "subscribed_at" in reply.rows[0] else fails("rows have no subscribed_at")


PROBES = [
    Probe(
        "email lists can be sorted",
        "Email lists can be sorted by when they were made, then by name.",
        ("source_mailcoach/streams/email_lists.py",),
        (LISTS,),
        sorts_by("created_at"),
    ),
    Probe(
        "email lists cannot be sorted by change",
        "Email lists cannot be sorted by updated_at.",
        ("source_mailcoach/streams/email_lists.py",),
        ("email-lists?sort=-updated_at&page=1",),
        refuses,
    ),
    Probe(
        "subscribers can be sorted",
        "Subscribers can be sorted by when they changed.",
        (OF_LISTS,),
        (SUBSCRIBERS,),
        sorts_by("updated_at"),
    ),
    Probe(
        "subscribers have an order",
        "Subscribers can be sorted by an id that is unique, and is not in the row.",
        (OF_LISTS,),
        (SUBSCRIBERS_BY_ID,),
        sorts_by(),
    ),
    Probe(
        "no status",
        "A subscriber has no status, but the two times that it follows from.",
        (OF_LISTS,),
        (SUBSCRIBERS,),
        status_follows_from_times,
    ),
    Probe(
        "tags",
        "Tags can be sorted by when they changed; before 6.13 there are none.",
        (OF_LISTS, DIAGNOSIS),
        (TAGS,),
        sorted_or_absent("updated_at"),
    ),
    Probe(
        "segments",
        "Segments can be sorted by when they were made; before 6.13 and on 7.0 there are none.",
        (OF_LISTS, DIAGNOSIS),
        (SEGMENTS,),
        unless(400, "no sort is allowed: before 6.24.5", sorted_or_absent("created_at")),
    ),
    Probe("sends", "Before 6.1 there are no sends.", (ACCOUNT, DIAGNOSIS), (SENDS,), exists_or_is_absent),
    Probe("sends can be sorted", "Mails can be sorted by sent_at.", (ACCOUNT,), (SENDS,), sorts_by("sent_at")),
    Probe(
        "sends can be sorted by one time",
        "Mails cannot be sorted by created_at.",
        (ACCOUNT,),
        ("sends?sort=-created_at&page=1",),
        refuses,
    ),
    Probe(
        "sends of a campaign",
        "The mails of one campaign can be asked for.",
        ("source_mailcoach/streams/campaign_engagement.py",),
        (SENDS_OF_CAMPAIGN,),
        sends_are_of_the_campaign,
    ),
    Probe(
        "engagement moves no mail",
        "A mail that is opened keeps its updated_at.",
        (ACCOUNT,),
        (SENDS_OF_CAMPAIGN,),
        engagement_moves_no_row,
    ),
    Probe(
        "imports",
        "Imports name their list as email_list_uuid or email_list_id, and hold a uuid there.",
        (ACCOUNT,),
        (IMPORTS,),
        imports_name_their_list,
    ),
    Probe(
        "suppressions",
        "Suppressions can be sorted by created_at; before v8 there are none.",
        (ACCOUNT, DIAGNOSIS),
        (SUPPRESSIONS,),
        sorted_or_absent("created_at"),
    ),
    Probe(
        "templates can be sorted",
        "Templates can be sorted by updated_at, then by name.",
        (ACCOUNT,),
        (TEMPLATES,),
        sorts_by("updated_at"),
    ),
    Probe(
        "fields of templates",
        "fields of a template are a list, or an object with numbers for names.",
        (ACCOUNT, "source_mailcoach/records/fit.py"),
        (TEMPLATES,),
        fields_are_a_list_or_have_gaps,
    ),
    Probe(
        "transactional mails can be sorted",
        "Transactional mails can be sorted by created_at, then by id.",
        (ACCOUNT,),
        (MAILS,),
        sorts_by("created_at"),
    ),
    Probe(
        "transactional mails never change",
        "Transactional mails have no updated_at.",
        (ACCOUNT,),
        (MAILS,),
        lack_fields("updated_at"),
    ),
    Probe(
        "transactional mail templates",
        "Before 8.14 they are taken for a mail called templates: a 404 for a row, or a 500 on PostgreSQL.",
        (ACCOUNT, DIAGNOSIS),
        (MAIL_TEMPLATES,),
        exists_or_is_absent,
    ),
    Probe(
        "automation mails",
        "Automation mails are there on Cloud, and perhaps on servers newer than v8.",
        (ACCOUNT, DIAGNOSIS),
        (AUTOMATION_MAILS,),
        sorted_or_absent(),
    ),
    Probe(
        "no automations",
        "No version can list its automations.",
        ("source_mailcoach/source.py",),
        ("automations?page=1",),
        is_absent,
    ),
    Probe(
        "lists tell their size",
        "An email list has the number of its subscribers.",
        ("source_mailcoach/streams/email_lists.py", "source_mailcoach/messages/forecast.py"),
        (LISTS,),
        have_fields("active_subscribers_count"),
    ),
]
