"""The email lists of the account."""

from source_mailcoach.streams.base import ListStream


class EmailLists(ListStream):
    """Sortable by name, creation time and subscribers only; lists made in one go share their second of creation."""

    endpoint = "email-lists"
    primary_key = "uuid"
    sorts = ("-created_at,name", "created_at,-name")
