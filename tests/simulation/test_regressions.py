"""Seeds that once failed: they hold now, and still show the mistake that they found."""

import pytest

from local.simulation.hunting import hunt
from local.simulation.trial import run_seed
from tests.simulation.corpus import Regression, mutant_of, regressions

#: mistakes that the simulation found in this code, as mutants
FOUND_HERE = (
    "one item read back speaks for all",
    "409 says that every item took effect",
    "an event confirms all that a person was asked",
    "the dead letter of a split request is cleared away",
    "intake forgets what it could not set aside",
    "item ids ignore what the event says",
)


@pytest.mark.parametrize("row", [r for r in regressions() if r.mistake in FOUND_HERE], ids=str)
def test_a_seed_that_failed_holds_now(row: Regression) -> None:
    assert run_seed(row.seed).account.violations == []
    assert hunt(mutant_of(row.mistake), row.seed, 60).seeds is not None


def test_every_mistake_that_was_found_here_is_in_the_corpus() -> None:
    assert {row.mistake for row in regressions()} >= set(FOUND_HERE)
