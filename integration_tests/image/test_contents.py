"""What is in the image, and how fast it starts."""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from integration_tests.image.container import IMAGE, docker
from sandbox.sandbox import TOKEN
from source_mailcoach.version import __version__

REPOSITORY_ONLY = {"sandbox", "probes", "unit_tests", "integration_tests", "benchmarks", "examples", "secrets", ".git"}


def inside(*command: str) -> str:
    done = docker("run", "--rm", "--entrypoint", command[0], IMAGE, *command[1:])
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def config() -> dict[str, object]:
    (described,) = json.loads(docker("image", "inspect", IMAGE).stdout)
    found: dict[str, object] = described["Config"]
    return found


@pytest.fixture(scope="module")
def layers() -> Iterator[list[tarfile.TarFile]]:
    """The layers of the image, as `docker save` writes them."""
    saved = subprocess.run(["docker", "save", IMAGE], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive, ExitStack() as stack:
        (manifest,) = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
        opened = (tarfile.open(fileobj=archive.extractfile(name)) for name in manifest["Layers"])  # noqa: SIM115
        yield [stack.enter_context(layer) for layer in opened]


def files(layer: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    return (member for member in layer if member.isfile())


def test_it_runs_the_connector_as_a_numbered_user_that_is_not_root(config: dict[str, object]) -> None:
    assert config["Entrypoint"] == ["source-mailcoach"]
    assert config["User"] == "1000:1000"
    assert "AIRBYTE_ENTRYPOINT=source-mailcoach" in str(config["Env"])
    labels = config["Labels"]
    assert isinstance(labels, dict)
    assert labels["io.airbyte.name"] == "source-mailcoach"
    assert labels["io.airbyte.version"] == labels["org.opencontainers.image.version"] == __version__


def test_above_the_base_there_is_the_environment_of_the_connector_alone(layers: list[tarfile.TarFile]) -> None:
    own = [{member.name for member in files(layer)} for layer in layers]
    first = next(number for number, names in enumerate(own) if any(name.startswith("opt/venv/") for name in names))
    assert {"/".join(name.split("/")[:2]) for names in own[first:] for name in names} == {"opt/venv"}
    packages = {name.partition("site-packages/")[2].split("/")[0] for names in own[first:] for name in names}
    assert "source_mailcoach" in packages
    assert packages & REPOSITORY_ONLY == set()


def test_no_layer_and_no_line_of_the_history_holds_a_token(layers: list[tarfile.TarFile]) -> None:
    secret = TOKEN.encode()
    for layer in layers:
        for member in files(layer):
            content = layer.extractfile(member)
            assert content
            assert secret not in content.read(), member.name
    history = docker("history", "--no-trunc", IMAGE).stdout
    assert not re.search(r"token|index.url|://[^/ ]*@", history, re.IGNORECASE)


def test_nothing_is_compiled_at_run_time() -> None:
    program = "import source_mailcoach.run, source_mailcoach.entrypoint"
    done = docker("run", "--rm", "--entrypoint", "python", IMAGE, "-v", "-c", program)
    assert done.returncode == 0
    compiled = re.findall(r"^# code object from '(.+\.py)'", done.stderr, re.MULTILINE)
    assert len(re.findall(r"^# .+\.pyc matches ", done.stderr, re.MULTILINE)) > 500
    assert compiled == []


def test_all_modules_can_be_imported_without_what_was_left_out() -> None:
    program = """
import importlib, pkgutil, source_mailcoach
names = [module.name for module in pkgutil.walk_packages(source_mailcoach.__path__, "source_mailcoach.")]
for name in names: importlib.import_module(name)
print(len(names))"""
    assert int(inside("python", "-c", program)) > 20


def test_a_spec_takes_hardly_longer_than_an_import_of_the_cdk(capsys: pytest.CaptureFixture[str]) -> None:
    program = """
import subprocess, time
def seconds(*command):
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started
turns = [(seconds("source-mailcoach", "spec"), seconds("python", "-c", "import airbyte_cdk")) for _ in range(5)]
print(*map(min, zip(*turns)))"""
    spec, cdk = map(float, inside("python", "-c", program).split())
    size = int(json.loads(docker("image", "inspect", IMAGE).stdout)[0]["Size"])
    with capsys.disabled():
        print(f"\n{IMAGE}: {size / 1e6:.0f} MB; spec {spec:.2f} s, import airbyte_cdk {cdk:.2f} s: {spec / cdk:.2f}")
    assert spec < 1.7 * cdk
