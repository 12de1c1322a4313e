"""The API: from a request to a reply, deciding in Laravel's order (route, token, limit, permission, model)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sandbox.endpoints.campaigns import CHILDREN
from sandbox.endpoints.kinds import family, named
from sandbox.endpoints.query import (
    BadQuery,
    BrokenQuery,
    Endpoint,
    asked_page_size,
    check,
    envelope,
    ordered,
    page_number,
    requested_filters,
)
from sandbox.endpoints.resources import RESOURCES, Resource
from sandbox.life.store import Store
from sandbox.server.limits import RateLimiter
from sandbox.server.replies import Reply, error_reply, json_reply, redirect_reply
from sandbox.server.requests_log import Request
from sandbox.truth.streams import endpoint_of, truth
from sandbox.world.order import Ordered, Ties, anew, kept, of_postgresql
from sandbox.world.times import http_time, wire_time

T = TypeVar("T")
MODEL_NAMESPACE = "Spatie\\Mailcoach\\Domain\\"
INTERNAL_HOST = "http://mailcoach-app.internal"
"""What the server believes its own address to be, behind a proxy that it doesn't trust."""


@dataclass
class Settings:
    """How the server is set up; all of it may be changed while it runs."""

    token: str
    token_scope: str = "all"
    prefix: str = ""
    debug: bool = False
    shuffle_ties: bool = True
    latency_ms: float = 0
    without: Collection[str] = ()
    without_sorts: Collection[str] = ()
    token_may_not_read: Collection[str] = ()
    clock_ahead: int = 0
    """Seconds by which the web server's clock is ahead of the database's, or behind it if less than 0."""


class NotFound(Exception):
    """A 404 with its message."""


