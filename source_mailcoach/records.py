"""Makes the values of a record fit the types that its stream's schema declares.

Mailcoach's types depend on its version: counters come as strings, an empty object as `[]`, booleans as 0 and 1. A
value that cannot be made to fit stays as it is, and so do fields that the schema does not know: see `drift`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer

from source_mailcoach.drift import Drift
from source_mailcoach.privacy import Privacy, protect

Fit = Callable[[Any], Any]

TIME_WITHOUT_ZONE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?)")
INTEGER = re.compile(r"-?[0-9]{1,19}")
FRACTION = re.compile(r"-?[0-9]{1,19}[.][0-9]{1,19}")
BOOLEANS = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}


class SchemaTransformer(TypeTransformer):
    """The CDK's hook for transformations, with a schema that is compiled once.

    The CDK's own normalization has no rule for `[]` as an object, and logs a line for each value of each record.
    """

    def __init__(self, schema: Mapping[str, Any], privacy: Privacy = "plain") -> None:
        super().__init__(TransformConfig.CustomSchemaNormalization)
        self.drift = Drift()
        self._fit = _fit_object(schema, self.drift, "")
        self._privacy: Privacy = privacy

    def transform(self, record: dict[str, Any], schema: Mapping[str, Any]) -> None:
        """Fit a record in place, to the schema given at construction, and keep addresses out of it if asked to."""
        record.update(self._fit(record))
        protect(record, self._privacy)


def compile_fit(schema: Mapping[str, Any], drift: Drift, name: str = "") -> Fit:
    """The function that makes a value fit a schema whose type is one type, or one type and null.

    It counts what does not fit, under the name of the field.
    """
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    types.discard("null")
    kind = types.pop() if len(types) == 1 else ""
    if kind == "string":
        return _counting(_to_time if schema.get("format") == "date-time" else _to_string, str, drift, name)
    if kind == "integer":
        return _counting(_to_integer, int, drift, name)
    if kind == "number":
        return _counting(_to_number, float, drift, name)
    if kind == "boolean":
        return _counting(_to_boolean, bool, drift, name)
    if kind == "array":
        item = compile_fit(schema.get("items", {}), drift, name)
        return _counting(lambda value: _to_array(value, item), list, drift, name)
    if kind == "object":
        return _counting(_fit_object(schema, drift, name), dict, drift, name)
    return lambda value: value


def _counting(fit: Fit, wanted: type, drift: Drift, name: str) -> Fit:
    def counted(value: Any) -> Any:
        if value is None:
            return None
        fitted = fit(value)
        whole = wanted is float and type(fitted) is int  # as a number may be
        if not (whole or type(fitted) is wanted) or (wanted is str and type(value) is not str):
            drift.misfits[name] += 1
        return fitted

    return counted


def _fit_object(schema: Mapping[str, Any], drift: Drift, name: str) -> Fit:
    inside = f"{name}." if name else ""
    properties = schema.get("properties", {})
    fits = {field: compile_fit(declared, drift, inside + field) for field, declared in properties.items()}

    def fit(value: Any) -> Any:
        if value == []:  # PHP cannot tell an empty object from an empty array
            return {}
        if not isinstance(value, dict) or not fits:
            return value
        drift.unknown.update(inside + field for field in value.keys() - fits.keys())
        return {field: fits[field](content) if field in fits else content for field, content in value.items()}

    return fit


def _to_array(value: Any, item: Fit) -> Any:
    if isinstance(value, dict) and all(INTEGER.fullmatch(key) for key in value):
        value = list(value.values())  # PHP writes an array with gaps in its numbering as an object
    return [item(element) for element in value] if isinstance(value, list) else value


def _to_string(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _to_time(value: Any) -> Any:
    """Mailcoach's times are UTC; without the zone a destination would take them for its own."""
    bare = TIME_WITHOUT_ZONE.fullmatch(value) if isinstance(value, str) else None
    return f"{bare[1]}T{bare[2]}Z" if bare else value


def _to_integer(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if INTEGER.fullmatch(value) else value
    whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole else value


def _to_number(value: Any) -> Any:
    if isinstance(value, str) and FRACTION.fullmatch(value):
        return float(value)
    return value if isinstance(value, float) else _to_integer(value)


def _to_boolean(value: Any) -> Any:
    try:
        return BOOLEANS.get(value.lower() if isinstance(value, str) else value, value)
    except TypeError:
        return value
