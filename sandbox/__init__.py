"""A small Mailcoach of our own: an HTTP server with seeded data that behaves, version by version, like the real one."""

from .faults import Fault, lost_route
from .requests_log import Request
from .sandbox import Sandbox
from .store import Store

__all__ = ["Fault", "Request", "Sandbox", "Store", "lost_route"]
