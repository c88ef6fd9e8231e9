"""The corpus: seeds that are known to show what is rare (`seeds.json`), found by `seeds.py`.

A hunt begins there, so that whether a mistake is caught, or a line of the protocol ever runs, does
not hang on the seed that a campaign happens to begin with.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).with_name("seeds.json")


@cache
def known_seeds() -> dict[str, int]:
    """The seed that shows a mistake, by the mutant's name."""
    return {row["mistake"]: row["seed"] for row in _corpus()["mistakes"]}


@cache
def known_line_seeds() -> tuple[int, ...]:
    """Seeds that together run every line of the protocol that can run."""
    return tuple(_corpus()["lines"])


@cache
def _corpus() -> dict[str, Any]:
    corpus: dict[str, Any] = json.loads(SEEDS.read_text(encoding="utf-8"))
    return corpus
