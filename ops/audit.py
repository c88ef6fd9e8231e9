"""`make audit`: the advisories for the pinned packages, from OSV (osv.dev).

If the advisories cannot be fetched, it reports the pins as unaudited: no answer must not look like
no findings.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import requests

PROJECT = Path(__file__).parent.parent
FILES = ("requirements.txt", "lambdas/requirements.txt", "emulator/requirements.txt")
#: google.github.io/osv.dev/post-v1-querybatch
OSV = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 60
#: the most queries that OSV accepts at once
QUERIES_MAX = 1_000
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)

CLEAN, FOUND, UNAUDITED = 0, 1, 3


def pinned(files: Sequence[Path]) -> list[tuple[str, str]]:
    """Names and versions, without duplicates."""
    return sorted({pin for file in files for pin in PIN.findall(file.read_text("utf-8"))})


def advisories(pins: Sequence[tuple[str, str]], url: str) -> dict[tuple[str, str], list[str]]:
    """Advisory ids by package. Raises OSError or ValueError if they cannot be fetched
    (the errors of requests are both)."""
    assert len(pins) <= QUERIES_MAX
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in pins
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
    pins = pinned([PROJECT / file for file in FILES])
    try:
        known = advisories(pins, url)
    except (OSError, ValueError, KeyError) as error:
        print(
            f"unaudited: no advisories could be fetched for the {len(pins)} pinned packages "
            f"({type(error).__name__}). Run it again where {url} can be reached."
        )
        return UNAUDITED
    for (name, version), ids in known.items():
        print(f"{name} {version}: {', '.join(ids)} (https://osv.dev/{ids[0]})")
    print(f"{len(pins)} packages, {len(known)} of them with advisories.")
    return FOUND if known else CLEAN


if __name__ == "__main__":
    sys.exit(main())
