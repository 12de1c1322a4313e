"""Paging: pages, their size and their order."""

from urllib.parse import parse_qsl, urlsplit

from probes.asks import CAMPAIGNS, LISTS, OPENS, SENDS, SUBSCRIBERS_BY_ID, TEMPLATES
from probes.probe import SELF_HOSTED, CannotTell, Finding, Probe, Reply, fails, holds, holds_if, names

PAGE, READER, RUNS = (f"source_mailcoach/sync/{name}.py" for name in ("paging", "reader", "runs"))


def page_size_is_told(reply: Reply) -> Finding:
    page = reply.page
    detail = f"{len(page.rows)} rows of {page.total}, per_page is {page.size}"
    return holds_if(len(page.rows) == min(page.size, page.total), detail)


def page_size_is_fixed(reply: Reply) -> Finding:
    return holds_if(reply.page.size == 15, f"asked for 7, per_page is {reply.page.size}")


def last_page_is_told(*replies: Reply) -> Finding:
    pages = [reply.page for reply in replies]
    wrong = [page for page in pages if page.last != max(1, -(-page.total // max(1, page.size)))]
    return holds_if(not wrong, f"{len(pages)} lists, {len(wrong)} with another last_page than total and per_page give")


def nothing_past_the_end(past: Reply, first: Reply) -> Finding:
    page = past.page
    detail = f"{len(page.rows)} rows, current_page is {page.number}, last_page is {page.last}"
    return holds_if(not page.rows and page.number == 100000 and page.last == first.page.last, detail)


def links_know_the_page_alone(reply: Reply) -> Finding:
    link = reply.payload.get("links", {}).get("next")
    if not isinstance(link, str):
        raise CannotTell("the list has one page")
    parts, asked = urlsplit(link), urlsplit(reply.url)
    known = [name for name, _ in parse_qsl(parts.query)]
    elsewhere = (parts.scheme, parts.netloc) != (asked.scheme, asked.netloc)
    detail = f"links.next has {names(known)}, and names {'another' if elsewhere else 'the same'} scheme and host"
    return holds_if(not {"sort", "filter[status]", "per_page"} & set(known), detail)


def total_counts_rows(first: Reply, second: Reply) -> Finding:
    """Of opens, which the server groups: the total is the number of groups, and no group is on two pages."""
    pages = [first.page, second.page]
    keys = [row.get("subscriber_uuid") for page in pages for row in page.rows]
    there = min(pages[0].total, 2 * pages[0].size)
    if pages[0].total != pages[1].total:
        raise CannotTell("the list changed meanwhile")
    return holds_if(len(set(keys)) == len(keys) == there, f"{len(set(keys))} subscribers in {there} rows by the total")


def readings_can_differ(first: Reply, second: Reply) -> Finding:
    one, two = ([row.get("uuid") for row in reply.rows] for reply in (first, second))
    if one == two:
        raise CannotTell(f"two readings gave the same {len(one)} rows in the same order")
    return holds(
        f"two readings of {len(one)} rows, {sum(a != b for a, b in zip(one, two, strict=False))} places differ"
    )


def rows_tie(reply: Reply) -> Finding:
    times = [row.get("sent_at") for row in reply.rows]
    ties = len(times) - len(set(times))
    if not ties:
        raise CannotTell(f"{len(times)} rows, all of another second")
    return holds(f"{ties} of {len(times)} rows share a second with another")


def pages_have_an_envelope(*replies: Reply) -> Finding:
    strange = []
    for reply in replies:
        try:
            _ = reply.page
        except CannotTell as reason:
            if reply.status == 200:
                strange.append(str(reason))
    good = sum(reply.status == 200 for reply in replies) - len(strange)
    return fails("; ".join(strange)) if strange else holds(f"{good} lists")


PROBES = [
    Probe(
        "page size is told",
        "The rows on a page are as many as meta.per_page says, whatever was asked for.",
        (PAGE,),
        (SUBSCRIBERS_BY_ID,),
        page_size_is_told,
    ),
    Probe(
        "page size is fixed",
        "Self-hosted servers give 15 rows a page, whatever per_page says.",
        (PAGE, "source_mailcoach/streams/pages.py"),
        (SUBSCRIBERS_BY_ID,),
        page_size_is_fixed,
        SELF_HOSTED,
    ),
    Probe(
        "last page is told",
        "meta.last_page follows from meta.total and meta.per_page.",
        (PAGE, READER),
        (LISTS, CAMPAIGNS, SUBSCRIBERS_BY_ID),
        last_page_is_told,
    ),
    Probe(
        "nothing past the end",
        "A page past the end is 200 without rows, and tells the last page.",
        (READER,),
        ("email-lists?page=100000", LISTS),
        nothing_past_the_end,
    ),
    Probe(
        "envelope",
        "A page is data and meta, with current_page, last_page, per_page and total.",
        (PAGE, "source_mailcoach/transport/diagnosis.py"),
        (LISTS, CAMPAIGNS, SUBSCRIBERS_BY_ID, SENDS, TEMPLATES),
        pages_have_an_envelope,
    ),
    Probe(
        "links drop the query",
        "links.next keeps neither sort nor filter nor per_page.",
        (PAGE,),
        (SUBSCRIBERS_BY_ID,),
        links_know_the_page_alone,
    ),
    Probe(
        "total counts groups",
        "meta.total is the number of rows, also where rows are groups.",
        (READER,),
        (OPENS, OPENS.replace("page=1", "page=2")),
        total_counts_rows,
    ),
    Probe(
        "rows tie",
        "Mails share the second by which they are sorted.",
        (RUNS,),
        (SENDS,),
        rows_tie,
    ),
    Probe(
        "readings differ",
        "A database may order equal rows anew for each reading of a page.",
        (RUNS, "source_mailcoach/sync/trail.py"),
        (SENDS, f"{SENDS}#again"),
        readings_can_differ,
    ),
]
