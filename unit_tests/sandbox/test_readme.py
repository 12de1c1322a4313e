"""What the README of the sandbox says is there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import sandbox

FOLDER = Path(sandbox.__file__).parent
README = (FOLDER / "README.md").read_text()
OPTION = re.compile(r"--[a-z][a-z-]+")


def test_the_map_names_every_folder_and_every_file_beside_them() -> None:
    first_columns = re.findall(r"^\| (`.+?) \|", README, re.MULTILINE)
    named = {name for column in first_columns for name in re.findall(r"`(.+?)`", column)}
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert named == files | {f"{path.parent.name}/" for path in FOLDER.glob("*/__init__.py")}


def test_each_option_in_the_readme_is_one_of_the_command() -> None:
    command = [sys.executable, "-m", "sandbox", "--help"]
    known = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "--without" in README
    assert set(OPTION.findall(README)) <= set(OPTION.findall(known))


def test_the_example_of_a_test_passes() -> None:
    (example,) = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["result"].exit_code == 0
