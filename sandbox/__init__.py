"""A small Mailcoach of our own: an HTTP server with seeded data that behaves, version by version, like the real one."""

from sandbox.life.store import Store
from sandbox.sandbox import Sandbox
from sandbox.server.faults import Fault, lost_route
from sandbox.server.requests_log import Request

__all__ = ["Fault", "Request", "Sandbox", "Store", "lost_route"]
