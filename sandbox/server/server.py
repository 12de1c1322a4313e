"""HTTP on 127.0.0.1: the sockets, the log, the faults, and the sandbox's own endpoints outside the API."""

from __future__ import annotations

import gzip
import json
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.endpoints.kinds import kind_of
from sandbox.server.api import Api
from sandbox.server.faults import Faults
from sandbox.server.replies import LOGIN_PAGE, Reply, error_reply, html_reply, json_reply, redirect_reply
from sandbox.server.requests_log import Request, RequestLog
from sandbox.truth.streams import STREAMS
from sandbox.world.entities import CAMPAIGN_STATUSES
from sandbox.world.times import http_time


class Server(ThreadingHTTPServer):
    """One thread a connection; `stop` ends them all."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, api: Api, faults: Faults, log: RequestLog) -> None:
        self.api = api
        self.faults = faults
        self.log = log
        self.stopping = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._accept, name="sandbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends stalls and open connections, and waits for every thread."""
        self.stopping.set()
        if self._thread.is_alive():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port), timeout=5):
                self._thread.join()  # a connection wakes it on every system
        self.server_close()
        with self._guard:
            connections = dict(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in connections.values():
            thread.join(5)

    def _accept(self) -> None:
        """As `serve_forever`, which wakes again and again to see whether it shall end."""
        while not self.stopping.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="sandbox connection", daemon=True
        )
        with self._guard:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may leave at any time; everything else is a bug of the sandbox and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def reply(self, request: Request) -> Reply:
        """The reply to a logged request, a fault's or the genuine one."""
        fault = self.faults.strike(request)
        self.stopping.wait(self.api.settings.latency_ms / 1000 + (fault.stall if fault else 0))
        if fault is not None:
            return fault.reply(request, lambda: self._genuine(request), self.api.settings.debug)
        return self._genuine(request)

    def _genuine(self, request: Request) -> Reply:
        if (request.path + "/").startswith(self.api.base_path + "/"):
            return self.api.answer(request)
        if request.path == "/":
            return redirect_reply("/login")
        if request.path == "/login":
            return html_reply(200, LOGIN_PAGE)
        message = f"The route {request.path.strip('/')} could not be found."
        return error_reply(404, request.wants_json, message)

    def own_endpoint(self, method: str, path: str, query: dict[str, str]) -> Reply:
        """`/_sandbox/…`, for scripts in another process."""
        stream, status = path.removeprefix("/_sandbox/truth/"), query.get("campaign_status", "sent")
        if method == "POST" and path == "/_sandbox/reset-stats":
            self.log.clear()
            return json_reply(200, {})
        if method == "GET" and path == "/_sandbox/stats":
            return json_reply(200, self.log.stats())
        if method == "GET" and stream in STREAMS and status in CAMPAIGN_STATUSES:
            details = query.get("include_import_details") == "true"
            return json_reply(200, self.api.truth(stream, status, query.get("start_date"), details))
        return json_reply(404, {"message": f"The sandbox has no {method} {path} with {json.dumps(query)}."})


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if path.startswith("/_sandbox/"):
            self._send(self.server.own_endpoint(self.command, path, query))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        below = path.removeprefix(self.server.api.base_path + "/")
        kind, key = kind_of(below.strip("/").split("/")) if below != path else ("other", None)
        request = Request(self.command, path, query, headers, kind, key)
        self.server.log.add(request)
        reply = self.server.reply(request)
        request.status = reply.status
        self._send(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _send(self, reply: Reply) -> None:
        if reply.silent:
            self.close_connection = True
            return
        body = reply.body
        zipped = "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 20
        if zipped:
            body = gzip.compress(body, compresslevel=1, mtime=0)
        self.send_response_only(reply.status)
        headers = {
            "Server": "nginx",
            "Date": http_time(self.server.api.store.now + self.server.api.settings.clock_ahead),
        }
        headers |= {"Content-Type": reply.content_type, "Content-Length": str(len(body))}
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"} if zipped else {}
        for name, value in (headers | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if reply.cut:
            self.close_connection = True
            body = body[: len(body) // 2]
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The log is `RequestLog`; stderr stays quiet."""
