"""Makes the values of a row fit the types in its stream's schema. This happens once, as the row comes in.

Mailcoach's types depend on its version: counters come as strings, an empty object as `[]`, booleans as 0 and 1. A
value that cannot be made to fit stays as it is, and so do fields that the schema does not know. Both are counted in
`drift`. What JSON or databases cannot hold is replaced everywhere: half a character, NUL, NaN, a number of more than
64 bits.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from airbyte_cdk.sources.utils.transform import TypeTransformer

from source_mailcoach.records.drift import Drift
from source_mailcoach.records.privacy import Privacy, domain_of, protect
from source_mailcoach.sync.times import as_time, is_plain, is_zero_date

Fit = Callable[[Any], Any]

INTEGER = re.compile(r"-?[0-9]{1,19}")
FRACTION = re.compile(r"-?[0-9]{1,19}[.][0-9]{1,19}")
BOOLEANS = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}
INT64 = 2**63
UNPRINTABLE = re.compile("[\ud800-\udfff\0]")
DEEPEST = 60  # levels: what is nested deeper becomes JSON text, because serializers fail at some depth


class RowFit:
    """Fits rows to a schema, which is compiled once. `wire`: schemas of fields that differ between row and record."""

    def __init__(self, schema: Mapping[str, Any], wire: Mapping[str, Mapping[str, Any]]) -> None:
        self.drift = Drift()
        self.fields = frozenset(schema.get("properties", {}))
        properties = {**schema.get("properties", {}), **wire}
        self._fit = compile_fit({**schema, "type": "object", "properties": properties}, self.drift)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        fitted: dict[str, Any] = self._fit(row)
        return fitted


class PrivacyTransformer(TypeTransformer):
    """The CDK's hook for changing records: protects email addresses, as the last step before a record goes out.

    `address` is the field of a person's address, or empty: the last moment to tell the domain is before it is a hash.

    The CDK's own normalization is not used. It has no rule for `[]` as an object, and logs a line for each value of
    each record. It also comes too late: a stream would go by other values than those that go out.
    """

    def __init__(self, privacy: Privacy, address: str) -> None:
        # Not the base class's: it would make a validator for that normalization, once for each stream.
        self._privacy: Privacy = privacy
        self._address = address

    def transform(self, record: dict[str, Any], schema: Mapping[str, Any]) -> None:
        domain = domain_of(record.get(self._address), self._privacy) if self._address else None
        protect(record, self._privacy)
        if self._address:
            record["email_domain"] = domain


def compile_fit(schema: Mapping[str, Any], drift: Drift, name: str = "") -> Fit:
    """The function that makes a value fit a schema whose type is one type, or one type and null.

    It counts what does not fit, under the name of the field.
    """
    kind, nullable = kind_of(schema)
    if kind == "time":
        fit = _fit_time(drift, name)
    elif kind == "object":
        fit = _fit_object(schema, drift, name)
    elif kind == "array":
        fit = _fit_array(compile_fit(schema.get("items", {}), drift, name), drift, name)
    elif kind in SCALARS:
        fit = _fit_scalar(*SCALARS[kind], drift, name)
    else:
        return lambda value: clean(value, drift, name)

    def fit_or_null(value: Any) -> Any:
        if value is None:
            if not nullable:
                drift.misfits[name] += 1
            return None
        return fit(value)

    return fit_or_null


def kind_of(schema: Mapping[str, Any]) -> tuple[str, bool]:
    """The one type of a schema ("time" for a text that is one, "" for any type), and whether it can be null."""
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    nullable = "null" in types
    types.discard("null")
    kind = types.pop() if len(types) == 1 else ""
    return "time" if kind == "string" and schema.get("format") == "date-time" else kind, nullable


def clean(value: Any, drift: Drift, name: str, depth: int = 0) -> Any:
    """A value of any type, with everything replaced that JSON or databases cannot hold."""
    if isinstance(value, str):
        return value if _is_printable(value) else _printable(value, drift, name)
    if isinstance(value, (list, dict)) and depth >= DEEPEST:
        drift.misfits[name] += 1
        return clean(_as_json(value), drift, name)
    if isinstance(value, list):
        return [clean(item, drift, name, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(key, drift, name): clean(content, drift, name, depth + 1) for key, content in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        drift.misfits[name] += 1
        return None
    if isinstance(value, int) and not -INT64 <= value < INT64:
        drift.misfits[name] += 1
        return str(value)
    return value


def _printable(text: str, drift: Drift, name: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        if "\0" not in text:
            return text
    drift.unprintable[name] += 1
    return UNPRINTABLE.sub("\ufffd", text)


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "too deeply nested to be kept"


def _fit_object(schema: Mapping[str, Any], drift: Drift, name: str) -> Fit:
    inside = f"{name}." if name else ""
    properties = schema.get("properties", {})
    fits = {field: compile_fit(declared, drift, inside + field) for field, declared in properties.items()}
    checks = {field: _checks_of(declared) for field, declared in properties.items()}

    def fit(value: Any) -> Any:
        if value == []:  # PHP cannot tell an empty object from an empty array
            return {}
        if not isinstance(value, dict) or not fits:
            return clean(value, drift, name) if isinstance(value, dict) else _misfit(value, drift, name)
        fitted = {}
        for field, content in value.items():
            check = checks.get(field, {}).get(type(content))
            if check and check(content):
                fitted[field] = content
            elif known := fits.get(field):
                fitted[field] = known(content)
            else:
                field = clean(field, drift, inside + "a field's name")
                drift.unknown[inside + field] += 1
                fitted[field] = clean(content, drift, inside + field)
        return fitted

    return fit


def _checks_of(schema: Mapping[str, Any]) -> Mapping[type, Callable[[Any], bool]]:
    """By type, how a value shows that it stays as it is. Nearly all do, and fitting would take three times as long."""
    kind, nullable = kind_of(schema)
    return CHECKS.get(kind, {}) | ({type(None): _is_any} if nullable else {})


def _is_any(value: Any) -> bool:
    return True


def _is_printable(text: str) -> bool:
    return text.isascii() and "\0" not in text


def _is_int64(number: int) -> bool:
    return -INT64 <= number < INT64


def _fit_array(item: Fit, drift: Drift, name: str) -> Fit:
    def fit(value: Any) -> Any:
        rows = as_list(value)
        if rows is None:
            return _misfit(value, drift, name)
        return [item(element) for element in rows]

    return fit


def as_list(value: Any) -> list[Any] | None:
    """A list; also an object with numbers for names, as PHP writes an array with gaps in its numbering."""
    if isinstance(value, dict) and all(INTEGER.fullmatch(key) for key in value):
        return list(value.values())
    return value if isinstance(value, list) else None


def _fit_time(drift: Drift, name: str) -> Fit:
    """Mailcoach's times are UTC. Without a zone in them, a destination would take them for its local time."""

    def fit(value: Any) -> Any:
        if type(value) is str and is_plain(value):
            return value
        time = as_time(value)
        if time is None:
            kept = _misfit(value, drift, name)
            return None if is_zero_date(kept) else kept
        if type(value) is not str or len(value) < len("2026-01-05 10:00"):
            drift.misfits[name] += 1
        return time

    return fit


