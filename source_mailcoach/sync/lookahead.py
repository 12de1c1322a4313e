"""When pages may be asked for ahead of the one that is read. Pure.

If a list changes, the pages asked for ahead are worthless and thrown away, and requests are what a sync has least of.
So after each change some pages are read one at a time: more of them if the list changes often, fewer if it is calm.
"""

FEWEST, MOST = 2, 64
"""Fewest and most pages that are read one at a time after a change."""
CALM = 4
"""After so many times as many further pages without a change, that number is halved."""


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
        """The list has changed, or the reading continues at another place."""
        self._quiet, self._needed = 0, min(MOST, max(FEWEST, 2 * self._needed))
