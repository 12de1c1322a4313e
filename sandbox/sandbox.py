"""The whole of it for tests: data, server and knobs in one object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import Any

from sandbox.life.store import Store
from sandbox.seeds.audience import seed_audience
from sandbox.seeds.campaigns import seeded_store
from sandbox.seeds.mails import seed_mails
from sandbox.server.api import Api, Settings
from sandbox.server.faults import Fault, Faults
from sandbox.server.limits import LimitHeaders, RateLimiter
from sandbox.server.requests_log import Request, RequestLog
from sandbox.server.server import Server
from sandbox.truth.costs import least_requests
from sandbox.truth.streams import stamp
from sandbox.wire.records import open_record
from sandbox.world.order import Database
from sandbox.world.versions import VERSIONS

TOKEN = "sandbox-token-0001"


class Sandbox:
    """A Mailcoach on 127.0.0.1, in threads of this process; a context manager that starts and stops it.

    `opens` is the mean number of subscribers who open a campaign, `html_bytes` the size of each of its four HTML
    bodies, `rate_limit` the requests in a window of `rate_window_seconds` (0: no limit), which `rate_limit_headers`
    tell as `limits.LimitHeaders` says; `limiter` can be changed later, and asked in the name of another client.
    `without` names endpoints that answer 404 (`{"bounces"}` makes a v6 older than 6.24), `without_sorts` those that
    refuse any sort (`{"segments"}` makes it older than 6.24.5), `token_may_not_read` those that answer 403. All three
    know an endpoint by its path (`email-lists`), the last word of it, or its kind. `token_scope` is `all` or
    `send_only`. On "postgresql" as `database` rows without a value sort first, equal ones as `of_postgresql` says, and
    a path with something else than a uuid is a 500; with `shuffle_ties` false equal rows stay in one order on either.
    `prefix` is the path before `/api`. `empty` is an account with nothing in it. `sent_only` makes every campaign a
    sent one; with `in_window` exactly so many of them were sent within the last six days, and the others, at least 30
    days ago, rest. `big_campaign_opens` adds a campaign of so many opens that are computed and not stored; truth has
    the campaign and not its opens. Arguments that `Settings` has can be changed later through `sandbox.settings`.
    """

    def __init__(
        self,
        version: str = "v8",
        campaigns: int = 40,
        seed: int = 1,
        lists: int = 3,
        opens: int = 60,
        html_bytes: int = 2000,
        rate_limit: int = 0,
        rate_window_seconds: float = 60,
        rate_limit_headers: LimitHeaders = "laravel",
        latency_ms: float = 0,
        shuffle_ties: bool = True,
        debug: bool = False,
        token: str = TOKEN,
        token_scope: str = "all",
        without: Collection[str] = (),
        without_sorts: Collection[str] = (),
        token_may_not_read: Collection[str] = (),
        database: Database = "mysql",
        prefix: str = "",
        empty: bool = False,
        sent_only: bool = False,
        in_window: int | None = None,
        big_campaign_opens: int = 0,
        port: int = 0,
    ) -> None:
        if empty:
            campaigns = lists = 0
        self.store: Store = seeded_store(
            VERSIONS[version], campaigns, lists, seed, opens, html_bytes, sent_only, in_window
        )
        if not empty:
            seed_audience(self.store)
            seed_mails(self.store)
        big = self.store.add_big_campaign(big_campaign_opens) if big_campaign_opens else None
        self.big_campaign_uuid = big.uuid if big else None
        self.store.database = database
        self.settings = Settings(
            token=token,
            token_scope=token_scope,
            prefix=prefix.rstrip("/"),
            debug=debug,
            shuffle_ties=shuffle_ties,
            latency_ms=latency_ms,
            without=without,
            without_sorts=without_sorts,
            token_may_not_read=token_may_not_read,
        )
        self.limiter = RateLimiter(rate_limit, rate_window_seconds, rate_limit_headers)
        self._api = Api(self.store, self.settings, self.limiter, seed)
        self._faults = Faults()
        self._log = RequestLog()
        self._server = Server(port, self._api, self._faults, self._log)

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """The port is closed, and no thread is left."""
        self._server.stop()

    # Where it is

    @property
    def trusted_host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def api_base_url(self) -> str:
        return f"http://{self.trusted_host}{self._api.base_path}"

    @property
    def token(self) -> str:
        return self.settings.token

    def config(self, **overrides: Any) -> dict[str, Any]:
        """A connector's configuration for this server."""
        return {"api_base_url": self.api_base_url, "api_token": self.token} | overrides

    # What it knows

    def truth(
        self,
        stream: str,
        campaign_status: str = "sent",
        start_date: str | None = None,
        include_import_details: bool = False,
        needed_only: bool = False,
    ) -> list[dict[str, Any]]:
        """Every record that a connector must deliver, in no particular order: none if the endpoint is absent.

        With a start date, these are all that it may deliver; with `needed_only` those of them that it must.
        """
        return self._api.truth(stream, campaign_status, start_date, include_import_details, needed_only)

    def generated_open(self, index: int) -> dict[str, Any]:
        """The record of one of the big campaign's opens; the first by email and by time has the index 0."""
        with self.store.lock:
            big = self.store.campaigns[self.big_campaign_uuid or ""]
            return stamp(big) | open_record(self.store.children(big, "opens")[index], self.store)

    def least_requests(
        self,
        streams: Iterable[str],
        campaign_status: str = "sent",
        page_size: int | None = 100,
        start_date: str | None = None,
        include_import_details: bool = False,
    ) -> int:
        """The fewest requests that can deliver these streams; see `costs.least_requests`.

        `page_size` is what the client asks for; only Cloud gives it.
        """
        size = self.store.version.page_size(page_size)
        return least_requests(
            self.store, self._api.has, streams, campaign_status, size, start_date, include_import_details
        )

    @property
    def requests(self) -> list[Request]:
        """What has been asked so far, oldest first: a copy."""
        return self._log.all()

    def stats(self) -> dict[str, Any]:
        """`{"requests": n, "kinds": {kind: n}, "statuses": {"200": n}}`"""
        return self._log.stats()

    def reset_stats(self) -> None:
        """Forgets the requests so far."""
        self._log.clear()

    # What it does to its clients

    def add_fault(self, fault: Fault) -> Fault:
        return self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    @property
    def on_request(self) -> Callable[[Request], object] | None:
        """Called before each answer of the API that no fault replaces, under the store's lock; may change the store."""
        return self._api.on_request

    @on_request.setter
    def on_request(self, hook: Callable[[Request], object] | None) -> None:
        self._api.on_request = hook

    @property
    def on_select(self) -> Callable[[Request], object] | None:
        """Called as `on_request`, in the middle of a page: after its `meta.total` was counted, before its rows come."""
        return self._api.on_select

    @on_select.setter
    def on_select(self, hook: Callable[[Request], object] | None) -> None:
        self._api.on_select = hook
