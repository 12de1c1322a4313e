"""Prints the licenses in a CycloneDX bill of materials as a table; fails if one of them may not be in the image.

`python scripts/licenses.py SBOM.json`. The connector is under the MIT license, so what it is delivered with has to
allow that: permissive licenses do, and the MPL, whose terms end at its own files. An unknown license is not allowed.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ALLOWED = re.compile(
    r"""(MIT(-0|\ License)?|ISC(\ License\ \(ISCL\))?|0BSD|BSD(-[23]-Clause|\ License)
    |Apache(-2\.0|\ Software\ License)|PSF-2\.0|Python\ Software\ Foundation\ License|Unlicense
    |MPL-2\.0|Mozilla\ Public\ License\ 2\.0\ \(MPL\ 2\.0\))""",
    re.VERBOSE,
)


def allowed(expression: str) -> bool:
    """Whether a license, or an expression of several, may be used: all parts of AND, at least one of OR.

    Without a parser for nested expressions: of those, all parts have to be allowed.
    """
    parts = [part.strip() for part in re.split(r" AND | OR ", expression)]
    unnested = [part.strip("()") if part.count("(") != part.count(")") else part for part in parts]
    verdicts = [bool(ALLOWED.fullmatch(part)) for part in unnested]
    return any(verdicts) if " OR " in expression and " AND " not in expression else all(verdicts)


def licensed(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, version and license of all but the Debian packages, whose terms are in the files that they name."""
    components = [document["metadata"]["component"], *document["components"]]
    return [
        (each["name"], each["version"], each["licenses"][0]["license"]["name"])
        for each in components
        if "licenses" in each
    ]


def main(path: str) -> int:
    rows = licensed(json.loads(Path(path).read_text()))
    print("| Package | Version | License |\n| --- | --- | --- |")
    for name, version, license_name in rows:
        print(f"| {name} | {version} | {license_name} |")
    refused = [f"{name}: {license_name}" for name, _, license_name in rows if not allowed(license_name)]
    if refused:
        print("These licenses may not be in the image:", "; ".join(refused), file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
