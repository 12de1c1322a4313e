"""The connector with `max_parallel_requests` under way whatever the server does, to see what that does to it.

`python benchmarks/always.py read --config …`
"""

from source_mailcoach.run import run
from source_mailcoach.transport import overlap
from source_mailcoach.transport.parallelism import Parallelism


class Always(Parallelism):
    @property
    def allowed(self) -> int:
        return self._most


if __name__ == "__main__":
    overlap.Parallelism = Always  # type: ignore[attr-defined]
    run()
