"""Damaged inputs at every place that takes something from outside: no error escapes or is
unforeseen, and no valid message beside it suffers. `make fuzz` sends many more."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from lambdas.relay.entrances.proofs import Request
from simulation.fuzz import places
from simulation.fuzz.__main__ import EVERYWHERE, failures
from simulation.fuzz.places import Site

FEW = 660


def test_no_error_escapes_and_no_neighbour_suffers() -> None:
    assert failures(FEW, seed=1) == []


@pytest.mark.parametrize("place", sorted(EVERYWHERE))
def test_one_seed_gives_one_input(place: str) -> None:
    first, second = (EVERYWHERE[place](Site(Random("s")), Random("x")) for _ in range(2))

    assert first == second


def test_it_sees_what_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_trustingly(event: Mapping[str, Any]) -> Request:
        return Request(event["pathParameters"]["sender"], event["headers"], b"")

    monkeypatch.setattr(places, "request_of", read_trustingly)

    assert any(said.startswith("webhook") for said in failures(FEW, seed=1))
