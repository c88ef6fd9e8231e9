"""A run evaluates the alarms of the template as CloudWatch would, on what it measured."""

from collections.abc import Mapping
from typing import Any

import pytest

from demo.run.alarms import (
    COMPRESSION,
    Definition,
    Sample,
    Source,
    compute,
    definitions,
    is_ringing,
)
from demo.run.stage import StageError
from tests.stacks.synthesised import Synthesised

NOW = 1_000_000.0
PERIOD_S = 300 / COMPRESSION


@pytest.fixture(scope="module")
def alarms(production: Synthesised) -> Mapping[str, Definition]:
    return {one.name: one for one in definitions(production.templates["staging"])}


def counted(service: str, metric: str, value: float, *, ago: float = 1.0) -> Sample:
    return Sample(Source(metric, service), NOW - ago, value)


def test_every_alarm_of_the_stack_can_be_evaluated(alarms: Mapping[str, Definition]) -> None:
    assert alarms
    assert not [name for name, alarm in alarms.items() if is_ringing(alarm, [], NOW)]


def test_an_outage_rings_once_it_has_lasted_two_periods(alarms: Mapping[str, Definition]) -> None:
    failed = [counted("write", "RequestsUnsure", 2), counted("write", "RequestsDeferred", 1)]
    before = counted("write", "RequestsUnsure", 1, ago=PERIOD_S + 1)

    assert not is_ringing(alarms["GenesysFailing"], failed, NOW)
    assert is_ringing(alarms["GenesysFailing"], [*failed, before], NOW)


def test_failures_beside_acceptances_are_no_outage(alarms: Mapping[str, Definition]) -> None:
    both = [
        counted("write", metric, 1, ago=ago)
        for ago in (1, PERIOD_S + 1)
        for metric in ("RequestsUnsure", "RequestsAccepted")
    ]

    assert not is_ringing(alarms["GenesysFailing"], both, NOW)


def test_a_case_in_review_rings_and_an_old_one_does_not(alarms: Mapping[str, Definition]) -> None:
    alarm = alarms["WaitingForPerson"]

    assert is_ringing(alarm, [counted("reconcile", "InReview", 1)], NOW)
    assert is_ringing(alarm, [counted("intake", "Quarantined", 1)], NOW)
    assert is_ringing(alarm, [counted("reconcile", "InQuarantine", 1)], NOW)
    assert not is_ringing(alarm, [counted("reconcile", "InReview", 1, ago=3600)], NOW)


def test_one_dead_letter_of_any_queue_rings(alarms: Mapping[str, Definition]) -> None:
    alarm = alarms["DeadLetters"]
    for source, _ in alarm.metrics.values():
        assert is_ringing(alarm, [Sample(source, NOW - 1, 1)], NOW)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("SUM([a, b])", 3.0),
        ("MAX([a, b])", 2.0),
        ("SUM([a, none])", 1.0),
        ("SUM([none])", None),
        ("IF(SUM([a, none]) == SUM([a]), SUM([a]), 0)", 1.0),
        ("IF(SUM([a, b]) == SUM([a]), SUM([a]), 0)", 0.0),
        ("IF(SUM([a, b]) == SUM([b, a]), SUM([a, b]), 0)", 3.0),
        ("IF(SUM([a]) == SUM([none]), SUM([a]), 0)", None),
        ("b", 2.0),
    ],
)
def test_metric_math_knows_missing_data(expression: str, value: float | None) -> None:
    known: dict[str, Any] = {"a": 1.0, "b": 2.0, "none": None}

    assert compute(expression, known) == value


def test_an_alarm_that_computes_in_another_way_is_refused_not_guessed() -> None:
    with pytest.raises(StageError, match="ANOMALY"):
        compute("ANOMALY_DETECTION_BAND(a, 2)", {"a": 1.0})
