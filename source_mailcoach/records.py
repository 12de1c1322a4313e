"""Makes the values of a record fit the types that its stream's schema declares.

Mailcoach's types depend on its version: counters come as strings, an empty object as `[]`, booleans as 0 and 1. A
value that cannot be made to fit stays as it is, and so do fields that the schema does not know.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer

from source_mailcoach.privacy import Privacy, protect

Fit = Callable[[Any], Any]

TIME_WITHOUT_ZONE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?)")
INTEGER = re.compile(r"-?[0-9]{1,19}")
BOOLEANS = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}


class SchemaTransformer(TypeTransformer):
    """The CDK's hook for transformations, with a schema that is compiled once.

    The CDK's own normalization has no rule for `[]` as an object, and logs a line for each value of each record.
    """

    def __init__(self, schema: Mapping[str, Any], privacy: Privacy = "plain") -> None:
        super().__init__(TransformConfig.CustomSchemaNormalization)
        self._fields = _compile_fields(schema)
        self._privacy: Privacy = privacy

    def transform(self, record: dict[str, Any], schema: Mapping[str, Any]) -> None:
        """Fit a record in place, to the schema given at construction, and keep addresses out of it if asked to."""
        _fit_fields(record, self._fields)
        protect(record, self._privacy)


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
        return lambda value: _to_array(value, item)
    if types == {"string"}:
        return _to_time if schema.get("format") == "date-time" else _to_string
    return {"integer": _to_integer, "boolean": _to_boolean}.get(
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


def _to_array(value: Any, item: Fit) -> Any:
    if isinstance(value, dict) and all(INTEGER.fullmatch(key) for key in value):
        value = list(value.values())  # PHP writes an array with gaps in its numbering as an object
    return [item(element) for element in value] if isinstance(value, list) else value


def _to_string(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    return json.dumps(value, ensure_ascii=False)


def _to_time(value: Any) -> Any:
    """Mailcoach's times are UTC; without the zone a destination would take them for its own."""
    bare = TIME_WITHOUT_ZONE.fullmatch(value) if isinstance(value, str) else None
    return f"{bare[1]}T{bare[2]}Z" if bare else value


def _to_integer(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if INTEGER.fullmatch(value) else value
    whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole else value


def _to_boolean(value: Any) -> Any:
    try:
        return BOOLEANS.get(value.lower() if isinstance(value, str) else value, value)
    except TypeError:
        return value
