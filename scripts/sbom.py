"""Prints the bill of materials of the environment that it runs in, as CycloneDX 1.5 JSON.

`make sbom` pipes it into the Python of the image: all Python distributions with their licenses, and the Debian packages
of the base image. Needs nothing but the standard library.
"""

import json
import shutil
import subprocess
import sys
from email.message import Message
from importlib.metadata import Distribution, distribution, distributions
from typing import Any, cast

SUBJECT = "source-mailcoach"


def license_of(found: Distribution) -> str:
    """The license as the package says it: an SPDX expression, the classifiers, or else a short free text."""
    metadata = cast(Message, found.metadata)
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[-1] for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    classifiers = [name for name in classifiers if name != "OSI Approved"]
    text = (metadata.get("License") or "").strip()
    if classifiers:
        return " OR ".join(sorted(classifiers))
    return text.splitlines()[0][:80] if text else "unknown"


def component(found: Distribution) -> dict[str, Any]:
    name = found.metadata["Name"]
    return {
        "type": "library",
        "name": name,
        "version": found.version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{found.version}",
        "licenses": [{"license": {"name": license_of(found)}}],
    }


def debian() -> list[dict[str, Any]]:
    """The packages of the base image: separate programs and shared libraries, which Debian licenses to everyone."""
    if not shutil.which("dpkg-query"):
        return []
    lines = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    packages = [line.split() for line in lines]
    return [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}",
            "properties": [{"name": "copyright", "value": f"/usr/share/doc/{name}/copyright"}],
        }
        for name, version, architecture in packages
    ]


def main() -> None:
    found = {component(each)["purl"]: component(each) for each in distributions() if each.metadata["Name"] != SUBJECT}
    subject = component(distribution(SUBJECT)) | {"type": "application"}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": subject},
        "components": [
            {
                "type": "platform",
                "name": "python",
                "version": sys.version.split()[0],
                "licenses": [{"license": {"name": "PSF-2.0"}}],
            },
            *(found[purl] for purl in sorted(found)),
            *debian(),
        ],
    }
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
