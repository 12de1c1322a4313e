"""The ways to judge answers that more than one probe uses. Each gives a function from replies to a Finding."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any

from probes.probe import CannotTell, Finding, Reply, Row, fails, holds, holds_if, kinds, names
from source_mailcoach.messages.errors import NotFound
from source_mailcoach.sync.times import parse_time

Judge = Callable[..., Finding]


def all_rows(replies: Sequence[Reply]) -> list[Row]:
    """The rows of those lists that have any; CannotTell if none has."""
    found: list[Row] = []
    reasons: list[str] = []
    for reply in replies:
        try:
            found += reply.rows
        except CannotTell as reason:
            reasons.append(str(reason))
    if not found:
        raise CannotTell("; ".join(reasons))
    return found


def refuses(reply: Reply) -> Finding:
    """The query is a 400 in Laravel's words."""
    if reply.status in (401, 403):
        raise CannotTell(f"{reply.text} answered {reply.status}")
    error = reply.error
    return holds_if(reply.status == 400 and error is not None and not error.retry, f"status {reply.status}")


def sorts_by(*fields: str, descending: bool = True) -> Judge:
    """The sort is accepted, and rows come in the order of the first of the fields that they show."""

    def judge(reply: Reply) -> Finding:
        if reply.status in (400, 500):
            return fails(f"status {reply.status}")
        rows = reply.rows
        if not fields:
            return holds(f"accepted, {len(rows)} rows")
        values = [value_of(row.get(fields[0])) for row in rows]
        if any(value is None for value in values):
            raise CannotTell(f"{fields[0]} is null in some rows")
        in_order = all((a >= b) if descending else (a <= b) for a, b in pairwise(values))
        return holds_if(in_order, f"{len(rows)} rows {'' if in_order else 'not '}in the order of {fields[0]}")

    return judge


def value_of(value: object) -> Any:
    """What a database sorts by: a time, or the value."""
    return parse_time(value) or value


def exists_or_is_absent(reply: Reply) -> Finding:
    """The endpoint gives a page, or a 404 in Laravel's words that the connector takes for an older version."""
    if reply.status == 200:
        return holds(f"it is there, {reply.page.total} rows")
    if reply.status in (401, 403):
        raise CannotTell(f"{reply.text} answered {reply.status}")
    error = reply.error
    is_absent = isinstance(error, NotFound)
    return holds_if(is_absent, f"status {reply.status}, {'absent' if is_absent else 'not'} in Laravel's words")


def sorted_or_absent(*fields: str) -> Judge:
    """The endpoint is missing in Laravel's words, or it is there and its sort works."""

    def judge(reply: Reply) -> Finding:
        has_rows = reply.status == 200 and reply.page.rows
        return sorts_by(*fields)(reply) if has_rows else exists_or_is_absent(reply)

    return judge


def unless(status: int, reason: str, judge: Judge) -> Judge:
    """An answer of this status tells nothing, for a reason that is known."""

    def judged(reply: Reply) -> Finding:
        if reply.status == status:
            raise CannotTell(reason)
        return judge(reply)

    return judged


def is_absent(reply: Reply) -> Finding:
    """The endpoint is not there: nothing that answers with data."""
    if reply.status in (401, 403):
        raise CannotTell(f"{reply.text} answered {reply.status}")
    return holds_if(reply.status in (404, 405), f"status {reply.status}")


def answers(status: int) -> Judge:
    def judge(reply: Reply) -> Finding:
        return holds_if(reply.status == status, f"status {reply.status}")

    return judge


def have_fields(*fields: str) -> Judge:
    """Each row has these fields, whatever is in them."""

    def judge(*replies: Reply) -> Finding:
        rows = all_rows(replies)
        lacking = [field for field in fields if not all(field in row for row in rows)]
        return holds_if(not lacking, f"{len(rows)} rows, lacking: {names(lacking)}")

    return judge


def lack_fields(*fields: str) -> Judge:
    """No row has any of these fields."""

    def judge(*replies: Reply) -> Finding:
        rows = all_rows(replies)
        there = {field for field in fields for row in rows if field in row}
        return holds_if(not there, f"{len(rows)} rows, there: {names(there)}")

    return judge


def values_among(field: str, known: Collection[str]) -> Judge:
    """A field holds known words alone."""

    def judge(*replies: Reply) -> Finding:
        rows = all_rows(replies)
        seen = {row.get(field) for row in rows if not isinstance(row.get(field), (list, dict))}
        return holds_if(seen <= set(known), f"{len(rows)} rows, {field}: {names(seen)}")

    return judge


def types_among(*allowed: type, fields: Sequence[str]) -> Judge:
    """Fields hold values of these types, where they hold any."""

    def judge(*replies: Reply) -> Finding:
        rows = all_rows(replies)
        values = [row[field] for row in rows for field in fields if row.get(field) is not None]
        if not values:
            raise CannotTell(f"{names(fields)} null or missing in {len(rows)} rows")
        return holds_if(all(type(value) in allowed for value in values), f"{names(fields)}: {kinds(values)}")

    return judge


def keys_are_unique(*fields: str) -> Judge:
    """No two rows of a list have the same key, and none lacks a part of it."""

    def judge(*replies: Reply) -> Finding:
        rows = all_rows(replies)
        keys = [tuple(str(row.get(field) or "") for field in fields) for row in rows]
        if any("" in key for key in keys):
            return fails(f"{names(fields)} missing in some of {len(rows)} rows")
        return holds_if(len(set(keys)) == len(keys), f"{len(set(keys))} keys in {len(keys)} rows")

    return judge
