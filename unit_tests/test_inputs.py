"""Files of the command line: read once, in any Unicode, or refused with option, file and place."""

import codecs
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import FailureType

from source_mailcoach.inputs import read_catalog, read_config, read_json, read_state
from source_mailcoach.messages.errors import MailcoachError
from unit_tests.conftest import CONFIG

SECRET = "s3cr3t-0123456789"
TEXT = json.dumps({"api_base_url": "https://news.example.com/api", "name": "é😀"}, ensure_ascii=False)


def written(path: Path, content: bytes | Any) -> str:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def refusal(error: "pytest.ExceptionInfo[MailcoachError]") -> str:
    assert error.value.failure_type is FailureType.config_error
    shown = f"{error.value.message}{error.value.as_airbyte_message()}"
    assert SECRET not in shown
    return str(error.value.message)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode().replace(b", ", b",\r\n") + b"\r\n",
    ],
    ids=["UTF-8", "with a mark", "UTF-16-LE", "UTF-16-BE", "UTF-32", "lines of Windows"],
)
def test_json_in_any_unicode_is_read(content: bytes, tmp_path: Path) -> None:
    assert read_json("config", written(tmp_path / "file", content)) == json.loads(TEXT)


BROKEN: list[tuple[bytes, str]] = [
    (b"", "it is empty"),
    (b" \r\n\t", "it is empty"),
    (codecs.BOM_UTF8, "expecting value at line 1, column 1"),
    (b'{"api_token": "%s"' % SECRET.encode(), "expecting ',' delimiter at line 1, column "),
    (b'{"api_token":\n"%s' % SECRET.encode(), "unterminated string starting at line 2, column 1"),
    (b'{\n "api_token": "%s",\n}' % SECRET.encode(), "at line "),
    (b'{"a": 1}\n{"b": 2}\n', "extra data at line 2, column 1"),
    (b"api_token: %s" % SECRET.encode(), "expecting value at line 1, column 1"),
    (b"\0" * 400, "at line 1, column 1"),
    ('{"name":\n "Ren\xe9"}'.encode("latin-1"), "it is in another encoding at line 2, column 6"),
    ('{"na\xefve": 1}'.encode("cp1252"), "it is in another encoding at line 1, column 5"),
    ('{"a": "é"}'.encode("utf-16")[:-1], "it is in another encoding at line 1, column "),
    (b'{"page_size": NaN}', "it holds a number that is none in JSON"),
    (b'{"page_size": -Infinity}', "it holds a number that is none in JSON"),
    (b'{"page_size": 1e999}', "it holds a number that is none in JSON"),
    (b'{"page_size": ' + b"9" * 5000 + b"}", "it holds a number that is none in JSON, or has too many digits"),
    (b'{"name": "\\ud800"}', "it holds one half of a character"),
    (b"[" * 100_000, "nested more than 100 deep"),
    (b'{"a":' * 200 + b"1" + b"}" * 200, "nested more than 100 deep"),
    (b"[" * 101 + b"1" + b"]" * 101, "nested more than 100 deep"),
]


@pytest.mark.parametrize(("content", "says"), BROKEN, ids=[ascii(content[:20]) for content, _ in BROKEN])
@pytest.mark.parametrize("option", ["config", "state"])
def test_a_file_that_is_no_json_is_named_with_the_place(content: bytes, says: str, option: str, tmp_path: Path) -> None:
    path = written(tmp_path / "file", content)
    with pytest.raises(MailcoachError) as error:
        read_json(option, path)
    sentence = refusal(error)
    assert sentence.startswith(f"The file {path} of --{option} is not JSON in UTF-8: ")
    assert says in sentence


def test_what_is_nested_a_hundred_deep_is_read(tmp_path: Path) -> None:
    assert read_json("state", written(tmp_path / "file", b"[" * 100 + b"]" * 100))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MailcoachError) as error:
        read_json("config", str(tmp_path))
    assert f"cannot read the file {tmp_path} of --config: Is a directory. Check the path" in refusal(error)


def test_a_name_that_is_no_text_can_be_shown(tmp_path: Path) -> None:
    with pytest.raises(MailcoachError) as error:
        read_json("config", os.fsdecode(b"/no/\xff"))
    assert "the file /no/\ufffd of --config" in refusal(error)


def test_a_named_pipe_is_opened_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(json.dumps(CONFIG),))
    writer.start()
    assert read_config(str(path)) == CONFIG
    writer.join()


@pytest.mark.parametrize(("content", "says"), [([], "a list"), ("text", "a single value"), (None, "a single value")])
def test_a_configuration_is_an_object(content: Any, says: str, tmp_path: Path) -> None:
    path = written(tmp_path / "file", content)
    with pytest.raises(MailcoachError) as error:
        read_config(path)
    assert refusal(error).startswith(f"The file {path} of --config holds {says} instead of an object")


