"""Which licenses may be in the image, and that `make sbom` fails on others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts/licenses.py"


def judge(folder: Path, *licenses: str) -> "subprocess.CompletedProcess[str]":
    components = [
        {"name": f"package-{number}", "version": "1.0", "licenses": [{"license": {"name": name}}]}
        for number, name in enumerate(licenses)
    ]
    document = {"metadata": {"component": components[0]}, "components": [*components[1:], {"name": "libc6"}]}
    path = folder / "sbom.json"
    path.write_text(json.dumps(document))
    return subprocess.run([sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "license_name",
    [
        *("MIT", "MIT License", "BSD-3-Clause", "ISC License (ISCL)", "Apache Software License OR BSD License"),
        *("MPL-2.0 AND (Apache-2.0 OR MIT)", "GPL-2.0-or-later OR MIT", "PSF-2.0"),
    ],
)
def test_permissive_licenses_are_listed(license_name: str, tmp_path: Path) -> None:
    result = judge(tmp_path, "MIT", license_name)
    assert result.returncode == 0, result.stderr
    assert f"| package-1 | 1.0 | {license_name} |" in result.stdout


@pytest.mark.parametrize(
    "license_name",
    [
        *("GPL", "GNU General Public License v2 or later (GPLv2+)", "AGPL-3.0-only", "MIT AND GPL-3.0-only"),
        *("unknown", "Business Source License 1.1", "(MIT OR GPL-2.0-only) AND GPL-3.0-only"),
    ],
)
def test_other_licenses_and_unknown_ones_fail_by_name(license_name: str, tmp_path: Path) -> None:
    result = judge(tmp_path, "MIT", license_name)
    assert result.returncode == 1
    assert f"package-1: {license_name}" in result.stderr
