"""Limits that contradict each other make no stack."""

from pathlib import Path

import aws_cdk as cdk
import pytest

from lambdas.relay.kernel.limits import HOUR_S, LIVE
from stacks import alarms
from stacks.configuration import load_environments
from stacks.relations import require_relations
from stacks.relay_stack import RelayStack
from tests.stacks.environments import environment_text


def test_a_person_hears_of_a_request_that_nobody_works_on_before_the_archives_forget() -> None:
    require_relations(LIVE, archive_days=1)
    # An hour until it is overdue, a run of reconcile, and two half hours of the alarm.
    assert alarms.overdue_heard_after_s() == 2.25 * HOUR_S


@pytest.mark.parametrize(
    ("name", "seconds"), [("OVERDUE_S", 23 * HOUR_S), ("RECONCILE_PERIOD_S", 12 * HOUR_S)]
)
def test_a_person_who_hears_too_late_is_refused_at_synthesis(
    monkeypatch: pytest.MonkeyPatch, name: str, seconds: int
) -> None:
    monkeypatch.setattr(alarms, name, seconds)

    with pytest.raises(ValueError, match=r"before the archives forget .*archive_days = 1"):
        require_relations(LIVE, archive_days=1)
    require_relations(LIVE, archive_days=14)


def test_the_stack_itself_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(environment_text("archive_days = 1"), encoding="utf-8")
    (environment,) = load_environments(str(path))
    monkeypatch.setattr(alarms, "RECONCILE_PERIOD_S", 12 * HOUR_S)

    with pytest.raises(ValueError, match="before the archives forget"):
        RelayStack(cdk.App(), environment=environment, protected=False)
