"""The rivals run, and fail the way that the guarantees page says."""

import pytest

from simulation.rivals.comparison import OURS, RIVALS, Rival, compare

SEEDS = range(1, 9)


def _sums(rival: Rival, regime: str) -> tuple[int, int, int]:
    outcomes = [compare(rival, regime, seed) for seed in SEEDS]
    return (
        sum(outcome.lost for outcome in outcomes),
        sum(outcome.doubled for outcome in outcomes),
        sum(outcome.undetected for outcome in outcomes),
    )


RIVAL_OF = {rival.name: rival for rival in RIVALS}


def test_ours_loses_nothing_and_doubles_nothing_that_is_not_listed() -> None:
    assert _sums(RIVAL_OF[OURS], "honoured") == (0, 0, 0)
    lost, _, undetected = _sums(RIVAL_OF[OURS], "ignored")
    assert (lost, undetected) == (0, 0)


@pytest.mark.parametrize("name", ["put the key, then process", "key of conversation and timestamp"])
def test_these_lose_events(name: str) -> None:
    lost, _, _ = _sums(RIVAL_OF[name], "honoured")
    assert lost > 0


@pytest.mark.parametrize(
    ("name", "regime"),
    [
        ("process, then put the key", "ignored"),
        ("a key per attempt", "honoured"),
        ("Powertools idempotency and batch", "ignored"),
    ],
)
def test_these_duplicate_events_and_cannot_say_which(name: str, regime: str) -> None:
    _, doubled, undetected = _sums(RIVAL_OF[name], regime)
    assert doubled == undetected > 0
