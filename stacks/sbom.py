"""The bill of materials of the functions' asset, as CycloneDX 1.6 (cyclonedx.org/docs/1.6/json).

It is derived from the installed packages and has no timestamp or serial number, so that the asset's
hash, which covers it, is the same for the same contents.
"""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from stacks.version import VERSION

FILE = "sbom.cdx.json"
#: prefix of the classifiers that name a licence
CLASSIFIER = "License :: OSI Approved :: "


def bill(directory: Path) -> str:
    """The bill of the packages that are installed in `directory`."""
    packages = [
        HeaderParser().parsestr(path.read_text("utf-8"))
        for path in directory.glob("*.dist-info/METADATA")
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "genesys-relay",
                "version": VERSION,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": sorted(map(_component, packages), key=lambda component: component["purl"]),
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def licences(document: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Each component of a bill with its licences as text."""
    return [
        (
            f"{component['name']} {component['version']}",
            ", ".join(
                row.get("expression") or row["license"].get("id") or row["license"]["name"]
                for row in component["licenses"]
            ),
        )
        for component in document["components"]
    ]


def _component(package: Message) -> dict[str, Any]:
    # PyPI's own spelling of a name (packaging.python.org, name normalization)
    name = re.sub(r"[-_.]+", "-", str(package["Name"])).lower()
    return {
        "type": "library",
        "name": name,
        "version": str(package["Version"]),
        "purl": f"pkg:pypi/{name}@{package['Version']}",
        "licenses": _licences(package),
    }


def _licences(package: Message) -> list[dict[str, Any]]:
    """As the package declares them, in the newest of the three ways that it uses."""
    if expression := package["License-Expression"]:
        return [{"expression": str(expression)}]
    classified = [
        str(line).removeprefix(CLASSIFIER)
        for line in package.get_all("Classifier", [])
        if str(line).startswith(CLASSIFIER)
    ]
    named = classified or [str(package["License"] or "").split("\n")[0] or "unknown"]
    return [{"license": {"name": name}} for name in named]


def main() -> None:
    """Prints what an asset would contain, with the licences."""
    from stacks.bundling import PLATFORMS, install
    from stacks.function import RUNTIME

    with tempfile.TemporaryDirectory() as folder:
        python = RUNTIME.name.removeprefix("python")
        install(Path(folder), python=python, platform=PLATFORMS["arm64"])
        for component, licence in licences(json.loads(bill(Path(folder)))):
            print(f"{component}: {licence}")


if __name__ == "__main__":
    main()
