"""Damaged inputs at every place that takes something from outside: nothing escapes, nothing is
unforeseen, no sound neighbour pays. `make fuzz` sends many more."""

from random import Random

import pytest

from lambdas.relay.messages import sealing
from simulation.fuzz.__main__ import failures
from simulation.fuzz.places import PLACES, Site

FEW = 350


def test_nothing_escapes_and_no_neighbour_pays() -> None:
    assert failures(FEW, seed=1) == []


@pytest.mark.parametrize("place", sorted(PLACES))
def test_one_seed_gives_one_input(place: str) -> None:
    first, second = (PLACES[place](Site(Random("s")), Random("x")) for _ in range(2))

    assert first == second


def test_it_sees_a_reader_that_believes_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "holds", lambda _: True)

    assert any(said.startswith("sealed batch") for said in failures(FEW, seed=1))
