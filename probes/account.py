"""One server: its answers, each asked for once, and the rows that probes need."""

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qsl

from probes.asks import AUTOMATION_MAILS, CAMPAIGNS, DRAFTS, LISTS, SEGMENTS, SENT, SUPPRESSIONS, TAGS
from probes.client import ProbingClient
from probes.probe import CLOUD, EVERY, V6, V7, V8, CannotTell, Finding, Probe, Question, Reply, Row, Verdict
from source_mailcoach.messages.errors import MailcoachError

NOBODYS_UUID = "00000000-0000-4000-8000-000000000000"


class Account:
    """Answers of a server, each asked for once. MailcoachError if not even the email lists can be read."""

    def __init__(self, client: ProbingClient) -> None:
        self._client = client
        self._replies: dict[str, Reply] = {}
        self.ask(LISTS)
        self.version = self._guess()

    @property
    def requests(self) -> int:
        """How many requests it has taken, further tries included."""
        return self._client.requests

    def finding(self, probe: Probe) -> Finding:
        """Ask what a probe asks, and judge it."""
        try:
            if self.version is None and probe.versions != EVERY:
                raise CannotTell("the version of the server is not clear")
            if self.version is not None and self.version not in probe.versions:
                raise CannotTell("it is a belief about other versions")
            return probe.judge(*[self.ask(self._filled(text), text) for text in probe.asks])
        except CannotTell as reason:
            return Finding(Verdict.CANNOT_TELL, str(reason))
        except MailcoachError:
            return Finding(Verdict.CANNOT_TELL, "a request failed each time")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            return Finding(
                Verdict.CANNOT_TELL, f"an answer of a shape that the probe does not know ({type(error).__name__})"
            )

    def ask(self, text: str, shown: str | None = None) -> Reply:
        """The reply to `path?parameters`, after which `#browser`, `#stranger` or `#again` can stand."""
        if text not in self._replies:
            query = question(text)
            self._replies[text] = Reply(shown or text, query, self._client.ask(query), self._client.api_base.url)
        return self._replies[text]

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: FINDERS[found[1]](self), text)

    def _guess(self) -> str | None:
        """The version, by its rows if there are any, and by which endpoints answer; None if that does not show it."""
        if self.shows(LISTS, "confirmation_mail_subject") or self.shows(CAMPAIGNS, "last_modified_at"):
            return V6
        has_user = self.ask("user").status == 200
        if self._client.api_base.in_cloud or (has_user and self.ask(AUTOMATION_MAILS).status == 200):
            return CLOUD
        suppressions = self.ask(SUPPRESSIONS)
        if suppressions.status == 200:
            return V8
        if suppressions.status != 404:
            return None
        return V6 if has_user else V7

    def shows(self, text: str, field: str) -> bool:
        """Whether rows of a list have a field."""
        try:
            return any(field in row for row in self.ask(text).rows)
        except CannotTell:
            return False

    def busiest(self, counter: str) -> str:
        """The uuid of a sent campaign of which there is something to see, but if possible no more than two pages."""
        counted = [(count(row.get(counter)), str(row["uuid"])) for row in self.ask(SENT).rows if row.get("uuid")]
        over_a_page = [found for found in counted if found[0] > self.ask(SENT).page.size]
        amount, uuid = min(over_a_page) if over_a_page else max(counted, default=(0, ""))
        if not amount:
            raise CannotTell(f"none of the campaigns looked at has {counter}")
        return uuid


def first_of(text: str) -> Callable[[Account], str]:
    """Finds the first row of a list that has a uuid."""

    def find(account: Account) -> str:
        return uuid_of(account.ask(text).rows, text)

    return find


def uuid_of(rows: Iterable[Row], where: str) -> str:
    uuid = next((row["uuid"] for row in rows if isinstance(row.get("uuid"), str)), None)
    if uuid is None:
        raise CannotTell(f"no row of {where} has a uuid")
    return str(uuid)


def lists_by_size(account: Account) -> list[Row]:
    return sorted(account.ask(LISTS).rows, key=lambda row: -count(row.get("active_subscribers_count")))


def list_with(text: str, name: str) -> Callable[[Account], str]:
    """Finds one of three email lists that has rows of a kind, or else the longest. `name` is its placeholder."""

    def find(account: Account) -> str:
        uuids = [uuid_of([row], LISTS) for row in lists_by_size(account)[:3]]
        for uuid in uuids:
            reply = account.ask(text.replace(f"{{{name}}}", uuid), text)
            if reply.status != 200 or reply.page.rows:
                return uuid
        return uuids[0]

    return find


FINDERS: Mapping[str, Callable[[Account], str]] = {
    "list": lambda account: uuid_of(lists_by_size(account), LISTS),
    "tagged": list_with(TAGS, "tagged"),
    "segmented": list_with(SEGMENTS, "segmented"),
    "sent": first_of(SENT),
    "draft": first_of(DRAFTS),
    "opened": lambda account: account.busiest("unique_open_count"),
    "clicked": lambda account: account.busiest("unique_click_count"),
    "left": lambda account: account.busiest("unsubscribe_count"),
    "bounced": lambda account: account.busiest("bounce_count"),
    "nobody": lambda account: NOBODYS_UUID,
}


def count(value: object) -> int:
    """A counter, which some servers send as text; 0 if it is none."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 0


def question(text: str) -> Question:
    address, _, way = text.partition("#")
    path, _, params = address.partition("?")
    return Question(
        path,
        tuple(parse_qsl(params)),
        as_browser="browser" in way,
        as_stranger="stranger" in way,
        reading=2 if "again" in way else 1,
    )
