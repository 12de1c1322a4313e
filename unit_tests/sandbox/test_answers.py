"""Tokens, routes and errors."""

import urllib.request
from collections.abc import Iterator

import pytest

from sandbox import Fault, Sandbox
from sandbox.world.order import Database

from .client import ask, most

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(opens=5, html_bytes=20) as running:
        yield running


@pytest.mark.parametrize("token", [None, "another-token"])
def test_without_the_right_token_the_answer_is_401(sandbox: Sandbox, token: str | None) -> None:
    answer = ask(sandbox, "/campaigns", token=token)
    assert (answer.status, answer.json) == (401, {"message": "Unauthenticated."})


@pytest.mark.parametrize("accept", [None, "*/*", "text/html,application/json"])
def test_who_does_not_ask_for_json_first_is_sent_to_the_login_page(sandbox: Sandbox, accept: str | None) -> None:
    answer = ask(sandbox, "/campaigns", token="another-token", accept=accept)
    assert answer.status == 302
    assert answer.headers["location"] == f"http://{sandbox.trusted_host}/login"
    assert answer.headers["content-type"].startswith("text/html")


def test_who_follows_to_the_login_page_gets_200_and_a_password_field(sandbox: Sandbox) -> None:
    with urllib.request.urlopen(f"{sandbox.api_base_url}/campaigns", timeout=10) as response:
        assert response.status == 200
        assert response.url.endswith("/login")
        assert b'type="password"' in response.read()


def test_a_good_answer_is_json_whatever_is_accepted(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "/campaigns", accept="text/html")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


def test_a_send_only_token_is_forbidden_to_read() -> None:
    with Sandbox(opens=2, token_scope="send_only") as running:
        for path in ("/email-lists", "/campaigns", f"/campaigns/{most(running, 'opens').uuid}/opens"):
            answer = ask(running, path)
            assert (answer.status, answer.json) == (403, {"message": "This action is unauthorized."})


def test_an_unknown_campaign_is_a_404_that_names_the_model(sandbox: Sandbox) -> None:
    message = f"No query results for model [Spatie\\Mailcoach\\Domain\\Campaign\\Models\\Campaign] {UNKNOWN}"
    for path in (f"/campaigns/{UNKNOWN}", f"/campaigns/{UNKNOWN}/opens"):
        answer = ask(sandbox, path)
        assert (answer.status, answer.json) == (404, {"message": message})


def test_an_unknown_list_is_a_404_that_names_the_model(sandbox: Sandbox) -> None:
    message = f"No query results for model [Spatie\\Mailcoach\\Domain\\Audience\\Models\\EmailList] {UNKNOWN}"
    assert ask(sandbox, f"/email-lists/{UNKNOWN}").json == {"message": message}


def test_an_unknown_route_is_a_404_that_names_the_route(sandbox: Sandbox) -> None:
    for path in ("/v1/campaigns", "/sends/1/2"):
        answer = ask(sandbox, path)
        assert answer.json == {"message": f"The route api{path} could not be found."}
        assert answer.status == 404


@pytest.mark.parametrize("path", ["campaigns/none", "campaigns/none/opens", "email-lists/none/tags", "sends/none"])
def test_a_path_without_a_uuid_is_a_404_on_mysql_and_a_500_on_postgresql(path: str) -> None:
    with Sandbox(campaigns=2, opens=2, html_bytes=20) as running:
        assert ask(running, f"/{path}").status == 404
        running.store.database = "postgresql"
        answer = ask(running, f"/{path}")
        assert (answer.status, answer.json) == (500, {"message": "Server Error"})
        assert ask(running, f"/{path.replace('none', UNKNOWN)}").status == 404
        running.settings.debug = True
        assert 'invalid input syntax for type uuid: "none"' in ask(running, f"/{path}").json["message"]


@pytest.mark.parametrize(("database", "status"), [("mysql", 404), ("postgresql", 500)])
def test_before_8_14_transactional_templates_are_taken_for_a_mail_of_that_name(database: Database, status: int) -> None:
    with Sandbox("v7", campaigns=2, opens=2, html_bytes=20, database=database) as running:
        assert ask(running, "/transactional-mails/templates").status == status
        assert ask(running, "/transactional-mails").status == 200


