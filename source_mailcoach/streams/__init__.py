"""The streams: one class each, next to the facts about Mailcoach's API that explain it."""
