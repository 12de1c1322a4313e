"""What `check` says to the person before the form: one sentence on what is wrong and one on what to do."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from jsonschema import Draft7Validator

from sandbox import Fault, Sandbox
from sandbox.connector import STREAMS, Run, check, run, trust
from sandbox.endpoints.kinds import PATHS

HTML = "<!doctype html><title>News</title><h1>Our newsletter</h1>"


@dataclass(frozen=True)
class Case:
    """A server and a configuration with something wrong, the sentence that names it, and the kind of failure."""

    says: str
    kind: str = "config_error"
    fault: Mapping[str, Any] = field(default_factory=dict)
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    config: Callable[[Sandbox], Mapping[str, Any]] = lambda sandbox: {}
    patience: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


def tls_url(sandbox: Sandbox) -> dict[str, str]:
    return {"api_base_url": sandbox.api_base_url.replace("http://", "https://")}


CASES = {
    "wrong token": Case("refused the API token (401)", config=lambda sandbox: {"api_token": "not-the-right-token"}),
    "send-only token": Case("does not let it read data (403)", sandbox={"token_scope": "send_only"}),
    "wrong path": Case(
        "There is no Mailcoach API at",
        config=lambda sandbox: {"api_base_url": sandbox.api_base_url.replace("/api", "/wrong/api")},
    ),
    "wrong path, HTML": Case("There is no Mailcoach API at", fault={"status": 404, "body": HTML}),
    "website": Case("answers with a web page instead of data", fault={"html": HTML}),
    "redirect": Case(
        "redirects to https://elsewhere.example.org/x", fault={"redirect": "https://elsewhere.example.org/x"}
    ),
    "redirect to login": Case("asks for a login in a web page", fault={"login": True}),
    "login page": Case("asks for a login in a web page", fault={"html": '<form><input type="password"></form>'}),
    "not Mailcoach": Case("is not Mailcoach's", fault={"json": {"status": "ok"}}),
    "suspended account": Case("has locked this account (402)", fault={"status": 402}),
    "version 5": Case("is Mailcoach version 5", sandbox={"version": "v5"}),
    "not TLS": Case("does not speak TLS at this port", config=tls_url),
    "bot challenge": Case(
        "A bot protection in front of",
        fault={"status": 403, "html": HTML, "headers": {"Server": "cloudflare", "cf-mitigated": "challenge"}},
    ),
    "password in front": Case(
        "asks for a login of its own (401)",
        fault={"status": 401, "html": HTML, "headers": {"WWW-Authenticate": 'Basic realm="Staging"'}},
    ),
    "firewall": Case("refused a request (403), which Mailcoach itself never saw", fault={"status": 403, "html": HTML}),
    "firewall, 406": Case("A firewall or proxy in front of", fault={"status": 406, "html": HTML}),
    "PHP notice": Case(
        "sends text before or after its data",
        fault={"body": '<br />\n<b>Deprecated</b>: x in y.php on line 3<br />\n{"data":[],"links":{},"meta":{}}'},
    ),
    "brotli": Case(
        "in the compression br",
        fault={"body": b"\x0b\x02\x80", "headers": {"Content-Encoding": "br"}},
    ),
    "wrong path, text": Case(
        "There is no Mailcoach API at",
        fault={"status": 404, "body": "404 page not found", "headers": {"Content-Type": "text/plain"}},
    ),
    "wrong path, JSON of a gateway": Case(
        "There is no Mailcoach API at", fault={"status": 404, "json": {"message": "no Route matched with those values"}}
    ),
    "timeout": Case("did not answer in time", "transient_error", fault={"stall": 45}, patience={"read_timeout": 0.5}),
    "rate limit": Case(
        "allows no more requests for now (429)", "transient_error", fault={"rate_limited": True, "retry_after": 50}
    ),
    "internal error": Case("failed with an internal error (500)", "transient_error", fault={"status": 500}),
    "maintenance": Case("is down for maintenance (503)", "transient_error", fault={"status": 503}),
    "dead server behind a proxy": Case("did not answer behind", "transient_error", fault={"status": 502, "body": HTML}),
    "broken answer": Case("breaks off in the middle", "transient_error", fault={"truncated": True}),
    "cut connection": Case("was lost in the middle", "transient_error", fault={"empty_reply": True}),
    "plain http": Case("is not secure", config=lambda sandbox: {"api_base_url": "http://news.example.com/api"}),
    "password in the URL": Case(
        "holds a user name or a password",
        config=lambda sandbox: {"api_base_url": "http://user:hunter2@news.example.com/api"},
    ),
    "two dots": Case("is not a web address", config=lambda sandbox: {"api_base_url": "https://news.example.com../api"}),
    "no date": Case("write a day such as 2025-01-01", config=lambda sandbox: {"start_date": "01.05.2026"}),
    "end of the calendar": Case(
        "The field start_date", config=lambda sandbox: {"start_date": "9999-12-31T23:59:59-12:00"}
    ),
    "unknown name": Case("DNS", config=lambda sandbox: {"api_base_url": "https://no-such-host.invalid/api"}),
    "foreign connector": Case("belongs to another connector", config=lambda sandbox: {"connector_id": "conn_other"}),
    "empty token": Case("The field api_token of the configuration", config=lambda sandbox: {"api_token": ""}),
}


def run_case(case: Case) -> Run:
    with Sandbox(**{"version": "v8", "campaigns": 4, "seed": 1, **case.sandbox}) as sandbox:
        if case.fault:
            sandbox.add_fault(Fault(path="/email-lists$", times=None, **case.fault))
        changes = {"source_mailcoach.source.CHECK": case.patience}
        result = check(sandbox.config(**case.config(sandbox)), sandbox, changes)
        assert sandbox.token not in result.stdout + result.stderr
        assert "hunter2" not in result.stdout + result.stderr
        return result


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_failed_check_says_what_is_wrong(case: Case) -> None:
    result = run_case(case)
    assert result.exit_code == 0, result.stdout
    assert result.status["status"] == "FAILED"
    assert case.says in result.status["message"]
    assert [error["failure_type"] for error in result.errors] in ([case.kind], [])
    assert result.status["message"][0] not in "'\"(", "the message is a sentence, not a repr"


def test_nothing_accepts_connections() -> None:
    with closed_port() as port:
        config = {"api_base_url": f"http://127.0.0.1:{port}/api", "api_token": "token-of-nobody"}
        result = check(config, MAILCOACH_TRUSTED_HOSTS=f"127.0.0.1:{port}")
    assert "Nothing accepts connections at" in result.status["message"]


@pytest.mark.parametrize("empty", [False, True])
def test_a_good_configuration_succeeds_with_six_requests_also_on_an_empty_account(empty: bool) -> None:
    with Sandbox(version="v8", campaigns=4, seed=1, empty=empty) as sandbox:
        result = check(sandbox.config(), sandbox)
        assert result.status["status"] == "SUCCEEDED"
        assert len(sandbox.requests) == 6
        assert result.logs("WARN") == []


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_streams_that_an_older_server_lacks_are_no_reason_to_fail(version: str) -> None:
    with Sandbox(version=version, campaigns=4, seed=1) as sandbox:
        result = check(sandbox.config(), sandbox)
        assert result.status["status"] == "SUCCEEDED"
        assert not any("There is no Mailcoach API" in warning for warning in result.logs("WARN"))


FORBIDDEN = {
    "single mails": (
        {"sends", "transactional-mails", "transactional-mails/templates"},
        {"campaign_sends", "sends", "transactional_mails"},
    ),
    "lists": ({"email-lists", "subscribers", "tags"}, {"email_lists", "subscribers", "tags", "segments"}),
    "campaigns": ({"campaigns"}, {stream for stream in STREAMS if stream.startswith("campaign")}),
    "suppressions and templates": ({"suppressions", "templates"}, {"suppressions", "templates"}),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_token_that_may_read_a_part_passes_and_the_log_names_what_it_may_not(name: str) -> None:
    endpoints, streams = FORBIDDEN[name]
    with Sandbox(version="v8", campaigns=4, seed=1, token_may_not_read=endpoints) as sandbox:
        result = check(sandbox.config(), sandbox)
        assert result.status["status"] == "SUCCEEDED"
        assert len(sandbox.requests) == 6
        (warning,) = result.logs("WARN")
        named = warning.split(": ")[1].split(". ")[0].split(", ")
        assert set(named) == streams
        assert named == [stream for stream in STREAMS if stream in streams], "in the order of discover"


@pytest.mark.parametrize("version", ["v7", "v8"])
def test_a_token_that_may_read_nothing_fails(version: str) -> None:
    with Sandbox(version=version, campaigns=4, seed=1, token_may_not_read=tuple(PATHS)) as sandbox:
        result = check(sandbox.config(), sandbox)
        assert result.status["status"] == "FAILED"
        assert "does not let it read data (403)" in result.status["message"]
        assert [error["failure_type"] for error in result.errors] in (["config_error"], [])
        assert len(sandbox.requests) == 6


def test_a_stream_that_fails_for_now_is_told_and_does_not_fail_the_check() -> None:
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        sandbox.add_fault(Fault(path="/templates$", status=500, times=None))
        result = check(sandbox.config(), sandbox)
        assert result.status["status"] == "SUCCEEDED"
        assert ["templates cannot be read now" in warning for warning in result.logs("WARN")] == [True]


def test_a_short_rate_limit_is_waited_out() -> None:
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        sandbox.add_fault(Fault(path="/campaigns$", rate_limited=True, retry_after=1))
        assert check(sandbox.config(), sandbox).status["status"] == "SUCCEEDED"


def test_a_legacy_connector_id_is_rewritten_by_a_control_message() -> None:
    legacy = "source:efd2f044-dcbb-52ee-98d0-c169d9d092b9"
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        result = check(sandbox.config(connector_id=legacy), sandbox)
        (control,) = result.of_type("CONTROL")
        saved = control["control"]["connectorConfig"]["config"]
        assert saved == sandbox.config(connector_id="conn_mailcoach_sellersync_edm")
        assert result.status["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("api_base_url", "http://user:hunter2@news.example.com/api", "holds a user name or a password"),
        ("api_base_url", "http://news.example.com/api", "is not secure"),
        ("start_date", "01.05.2026", "write a day such as 2025-01-01"),
    ],
)
def test_what_the_form_refuses_is_told_in_the_connectors_words(field: str, value: str, says: str) -> None:
    """The CDK holds the configuration of a check against the spec first, and quotes what does not fit its pattern."""
    config = {"api_base_url": "https://news.example.com/api", "api_token": "token-of-nobody", field: value}
    result = check(config, MAILCOACH_TRUSTED_HOSTS="")
    assert result.status["status"] == "FAILED"
    assert says in result.status["message"]
    assert "hunter2" not in result.stdout + result.stderr


def test_the_form_of_a_process_takes_the_hosts_that_its_operator_trusts_and_no_others() -> None:
    """A platform asks for the spec in a process with the same environment, and holds configurations against it."""
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        (trusting,), (other,) = (run("spec", environ=environ).of_type("SPEC") for environ in (trust(sandbox), {}))
        assert Draft7Validator(trusting["spec"]["connectionSpecification"]).is_valid(sandbox.config())
        assert not Draft7Validator(other["spec"]["connectionSpecification"]).is_valid(sandbox.config())
        assert check(sandbox.config(), sandbox).status["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1080", "http://", "http://127.0.0.1:99999", "ftp://127.0.0.1", "127.0.0.1:port"]
)
def test_a_proxy_that_cannot_be_used_is_told_as_such(proxy: str) -> None:
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        result = check(sandbox.config(), sandbox, ALL_PROXY=proxy, NO_PROXY="", no_proxy="")
        assert "The proxy that the environment names" in result.status["message"]
        assert len(sandbox.requests) == 0


def test_the_rules_for_hosts_hold_for_an_untrusted_sandbox() -> None:
    """Nothing in the configuration can make the connector speak to a loopback address; only the operator can."""
    with Sandbox(version="v8", campaigns=4, seed=1) as sandbox:
        result = check(sandbox.config())
        assert result.status["status"] == "FAILED"
        cloud = check(sandbox.config(), sandbox, DEPLOYMENT_MODE="cloud")
        assert cloud.status["status"] == "FAILED"
        assert len(sandbox.requests) == 0
