"""The proof can fail: each mistake that a good engineer could make is caught."""

from multiprocessing.pool import Pool

import pytest

from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.work import hunt_mutant

#: seeds that are tried after the one that is known to show a mistake
SEEDS_MAX = 120


@pytest.fixture(scope="module")
def caught(processes: Pool) -> dict[str, str]:
    """What the checker said to each mutant."""
    parts = [(n, 1, SEEDS_MAX) for n in range(len(MUTANTS))]
    return {h.mutant: h.said for h in processes.imap_unordered(hunt_mutant, parts)}


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS])
def test_the_checker_objects_to(name: str, caught: dict[str, str]) -> None:
    assert caught[name]


def test_every_patch_fits_the_code() -> None:
    for mutant in (*MUTANTS, *TRACKING):
        for place, name, replacement in mutant.patches:
            assert getattr(place, name) != replacement, mutant.name


def test_there_are_mutants_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
