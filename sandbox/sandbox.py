"""The whole of it for tests: data, server and knobs in one object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import Any

from .api import Api, Settings
from .faults import Fault, Faults
from .limits import RateLimiter
from .records import open_record
from .requests_log import Request, RequestLog
from .seed import seeded_store
from .server import Server
from .store import Store
from .truth import CHILD_STREAMS, campaigns_in_scope, parents, stamp, truth
from .versions import VERSIONS

TOKEN = "sandbox-token-0001"


class Sandbox:
    """A Mailcoach on 127.0.0.1, in threads of this process; a context manager that starts and stops it.

    `opens` is the mean number of subscribers who open a campaign, `html_bytes` the size of each of its four HTML
    bodies, `rate_limit` the requests in a window of `rate_window_seconds` (0: no limit). `without` names endpoints
    that answer 404 (`{"bounces"}` makes a v6 older than 6.24). `token_scope` is `all` or `send_only`. `prefix` is
    the path before `/api`. `empty` is an account without lists or campaigns. `sent_only` makes every campaign a sent
    one; with `in_window` exactly so many of them were sent within the last six days, and the others, at least 30 days
    ago, rest. `big_campaign_opens` adds a campaign of so many opens that are computed and not stored; truth has the
    campaign and not its opens. Arguments that `Settings` has can be changed later through `sandbox.settings`.
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
        latency_ms: float = 0,
        shuffle_ties: bool = True,
        debug: bool = False,
        token: str = TOKEN,
        token_scope: str = "all",
        without: Collection[str] = (),
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
        big = self.store.add_big_campaign(big_campaign_opens) if big_campaign_opens else None
        self.big_campaign_uuid = big.uuid if big else None
        self.settings = Settings(token, token_scope, prefix.rstrip("/"), debug, shuffle_ties, latency_ms, without)
        self._api = Api(self.store, self.settings, RateLimiter(rate_limit, rate_window_seconds), seed)
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

    def truth(self, stream: str, campaign_status: str = "sent") -> list[dict[str, Any]]:
        """Every record that a connector must deliver, in no particular order."""
        records = truth(self.store, stream, campaign_status)
        return records if self._api.has(stream) else []

    def generated_open(self, index: int) -> dict[str, Any]:
        """The record of one of the big campaign's opens; the first by email and by time has the index 0."""
        with self.store.lock:
            big = self.store.campaigns[self.big_campaign_uuid or ""]
            return stamp(big) | open_record(self.store.children(big, "opens")[index], self.store)

    def least_requests(self, streams: Iterable[str], campaign_status: str = "sent", page_size: int | None = 100) -> int:
        """The fewest requests that can deliver these streams: each page once, the campaign list once for all.

        `page_size` is what the client asks for; only Cloud gives it. An endpoint that is absent costs one request.
        """
        wanted = set(streams)
        size = self.store.version.page_size(page_size)

        def pages(rows: int) -> int:
            return max(1, -(-rows // size))

        with self.store.lock:
            least = pages(len(self.store.email_lists)) if "email_lists" in wanted else 0
            if wanted - {"email_lists"}:
                least += pages(len(campaigns_in_scope(self.store, campaign_status)))
            read = parents(self.store, campaign_status)
            for stream in wanted & CHILD_STREAMS.keys():
                if self._api.has(stream):
                    kind, _ = CHILD_STREAMS[stream]
                    least += sum(pages(len(self.store.children(campaign, kind))) for campaign in read)
                else:
                    least += min(1, len(read))
            return least

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
