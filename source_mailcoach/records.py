"""Makes the values of a record fit the types that its stream's schema declares.

Mailcoach's types depend on its version: counters come as strings, an empty object as `[]`, booleans as 0 and 1. A
value that cannot be made to fit stays as it is, and so do fields that the schema does not know.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer

Fit = Callable[[Any], Any]

BOOLEANS = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}


class SchemaTransformer(TypeTransformer):
    """The CDK's hook for transformations, with a schema that is compiled once.

    The CDK's own normalization has no rule for `[]` as an object, and logs a line for each value of each record.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__(TransformConfig.CustomSchemaNormalization)
        self._fields = _compile_fields(schema)

    def transform(self, record: dict[str, Any], schema: Mapping[str, Any]) -> None:
        """Fit a record in place, to the schema given at construction."""
        _fit_fields(record, self._fields)


def _compile_fields(schema: Mapping[str, Any]) -> dict[str, Fit]:
    return {name: compile_fit(field) for name, field in schema.get("properties", {}).items()}


def compile_fit(schema: Mapping[str, Any]) -> Fit:
    """The function that makes a value fit a schema whose type is one type, or one type and null."""
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    types.discard("null")
    if types == {"object"}:
        fields = _compile_fields(schema)
        return lambda value: _to_object(value, fields)
    if types == {"array"}:
        item = compile_fit(schema.get("items", {}))
        return lambda value: [item(element) for element in value] if isinstance(value, list) else value
    if types == {"string"}:
        return _to_time if schema.get("format") == "date-time" else _to_string
    return {"integer": _to_integer, "number": _to_number, "boolean": _to_boolean}.get(
        types.pop() if len(types) == 1 else "", lambda value: value
    )


def _fit_fields(record: dict[str, Any], fields: Mapping[str, Fit]) -> None:
    for name, fit in fields.items():
        value = record.get(name)
        if value is not None:
            record[name] = fit(value)


def _to_object(value: Any, fields: Mapping[str, Fit]) -> Any:
    if value == []:  # PHP cannot tell an empty object from an empty array
        return {}
    if isinstance(value, dict):
        value = dict(value)
        _fit_fields(value, fields)
    return value


def _to_string(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    return json.dumps(value, ensure_ascii=False)


def _to_time(value: Any) -> Any:
    """Mailcoach's times are UTC; without the zone a destination would take them for its own."""
    if isinstance(value, str) and len(value) >= 19 and value[10] in " T" and not _has_zone(value):
        return f"{value[:10]}T{value[11:]}Z"
    return value


def _has_zone(time: str) -> bool:
    return time.endswith("Z") or "+" in time[19:] or "-" in time[19:]


def _to_integer(value: Any) -> Any:
    try:
        return int(value) if int(value) == float(value) else value
    except (TypeError, ValueError, OverflowError):
        return value


def _to_number(value: Any) -> Any:
    try:
        return value if isinstance(value, (int, float)) else float(value)
    except (TypeError, ValueError):
        return value


def _to_boolean(value: Any) -> Any:
    try:
        return BOOLEANS.get(value.lower() if isinstance(value, str) else value, value)
    except TypeError:
        return value