class Api:
    """Answers requests from a store.

    `on_request`, if set, is called before each answer, `on_select` between the count of a list and the selection of its
    rows, which are two statements without a transaction. Both may change the store.
    """

    def __init__(self, store: Store, settings: Settings, limiter: RateLimiter, seed: int) -> None:
        self.store = store
        self.settings = settings
        self.limiter = limiter
        self.random = random.Random(f"{seed}/ties")
        self.on_request: Callable[[Request], object] | None = None
        self.on_select: Callable[[Request], object] | None = None

    @property
    def base_path(self) -> str:
        return f"{self.settings.prefix}/api"

    def answer(self, request: Request) -> Reply:
        with self.store.lock:
            if self.on_request is not None:
                self.on_request(request)
            reply = self._answer(request)
            reply.headers["Date"] = http_time(self.store.now + self.settings.clock_ahead)
            return reply

    def _answer(self, request: Request) -> Reply:
        as_json, known = request.wants_json, self.has(request.kind)
        if request.kind == "transactional_mail_templates" and not known:  # then it looks like a mail of that name
            known = self.has("transactional_mails")
        if known and request.headers.get("authorization") != f"Bearer {self.settings.token}":
            return error_reply(401, True) if as_json else redirect_reply(f"http://{request.headers.get('host')}/login")
        allowance = self.limiter.take(lambda seconds: http_time(self.store.now + self.settings.clock_ahead + seconds))
        if not allowance.granted:
            return error_reply(429, as_json, headers=allowance.headers)
        reply = self._permitted(request) if known else _no_route(request)
        reply.headers.update(allowance.headers)
        return reply

    def _permitted(self, request: Request) -> Reply:
        as_json, route = request.wants_json, request.path.strip("/")
        if request.method not in ("GET", "HEAD"):
            message = f"The {request.method} method is not supported for route {route}. Supported methods: GET, HEAD."
            return error_reply(405, as_json, message, headers={"Allow": "GET, HEAD"})
        if self.settings.token_scope != "all" or named(request.kind, self.settings.token_may_not_read):
            return error_reply(403, as_json)
        try:
            return json_reply(200, self._content(request))
        except NotFound as error:
            return error_reply(404, as_json, str(error))
        except BadQuery as error:
            return error_reply(400, as_json, str(error))
        except BrokenQuery as error:
            if not self.settings.debug:
                return error_reply(500, as_json)
            return error_reply(500, as_json, str(error), debug=True)

    def has(self, kind: str) -> bool:
        """Whether this server has the endpoint. `without` names it by the last word of its path, or by its kind."""
        known = kind != "other" and self.store.version.has(family(kind))
        return known and not named(kind, self.settings.without)

    def truth(self, stream: str, *options: Any) -> list[dict[str, Any]]:
        """The records of a stream, none if this server lacks the endpoint."""
        records = truth(self.store, stream, *options)
        return records if self.has(endpoint_of(stream)) else []

    def _content(self, request: Request) -> dict[str, Any]:
        store, kind = self.store, request.kind
        if kind == "user":
            made = wire_time(store.now)
            dates = {} if store.version.cloud else {"created_at": made, "updated_at": made}
            return {"data": {"id": 1, "email": "owner@example.com", **dates}}
        if kind.startswith("campaign_"):
            return self._children(request, kind.removeprefix("campaign_"))
        if kind in RESOURCES and self.has(kind):
            return self._list(request, RESOURCES[kind])
        if kind == "transactional_mail_templates":
            self._find(store.transactional_mails, "templates", RESOURCES["transactional_mails"].model)
        resource, key = RESOURCES[family(kind)], request.key
        if kind == "suppression":  # by its address too
            key = next((each.uuid for each in store.suppressions.values() if each.email == key), key)
        entity = self._find(store.entities(family(kind)), key, resource.model)
        return {"data": (resource.detail or resource.row)(entity, store)}

    def _list(self, request: Request, resource: Resource) -> dict[str, Any]:
        store, owner = self.store, None
        if resource.of_list:
            owner = self._find(store.email_lists, request.key, RESOURCES["email_lists"].model)
        endpoint = resource.endpoint(store, request.query)
        campaign = store.campaigns.get(request.query.get("filter[campaign_uuid]", ""))

        def row(entity: Any) -> dict[str, Any]:
            return resource.row(entity, store)

        if request.kind == "sends" and campaign is not None:
            return self._page(request, lambda: store.campaign_sends(campaign).values(), endpoint, row, campaign.uuid)
        if owner is not None:
            return self._page(request, lambda: store.entities_of(owner, request.kind), endpoint, row)
        return self._page(request, lambda: store.entities(request.kind).values(), endpoint, row)

    def _children(self, request: Request, kind: str) -> dict[str, Any]:
        store, child = self.store, CHILDREN[kind]
        campaign = self._find(store.campaigns, request.key, RESOURCES["campaigns"].model)

        def row(each: Any) -> dict[str, Any]:
            return child.row(each, campaign, store)

        def rows() -> Iterable[Any]:
            return store.children(campaign, kind) if campaign.uuid in store.campaigns else []

        return self._page(request, rows, child.endpoint, row, campaign.uuid)

    def _page(
        self,
        request: Request,
        rows: Callable[[], Iterable[Any]],
        endpoint: Endpoint[Any],
        row: Callable[[Any], dict[str, Any]],
        owner: str = "",
    ) -> dict[str, Any]:
        """One page; the sorted rows are kept until their `owner` (a campaign's uuid, or "" for the account) changes."""
        version, query = self.store.version, endpoint.heard(request.query)
        check(
            query,
            replace(endpoint, sorts={}) if named(request.kind, self.settings.without_sorts) else endpoint,
            version,
        )
        number, size = page_number(query.get("page")), version.page_size(asked_page_size(query.get("per_page")))
        drafts_first = request.kind == "campaigns" and query.get("filter[status]") == "draft"
        first = (lambda each: each.created_at) if drafts_first else None
        key = (request.kind, request.key, query.get("sort"), tuple(sorted(requested_filters(query).items())))

        def select() -> Ordered[Any]:
            return self.store.keep(owner, key, lambda: ordered(rows(), query, endpoint, first))

        total = len(select().rows)
        if self.on_select is not None:
            self.on_select(request)
        found = select().page(number, size, self._ties(query.get("sort") or ",".join(endpoint.default), number, size))
        path = INTERNAL_HOST + request.path.rstrip("/")
        return envelope([row(each) for each in found], path, number, size, total, version)

    def _ties(self, sort: str, number: int, size: int) -> Ties:
        if not self.settings.shuffle_ties:
            return kept
        return of_postgresql(sort, number, size) if self.store.database == "postgresql" else anew(self.random)

    def _find(self, entities: Mapping[str, T], key: str | None, model: str) -> T:
        """By uuid, on v5 by id. PostgreSQL refuses to look for a uuid that is none."""
        found = entities.get(key or "")
        if self.store.version.integer_ids:
            found = next((each for each in entities.values() if str(getattr(each, "id", "")) == key), None)
        elif self.store.database == "postgresql" and not re.fullmatch(
            r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", key or "", re.I
        ):
            raise BrokenQuery(
                f'SQLSTATE[22P02]: Invalid text representation: 7 ERROR: invalid input syntax for type uuid: "{key}"'
            )
        if found is None:
            raise NotFound(f"No query results for model [{MODEL_NAMESPACE}{model}] {key}")
        return found


def _no_route(request: Request) -> Reply:
    return error_reply(404, request.wants_json, f"The route {request.path.strip('/')} could not be found.")
