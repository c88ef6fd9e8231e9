"""The corpus: for each mistake a seed that is known to show it (`seeds.json`).

A hunt begins there, so that whether a mistake is caught does not hang on the seed that a campaign
happens to begin with.
"""

import json
from functools import cache
from pathlib import Path

SEEDS = Path(__file__).with_name("seeds.json")


@cache
def known_seeds() -> dict[str, int]:
    """The seed that shows a mistake, by the mutant's name."""
    rows = json.loads(SEEDS.read_text(encoding="utf-8"))
    return {row["mistake"]: row["seed"] for row in rows}
