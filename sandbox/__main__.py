"""`python -m sandbox`: the server in a process of its own, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import get_args

from sandbox.sandbox import TOKEN, Sandbox
from sandbox.server.limits import LimitHeaders
from sandbox.world.versions import VERSIONS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A Mailcoach server with invented data, on 127.0.0.1.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8750, help="0 takes any free port")
    parser.add_argument("--version", choices=sorted(VERSIONS), default="v8", help="the Mailcoach version to imitate")
    parser.add_argument("--campaigns", type=int, default=40, help="how many campaigns")
    parser.add_argument("--lists", type=int, default=3, help="how many email lists")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    parser.add_argument("--opens", type=int, default=60, help="mean number of subscribers who open a campaign")
    parser.add_argument("--html-bytes", type=int, default=2000, help="size of each of a campaign's four HTML bodies")
    parser.add_argument("--rate-limit", type=int, default=0, help="requests a window, 0 for no limit")
    parser.add_argument("--rate-window-seconds", type=float, default=60, help="length of the rate limit's window")
    headers = get_args(LimitHeaders)
    parser.add_argument("--rate-limit-headers", choices=headers, default=headers[0], help="how the limit is told")
    parser.add_argument("--latency-ms", type=float, default=0, help="wait before each answer")
    parser.add_argument("--token", default=TOKEN, help="the API token")
    parser.add_argument("--token-scope", choices=("all", "send_only"), default="all", help="what the token may do")
    parser.add_argument("--prefix", default="", help="path before /api, such as /mailcoach")
    parser.add_argument("--without", nargs="*", default=[], help="endpoints to leave out, such as bounces")
    parser.add_argument("--without-sorts", nargs="*", default=[], help="endpoints that refuse any sort")
    parser.add_argument("--token-may-not-read", nargs="*", default=[], help="endpoints forbidden to the token")
    parser.add_argument(
        "--database", choices=("mysql", "postgresql"), default="mysql", help="what it sorts and fails as"
    )
    parser.add_argument("--keep-ties", action="store_true", help="leave rows that sort as equal in one order")
    parser.add_argument("--debug", action="store_true", help="server errors show a trace, as with APP_DEBUG")
    parser.add_argument("--empty", action="store_true", help="an account with nothing in it")
    parser.add_argument("--sent-only", action="store_true", help="no campaigns but sent ones")
    parser.add_argument("--in-window", type=int, help="how many were sent in the last 6 days, the others rest")
    parser.add_argument("--big-campaign-opens", type=int, default=0, help="a campaign with generated opens more")
    return parser.parse_args()


def main() -> None:
    options = vars(arguments())
    options["shuffle_ties"] = not options.pop("keep_ties")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Sandbox(**options) as sandbox:
        print(f"Mailcoach sandbox {options['version']} at {sandbox.api_base_url} (token {sandbox.token})", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
