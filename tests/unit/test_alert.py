"""alert: an alarm's change, as EventBridge delivers it, becomes one message for people."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas.relay.functions.alert import SUBJECT_CHARS_MAX, Deps, alert
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.quarantine import keep_aside
from lambdas.relay.review.cases import park
from lambdas.relay.review.waiting import KINDS, LISTED_MAX, sentence
from simulation.memory.faults import Fault
from tests.unit.batches import NOW_MS
from tests.unit.tracked import Desk, request
from tests.unit.world import World

SAYS = "Requests need a decision: `relay review list` names them."
LINK = "Runbook: docs/runbook.md#waitingforperson"


def changed(name: str, state: str = "ALARM", says: str = f"{SAYS} {LINK}") -> dict[str, Any]:
    """A metric math alarm's change, as AWS documents it (docs.aws.amazon.com/AmazonCloudWatch/
    latest/monitoring/cloudwatch-and-eventbridge.html)."""
    physical = f"genesys-relay-prod-Monitoring{name}1A2B3C4D-Zx8PpQ1"
    judged = {
        "version": "1.0",
        "queryDate": "2026-10-02T17:20:48.551+0000",
        "startDate": "2026-10-02T17:10:00.000+0000",
        "period": 1800,
        "recentDatapoints": [3.0, 2.0],
        "threshold": 1.0,
    }
    return {
        "version": "0",
        "id": "2dde0eb1-528b-d2d5-9ca6-6d590caf2329",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": "2026-10-02T17:20:48Z",
        "region": "eu-central-1",
        "resources": [f"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{physical}"],
        "detail": {
            "alarmName": physical,
            "configuration": {
                "description": says,
                "metrics": [
                    {
                        "expression": "MAX([m1])",
                        "id": "expr_1",
                        "label": "cases",
                        "returnData": True,
                    },
                    {
                        "id": "m1",
                        "label": "not this",
                        "metricStat": {
                            "metric": {
                                "dimensions": {"environment": "prod", "service": "reconcile"},
                                "name": "InReview",
                                "namespace": "GenesysRelay",
                            },
                            "period": 1800,
                            "stat": "Maximum",
                        },
                        "returnData": False,
                    },
                ],
            },
            "previousState": {
                "reason": "Unchecked: Initial alarm creation",
                "timestamp": "2026-10-02T17:20:03.642+0000",
                "value": "INSUFFICIENT_DATA",
            },
            "state": {
                "reason": "Threshold Crossed: 1 out of the last 1 datapoints was ...",
                "reasonData": json.dumps(judged),
                "timestamp": "2026-10-02T17:20:48.554+0000",
                "value": state,
            },
        },
    }


@dataclass
class Reader:
    """Implements relay.kernel.ports.Notices."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    is_deaf: bool = False

    def publish(self, subject: str, text: str) -> None:
        if self.is_deaf:
            raise Transient(Code.CALL_FAILED("Publish", "InternalError"))
        self.heard.append((subject, text))


def heard(world: World, event: dict[str, Any]) -> tuple[str, list[str]]:
    reader = Reader()
    alert(event, Deps(world.ledger, world.vault, world.clock, reader))
    ((subject, text),) = reader.heard
    return subject, text.split("\n")


def parked(desk: Desk, *names: str) -> list[str]:
    """Requests that wait for a person, the first one the longest."""
    ids = []
    for name in names:
        batch, world = request(name), desk.world
        park(
            batch,
            "MANUAL_REVIEW",
            Code.QUOTED("400"),
            ledger=world.ledger,
            vault=world.vault,
            now_ms=world.clock.now_ms(),
        )
        ids.append(batch.batch_id)
        world.timeline.advance(60)
    return ids


