"""The workflows for GitHub are well-formed, test what the project says it supports, and run targets that exist."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
WEEKLY: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text())
JOBS: list[dict[str, Any]] = [*WORKFLOW["jobs"].values(), *WEEKLY["jobs"].values()]
STEPS: list[dict[str, Any]] = [step for job in JOBS for step in job["steps"]]


def test_every_job_has_a_runner_and_steps_that_either_run_or_use_something() -> None:
    assert WORKFLOW["jobs"].keys() == {"lint", "test", "dbt", "audit", "image", "publish"}
    assert all(job["runs-on"] for job in JOBS)
    assert all(("run" in step) != ("uses" in step) for step in STEPS)


def test_actions_are_pinned() -> None:
    assert all(re.search(r"@(v\d+|[0-9a-f]{40})$", step["uses"]) for step in STEPS if "uses" in step)


def test_it_tests_with_the_pythons_that_the_package_supports() -> None:
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    for workflow in (WORKFLOW, WEEKLY):
        assert workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"] == classifiers


def test_the_newest_releases_and_the_tests_themselves_are_tried_once_a_week() -> None:
    (schedule,) = WEEKLY[True]["schedule"]  # YAML 1.1 reads the key `on` as true
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", schedule["cron"])
    runs = {name: [step.get("run") for step in job["steps"]] for name, job in WEEKLY["jobs"].items()}
    assert "make test-newest PYTHON=python" in runs["test"]
    assert "make mutants PYTHON=python" in runs["mutants"]


def test_it_calls_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {match for step in STEPS for match in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert {"lint", "coverage", "image", "test-image", "sbom"} <= called <= targets


def test_the_image_is_published_only_from_a_tag_and_after_everything_else() -> None:
    publish = WORKFLOW["jobs"]["publish"]
    assert "refs/tags/v" in publish["if"]
    assert set(publish["needs"]) == WORKFLOW["jobs"].keys() - {"publish"}
    assert WORKFLOW["permissions"] == WEEKLY["permissions"] == {"contents": "read"}
