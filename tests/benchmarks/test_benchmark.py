"""The benchmark on a small scale: the figures that it must show, and that it can show others."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from benchmarks import scenarios
from benchmarks.measuring import Measured, least_s
from benchmarks.row import Row
from benchmarks.rows import poison, trickle
from benchmarks.scenarios import Backlog, storm_tutorial
from lambdas.relay.functions import consolidation
from lambdas.relay.genesys import rate_limiter

#: a little more than a window; two where the limit changes midway
EVENTS = 18_000
EVENTS_HALVED = 26_000


@pytest.fixture(scope="module")
def backlog() -> Mapping[str, Measured]:
    scenario = Backlog(EVENTS)
    return {"ours": scenario.ours(), "tutorial": scenario.tutorial()}


def test_the_limit_is_used_and_not_exceeded(backlog: Mapping[str, Measured]) -> None:
    ours = backlog["ours"]
    assert ours.delivered == EVENTS
    assert ours.used_share >= 0.98
    assert ours.share_429 <= 0.005
    assert ours.limiter_writes < 0.34
    assert ours.invocations < 2 * ours.requests
    assert ours.ended_s < least_s(EVENTS // 50) + 20


def test_the_tutorial_writer_waits_ten_times_as_long_and_is_refused(
    backlog: Mapping[str, Measured],
) -> None:
    assert backlog["tutorial"].share_429 > 0.005
    assert backlog["tutorial"].waited_s > 5 * backlog["ours"].waited_s


def test_the_same_run_gives_the_same_figures() -> None:
    assert Backlog(2_000).ours() == Backlog(2_000).ours()


def test_an_unknown_client_that_takes_a_third_costs_no_429() -> None:
    result = Backlog(EVENTS, scenarios.a_third_at_once, scenarios.TWO_THIRDS).ours()
    assert result.used_share >= 0.98
    assert result.share_429 <= 0.005


def test_a_halved_limit_is_obeyed_at_once() -> None:
    result = Backlog(EVENTS_HALVED, scenarios.halved, scenarios.HALVED).ours()
    assert result.used_share >= 0.98
    assert result.share_429 <= 0.005


def test_a_storm_of_copies_hardly_reaches_the_ledger() -> None:
    ours, forgetful, puts = scenarios.storm(), scenarios.storm(remembers=False), storm_tutorial()
    assert ours.copies == forgetful.copies == puts.copies > 5_000
    assert ours.taken == forgetful.taken == puts.taken == scenarios.STORM_EVENTS
    assert ours.ledger_items < ours.copies / 100 < forgetful.ledger_items
    assert puts.ledger_items == puts.copies


def test_small_batches_of_an_outage_go_as_full_requests() -> None:
    after, requests = trickle(240)
    assert after.met
    assert after.ours < after.rivals["each as it was sealed, at best"]
    assert requests.ours < requests.rivals["each as it was sealed, at best"] / 5


def test_a_poison_event_costs_thirteen_requests() -> None:
    delivered, in_review, requests = poison()
    assert (delivered.ours, in_review.ours, requests.ours) == (49, 1, 13)


def test_a_limiter_that_ignores_genesys_count_is_detected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = rate_limiter.told

    def deaf(
        window: rate_limiter.Window, now_ms: int, report: rate_limiter.Report
    ) -> rate_limiter.Window:
        return replace(told(window, now_ms, report), count=0)

    monkeypatch.setattr(rate_limiter, "told", deaf)
    result = Backlog(EVENTS, scenarios.a_third_at_once, scenarios.TWO_THIRDS).ours()
    assert result.share_429 > 0.005


def test_without_consolidation_it_takes_long_after_the_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consolidation, "_small", lambda delivery, deps: None)
    after, _ = trickle(240)
    assert not after.met


def test_a_row_says_whether_its_aim_is_met() -> None:
    row = Row("x", "share", "higher", 0.97, aim=0.98)
    assert row.met is False
    assert Row("x", "s", "lower", 1.0, aim=2.0).met is True
    assert Row("x", "s", "lower", 1.0).met is None
    assert json.dumps({"met": row.met}) == '{"met": false}'
