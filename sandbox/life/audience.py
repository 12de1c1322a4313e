"""What happens to the audience: subscribers, tags, segments, suppressions, imports. All deletions are hard."""

from __future__ import annotations

from typing import Any

from sandbox.world.account import Account
from sandbox.world.audience_entities import (
    IMPORT_STATUSES,
    SUPPRESSION_REASONS,
    Segment,
    SubscriberImport,
    Suppression,
    Tag,
)
from sandbox.world.entities import EmailList, Subscriber
from sandbox.world.times import DAY

IMPORTS_KEPT = 7 * DAY


class Audience(Account):
    """An account with everything around its subscribers. Entities are given as themselves or by uuid."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.tags: dict[str, Tag] = {}
        self.segments: dict[str, Segment] = {}
        self.suppressions: dict[str, Suppression] = {}
        self.imports: dict[str, SubscriberImport] = {}

    # Subscribers

    def update_subscriber(self, subscriber: Subscriber | str, **fields: Any) -> None:
        """Sets `fields` and moves `updated_at`."""
        with self.lock:
            who = self.subscribers[subscriber if isinstance(subscriber, str) else subscriber.uuid]
            for name, value in fields.items():
                setattr(who, name, value)
            who.updated_at = self.now
            self.changed()

    def tag_subscriber(self, subscriber: Subscriber | str, name: str) -> None:
        """Attaches a tag; `updated_at` doesn't move, neither here nor when a tag is renamed or deleted."""
        with self.lock:
            who = self.subscribers[subscriber if isinstance(subscriber, str) else subscriber.uuid]
            if name not in who.tags:
                who.tags = [*who.tags, name]
            self.changed()

    # Tags

    def add_tag(self, email_list: EmailList, name: str, **fields: Any) -> Tag:
        with self.lock:
            if any(tag.email_list is email_list and tag.name == name for tag in self.tags.values()):
                raise ValueError(f"{email_list.name} has the tag {name} already")
            tag = Tag(id=self.next_id("tag"), email_list=email_list, name=name, **self.stamps(fields))
            self.tags[tag.uuid] = tag
            self._kept.pop("", None)
            return tag

    def rename_tag(self, tag: Tag | str, name: str) -> None:
        with self.lock:
            target = self.tags[tag if isinstance(tag, str) else tag.uuid]
            for who in self.tagged(target):
                who.tags = [name if each == target.name else each for each in who.tags]
            target.name, target.updated_at = name, self.now
            self.changed()

    def delete_tag(self, tag: Tag | str) -> None:
        with self.lock:
            gone = self.tags.pop(tag if isinstance(tag, str) else tag.uuid)
            for who in self.tagged(gone):
                who.tags = [each for each in who.tags if each != gone.name]
            self.changed()

    def tagged(self, tag: Tag) -> list[Subscriber]:
        """Who has the tag."""
        everybody = self.subscribers.values()
        return [who for who in everybody if who.email_list is tag.email_list and tag.name in who.tags]

    # Segments

    def add_segment(self, email_list: EmailList, name: str, **fields: Any) -> Segment:
        with self.lock:
            segment = Segment(id=self.next_id("segment"), email_list=email_list, name=name, **self.stamps(fields))
            self.segments[segment.uuid] = segment
            self._kept.pop("", None)
            return segment

    def delete_segment(self, segment: Segment | str) -> None:
        with self.lock:
            del self.segments[segment if isinstance(segment, str) else segment.uuid]
            self._kept.pop("", None)

    # Suppressions

    def add_suppression(self, email: str, reason: str = "manual", **fields: Any) -> Suppression:
        if reason not in SUPPRESSION_REASONS:
            raise ValueError(f"{reason} is none of {', '.join(SUPPRESSION_REASONS)}")
        with self.lock:
            if any(each.email == email for each in self.suppressions.values()):
                raise ValueError(f"{email} is suppressed already")
            made = Suppression(id=self.next_id("suppression"), email=email, reason=reason, **self.stamps(fields))
            self.suppressions[made.uuid] = made
            self._kept.pop("", None)
            return made

    def delete_suppression(self, suppression: Suppression | str) -> None:
        """The address is reactivated."""
        with self.lock:
            del self.suppressions[suppression if isinstance(suppression, str) else suppression.uuid]
            self._kept.pop("", None)

    # Imports

    def add_import(self, email_list: EmailList, status: str = "completed", **fields: Any) -> SubscriberImport:
        if status not in IMPORT_STATUSES:
            raise ValueError(f"{status} is none of {', '.join(IMPORT_STATUSES)}")
        with self.lock:
            made: dict[str, Any] = {"uuid": fields.get("uuid") or self.new_uuid(), "created_at": self.now} | fields
            added = SubscriberImport(id=self.next_id("import"), email_list=email_list, status=status, **made)
            self.imports[added.uuid] = added
            self._kept.pop("", None)
            return added

    def prune_imports(self) -> list[SubscriberImport]:
        """What the daily job deletes: imports that are older than seven days."""
        with self.lock:
            gone = [each for each in self.imports.values() if each.created_at < self.now - IMPORTS_KEPT]
            for each in gone:
                del self.imports[each.uuid]
            self._kept.pop("", None)
            return gone

    # A deleted list

    def _drop_list(self, gone: EmailList) -> None:
        """Its tags, segments and imports vanish with it."""
        self.tags = {key: each for key, each in self.tags.items() if each.email_list is not gone}
        self.segments = {key: each for key, each in self.segments.items() if each.email_list is not gone}
        self.imports = {key: each for key, each in self.imports.items() if each.email_list is not gone}
