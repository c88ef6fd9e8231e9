"""Seeds that once failed: they hold now, and still show the mistake that they found."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from simulation.corpus import known_seeds
from simulation.endless import NEVER
from simulation.hunting import hunt
from simulation.mutants import MUTANTS, mutant_of
from simulation.mutants.tracking import TRACKING
from simulation.scenario import draw, spared
from simulation.tracked import draw_tracked
from simulation.trial import run_scenario, run_tracked_scenario

#: mistakes that the simulation found in this code, as mutants
FOUND_HERE = (
    "one item read back speaks for all",
    "409 says that every item took effect",
    "an event confirms all that a person was asked",
    "the dead letter of a split request is cleared away",
    "intake forgets what it could not set aside",
    "item ids ignore what the event says",
)
#: seeds of the campaign of 25,000 runs that failed, by what was wrong
FAILED = {
    "a case that a person had was parked once more": (3774,),
    "copies of split requests copied their parts, and kept the breaker's probes": (
        13475,
        16750,
        24467,
    ),
    "dedup knew a destination no more, and what it caused was written back": (5201,),
    "what had been merged for a destination that is gone went round to no end": (30030,),
}
#: the same in the world of tracked requests
FAILED_TRACKED = {
    "of two events of one conversation, in one batch, the later was news": (30207,),
    "a write that landed late moved the end of the wait for an answer back": (640,),
    "a person looked for an event that had come late": (760, 1235, 2265),
    "two conversations for one request, and the settling died before it compared them": (1647,),
    "what the whole had caused was not told to its part": (493, 767, 2135),
    "an event that was guarded counted as an item of the request": (3392,),
    "what the record listed and the request did not carry counted as its item": (
        41000793,
        41001442,
        41002123,
    ),
    "the checker did not see what a person was told": (751, 1245),
    "the id of an answer that nobody could read led nowhere": (44,),
    "the checker asked for what nobody can know, or judged a part alone": (176, 1747, 1978, 3086),
}


def _rows(failed: Mapping[str, tuple[int, ...]]) -> list[tuple[str, int]]:
    return [(found, seed) for found, seeds in failed.items() for seed in seeds]


@pytest.mark.parametrize(("found", "seed"), _rows(FAILED))
def test_what_a_campaign_found_holds_now(found: str, seed: int) -> None:
    # As the world was drawn when it failed.
    drawn = spared(draw(seed))
    assert run_scenario(replace(drawn, deploy="none", ending=NEVER)).account.violations == []


@pytest.mark.parametrize(("found", "seed"), _rows(FAILED_TRACKED))
def test_what_a_campaign_found_about_tracked_requests_holds_now(found: str, seed: int) -> None:
    scenario, tracks = draw_tracked(seed)
    trial = run_tracked_scenario(replace(scenario, deploy="none"), tracks)
    assert trial.account.violations == []


@pytest.mark.parametrize("mistake", FOUND_HERE)
def test_a_mistake_that_was_found_here_is_still_caught(mistake: str) -> None:
    assert hunt(mutant_of(mistake), 1, 60).seeds is not None


def test_the_corpus_knows_only_existing_mistakes_and_all_that_were_found_here() -> None:
    names = {mutant.name for mutant in (*MUTANTS, *TRACKING)}

    assert set(FOUND_HERE) <= set(known_seeds()) <= names
