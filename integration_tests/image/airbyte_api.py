"""As much of a self-managed Airbyte's public API as docs/registering.md calls; it keeps what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ANSWERS = {
    "token": {"access_token": "airbyte-access-token"},
    "sources": {"sourceId": "source-id", "id": "definition-id"},
}


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    authorization: str | None
    body: dict[str, Any] | None


@contextmanager
def airbyte_api() -> Iterator[tuple[str, list[Call]]]:
    """The base URL of the API on this machine, and its calls so far."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            calls.append(Call(self.command, self.path, self.headers.get("Authorization"), body))
            reply = json.dumps(ANSWERS.get(self.path.rsplit("/", 1)[-1], {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/public/v1", calls
        finally:
            server.shutdown()
            thread.join()
