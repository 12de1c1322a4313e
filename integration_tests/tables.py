"""Rows as a destination keeps them: by primary key, the last one counts. A row that comes twice is free."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox import Sandbox
from sandbox.connector import STREAMS, Run
from sandbox.truth.streams import PRIMARY_KEYS

Records = Iterable[Mapping[str, Any]]


def rows(records: Records) -> list[str]:
    """Records in an order of their own. The protocol's serializer leaves out fields of a record that are null."""
    present = ({field: value for field, value in record.items() if value is not None} for record in records)
    return sorted(json.dumps(record, sort_keys=True) for record in present)


def by_key(stream: str, records: Records) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(record[field] for field in PRIMARY_KEYS[stream]): record for record in records}


def table(stream: str, records: Records) -> list[str]:
    """Records, each primary key once."""
    return rows(by_key(stream, records).values())


def assert_all_there(result: Run, sandbox: Sandbox, streams: Iterable[str] = STREAMS, **scope: Any) -> None:
    """The run ended well, and has all rows of these streams and no others. `scope` is that of `Sandbox.truth`.

    With a start date, some rows may be there or not.
    """
    assert result.exit_code == 0, result.stdout
    for stream in streams:
        found = table(stream, result.records(stream))
        needed, allowed = (rows(sandbox.truth(stream, needed_only=only, **scope)) for only in (True, False))
        assert set(needed) <= set(found) <= set(allowed), stream
        assert needed != allowed or found == allowed, stream
