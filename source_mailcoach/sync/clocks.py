"""The server's clock and this machine's. Either can be wrong, so neither is trusted alone."""

from datetime import datetime, timezone

from source_mailcoach.sync.gate import GATE_MARGIN


def earliest(server: datetime | None) -> datetime:
    """Now, by the clock that is behind: a window that is counted back from it is not too short."""
    here = datetime.now(timezone.utc)
    return min(server or here, here)


def latest(server: datetime | None) -> datetime:
    """Now, by the clock that is ahead: only what is later than that is surely from the future."""
    here = datetime.now(timezone.utc)
    return max(server or here, here)


class ClockReport:
    """Finds out, once in a sync, that clocks differ by more than GATE_MARGIN, which is what syncs allow for."""

    def __init__(self) -> None:
        self._told = False

    def compare(self, server: datetime, newest: datetime | None = None) -> str | None:
        """What the server's time of an answer differs from, in words: the newest time of its rows, or this machine."""
        if self._told:
            return None
        here, difference = datetime.now(timezone.utc), None
        if newest and newest - server > GATE_MARGIN:
            difference = f"it has a row of {newest:%Y-%m-%d %H:%M}"
        elif abs(server - here) > GATE_MARGIN:
            difference = f"the clock of this machine says {here:%Y-%m-%d %H:%M}"
        self._told = difference is not None
        return difference
