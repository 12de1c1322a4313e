"""When pages may be asked for ahead of the one that is read. Pure.

A list that changes makes worthless what was asked for ahead: it is thrown away, and requests are what a sync has least
of. So after each change some pages are read one at a time, more of them the more often it happens, and fewer again
while the list is calm.
"""

FEWEST, MOST = 2, 64
"""Pages that are read one at a time after a change."""
CALM = 4
"""So many times as many pages without a change halve them."""


class Lookahead:
    """Counts the pages since the last change."""

    def __init__(self) -> None:
        self._quiet, self._needed = 0, 1

    @property
    def allowed(self) -> bool:
        return self._quiet >= self._needed

    def calm(self) -> None:
        """A page was read, and nothing has changed since the one before."""
        self._quiet += 1
        if self._quiet >= self._needed * (CALM + 1) and self._needed > FEWEST:
            self._quiet, self._needed = self._needed // 2, self._needed // 2

    def changed(self) -> None:
        """Something has changed, or the reading begins anew elsewhere."""
        self._quiet, self._needed = 0, min(MOST, max(FEWEST, 2 * self._needed))
