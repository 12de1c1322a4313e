"""The connector's own HTTP client. Here it gives each answer as it came, whether good or bad."""

from requests import PreparedRequest

from probes.probe import Question
from source_mailcoach.config import Config
from source_mailcoach.messages.events import Event, RequestStarted
from source_mailcoach.transport.api import MailcoachClient
from source_mailcoach.transport.request import Answer, Patience, Query, Request

# It has to wait for a new window of the limit now and then, since it leaves half of the limit to other tools.
PROBING = Patience(tries=3, connect_timeout=20, read_timeout=60, longest_answer=120, longest_wait=120)
# The answers of a proxy in front of a busy server, and of Mailcoach at its limit, are worth another try.
PASSING = (429, 502, 503, 504)
MADE_UP_TOKEN = "Bearer 1|made-up-by-the-probes-of-the-connector"


class ProbingClient(MailcoachClient):
    """One request at a time, through the connector's session, host policy, headers, budget and patience.

    Until there has been a good answer, errors are MailcoachError, as in a check: URL and token may be wrong.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config.model_copy(update={"max_parallel_requests": 1}), PROBING)
        self.requests = 0
        self.events.listeners.append(self._count)

    def _count(self, event: Event) -> None:
        self.requests += isinstance(event, RequestStarted)

    def ask(self, question: Question) -> Answer:
        """The answer, whatever it says; MailcoachError if there is none."""
        answer: Answer = self.fetch(question)
        return answer

    def _get(self, request: Request) -> Answer:
        session, query = self._session, request.query
        accept, login = session.headers["Accept"], session.auth
        try:
            if isinstance(query, Question) and query.as_browser:
                session.headers["Accept"] = "text/html"
            if isinstance(query, Question) and query.as_stranger:
                session.auth = _as_stranger
            self._prepared = self._prepare()
            return super()._get(request)
        finally:
            session.headers["Accept"], session.auth = accept, login
            self._prepared = self._prepare()

    def _judge(self, query: Query, outcome: Answer | Exception) -> Answer:
        had_answered = self.has_answered
        if isinstance(outcome, Answer) and had_answered and outcome.status not in PASSING:
            return outcome
        super()._judge(query, outcome)
        assert isinstance(outcome, Answer)
        return outcome


def _as_stranger(request: PreparedRequest) -> PreparedRequest:
    request.headers["Authorization"] = MADE_UP_TOKEN
    return request
