"""The doctor's last line tells the truth about what it could not examine."""

from collections.abc import Mapping
from typing import Any

import pytest

from ops import checks
from ops.checks import Check
from ops.doctor import doctor
from ops.errors import OpsError
from ops.genesys_probe import NoVerdict
from ops.screen import Screen


class Deployed:
    def __init__(self) -> None:
        self.described = {"StackStatus": "CREATE_COMPLETE"}


def well(relay: Any) -> str:
    return "well"


def wrong(relay: Any) -> str:
    raise OpsError("It is wrong.")


def busy(relay: Any) -> str:
    raise NoVerdict("Genesys is busy.")


@pytest.mark.parametrize(
    ("looks", "is_well", "says"),
    [
        ((well, well), True, "2 checks found nothing wrong."),
        ((well, busy), True, "1 of 2 checks found nothing wrong, 1 could not be made."),
        ((well, busy, wrong), False, "1 of 3 checks found something wrong."),
    ],
)
def test_what_could_not_be_examined_is_not_called_well(
    looks: tuple[Any, ...],
    is_well: bool,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(checks, "ALL", [Check(f"check {n}", look) for n, look in enumerate(looks)])
    relay: Any = Deployed()

    assert doctor(relay, Screen(as_json=False)) == is_well
    assert capsys.readouterr().out.splitlines()[-1] == says


class Alarming:
    """A relay with one alarm and two topics; `heard`: those with a subscription."""

    is_embedded = False
    resources: Mapping[str, tuple[str, str]] = {"Overdue": ("AWS::CloudWatch::Alarm", "x")}
    outputs: Mapping[str, str] = {
        "AlarmTopicArn": "arn:aws:sns:x:1:alarms",
        "AlarmDetailsTopicArn": "arn:aws:sns:x:1:details",
    }

    def __init__(self, *heard: str) -> None:
        self._heard = heard

    def output(self, name: str) -> str:
        return self.outputs[name]

    def client(self, _: str) -> Any:
        return self

    def list_subscriptions_by_topic(self, TopicArn: str) -> Any:
        rows = [{"SubscriptionArn": f"{TopicArn}:1"}, {"SubscriptionArn": "PendingConfirmation"}]
        return {"Subscriptions": rows if TopicArn.rpartition(":")[2] in self._heard else rows[1:]}


def test_alarms_are_heard_by_a_subscriber_of_either_topic() -> None:
    (check,) = [one for one in checks.ALL if one.name == "alarms"]

    def finding(*heard: str) -> str:
        relay: Any = Alarming(*heard)
        return check.examine(relay).result

    assert finding() == "wrong"
    assert finding("alarms") == finding("details") == "ok"
