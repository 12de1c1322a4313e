"""Answers, and the bodies of those that aren't rows: Laravel's errors as JSON and HTML, a proxy's, the login page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

MESSAGES = {
    401: "Unauthenticated.",
    403: "This action is unauthorized.",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Attempts.",
    500: "Server Error",
    503: "Service Unavailable",
}
PROXY_TITLES = {413: "413 Request Entity Too Large", 502: "502 Bad Gateway", 504: "504 Gateway Time-out"}
JSON = "application/json"
HTML = "text/html; charset=UTF-8"
LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Log in - Mailcoach</title></head>
<body><form method="POST" action="/login">
<input type="email" name="email"><input type="password" name="password"><button>Log in</button>
</form></body></html>
"""


@dataclass
class Reply:
    """An answer; `cut` ends the connection in the middle of the body, `silent` before the first byte."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    silent: bool = False


def json_reply(status: int, content: Any, headers: dict[str, str] | None = None) -> Reply:
    """As PHP encodes it: ASCII only, every slash escaped."""
    text = json.dumps(content, separators=(",", ":")).replace("/", "\\/")
    return Reply(status, text.encode("ascii"), JSON, headers or {})


def html_reply(status: int, page: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, page.encode(), HTML, headers or {})


def redirect_reply(url: str, status: int = 302) -> Reply:
    page = f'<!DOCTYPE html>\n<html><head><title>Redirecting to {url}</title></head><body><a href="{url}"></a></body>'
    return html_reply(status, page, {"Location": url})


def error_reply(
    status: int,
    wants_json: bool,
    message: str | None = None,
    debug: bool = False,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Laravel's error, as JSON only if the client asked for JSON; a proxy's error is HTML always."""
    if status in PROXY_TITLES:
        title = PROXY_TITLES[status]
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1><hr>nginx</body>\r\n</html>\r\n"
        return html_reply(status, page, headers)
    text = MESSAGES.get(status, "Server Error") if message is None else message
    if not wants_json:
        title = MESSAGES.get(status, "Server Error").rstrip(".")
        page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{status} | {title}</body></html>\n"
        return html_reply(status, page, headers)
    return json_reply(status, {"message": text} | (_trace() if debug else {}), headers)


def _trace() -> dict[str, Any]:
    """What APP_DEBUG=true adds to a 500."""
    vendor = "/var/www/html/vendor/laravel/framework/src/Illuminate"
    return {
        "exception": "Illuminate\\Database\\QueryException",
        "file": f"{vendor}/Database/Connection.php",
        "line": 829,
        "trace": [
            {"file": f"{vendor}/Database/Connection.php", "line": 783, "function": "runQueryCallback", "type": "->"},
            {"file": "/var/www/html/public/index.php", "line": 52, "function": "handle", "type": "->"},
        ],
    }
