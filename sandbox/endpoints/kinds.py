"""The kinds of endpoints, by their paths below `/api/`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

PATHS = {
    "user": "user",
    "email_lists": "email-lists",
    "email_list": "email-lists/*",
    "subscribers": "email-lists/*/subscribers",
    "subscriber": "subscribers/*",
    "tags": "email-lists/*/tags",
    "tag": "email-lists/-/tags/*",
    "segments": "email-lists/*/segments",
    "segment": "email-lists/-/segments/*",
    "subscriber_imports": "subscriber-imports",
    "subscriber_import": "subscriber-imports/*",
    "campaigns": "campaigns",
    "campaign": "campaigns/*",
    "campaign_clicks": "campaigns/*/clicks",
    "campaign_opens": "campaigns/*/opens",
    "campaign_unsubscribes": "campaigns/*/unsubscribes",
    "campaign_bounces": "campaigns/*/bounces",
    "sends": "sends",
    "send": "sends/*",
    "suppressions": "suppressions",
    "suppression": "suppressions/*",
    "templates": "templates",
    "template": "templates/*",
    "transactional_mail_templates": "transactional-mails/templates",
    "transactional_mail_template": "transactional-mails/templates/*",
    "transactional_mails": "transactional-mails",
    "transactional_mail": "transactional-mails/*",
    "automation_mails": "automation-mails",
    "automation_mail": "automation-mails/*",
}
"""`*` is the key of what is asked for, `-` a key that tells nothing more. The first path that fits counts."""


def kind_of(segments: Sequence[str]) -> tuple[str, str | None]:
    """The endpoint kind and the key of what comes after `/api/`; kinds that a version lacks are named too."""
    for kind, path in PATHS.items():
        parts = path.split("/")
        if len(parts) != len(segments):
            continue
        pairs = list(zip(parts, segments, strict=True))
        if all(part in ("*", "-", each) for part, each in pairs):
            return kind, next((each for part, each in pairs if part == "*"), None)
    return "other", None


def family(kind: str) -> str:
    """The kind of the list of what a kind shows one of: `campaigns` of `campaign`."""
    return f"{kind}s" if f"{kind}s" in PATHS else kind


def named(kind: str, names: Collection[str]) -> bool:
    """Whether one of the names means a kind: itself or its list, as a kind, as a path, or by the last word of it."""
    meant = {name.replace("-", "_") for name in names}
    wanted = {kind, family(kind)}
    return bool(meant & (wanted | {each.removeprefix("campaign_") for each in wanted}))
