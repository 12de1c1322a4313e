"""A bare HTTP client for the tests of the sandbox: it follows nothing, retries nothing and normalizes nothing."""

import gzip
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox import Sandbox
from sandbox.world.entities import Campaign

CHILDREN = ("opens", "clicks", "unsubscribes", "bounces")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def meta(self) -> Any:
        return self.json["meta"]


def ask(
    sandbox: Sandbox,
    path: str,
    method: str = "GET",
    token: str | None = "",
    accept: str | None = "application/json",
    base: str | None = None,
    **headers: str,
) -> Answer:
    """One request below the API base (or `base`), with the sandbox's token unless another (None: no token) is given."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["Authorization"] = f"Bearer {token or sandbox.token}"
    if accept is not None:
        sent["Accept"] = accept
    connection = http.client.HTTPConnection(sandbox.trusted_host, timeout=10)
    try:
        root = sandbox.api_base_url.removeprefix(f"http://{sandbox.trusted_host}") if base is None else base
        connection.request(method, root + path, headers=sent)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        body = response.read()
        return Answer(response.status, found, gzip.decompress(body) if "content-encoding" in found else body)
    finally:
        connection.close()


def all_rows(sandbox: Sandbox, path: str) -> Iterator[dict[str, Any]]:
    """The rows of every page, in order."""
    page, last = 1, 1
    while page <= last:
        answer = ask(sandbox, f"{path}{'&' if '?' in path else '?'}page={page}")
        assert answer.status == 200, answer.body
        yield from answer.data
        page, last = page + 1, answer.meta["last_page"]


def with_rows(sandbox: Sandbox, kind: str, count: int) -> Campaign:
    """The first campaign that has exactly so many rows under `kind`."""
    return next(each for each in sandbox.store.campaigns.values() if len(sandbox.store.children(each, kind)) == count)


def most(sandbox: Sandbox, kind: str) -> Campaign:
    """The campaign with the most rows under `kind`."""
    return max(sandbox.store.campaigns.values(), key=lambda each: len(sandbox.store.children(each, kind)))
