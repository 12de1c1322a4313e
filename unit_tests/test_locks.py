"""No command of the project installs anything but what a committed lock names, and each lock is complete by itself."""

import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
THIS_PYTHON = f"3.{sys.version_info.minor}"

FROM_A_LOCK = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]
FROM_THE_CHECKOUT = ["--no-index", "--no-deps", "--no-build-isolation"]
# Made to meet what no lock names yet: `make test-newest`.
WITHOUT_A_LOCK = ".venv-newest"


# Commands --------------------------------------------------------------------------------------------------------


@cache
def shell_of_make() -> str:
    """What make would run for all of its targets."""
    targets = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    command = ["make", "--dry-run", "--always-make", "CONTAINER_ENGINE=engine", *targets[0].split()]
    # These tests may run under make, whose variables would hold for the one that is asked here as well.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def shell_of_the_image() -> str:
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return "\n".join(re.findall(r"^RUN (.*)", dockerfile, re.MULTILINE))


def shell_of_the_workflows() -> str:
    workflows = [yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").iterdir()]
    steps = [step for workflow in workflows for job in workflow["jobs"].values() for step in job["steps"]]
    return "\n".join(step.get("run", "") for step in steps)


def commands(shell: str) -> Iterator[list[str]]:
    for line in re.split(r"\n|&&|\|\||[;|]", shell.replace("\\\n", " ")):
        try:
            yield shlex.split(line, comments=True)
        except ValueError:  # a part of a quoted script
            assert not re.search(r"\bpip|\buv", line), line


def calls_of_pip(*shells: str) -> dict[str, list[list[str]]]:
    """The arguments of each call of pip, by environment, in their order."""
    calls = defaultdict(list)
    for words in (words for shell in shells for words in commands(shell)):
        for number, word in enumerate(words):
            if re.fullmatch(r"pip[\d.]*", Path(word).name) and Path(words[0]).name != "uv":
                environment = str(Path(words[0]).parent.parent) if number else "image"
                calls[environment].append([argument for argument in words[number + 1 :] if argument != "--quiet"])
                break
    return calls


CI = (ROOT / ".ci/run").read_text()
CALLS = calls_of_pip(shell_of_make(), shell_of_the_image(), shell_of_the_workflows(), CI)
LOCKED = {environment: calls for environment, calls in CALLS.items() if environment != WITHOUT_A_LOCK}
LOCKS = sorted({call[-1] for calls in LOCKED.values() for call in calls if call[:-1] == ["install", *FROM_A_LOCK]})


def test_each_environment_is_made_in_a_way_that_is_known_here() -> None:
    several = {name for name in CALLS if re.fullmatch(r"\.venv-3\.\d+", name)}  # of `make test-all`
    assert CALLS.keys() - several == {
        *(".venv", ".example-venv", ".bench-venv", ".dbt-venv", ".official-venv", "image"),
        WITHOUT_A_LOCK,
    }


@pytest.mark.parametrize("environment", LOCKED)
def test_whatever_is_installed_comes_from_a_lock_or_from_the_checkout(environment: str) -> None:
    for call in LOCKED[environment]:
        if call[0] == "install":
            from_a_lock = call[1:-1] == FROM_A_LOCK and call[-1].endswith(".lock")
            from_the_checkout = [word for word in call[1:-1] if word != "--editable"] == FROM_THE_CHECKOUT
            assert from_a_lock or (from_the_checkout and call[-1] == "."), call
        else:
            assert call[0] in {"check", "uninstall"}, call


@pytest.mark.parametrize("environment", LOCKED)
def test_it_is_checked_that_nothing_is_missing_before_anything_is_removed(environment: str) -> None:
    order = " ".join(call[0] for call in LOCKED[environment])
    assert re.fullmatch(r"(install )+check( (install )+check)*( uninstall)?", order)


def test_no_other_installer_is_called() -> None:
    shell = shell_of_make() + shell_of_the_image() + shell_of_the_workflows() + CI
    assert not re.search(r"\b(uvx|uv (run|sync|tool|pip (install|sync))|poetry|npm|npx|curl|wget|apt-get)\b", shell)
    assert "--upgrade-deps" not in shell


def test_tools_that_are_run_without_being_installed_are_pinned_but_for_the_one_that_has_to_know_of_today() -> None:
    calls = re.findall(r"\bpipx run (.*)", shell_of_the_workflows())
    floating = [call for call in calls if not re.match(r"--spec \S+==\S+ ", call)]
    assert calls
    assert [call.split()[0] for call in floating] == ["pip-audit"]


# Locks -----------------------------------------------------------------------------------------------------------


def entries(lock: str) -> dict[Requirement, list[str]]:
    """Each requirement with its hashes."""
    lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    split = [re.split(r"\s+--hash=", line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return {Requirement(requirement): hashes for requirement, *hashes in split}


def environment_of(python: str) -> dict[str, str]:
    return {**{key: str(value) for key, value in default_environment().items()}, "python_version": python} | (
        {} if python == THIS_PYTHON else {"python_full_version": f"{python}.1"}
    )


def applies(requirement: Requirement, python: str, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment_of(python), "extra": extra})


def pins(lock: str, python: str) -> dict[str, str]:
    """The version of each package that the lock gives to a Python."""
    applying = [requirement for requirement in entries(lock) if applies(requirement, python)]
    versions: dict[str, str] = {
        canonicalize_name(entry.name): str(entry.specifier).removeprefix("==") for entry in applying
    }
    assert len(versions) == len(applying), "two versions of one package"
    return versions


def wanted(lock: str) -> list[Requirement]:
    """What the lock is made for."""
    if (source := (ROOT / lock).with_suffix(".in")).exists():
        lines = source.read_text().splitlines()
        return [Requirement(line) for line in lines if not line.startswith("#")]
    lines = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    if lock == "requirements-dev.lock":
        lines += PROJECT["project"]["optional-dependencies"]["dev"]
    return [Requirement(line) for line in lines]


def installed_needs(name: str, version: str) -> list[Requirement] | None:
    """What a package says that it needs, if just this version of it is here to be asked."""
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return None
    return [Requirement(line) for line in package.requires or []] if package.version == version else None


def closure(wanted: Iterable[Requirement], pins: Mapping[str, str], python: str) -> tuple[set[str], set[str]]:
    """Which packages are needed, and which of them could be asked what they need. What is not pinned fails."""
    reached: set[tuple[str, str]] = set()
    asked: set[str] = set()
    todo = [(requirement, "pyproject.toml or .in") for requirement in wanted if applies(requirement, python)]
    while todo:
        requirement, by = todo.pop()
        name = canonicalize_name(requirement.name)
        pin = pins.get(name)
        assert pin, f"{by} needs {requirement}, which is not in the lock for Python {python}"
        assert requirement.specifier.contains(pin, prereleases=True), f"{by} needs {requirement}, the lock has {pin}"
        for extra in {"", *requirement.extras} - {extra for reached_name, extra in reached if reached_name == name}:
            reached.add((name, extra))
            needs = installed_needs(name, pin)
            if needs is not None:
                asked.add(name)
                todo += [(need, name) for need in needs if applies(need, python, extra)]
    return {name for name, _ in reached}, asked


def test_make_lock_makes_each_lock_that_is_installed_from() -> None:
    assert sorted(re.findall(r"--output-file (\S+)", shell_of_make())) == LOCKS
    assert len(LOCKS) == 6


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_has_one_version_and_its_hashes_and_no_address(lock: str) -> None:
    for requirement, hashes in entries(lock).items():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement
    assert "//" not in (ROOT / lock).read_text()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_whatever_its_packages_need(lock: str, python: str) -> None:
    """Only what is installed here can be asked for its needs; `make` checks each environment when it is made."""
    if lock == "examples/requirements.lock" and python == "3.13":
        pytest.skip("PyAirbyte needs Python 3.10 to 3.12")
    locked = pins(lock, python)
    _, asked = closure([*wanted(lock), *map(Requirement, locked)], locked, python)
    assert ("requests" if lock == "dbt/requirements.lock" else "airbyte-cdk") in asked


def test_the_lock_of_this_environment_has_nothing_else_either() -> None:
    locked = pins("requirements-dev.lock", THIS_PYTHON)
    needed, asked = closure(wanted("requirements-dev.lock"), locked, THIS_PYTHON)
    assert needed == asked == locked.keys()


def test_the_image_has_the_versions_that_are_tested() -> None:
    assert entries("requirements.lock").items() <= entries("requirements-dev.lock").items()
