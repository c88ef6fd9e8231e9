"""The proof can fail: each mistake that a good engineer could make is caught."""

from multiprocessing.pool import Pool

import pytest

from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.work import hunt_mutant

#: mistakes whose known seed still shows them since the worlds are drawn anew (two routes to one
#: destination, states that come back); `make sim` hunts for all the others, which takes longer
AT_ONCE = (
    "identity is the envelope's id",
    "identity is conversation and moment",
    "identity without time",
    "an identity that is there is a duplicate",
    "item ids ignore what the event says",
    "a claim that is there is a duplicate",
    "acknowledged though not on record",
    "one claim speaks for all routes",
    "claims are made and not obeyed",
    "a route's condition is not asked",
)


@pytest.fixture(scope="module")
def caught(processes: Pool) -> dict[str, str]:
    """What the checker said to each of these, at the seed that is known to show it."""
    parts = [(n, 1, 1) for n, mutant in enumerate(MUTANTS) if mutant.name in AT_ONCE]
    return {h.mutant: h.said for h in processes.imap_unordered(hunt_mutant, parts)}


@pytest.mark.parametrize("name", AT_ONCE)
def test_the_checker_objects_to(name: str, caught: dict[str, str]) -> None:
    assert caught[name]


def test_every_patch_fits_the_code() -> None:
    for mutant in (*MUTANTS, *TRACKING):
        for place, name, replacement in mutant.patches:
            assert getattr(place, name) != replacement, mutant.name


def test_there_are_mutants_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