STREAM = {"name": "campaigns", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
CONFIGURED = {"stream": STREAM, "sync_mode": "full_refresh", "destination_sync_mode": "append"}


def without(mapping: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != field}


CATALOGS: list[tuple[Any, str]] = [
    ({}, "streams is missing"),
    ([CONFIGURED], "a part of it is of another type"),
    (None, "a part of it is of another type"),
    ({"streams": SECRET}, "streams is of another type than it should be"),
    ({"streams": [CONFIGURED, SECRET]}, "streams/1 is of another type"),
    ({"streams": [STREAM]}, "streams/0/stream is missing"),
    (
        {"streams": [{**CONFIGURED, "stream": without(STREAM, "json_schema")}]},
        "streams/0/stream/json_schema is missing",
    ),
    ({"streams": [{**CONFIGURED, "stream": without(STREAM, "name")}]}, "streams/0/stream/name is missing"),
    ({"streams": [{**CONFIGURED, "stream": {**STREAM, "json_schema": SECRET}}]}, "is of another type"),
    ({"streams": [without(CONFIGURED, "sync_mode")]}, "streams/0/sync_mode is missing"),
    (
        {"streams": [CONFIGURED, {**CONFIGURED, "sync_mode": "all"}]},
        'streams/1/sync_mode is none of ["full_refresh", "incremental"]',
    ),
    ({"streams": [{**CONFIGURED, "sync_mode": None}]}, "streams/0/sync_mode is none of"),
    ({"streams": [{**CONFIGURED, "destination_sync_mode": "keep"}]}, "streams/0/destination_sync_mode is none of"),
    ({"streams": [{**CONFIGURED, "primary_key": SECRET}]}, "streams/0/primary_key is of another type"),
]


@pytest.mark.parametrize(("content", "says"), CATALOGS, ids=[says for _, says in CATALOGS])
def test_a_catalog_that_is_none_is_named_with_the_place(content: Any, says: str, tmp_path: Path) -> None:
    path = written(tmp_path / "file", content)
    with pytest.raises(MailcoachError) as error:
        read_catalog(path)
    sentence = refusal(error)
    assert sentence.startswith(f"The file {path} of --catalog is not a configured catalog: ")
    assert says in sentence


def test_a_catalog_is_read(tmp_path: Path) -> None:
    catalog = read_catalog(written(tmp_path / "file", {"streams": [CONFIGURED]}))
    assert [configured.stream.name for configured in catalog.streams] == ["campaigns"]


DESCRIPTOR = {"stream_descriptor": {"name": "campaigns"}}
STATE = {"type": "STREAM", "stream": {**DESCRIPTOR, "stream_state": {"cursor": "2026-01-01T00:00:00Z"}}}
STATES: list[tuple[Any, str]] = [
    (STATE, "it holds an object"),
    ({"campaigns": {"cursor": "2026"}}, "it holds an object"),
    (SECRET, "it holds a single value"),
    (1, "it holds a single value"),
    ([STATE, SECRET], "1 is of another type"),
    ([[]], "0 is of another type"),
    ([{"type": "STATE", "state": STATE}], '0/type is none of ["GLOBAL", "STREAM", "LEGACY"]'),
    ([{}], "0 holds no state"),
    ([STATE, {"type": "STREAM"}], "1 holds no state"),
    ([{"type": "STREAM", "stream": {}}], "0/stream/stream_descriptor is missing"),
    (
        [{"type": "STREAM", "stream": {**DESCRIPTOR, "stream_state": SECRET}}],
        "0/stream/stream_state is of another type",
    ),
]


@pytest.mark.parametrize(("content", "says"), STATES, ids=[says for _, says in STATES])
def test_a_state_that_is_none_is_named_with_the_place(content: Any, says: str, tmp_path: Path) -> None:
    path = written(tmp_path / "file", content)
    with pytest.raises(MailcoachError) as error:
        read_state(path)
    sentence = refusal(error)
    assert sentence.startswith(f"The file {path} of --state is not a list of states: ")
    assert says in sentence


def test_a_state_is_read(tmp_path: Path) -> None:
    (state,) = read_state(written(tmp_path / "file", [STATE]))
    assert state.stream
    assert vars(state.stream.stream_state) == {"cursor": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("content", [[], {}, None])
def test_an_empty_state_is_no_state(content: Any, tmp_path: Path) -> None:
    assert read_state(written(tmp_path / "file", content)) == []


def test_no_file_is_no_state() -> None:
    assert read_state("") == []
