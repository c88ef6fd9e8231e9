"""`make audit`: the advisories for the pinned packages, from OSV (osv.dev).

If the advisories cannot be fetched, it reports the pins as unaudited: no answer must not look like
no findings.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

PROJECT = Path(__file__).parent.parent
FILES = ("requirements.txt", "lambdas/requirements.txt", "emulator/requirements.txt")
LOCK = "package-lock.json"
#: google.github.io/osv.dev/post-v1-querybatch
OSV = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 60
#: the most queries that OSV accepts at once
QUERIES_MAX = 1_000
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)

CLEAN, FOUND, UNAUDITED = 0, 1, 3


@dataclass(frozen=True, slots=True, order=True)
class Package:
    ecosystem: str
    name: str
    version: str


def pinned(project: Path = PROJECT) -> list[Package]:
    """What is installed from PyPI and from npm, without duplicates."""
    return sorted({*_of_python(project), *_of_node(project)})


def _of_python(project: Path) -> Iterator[Package]:
    for file in FILES:
        for name, version in PIN.findall((project / file).read_text("utf-8")):
            yield Package("PyPI", name, version)


def _of_node(project: Path) -> Iterator[Package]:
    locked = json.loads((project / LOCK).read_text("utf-8"))["packages"]
    for place, package in locked.items():
        _, found, name = place.rpartition("node_modules/")
        if found:
            yield Package("npm", name, package["version"])


def advisories(pins: Sequence[Package], url: str) -> dict[Package, list[str]]:
    """Advisory ids by package. Raises OSError or ValueError if they cannot be fetched
    (the errors of requests are both)."""
    assert len(pins) <= QUERIES_MAX
    queries = [
        {"package": {"name": pin.name, "ecosystem": pin.ecosystem}, "version": pin.version}
        for pin in pins
    ]
    answer = requests.post(url, json={"queries": queries}, timeout=TIMEOUT_S)
    answer.raise_for_status()
    results = answer.json()["results"]
    if len(results) != len(pins):
        raise ValueError(f"{url} answered {len(results)} of {len(pins)} questions")
    known = {
        pin: [str(row["id"]) for row in result.get("vulns", [])]
        for pin, result in zip(pins, results, strict=True)
    }
    return {pin: ids for pin, ids in known.items() if ids}


def main(url: str = OSV) -> int:
    pins = pinned()
    try:
        known = advisories(pins, url)
    except (OSError, ValueError, KeyError) as error:
        print(
            f"unaudited: no advisories could be fetched for the {len(pins)} pinned packages "
            f"({type(error).__name__}). Run it again where {url} can be reached."
        )
        return UNAUDITED
    for pin, ids in known.items():
        print(f"{pin.name} {pin.version}: {', '.join(ids)} (https://osv.dev/{ids[0]})")
    print(f"{len(pins)} packages, {len(known)} of them with advisories.")
    return FOUND if known else CLEAN


if __name__ == "__main__":
    sys.exit(main())
