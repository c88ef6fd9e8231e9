"""The breaker: a destination that fails is left alone except for one probe at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.genesys.circuit_breaker import (
    Circuit,
    CircuitBreaker,
    failed,
    handed_back,
    probing,
    refused,
    rested,
    succeeded,
    turned_away_s,
)
from lambdas.relay.kernel.breakers import DestinationBreaker
from lambdas.relay.kernel.limits import (
    FAILURES_MAX,
    PROBE_PAUSE_MAX_S,
    PROBE_PAUSE_MIN_S,
    RECEIVES_MAX,
    REFUSALS_MAX,
)
from tests.unit.batches import NOW_MS
from tests.unit.world import World


def broken() -> Circuit:
    circuit = Circuit()
    for _ in range(FAILURES_MAX):
        circuit = failed(circuit, NOW_MS)
    return circuit


def test_it_opens_at_the_last_of_the_failures_in_a_row() -> None:
    circuit = Circuit()
    for _ in range(FAILURES_MAX - 1):
        circuit = failed(circuit, NOW_MS)
    assert not circuit.is_open
    assert not failed(succeeded(circuit), NOW_MS).is_open
    assert failed(circuit, NOW_MS).is_open


def test_everybody_is_turned_away_until_the_pause_is_over() -> None:
    circuit = broken()
    assert turned_away_s(circuit, NOW_MS) == PROBE_PAUSE_MIN_S
    assert turned_away_s(circuit, NOW_MS + int(PROBE_PAUSE_MIN_S * 1000)) == 0


def test_during_a_probe_the_others_wait_for_its_result() -> None:
    after_ms = NOW_MS + int(PROBE_PAUSE_MIN_S * 1000)
    circuit = probing(broken(), after_ms + 60_000)
    assert 0 < turned_away_s(circuit, after_ms) <= 5
    assert turned_away_s(circuit, after_ms + 58_000) == 2
    assert turned_away_s(circuit, after_ms + 60_000) == 0  # the probe died


def test_a_probe_that_fails_lengthens_the_pause_and_one_that_succeeds_closes() -> None:
    late_ms = NOW_MS + 3_600_000
    circuit = probing(broken(), late_ms + 60_000)
    again = failed(circuit, late_ms)
    assert again.is_open
    assert turned_away_s(again, late_ms) == pytest.approx(3600 / 32)
    assert not succeeded(circuit).is_open


def test_a_failure_that_was_under_way_when_it_opened_changes_nothing() -> None:
    assert failed(broken(), NOW_MS + 5) == broken()

    late_ms = NOW_MS + 3_600_000
    again = failed(probing(broken(), late_ms + 60_000), late_ms)
    assert failed(again, late_ms + 5) == again


def test_a_probe_that_was_handed_back_leaves_nothing_behind() -> None:
    assert handed_back(probing(broken(), NOW_MS + 1), NOW_MS + 1) == broken()


@given(st.floats(0, 1e7))
def test_the_pause_is_bounded(age_s: float) -> None:
    pause_s = DestinationBreaker().pause_s(age_s)
    assert PROBE_PAUSE_MIN_S <= pause_s <= PROBE_PAUSE_MAX_S


def test_a_day_of_outage_does_not_use_up_the_receives_of_a_message() -> None:
    elapsed, receives = 0.0, 0
    while elapsed < 20 * 3600:
        elapsed += DestinationBreaker().pause_s(elapsed)
        receives += 1
    assert receives < RECEIVES_MAX["writes"]


def test_events_that_are_refused_alone_again_and_again_open_it() -> None:
    circuit = Circuit()
    for _ in range(REFUSALS_MAX - 1):
        circuit = refused(circuit, NOW_MS, alone=True)
    assert not circuit.is_open
    assert not refused(circuit, NOW_MS, alone=False).is_open
    assert not refused(succeeded(circuit), NOW_MS, alone=True).is_open
    assert refused(circuit, NOW_MS, alone=True).is_open


def test_a_refusal_shows_that_the_destination_is_up() -> None:
    assert not refused(broken(), NOW_MS, alone=False).is_open


def test_a_rest_that_genesys_asked_for_survives_a_success() -> None:
    resting = rested(Circuit(), NOW_MS, 3600)
    assert turned_away_s(succeeded(resting), NOW_MS) == 3600
    assert turned_away_s(succeeded(failed(resting, NOW_MS)), NOW_MS) == 3600


def test_rests_that_are_asked_for_again_and_again_grow_with_the_outage() -> None:
    circuit, now_ms, asked = rested(Circuit(), NOW_MS, 1), NOW_MS, 1
    assert turned_away_s(circuit, now_ms) == 1  # the first time, the rest is as long as it asked
    while now_ms < NOW_MS + 7_200_000:
        now_ms = circuit.rest_until_ms
        circuit = rested(probing(circuit, now_ms + 10_000), now_ms, 1)
        asked += 1

    assert asked < 150
    assert turned_away_s(circuit, now_ms) == PROBE_PAUSE_MAX_S
    back = succeeded(probing(circuit, now_ms + 130_000))
    assert turned_away_s(rested(back, now_ms, 1), now_ms) == 1


def test_what_was_under_way_when_it_asked_for_a_rest_does_not_prolong_it() -> None:
    circuit = rested(rested(Circuit(), NOW_MS, 1), NOW_MS + 500, 1)
    assert turned_away_s(circuit, NOW_MS) == 1.5


def test_only_one_instance_gets_the_probe() -> None:
    world = World()
    breakers = [CircuitBreaker(world.ledger, world.entropy) for _ in range(4)]
    for _ in range(FAILURES_MAX):
        breakers[0].failed("journey", NOW_MS)
    assert all(b.turned_away_s("journey", NOW_MS + 1) > 0 for b in breakers)
    assert all(b.turned_away_s("contacts", NOW_MS + 1) == 0 for b in breakers)

    after_ms = NOW_MS + int(PROBE_PAUSE_MIN_S * 1000)
    waits = [b.admit("journey", after_ms, after_ms + 60_000) for b in breakers]
    assert sorted(wait > 0 for wait in waits) == [False, True, True, True]

    breakers[waits.index(0)].succeeded("journey", after_ms + 200)
    assert all(b.admit("journey", after_ms + 6_000, after_ms) == 0 for b in breakers)


def test_after_a_rest_only_one_instance_goes_first() -> None:
    world = World()
    breakers = [CircuitBreaker(world.ledger, world.entropy) for _ in range(4)]
    breakers[0].rest("journey", NOW_MS, 60)

    after_ms = NOW_MS + 60_000
    waits = [b.admit("journey", after_ms, after_ms + 60_000) for b in breakers]
    assert sorted(wait > 0 for wait in waits) == [False, True, True, True]

    breakers[waits.index(0)].succeeded("journey", after_ms + 200)
    assert all(b.admit("journey", after_ms + 6_000, after_ms) == 0 for b in breakers)


def test_if_the_first_after_a_rest_is_put_off_or_fails_the_next_goes_first() -> None:
    world = World()
    first, second = (CircuitBreaker(world.ledger, world.entropy) for _ in range(2))
    first.rest("journey", NOW_MS, 60)
    after_ms = NOW_MS + 60_000
    assert first.admit("journey", after_ms, after_ms + 60_000) == 0

    first.rest("journey", after_ms + 200, 30)
    assert second.turned_away_s("journey", after_ms + 20_000) == pytest.approx(10.2)
    assert second.admit("journey", after_ms + 31_000, after_ms + 91_000) == 0

    second.failed("journey", after_ms + 31_200)
    assert first.admit("journey", after_ms + 37_000, after_ms + 97_000) == 0


def with_probe() -> tuple[CircuitBreaker, CircuitBreaker, int]:
    """Two instances; the first has the probe from then on, for a minute."""
    world = World()
    first, second = (CircuitBreaker(world.ledger, world.entropy) for _ in range(2))
    for _ in range(FAILURES_MAX):
        first.failed("journey", NOW_MS)
    after_ms = NOW_MS + int(PROBE_PAUSE_MIN_S * 1000)
    assert first.admit("journey", after_ms, after_ms + 60_000) == 0
    return first, second, after_ms


def test_a_probe_that_asked_nothing_goes_to_the_next() -> None:
    first, second, after_ms = with_probe()

    first.hand_back("journey", after_ms + 1)

    assert second.admit("journey", after_ms + 2, after_ms + 60_002) == 0


def test_only_the_holder_hands_back_a_probe() -> None:
    first, second, after_ms = with_probe()
    second.admit("journey", after_ms + 61_000, after_ms + 121_000)

    first.hand_back("journey", after_ms + 62_000)

    assert first.turned_away_s("journey", after_ms + 63_000) > 0


def test_while_all_is_well_it_writes_nothing_and_reads_now_and_then() -> None:
    world = World()
    circuit_breaker = CircuitBreaker(world.ledger, world.entropy)
    for second in range(60):
        now_ms = NOW_MS + second * 1000
        assert circuit_breaker.admit("journey", now_ms, now_ms) == 0
        circuit_breaker.succeeded("journey", now_ms)
    assert world.table.writes == 0


def test_opening_is_reported_once() -> None:
    world = World()
    circuit_breaker = CircuitBreaker(world.ledger, world.entropy)
    assert [circuit_breaker.failed("journey", NOW_MS) for _ in range(FAILURES_MAX + 2)].count(
        True
    ) == 1
