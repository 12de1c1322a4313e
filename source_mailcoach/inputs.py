"""What a command is started with, read and checked before the CDK takes over: files, certificates, a temporary folder.

Raises MailcoachError (config) that names option, file and place, and quotes no content: it may be the API token.
"""

import json
import os
import ssl
import tempfile
from collections.abc import MutableMapping
from typing import Any

from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
)
from serpyco_rs import SchemaValidationError

from source_mailcoach.config import Config
from source_mailcoach.messages import input_problems
from source_mailcoach.messages.errors import MailcoachError

DEEPEST = 100
TOO_DEEP = f"its lists and objects are nested more than {DEEPEST} deep"


def read_config(config_path: str) -> MutableMapping[str, Any]:
    """The configuration, without fields that were left empty: forms send these as null or as an empty text."""
    content = read_json("config", config_path)
    if not isinstance(content, dict):
        raise MailcoachError(input_problems.NOT_A_CONFIGURATION, path=shown(config_path), detail=kind(content))
    return {
        name: value for name, value in content.items() if name not in Config.model_fields or value not in (None, "")
    }


def read_catalog(catalog_path: str) -> ConfiguredAirbyteCatalog:
    content = read_json("catalog", catalog_path)
    try:
        catalog: ConfiguredAirbyteCatalog = ConfiguredAirbyteCatalogSerializer.load(content)
    except SchemaValidationError as error:
        raise MailcoachError(input_problems.NOT_A_CATALOG, path=shown(catalog_path), detail=misfit(error)) from None
    return catalog


def read_state(state_path: str) -> list[AirbyteStateMessage]:
    """The states. No file, an empty object and an empty list all mean that there is no state: everything is read."""
    content = read_json("state", state_path) if state_path else None
    if content is None or content == {}:
        return []
    if not isinstance(content, list):
        raise MailcoachError(input_problems.NOT_A_STATE, path=shown(state_path), detail=f"it holds {kind(content)}")
    return [_state(state_path, number, state) for number, state in enumerate(content)]


def _state(path: str, number: int, content: Any) -> AirbyteStateMessage:
    try:
        state: AirbyteStateMessage = AirbyteStateMessageSerializer.load(content)
    except SchemaValidationError as error:
        detail = misfit(error, str(number))
    else:
        if state.stream or state.data or state.global_:
            return state
        detail = f"{number} holds no state"
    raise MailcoachError(input_problems.NOT_A_STATE, path=shown(path), detail=detail) from None


def read_json(option: str, path: str) -> Any:
    """The content of a file. It is opened only once, because a named pipe gives its content only once."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except PermissionError:
        raise MailcoachError(input_problems.FILE_FORBIDDEN, user=os.getuid(), path=shown(path), option=option) from None
    except OSError as error:
        raise MailcoachError(
            input_problems.FILE_NOT_READ, user=os.getuid(), path=shown(path), option=option, detail=error.strerror
        ) from None
    try:
        return parse(content)
    except ValueError as error:
        raise MailcoachError(input_problems.FILE_NOT_JSON, path=shown(path), option=option, detail=error) from None


def parse(content: bytes) -> Any:
    """Parse JSON in UTF-8, or in UTF-16 or 32 if that shows. Raises ValueError that says what is wrong, and where."""
    if not content.strip():
        raise ValueError("it is empty")
    try:
        parsed = json.loads(content.decode(json.detect_encoding(content)))
        # Fails for what JSON cannot express, such as NaN: the next program would refuse it.
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ValueError(f"it is in another encoding at line {line}, column {column}") from None
    except json.JSONDecodeError as error:
        reason = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        raise ValueError(f"{reason} at line {error.lineno}, column {error.colno}") from None
    except UnicodeEncodeError:
        raise ValueError("it holds one half of a character (an unpaired surrogate)") from None
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except ValueError:
        raise ValueError("it holds a number that is none in JSON, or has too many digits") from None
    if is_deep(parsed):
        raise ValueError(TOO_DEEP)
    return parsed


def is_deep(content: Any) -> bool:
    """Whether lists and objects are nested so deep that code which handles them later could fail."""
    level = [content]
    for _ in range(DEEPEST):
        level = [
            value
            for each in level
            if isinstance(each, dict | list)
            for value in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def misfit(error: SchemaValidationError, *above: str) -> str:
    """The first thing that does not fit the protocol, and its place. The error's own text would quote the content."""
    first = error.errors[0]
    place = "/".join(filter(None, (*above, first.instance_path))) or "a part of it"
    if first.message.endswith("is a required property"):
        return f"{place} is missing"
    _, is_choice, choices = first.message.partition(" is not one of ")
    return f"{place} is none of {choices}" if is_choice else f"{place} is of another type than it should be"


def kind(content: Any) -> str:
    return "an object" if isinstance(content, dict) else "a list" if isinstance(content, list) else "a single value"


def shown(path: str) -> str:
    """A path as text for a message: file names are bytes, and need not be valid text."""
    return os.fsencode(path).decode(errors="replace")


def require_temporary_folder() -> None:
    """Refuse to start without one: the CDK makes a folder in it for every command."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise MailcoachError(input_problems.NO_TEMPORARY_FOLDER, user=os.getuid()) from None


def require_certificates() -> None:
    """Check the file now: requests opens it only for the first request, where it looks like a failed connection."""
    variable = next(filter(os.environ.get, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")), None)
    if variable is None:
        return
    path = os.environ[variable]
    try:
        folder = os.path.isdir(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(None if folder else path, path if folder else None)
    except OSError as error:
        detail = "it holds no certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise MailcoachError(
            input_problems.NO_CERTIFICATES, path=shown(path), variable=variable, detail=detail
        ) from None
