"""Requests: headers, refusals, tokens, and what is not there."""

from datetime import timedelta

from probes.asks import CAMPAIGNS, LISTS, SUBSCRIBERS, UNKNOWN_SORT
from probes.judges import answers, is_absent, refuses
from probes.probe import CLOUD, EVERY, SELF_HOSTED, V6, CannotTell, Finding, Probe, Reply, fails, holds, holds_if, kinds
from source_mailcoach.messages.errors import EndpointNotFound, NotFound, RowNotFound
from source_mailcoach.sync.times import parse_time
from source_mailcoach.transport import headers

CLIENT, DIAGNOSIS, HEADERS = (f"source_mailcoach/transport/{name}.py" for name in ("api", "diagnosis", "headers"))
CLOCKS, BASE = "source_mailcoach/sync/clocks.py", "source_mailcoach/streams/absence.py"
NO_CAMPAIGN = "campaigns/{nobody}/opens?page=1"


def limit_is_told(*replies: Reply) -> Finding:
    told = [headers.quota(reply.answer.headers) for reply in replies]
    limit = headers.number(replies[0].answer.headers.get("X-RateLimit-Limit"))
    if limit is None and not any(told):
        raise CannotTell("no headers of a limit: the server has none, or a proxy drops them")
    statuses = ", ".join(str(reply.status) for reply in replies)
    return holds_if(None not in told, f"limit {limit or 0:.0f}, told with answers {statuses}")


def nothing_comes_from_a_cache(*replies: Reply) -> Finding:
    ages = [headers.number(reply.answer.headers.get("Age")) or 0 for reply in replies]
    return holds_if(not any(ages), f"{len(ages)} answers, the oldest {max(ages):.0f} seconds")


def answers_are_dated(*replies: Reply) -> Finding:
    dates = [headers.made_at(reply.answer.headers) for reply in replies]
    return holds_if(None not in dates, f"{sum(date is not None for date in dates)} of {len(dates)} answers have a Date")


def rows_are_not_ahead(reply: Reply) -> Finding:
    made = headers.made_at(reply.answer.headers)
    newest = max(filter(None, (parse_time(row.get("updated_at")) for row in reply.rows)), default=None)
    if made is None or newest is None:
        raise CannotTell("no Date, or no row with a time")
    ahead = max(timedelta(), newest - made).total_seconds()
    return holds_if(ahead <= 5, f"the newest row is {ahead:.0f} seconds ahead of the Date")


def row_is_missing(reply: Reply) -> Finding:
    return _absent(reply, RowNotFound)


def route_is_missing(reply: Reply) -> Finding:
    return _absent(reply, EndpointNotFound)


def _absent(reply: Reply, what: type[NotFound]) -> Finding:
    if reply.status in (401, 403):
        raise CannotTell(f"{reply.text} answered {reply.status}")
    said = type(reply.error).__name__ if isinstance(reply.error, NotFound) else "something else"
    return holds_if(isinstance(reply.error, what), f"status {reply.status}, taken for {said}")


def token_is_refused(reply: Reply) -> Finding:
    in_words = "in Laravel's words" if reply.message else "not in Laravel's words"
    return holds_if(reply.status == 401 and bool(reply.message), f"status {reply.status}, {in_words}")


def stranger_is_sent_to_a_page(reply: Reply) -> Finding:
    """Whatever the app makes of it, it is no JSON, so nobody may take it for an answer of the API's."""
    kind = reply.answer.headers.get("Content-Type", "").split(";")[0]
    is_json = "json" in kind
    return holds_if(not is_json, f"status {reply.status}, {'JSON' if is_json else 'no JSON'}")


def uuids_are_keys(*replies: Reply) -> Finding:
    judged: list[str] = []
    for reply in replies:
        rows = reply.rows
        if any(isinstance(row.get("id"), int) for row in rows):
            return fails(f"{reply.text}: integer ids")
        if not all(isinstance(row.get("uuid"), str) for row in rows):
            return fails(f"{reply.text}: uuid is {kinds(row.get('uuid') for row in rows)}")
        judged.append(f"{len(rows)} rows")
    return holds(", ".join(judged))


