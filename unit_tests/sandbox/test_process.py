"""`python -m sandbox` in a process of its own, and what it tells other processes."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox

from .client import ask

ROOT = Path(__file__).parents[2]
READY = re.compile(r"Mailcoach sandbox (\w+) at (http://127\.0\.0\.1:\d+/api) \(token (\S+)\)\n")


ARGUMENTS = (
    *("--port", "0", "--version", "v7", "--campaigns", "6", "--opens", "5", "--token", "token-of-a-process"),
    *("--sent-only", "--in-window", "2", "--big-campaign-opens", "50"),
)


@pytest.fixture
def process() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "sandbox", *ARGUMENTS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_cleanly(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    assert process.stdout is not None
    ready = READY.fullmatch(process.stdout.readline())
    assert ready is not None
    assert (ready[1], ready[3]) == ("v7", "token-of-a-process")
    request = urllib.request.Request(
        f"{ready[2]}/campaigns?filter[status]=sent", headers={"Authorization": f"Bearer {ready[3]}"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert json.load(response)["meta"]["total"] == 7
    process.send_signal(number)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_other_processes_can_ask_for_the_truth() -> None:
    with Sandbox(opens=5, html_bytes=20) as running:
        for status in ("sent", "all"):
            answer = ask(running, f"/_sandbox/truth/campaign_opens?campaign_status={status}", base="", token=None)
            assert answer.json == running.truth("campaign_opens", campaign_status=status)
        assert ask(running, "/_sandbox/truth/campaigns", base="").json == running.truth("campaigns")
        answer = ask(running, "/_sandbox/truth/sends?start_date=2026-10-01", base="")
        assert answer.json == running.truth("sends", start_date="2026-10-01") != running.truth("sends")
        answer = ask(running, "/_sandbox/truth/subscriber_imports?include_import_details=true", base="")
        assert answer.json == running.truth("subscriber_imports", include_import_details=True)


def test_other_processes_can_ask_for_counts_and_reset_them() -> None:
    with Sandbox(opens=5, html_bytes=20) as running:
        ask(running, "/campaigns")
        ask(running, "/campaigns?sort=x")
        assert ask(running, "/_sandbox/stats", base="").json == {
            "requests": 2,
            "kinds": {"campaigns": 2},
            "statuses": {"200": 1, "400": 1},
        }
        assert ask(running, "/_sandbox/reset-stats", base="", method="POST").status == 200
        assert ask(running, "/_sandbox/stats", base="").json["requests"] == 0


@pytest.mark.parametrize("path", ["/_sandbox/nothing", "/_sandbox/truth/automations"])
def test_what_the_sandbox_does_not_know_is_404(path: str) -> None:
    with Sandbox(opens=2) as running:
        assert ask(running, path, base="").status == 404
