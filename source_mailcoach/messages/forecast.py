"""Logs once how many requests a sync takes, as soon as the email lists and campaigns are known."""

import logging
from collections.abc import Callable

from source_mailcoach.messages.errors import MailcoachError
from source_mailcoach.messages.events import Event, PassStarting
from source_mailcoach.messages.words import requests_at


class Forecast:
    """`expected` has a function for each stream that tells how many requests it takes, by Mailcoach's counts."""

    def __init__(self, log: logging.Logger) -> None:
        self.expected: list[Callable[[], int]] = []
        self._log = log
        self._said = False

    def __call__(self, event: Event) -> None:
        """Log the forecast at the first pass. A stream whose lists cannot be read is left out: it fails later."""
        if self._said or not isinstance(event, PassStarting):
            return
        self._said = True
        requests = 0
        for expected in self.expected:
            try:
                requests += expected()
            except MailcoachError:
                continue
        self._log.info(
            f"This sync takes about {requests_at(requests, event.per_minute)}. Lists of the whole account, such as "
            "sends, are counted as one until they are begun."
        )