def cookies_pile_up(*replies: Reply) -> Finding:
    """A client that sends them back sends more with each request."""
    names = [reply.answer.headers.get("Set-Cookie", "").partition("=")[0] for reply in replies]
    new = len(set(filter(None, names)))
    if new < 2:
        raise CannotTell(f"{len(names)} answers set {new} cookies of different names")
    return holds(f"{len(names)} answers set {new} cookies of different names")


PROBES = [
    Probe(
        "unknown sort",
        "A sort that is not known is a 400.",
        (DIAGNOSIS, "source_mailcoach/streams/passes.py"),
        (UNKNOWN_SORT,),
        refuses,
    ),
    Probe(
        "filter[per_page]",
        "filter[per_page] is a 400.",
        (BASE,),
        ("campaigns?filter[per_page]=7&page=1",),
        refuses,
    ),
    Probe(
        "limit is told",
        "Good answers, refusals and Mailcoach's own 404 all tell how many requests are left.",
        ("source_mailcoach/transport/budget.py", HEADERS),
        (LISTS, UNKNOWN_SORT, NO_CAMPAIGN),
        limit_is_told,
    ),
    Probe(
        "no cache",
        "With Cache-Control: no-cache no answer comes from a cache.",
        (CLIENT, CLOCKS),
        (LISTS, CAMPAIGNS),
        nothing_comes_from_a_cache,
    ),
    Probe(
        "date is told",
        "Each answer has a Date.",
        (HEADERS, CLOCKS),
        (LISTS, CAMPAIGNS),
        answers_are_dated,
    ),
    Probe(
        "rows are not ahead",
        "No row was changed later than the Date of the answer says, give or take a few seconds.",
        ("source_mailcoach/sync/watermark.py", CLOCKS),
        (SUBSCRIBERS,),
        rows_are_not_ahead,
    ),
    Probe(
        "missing row",
        "A campaign that is not there is a 404 in Laravel's words for a row.",
        (DIAGNOSIS, BASE),
        (NO_CAMPAIGN,),
        row_is_missing,
    ),
    Probe(
        "missing route",
        "An endpoint that is not there is a 404 in Laravel's words for a route.",
        (DIAGNOSIS, BASE),
        ("no-such-endpoint?page=1",),
        route_is_missing,
    ),
    Probe(
        "no user",
        "GET /user does not exist on self-hosted servers from v7.",
        ("source_mailcoach/source.py",),
        ("user",),
        is_absent,
        SELF_HOSTED - {V6},
    ),
    Probe(
        "user",
        "GET /user exists on v6 and on Cloud.",
        ("source_mailcoach/source.py",),
        ("user",),
        answers(200),
        EVERY & {V6, CLOUD},
    ),
    Probe(
        "uuids are keys",
        "Rows are known by a uuid, not by an integer id as on v5.",
        (DIAGNOSIS,),
        (LISTS, CAMPAIGNS),
        uuids_are_keys,
    ),
    Probe(
        "wrong token",
        "A wrong token is a 401 in Laravel's words.",
        (DIAGNOSIS,),
        ("email-lists?page=1#stranger",),
        token_is_refused,
    ),
    Probe(
        "wrong token in a browser",
        "Who does not ask for JSON gets no JSON for a wrong token, but for instance a redirect to a login page.",
        (CLIENT, DIAGNOSIS),
        ("email-lists?page=1#browser#stranger",),
        stranger_is_sent_to_a_page,
    ),
    Probe(
        "cookies pile up",
        "An app may set a cookie of a new name with each answer.",
        (CLIENT,),
        (LISTS, CAMPAIGNS, UNKNOWN_SORT),
        cookies_pile_up,
    ),
]
