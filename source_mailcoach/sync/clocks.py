"""The server's clock and this machine's: either can be wrong, so neither is believed alone."""

import logging
from datetime import datetime, timezone

from source_mailcoach.sync.gate import GATE_MARGIN


def earliest(server: datetime | None) -> datetime:
    """Now, by the clock that is behind: a window that is reckoned back from it is not too short."""
    here = datetime.now(timezone.utc)
    return min(server or here, here)


def latest(server: datetime | None) -> datetime:
    """Now, by the clock that is ahead: what lies beyond it is from the future."""
    here = datetime.now(timezone.utc)
    return max(server or here, here)


class ClockReport:
    """Says once in a sync that clocks differ by more than what a sync can make up for without reading more."""

    def __init__(self) -> None:
        self._told = False

    def compare(self, log: logging.Logger, server: datetime | None, newest: datetime | None = None) -> None:
        """The server's time of an answer with the newest time of its rows, and with this machine's."""
        if self._told or server is None:
            return
        here = datetime.now(timezone.utc)
        if newest and newest - server > GATE_MARGIN:
            difference = f"it has a row of {newest:%Y-%m-%d %H:%M}"
        elif abs(server - here) > GATE_MARGIN:
            difference = f"the clock of this machine says {here:%Y-%m-%d %H:%M}"
        else:
            return
        self._told = True
        log.info(
            f"An answer of Mailcoach's is of {server:%Y-%m-%d %H:%M} UTC, and {difference}. A clock is wrong, or a "
            "cache keeps answers, or a row has a wrong date. No rows are lost by that, but some are read more often."
        )
