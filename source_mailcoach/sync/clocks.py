"""The server's clock and this machine's: either can be wrong, so neither is believed alone."""

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

    def compare(self, server: datetime, newest: datetime | None = None) -> str | None:
        """What the server's time of an answer differs from: the newest time of its rows, or this machine's."""
        if self._told:
            return None
        here, difference = datetime.now(timezone.utc), None
        if newest and newest - server > GATE_MARGIN:
            difference = f"it has a row of {newest:%Y-%m-%d %H:%M}"
        elif abs(server - here) > GATE_MARGIN:
            difference = f"the clock of this machine says {here:%Y-%m-%d %H:%M}"
        self._told = difference is not None
        return difference
