"""What runs with a deployer's credentials, or in a function, is pinned to its very bytes."""

import json
import re
from pathlib import Path

import pytest

from stacks.version import VERSION

ROOT = Path(__file__).parents[2]
PIN = re.compile(
    r"^[A-Za-z0-9_.-]+==\S+(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}[ \\\n]*)+"
)


@pytest.mark.parametrize("file", ["requirements.txt", "lambdas/requirements.txt"])
def test_every_python_package_is_pinned_with_its_hashes(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)

    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert [entry for entry in entries if not PIN.match(f"{entry}\n")] == []


def test_every_node_package_is_pinned_with_its_hash() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]

    assert [name for name, package in locked.items() if name and "integrity" not in package] == []


def test_the_version_has_its_place_among_the_changes() -> None:
    assert f"\n## {VERSION}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
