"""The regression corpus: seeds that once failed, and the mistake that each of them shows."""

import json
from pathlib import Path
from typing import NamedTuple

from simulation.mutants import MUTANTS
from simulation.mutants.mutant import Mutant


class Regression(NamedTuple):
    mistake: str
    seed: int


def regressions() -> list[Regression]:
    rows = json.loads(Path(__file__).with_name("seeds.json").read_text(encoding="utf-8"))
    return [Regression(row["mistake"], row["seed"]) for row in rows]


def mutant_of(name: str) -> Mutant:
    (found,) = [mutant for mutant in MUTANTS if mutant.name == name]
    return found


def seed_of(name: str) -> int:
    """A seed that shows this mistake; 1 where none is known yet."""
    return next((row.seed for row in regressions() if row.mistake == name), 1)
