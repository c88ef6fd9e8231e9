"""The environment sets the breakers' numbers, and an unsafe one gives a one-sentence error."""

from typing import Any

import pytest

from lambdas.relay.correlation.confirmation_breaker import ConfirmationCircuit, ended_silent
from lambdas.relay.genesys.circuit_breaker import Circuit, CircuitBreaker, failed, refused
from lambdas.relay.kernel.breakers import (
    Breakers,
    DestinationBreaker,
    LedgerBreaker,
    SilenceBreaker,
)
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.ledger.health import SparedLedger
from stacks.schema.parsing import parse
from tests.unit.batches import NOW_MS
from tests.unit.world import World


def configured(**breakers: Any) -> Breakers:
    document = {
        "destinations": {"out": {"kind": "generic"}},
        "routes": [{"name": "all", "destination": "out"}],
        "breakers": breakers,
    }
    return parse(document).breakers


def test_without_settings_they_have_their_defaults() -> None:
    assert configured() == Breakers()


def test_what_holds_between_the_defaults_holds() -> None:
    assert [sentence for sentence, holds in Breakers().relations() if not holds] == []


def test_each_setting_is_as_configured_and_the_rest_are_defaults() -> None:
    said = configured(
        destination={"failures": 2, "pause_min_s": 30},
        ledger={"slow_s": 0.05, "calls": 10},
        silence={"share": 0.25, "windows": 4},
    )
    assert said.destination == DestinationBreaker(failures=2, pause_min_s=30)
    assert said.ledger == LedgerBreaker(slow_s=0.05, calls=10)
    assert said.silence == SilenceBreaker(share=0.25, windows=4)


@pytest.mark.parametrize(
    ("breakers", "sentence"),
    [
        ({"destinations": {}}, "breakers.destinations is not a known key; expected one of: dest"),
        ({"ledger": {"slow": 1}}, "breakers.ledger.slow is not a known key; expected one of: call"),
        ({"ledger": 7}, r"breakers.ledger is 7; expected a table \[breakers.ledger"),
        ({"ledger": {"slow_s": 0.001}}, "slow_s is 0.001; expected a number from 0.02 to 30"),
        ({"ledger": {"calls": 1.5}}, "calls is 1.5; expected a whole number from 1 to 100"),
        ({"silence": {"share": True}}, "share is true; expected a number"),
        ({"silence": {"share": float("nan")}}, "share is NaN; expected a number"),
        (
            {"destination": {"pause_min_s": 300}},
            "breakers.destination.pause_min_s is 300; expected at most pause_max_s, which is 120",
        ),
        (
            {"destination": {"pause_max_s": 60}},
            "come back 12.. times in an outage of 20 hours, and after 800 it is a dead letter",
        ),
        ({"ledger": {"slow_s": 20}}, "3 calls of 20 s to open, and dedup has 60 s"),
        ({"silence": {"pause_s": 600}}, "pause_s is 600; expected at most within_s, .* 300"),
    ],
)
def test_an_unsafe_setting_gives_one_sentence(breakers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        configured(**breakers)


def test_a_destination_rests_after_as_many_failures_as_configured() -> None:
    soon = DestinationBreaker(failures=2, refusals=3, pause_min_s=30)
    once = failed(Circuit(), NOW_MS, soon)
    assert not once.is_open
    twice = failed(once, NOW_MS, soon)
    assert (twice.is_open, twice.open_until_ms - NOW_MS) == (True, 30_000)
    circuit = Circuit()
    for _ in range(3):
        assert not circuit.is_open
        circuit = refused(circuit, NOW_MS, alone=True, limits=soon)
    assert circuit.is_open


def test_all_writers_of_an_environment_know_its_numbers() -> None:
    world = World()
    breaker = CircuitBreaker(world.ledger, world.entropy, DestinationBreaker(failures=1))
    assert breaker.failed("journey", NOW_MS)


def test_silence_is_what_is_configured_as_silence() -> None:
    circuit, permission = ended_silent(ConfirmationCircuit(), NOW_MS, 0, SilenceBreaker(windows=2))
    assert permission == "ask"
    circuit, permission = ended_silent(
        circuit, NOW_MS, 0, SilenceBreaker(windows=2, share=0.5, pause_s=7)
    )
    assert (permission, circuit.open_until_ms - NOW_MS) == ("wait", 7_000)


def test_a_ledger_is_slow_from_the_configured_time() -> None:
    """Source 001's example: 50 ms."""
    world = World()
    slow = LedgerBreaker(slow_s=0.05, calls=1)

    class Slow:
        def find(self, keys: Any) -> list[None]:
            world.timeline.advance(0.06)
            return [None]

    store: Any = Slow()
    spared = SparedLedger(store, world.clock, world.telemetry, slow)
    assert list(spared.find([("a", "b")])) == [None]
    with pytest.raises(Transient, match="the ledger answers too slowly"):
        spared.find([("a", "b")])
