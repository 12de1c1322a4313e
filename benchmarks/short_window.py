"""The connector against a sandbox whose limit has another window than Mailcoach's minute.

`python benchmarks/short_window.py SECONDS read --config …`
"""

import importlib.util
import sys

from source_mailcoach.run import run

if __name__ == "__main__":
    seconds = float(sys.argv.pop(1))
    if importlib.util.find_spec("source_mailcoach.transport.budget"):
        importlib.import_module("source_mailcoach.transport.budget").WINDOW = seconds  # type: ignore[attr-defined]
    run()
