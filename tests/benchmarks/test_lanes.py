"""What an agent waits for is written while analytics wait, and the other way round."""

import pytest

from benchmarks.lanes import FIRST_P95_MAX_S, USED_SHARE_MIN, waited
from lambdas.relay.genesys import rate_limiter
from lambdas.relay.kernel.lanes import Lane

#: more than a window's worth; the benchmark has 2,000
FLOOD = 400


def test_the_first_lane_hardly_waits_and_the_flood_is_written_meanwhile() -> None:
    result = waited(flood=FLOOD)

    assert len(result.beside_s) > 10
    assert result.p95_s <= FIRST_P95_MAX_S
    assert result.flood == FLOOD
    assert result.used_share >= USED_SHARE_MIN


def test_a_flood_in_the_first_lane_leaves_the_last_its_share() -> None:
    result = waited(flood=FLOOD, flooded="first", beside="last")

    assert result.p95_s <= FIRST_P95_MAX_S
    assert result.flood == FLOOD


@pytest.mark.parametrize(("flooded", "beside"), [("last", "first"), ("first", "last")])
def test_without_the_shares_it_waits_for_windows(
    monkeypatch: pytest.MonkeyPatch, flooded: Lane, beside: Lane
) -> None:
    """The mistake: a queue for each lane, and one rate limit for whoever comes."""
    monkeypatch.setattr(rate_limiter, "left", lambda room, used, lane: room)

    assert waited(flood=FLOOD, flooded=flooded, beside=beside).p95_s > 5 * FIRST_P95_MAX_S