def test_html_is_what_errors_are_without_accept_json(sandbox: Sandbox) -> None:
    for path, status in ((f"/campaigns/{UNKNOWN}", 404), ("/campaigns?sort=x", 400), ("/nothing", 404)):
        answer = ask(sandbox, path, accept="*/*")
        assert answer.status == status
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.body.startswith(b"<!DOCTYPE html>")


def test_writing_is_not_possible(sandbox: Sandbox) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = ask(sandbox, "/campaigns", method=method)
        assert answer.status == 405
        assert answer.json["message"].startswith(f"The {method} method is not supported for route api/campaigns.")


def test_outside_the_api_there_is_html(sandbox: Sandbox) -> None:
    assert ask(sandbox, "/campaigns", accept=None, base="").status == 404
    assert ask(sandbox, "/", accept=None, base="").headers["location"] == "/login"
    assert ask(sandbox, "/login", accept=None, base="").body.count(b"password") == 2


@pytest.mark.parametrize(
    ("version", "status"),
    [("v5", 200), ("v6", 200), ("v7", 404), ("v8", 404), ("v9", 404), ("v10", 404), ("cloud", 200)],
)
def test_user_exists_up_to_v6_and_on_cloud(version: str, status: int) -> None:
    with Sandbox(version, opens=2) as running:
        answer = ask(running, "/user")
        assert answer.status == status
        assert status == 404 or answer.data["email"] == "owner@example.com"


def test_an_endpoint_can_be_left_out_as_on_an_older_release() -> None:
    with Sandbox("v6", opens=2, without={"bounces"}) as running:
        path = f"/campaigns/{most(running, 'opens').uuid}"
        answer = ask(running, f"{path}/bounces")
        assert answer.status == 404
        assert answer.json["message"] == f"The route api{path}/bounces could not be found."
        assert ask(running, f"{path}/opens").status == 200


def test_the_api_may_lie_below_a_prefix() -> None:
    with Sandbox(opens=2, prefix="/mailcoach") as running:
        assert running.api_base_url == f"http://{running.trusted_host}/mailcoach/api"
        answer = ask(running, "/campaigns")
        assert answer.meta["path"] == "http://mailcoach-app.internal/mailcoach/api/campaigns"
        assert ask(running, "/campaigns", base="/api").status == 404


def test_the_date_of_every_answer_is_the_accounts_own_clock() -> None:
    with Sandbox(opens=2, html_bytes=20) as running:
        paths = ("/campaigns", "/campaigns?sort=x", f"/campaigns/{UNKNOWN}", "/nothing", "/user")
        assert {ask(running, path).headers["date"] for path in paths} == {"Sun, 01 Nov 2026 12:00:00 GMT"}
        running.store.advance(90)
        running.add_fault(Fault(status=502))
        answers = [ask(running, "/campaigns"), ask(running, "/campaigns", token=None), ask(running, "/login", base="")]
        assert [answer.status for answer in answers] == [502, 401, 200]
        assert {answer.headers["date"] for answer in answers} == {"Sun, 01 Nov 2026 12:01:30 GMT"}


def test_the_date_can_be_falsified() -> None:
    with Sandbox(opens=2, html_bytes=20) as running:
        running.add_fault(Fault(stall=0.01, headers={"Date": "soon"}))
        assert ask(running, "/campaigns").headers["date"] == "soon"


def test_a_trailing_slash_changes_nothing(sandbox: Sandbox) -> None:
    assert ask(sandbox, "/campaigns/").meta["total"] == 40


def test_gzip_is_given_to_whoever_asks(sandbox: Sandbox) -> None:
    plain, zipped = ask(sandbox, "/email-lists"), ask(sandbox, "/email-lists", Accept_Encoding="gzip, deflate")
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.json == plain.json


def test_the_config_points_a_connector_here(sandbox: Sandbox) -> None:
    assert sandbox.config(page_size=50) == {
        "api_base_url": f"http://{sandbox.trusted_host}/api",
        "api_token": "sandbox-token-0001",
        "page_size": 50,
    }


def test_the_token_can_be_revoked_while_running() -> None:
    with Sandbox(opens=2) as running:
        old = running.token
        running.settings.token = "a-new-token-0002"
        assert ask(running, "/campaigns", token=old).status == 401
        assert ask(running, "/campaigns").status == 200
