"""Airbyte source connector for Mailcoach, self-hosted (v6 to v10) and Cloud."""

from source_mailcoach.source import SourceMailcoach

__all__ = ["SourceMailcoach"]
