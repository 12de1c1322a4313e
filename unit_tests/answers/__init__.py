"""Answers of Mailcoach as files: see README.md beside them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class RecordedAnswer:
    """`path` is below the API's base URL, with `{list}`, `{campaign}` and `{import}` for a uuid."""

    name: str
    stream: str
    path: str
    versions: Sequence[str]
    answer: dict[str, Any]

    @property
    def is_page(self) -> bool:
        return "meta" in self.answer

    @property
    def rows(self) -> list[dict[str, Any]]:
        data = self.answer["data"]
        return data if isinstance(data, list) else [data]


ANSWERS = [RecordedAnswer(path.name[:-5], **json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]