def test_it_says_alarm_cause_count_the_case_that_has_waited_longest_and_the_section() -> None:
    desk = Desk()
    first, _ = parked(desk, "b", "a")

    assert heard(desk.world, changed("WaitingForPerson")) == (
        "ALARM: WaitingForPerson (genesys-relay-prod)",
        [
            "ALARM: WaitingForPerson (genesys-relay-prod) at 2026-10-02T17:20:48Z",
            f"{SAYS} {LINK}",
            "Count: 3 cases",
            f"2 requests wait for a person, the oldest: `relay review show {first[:8]}`. "
            "Runbook: WaitingForPerson.",
        ],
    )


def test_an_unreadable_message_is_named_too() -> None:
    world = World()
    name = keep_aside("no json", Code.QUOTED("no JSON"), world.vault, NOW_MS)

    *_, last = heard(world, changed("WaitingForPerson"))[1]

    assert last == (
        f"1 unreadable message waits for a person: `relay review show {name[:8]}`. "
        "Runbook: WaitingForPerson."
    )


def test_an_overdue_request_is_named_once_it_is_overdue() -> None:
    desk = Desk()
    batch = request()
    desk.seal(batch)

    assert len(heard(desk.world, changed("Overdue"))[1]) == 3, "it is under way"
    desk.world.timeline.advance(7_200)
    assert heard(desk.world, changed("Overdue"))[1][3:] == [
        f"1 request is overdue: `relay trace {batch.batch_id[:8]}`. Runbook: Overdue."
    ]


def test_of_other_alarms_the_description_names_the_command() -> None:
    desk = Desk()
    parked(desk, "a")

    assert len(heard(desk.world, changed("DeadLetters"))[1]) == 3


def test_when_it_is_over_it_says_so_and_no_more() -> None:
    desk = Desk()
    parked(desk, "a")

    subject, lines = heard(desk.world, changed("WaitingForPerson", "OK"))

    assert subject == "OK: WaitingForPerson (genesys-relay-prod)"
    assert lines == [f"{subject} at 2026-10-02T17:20:48Z", f"{SAYS} {LINK}"]


@pytest.mark.parametrize(
    ("fault", "lost", "kept"),
    [("ledger unreadable", "request", "unreadable message"),
     ("vault refused", "unreadable message", "request")],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence_and_the_rest_is_published(
    fault: Fault, lost: str, kept: str
) -> None:
    desk = Desk()
    parked(desk, "a")
    keep_aside("no json", Code.QUOTED("no JSON"), desk.world.vault, NOW_MS)
    desk.world.faults.plan(fault)

    _, lines = heard(desk.world, changed("WaitingForPerson"))

    unread = f"The {lost} that has waited longest could not be read: `relay status` shows it."
    assert unread in lines[3:]
    assert any(line.startswith(f"1 {kept} waits for a person: `") for line in lines[3:])
    assert len(lines) == 5


def test_what_cannot_be_published_is_raised_so_that_it_is_tried_again() -> None:
    world = World()

    with pytest.raises(Transient):
        alert(changed("Overdue"), Deps(world.ledger, world.vault, world.clock, Reader([], True)))


def test_an_alarm_that_was_set_by_hand_has_no_count() -> None:
    event = changed("DeadLetters")
    for reason_data in (None, "", "{}"):
        event["detail"]["state"]["reasonData"] = reason_data
        assert heard(World(), event)[1][2] == "Count: not reported."
    del event["detail"]["state"]["reasonData"]
    assert heard(World(), event)[1][2] == "Count: not reported."


def test_sns_takes_the_subject_whatever_the_stack_is_called() -> None:
    event = changed("WaitingForPerson")
    event["detail"]["alarmName"] = f"{'x' * 128}-MonitoringOverdue1A2B3C4D-X"

    subject, lines = heard(World(), event)

    assert len(subject) == SUBJECT_CHARS_MAX
    assert lines[0].startswith(subject)


def test_a_list_that_is_full_is_not_all() -> None:
    assert sentence(KINDS[0], ["abcdefghi"] * LISTED_MAX).startswith(
        "at least 1 000 requests wait for a person, the oldest: `relay review show abcdefgh`"
    )
