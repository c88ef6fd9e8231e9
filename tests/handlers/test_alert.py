"""alert as Lambda runs it: at each change of an alarm, under its own role, with one message."""

from typing import Any

import pytest
from moto.sns.models import sns_backends

from emulator.process import REGION
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.review.waiting import KINDS
from tests.envelopes import envelope, text
from tests.handlers.conftest import Functions
from tests.stacks.synthesised import Template, readable, resources
from tests.unit.test_alert import changed

ALARMS = "AWS::CloudWatch::Alarm"


def published(functions: Functions) -> list[tuple[str, str]]:
    """Subjects and texts."""
    topic = functions.environment("alert")["ALARM_DETAILS_TOPIC"]
    sent = sns_backends["123456789012"][REGION].topics[topic].sent_notifications
    return [(str(subject), message) for _, message, subject, *_ in sent]


def rung(name: str, alarm: dict[str, Any]) -> dict[str, Any]:
    """The event of an alarm of the template, with its description and what it computes."""
    event = changed(name.removeprefix("Monitoring"), says=alarm["AlarmDescription"])
    event["detail"]["configuration"]["metrics"] = [
        {"id": row["Id"], "label": row.get("Label"), "returnData": row.get("ReturnData", True)}
        for row in alarm["Metrics"]
    ]
    return event


def test_each_alarm_is_told_with_its_cause_its_count_what_shows_the_ids_and_its_section(
    functions: Functions, template: Template
) -> None:
    functions.deployment.send("events", "no json")
    functions.consume("intake", "events")
    alarms = resources(template, ALARMS)

    for name, alarm in alarms.items():
        functions.invoke("alert", rung(name, readable(alarm["Properties"])))

    told = dict(published(functions))
    assert len(told) == len(alarms) >= 14
    for name, alarm in alarms.items():
        section = name.removeprefix("Monitoring")
        lines = told[f"ALARM: {section} (genesys-relay-prod)"].split("\n")
        assert lines[1] == alarm["Properties"]["AlarmDescription"]
        assert lines[1].endswith(f"Runbook: docs/runbook.md#{section.lower()}")
        assert lines[2].startswith("Count: 3 ")
        assert lines[2] != "Count: 3 "
    assert {kind.alarm for kind in KINDS} <= {name.removeprefix("Monitoring") for name in alarms}
    (unreadable,) = told["ALARM: WaitingForPerson (genesys-relay-prod)"].split("\n")[3:]
    assert unreadable.startswith("1 unreadable message waits for a person: `relay review show ")


def test_its_role_is_enough_and_without_the_ledger_it_still_says_the_rest(
    functions: Functions,
) -> None:
    roles = functions.deployment.roles
    functions.invoke("alert", changed("WaitingForPerson"))
    assert roles.asked["alert"] == {
        ("dynamodb:Query", "<LedgerTable>/index/attention"),
        ("s3:ListBucket", "<VaultBucket>"),
        ("sns:Publish", "<AlertTopic>"),
    }

    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    roles.grant("alert", everything, {**everything, "Effect": "Deny", "Action": "dynamodb:Query"})
    functions.invoke("alert", changed("Overdue"))
    assert published(functions)[-1][1].endswith(
        "The request that has waited longest could not be read: `relay status` shows it."
    )

    roles.grant("alert", everything, {**everything, "Effect": "Deny", "Action": "sns:Publish"})
    with pytest.raises(Transient):
        functions.invoke("alert", changed("Overdue"))


def test_nothing_of_a_person_is_in_a_message(functions: Functions) -> None:
    canary = {"ani": "tel:+15555559999", "agentName": "Jane Canary"}
    functions.deployment.send("events", text(envelope("acw", **canary, conversationId=["Canary"])))
    functions.consume("intake", "events")
    assert functions.deployment.quarantined()

    functions.invoke("alert", changed("WaitingForPerson"))

    ((_, message),) = published(functions)
    assert "1 unreadable message" in message
    assert "Canary" not in message
    assert "5559999" not in message