def _fit_scalar(convert: Fit, wanted: tuple[type, ...], drift: Drift, name: str) -> Fit:
    def fit(value: Any) -> Any:
        fitted = convert(value)
        if type(fitted) in wanted and (str not in wanted or fitted is value):
            return fitted if float in wanted and type(fitted) is int else clean(fitted, drift, name)
        return _misfit(fitted, drift, name)

    return fit


def _misfit(value: Any, drift: Drift, name: str) -> Any:
    """A value that is kept although it does not fit. It counts once, even if `clean` finds more to replace in it."""
    count = drift.misfits[name] + 1
    value = clean(value, drift, name)
    drift.misfits[name] = count
    return value


def _to_string(value: Any) -> Any:
    return value if isinstance(value, str) else _as_json(value)


def _to_integer(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if INTEGER.fullmatch(value) else value
    whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer() and abs(value) < INT64)
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


SCALARS: Mapping[str, tuple[Fit, tuple[type, ...]]] = {
    "string": (_to_string, (str,)),
    "integer": (_to_integer, (int,)),
    "number": (_to_number, (int, float)),
    "boolean": (_to_boolean, (bool,)),
}
CHECKS: Mapping[str, dict[type, Callable[[Any], bool]]] = {
    "string": {str: _is_printable},
    "time": {str: is_plain},
    "integer": {int: _is_int64},
    "number": {int: _is_int64},
    "boolean": {bool: _is_any},
    "": {str: _is_printable, int: _is_int64, bool: _is_any, type(None): _is_any},
}
