"""The workflow for GitHub is well-formed, tests what the project says it supports, and runs targets that exist."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
STEPS: list[dict[str, Any]] = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_every_job_has_a_runner_and_steps_that_either_run_or_use_something() -> None:
    assert WORKFLOW["jobs"].keys() == {"lint", "test", "audit", "image", "publish"}
    assert all(job["runs-on"] for job in WORKFLOW["jobs"].values())
    assert all(("run" in step) != ("uses" in step) for step in STEPS)


def test_actions_are_pinned() -> None:
    assert all(re.search(r"@(v\d+|[0-9a-f]{40})$", step["uses"]) for step in STEPS if "uses" in step)


def test_it_tests_with_the_pythons_that_the_package_supports() -> None:
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python-version"] == classifiers


def test_it_calls_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {match for step in STEPS for match in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert {"lint", "test", "image", "test-image", "sbom"} <= called <= targets


def test_the_image_is_published_only_from_a_tag_and_after_everything_else() -> None:
    publish = WORKFLOW["jobs"]["publish"]
    assert "refs/tags/v" in publish["if"]
    assert set(publish["needs"]) == WORKFLOW["jobs"].keys() - {"publish"}
    assert WORKFLOW["permissions"] == {"contents": "read"}
