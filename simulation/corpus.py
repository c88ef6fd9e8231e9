"""The corpus: seeds known to show rare behaviour (`seeds.json`), found by `seeds.py`.

A hunt starts with them, so that detecting a mistake, or running a line of the protocol, does not
depend on a campaign's first seed.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).with_name("seeds.json")


@cache
def known_seeds() -> dict[str, int]:
    """The seed that reveals a mistake, by the mutant's name."""
    return {row["mistake"]: row["seed"] for row in _corpus()["mistakes"]}


@cache
def known_line_seeds() -> tuple[int, ...]:
    """Seeds that together run every line of the protocol that can run."""
    return tuple(_corpus()["lines"])


@cache
def _corpus() -> dict[str, Any]:
    corpus: dict[str, Any] = json.loads(SEEDS.read_text(encoding="utf-8"))
    return corpus
