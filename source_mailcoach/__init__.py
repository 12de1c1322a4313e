"""Airbyte source connector for Mailcoach, self-hosted (v6 to v10) and Cloud."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_mailcoach.source import SourceMailcoach

__all__ = ["SourceMailcoach"]


def __getattr__(name: str) -> Any:
    """Import the source only when it is used: the CDK takes most of a second, and SIGTERM has to work before that."""
    if name in __all__:
        from source_mailcoach import source

        return source.SourceMailcoach
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
