"""Which rows, in which order, on which page: the endpoints' filters, sorts and default orders, and the paginator."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sandbox.world.order import Ordered, SelfOrdered
from sandbox.world.versions import Version

T = TypeVar("T")
SortKey = Callable[[T], Any]
Filter = Callable[[T, str], bool]


class BadQuery(Exception):
    """A 400: the message names what was refused and what is allowed."""


class BrokenQuery(Exception):
    """A 500: the database refuses what Laravel let through. Its message is for those who debug."""


@dataclass(frozen=True)
class Endpoint(Generic[T]):
    """One list endpoint of one version: what may be asked, and what is done when nothing is.

    `since` holds the first version number of what hasn't always been allowed, as "sort x" or "filter x". `broken`
    sorts are allowed and answer 500. Without a `default` order rows come in any. An endpoint that `hears` certain
    parameters alone has no query builder: it refuses nothing.
    """

    sorts: Mapping[str, SortKey[T]]
    filters: Mapping[str, Filter[T]]
    default: tuple[str, ...]
    since: Mapping[str, int] = field(default_factory=dict)
    broken: Callable[[Version], tuple[str, ...]] = lambda version: ()
    hears: Collection[str] | None = None

    def heard(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """The parameters that count."""
        return query if self.hears is None else {key: query[key] for key in self.hears if key in query}

    def allowed_sorts(self, version: Version) -> list[str]:
        return [name for name in self.sorts if self.since.get(f"sort {name}", 0) <= version.number]

    def allowed_filters(self, version: Version) -> list[str]:
        return [name for name in self.filters if self.since.get(f"filter {name}", 0) <= version.number]


def like(text: str | None, value: str) -> bool:
    """SQL's LIKE %value%, in a collation that ignores case."""
    return text is not None and any(part.casefold() in text.casefold() for part in value.split(","))


def one_of(text: str | None, value: str) -> bool:
    """A comma in a filter's value makes a list of it."""
    return text in value.split(",")


def nullable(value: Any, nulls_first: bool) -> tuple[Any, ...]:
    """A sort key: MySQL takes a null for the smallest value, PostgreSQL (`nulls_first`, downwards) for the largest."""
    return (2 * nulls_first,) if value is None else (1, value)


def requested_filters(query: Mapping[str, str]) -> dict[str, str]:
    """`filter[status]=sent` as `{"status": "sent"}`."""
    found = {}
    for key, value in query.items():
        match = re.fullmatch(r"filter\[([^\]]*)\]", key)
        if match:
            found[match.group(1)] = value
    return found


def check(query: Mapping[str, str], endpoint: Endpoint[Any], version: Version) -> None:
    """BadQuery or BrokenQuery, or nothing."""
    allowed = endpoint.allowed_filters(version)
    unknown = [name for name in requested_filters(query) if name not in allowed]
    if unknown:
        names = ", ".join(unknown)
        raise BadQuery(f"Requested filter(s) `{names}` are not allowed. Allowed filter(s) are `{', '.join(allowed)}`.")
    allowed = endpoint.allowed_sorts(version)
    asked = [name.lstrip("-") for name in _requested_sorts(query)]
    unknown = [name for name in asked if name not in allowed]
    if unknown:
        raise BadQuery(
            f"Requested sort(s) `{', '.join(unknown)}` is not allowed. Allowed sort(s) are `{', '.join(allowed)}`."
        )
    for name in asked:
        if name in endpoint.broken(version):
            raise BrokenQuery(f"SQLSTATE[42S22]: Column not found: 1054 Unknown column '{name}' in 'order clause'")


def ordered(rows: Iterable[T], query: Mapping[str, str], endpoint: Endpoint[T], first: SortKey[T] | None) -> Ordered[T]:
    """Filtered and sorted as a checked query asks; `first` is an order that comes before the one asked for."""
    for name, value in requested_filters(query).items():
        if value:
            accept = endpoint.filters[name]
            rows = [row for row in rows if accept(row, value)]
    sorts = _requested_sorts(query) or endpoint.default
    if isinstance(rows, SelfOrdered):
        return rows.in_order(sorts)
    keys = [(endpoint.sorts[name.lstrip("-")], name.startswith("-")) for name in sorts]
    if first is not None:
        keys.insert(0, (first, False))
    result = list(rows)
    for key, descending in reversed(keys):
        result.sort(key=key, reverse=descending)
    starts = [0]
    previous: list[Any] | None = None
    for place, row in enumerate(result):
        current = [key(row) for key, _ in keys]
        if previous is not None and current != previous:
            starts.append(place)
        previous = current
    return Ordered(result, starts)


def page_number(text: str | None) -> int:
    """What isn't a positive integer is page 1."""
    if text is None or not re.fullmatch(r"\s*\+?[1-9]\d{0,17}\s*", text, re.ASCII):
        return 1
    return int(text)


def asked_page_size(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text, re.ASCII) else None


def envelope(data: list[Any], path: str, page: int, size: int, total: int, version: Version) -> dict[str, Any]:
    """Laravel's paginated answer. Its links know the page and nothing else: filter and sort are gone."""
    last = max(1, -(-total // size))

    def url(number: int) -> str:
        return f"{path}?page={number}"

    previous_url = url(page - 1) if page > 1 else None
    next_url = url(page + 1) if page < last else None
    return {
        "data": data,
        "links": {"first": url(1), "last": url(last), "prev": previous_url, "next": next_url},
        "meta": {
            "current_page": page,
            "from": (page - 1) * size + 1 if data else None,
            "last_page": last,
            "links": [
                _link(previous_url, "&laquo; Previous", page - 1 if page > 1 else None, False, version),
                *(
                    _link(None if n is None else url(n), "..." if n is None else str(n), n, n == page, version)
                    for n in _window(page, last)
                ),
                _link(next_url, "Next &raquo;", page + 1 if page < last else None, False, version),
            ],
            "path": path,
            "per_page": size,
            "to": (page - 1) * size + len(data) if data else None,
            "total": total,
        },
    }


def _link(url: str | None, label: str, page: int | None, active: bool, version: Version) -> dict[str, Any]:
    link: dict[str, Any] = {"url": url, "label": label}
    if version.number >= 9:
        link["page"] = page
    return link | {"active": active}


def _window(page: int, last: int) -> list[int | None]:
    """The page numbers that the paginator names, None for an ellipsis."""
    if last < 14:
        return list(range(1, last + 1))
    if page <= 7:
        return [*range(1, 11), None, last - 1, last]
    if page > last - 7:
        return [1, 2, None, *range(last - 9, last + 1)]
    return [1, 2, None, *range(page - 3, page + 4), None, last - 1, last]


def _requested_sorts(query: Mapping[str, str]) -> list[str]:
    return [name for name in query.get("sort", "").split(",") if name]
