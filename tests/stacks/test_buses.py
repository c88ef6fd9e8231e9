"""Events reach the events queue from two buses, and nobody else may put anything there."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from lambdas.relay.kernel import limits
from tests.stacks.synthesised import HASH, Resource, Synthesised, Template, readable, resources

PARTNER_SOURCE = "aws.partner/genesys.com/cloud/org/production"


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


def rules_to_the_queue(template: Template) -> dict[str, Resource]:
    """Those on our buses: on the default bus are a schedule and the alarms' changes."""
    rules = resources(template, "AWS::Events::Rule")
    return {name: rule for name, rule in rules.items() if "EventBusName" in rule["Properties"]}


def test_the_partner_bus_is_associated_with_the_partner_event_source(template: Template) -> None:
    buses = resources(template, "AWS::Events::EventBus")

    assert buses["BusesPartner"]["Properties"] == {
        "Name": PARTNER_SOURCE,
        "EventSourceName": PARTNER_SOURCE,
    }
    assert buses["BusesRelay"]["Properties"] == {"Name": "genesys-relay-production"}


def test_the_partner_rule_takes_the_source_exactly_and_only_the_listed_detail_types(
    template: Template,
) -> None:
    rule = rules_to_the_queue(template)["BusesPartnerRule"]["Properties"]

    assert readable(rule["EventBusName"]) == "<BusesPartner>"
    assert rule["EventPattern"] == {
        "source": [PARTNER_SOURCE],
        "account": ["123456789012"],
        "detail-type": ["v2.detail.events.conversation.{id}.acd.start"],
    }


def test_without_detail_types_the_partner_rule_takes_all_of_its_source(
    production: Synthesised,
) -> None:
    staging = production.templates["staging"]
    rule = rules_to_the_queue(staging)["BusesPartnerRule"]["Properties"]

    assert set(rule["EventPattern"]) == {"source", "account"}


def test_what_a_rule_cannot_deliver_is_retried_for_a_day_and_then_dead_lettered(
    template: Template,
) -> None:
    rules = rules_to_the_queue(template)

    assert set(rules) == {"BusesPartnerRule", "BusesRelayRule"}
    for rule in rules.values():
        (target,) = readable(rule["Properties"]["Targets"])
        assert target["Arn"] == "<QueuesEventsQueue>"
        assert target["DeadLetterConfig"] == {"Arn": "<QueuesEventsDead>"}
        assert target["RetryPolicy"] == {
            "MaximumEventAgeInSeconds": limits.EVENTBRIDGE_RETRY_S,
            "MaximumRetryAttempts": 185,
        }


def test_each_bus_keeps_an_archive_to_replay_from(template: Template) -> None:
    archives = resources(template, "AWS::Events::Archive")

    sources = {readable(archive["Properties"]["SourceArn"]) for archive in archives.values()}
    assert sources == {"<BusesPartner>", "<BusesRelay>"}
    for archive in archives.values():
        assert archive["Properties"]["RetentionDays"] == 14


@pytest.mark.parametrize(
    ("environment", "policy"), [("production", "RetainExceptOnCreate"), ("staging", "Delete")]
)
def test_a_bus_and_its_archive_stay_or_go_together(
    production: Synthesised, environment: str, policy: str
) -> None:
    """EventBridge deletes no bus that has rules, and an archive has one on its bus."""
    template = production.templates[environment]
    both = [
        *resources(template, "AWS::Events::EventBus").values(),
        *resources(template, "AWS::Events::Archive").values(),
    ]

    assert len(both) == 4
    assert {resource["DeletionPolicy"] for resource in both} == {policy}
    replaced = {"RetainExceptOnCreate": "Retain"}.get(policy, policy)
    assert {resource["UpdateReplacePolicy"] for resource in both} == {replaced}


def without_hashes(names: list[str]) -> set[str]:
    return {HASH.sub("", name) for name in names}


def test_a_rule_waits_for_its_archive_and_for_the_permission_to_send(template: Template) -> None:
    for name, rule in rules_to_the_queue(template).items():
        assert without_hashes(rule["DependsOn"]) == {
            name.replace("Rule", "Archive"),
            "QueuesEventsQueuePolicy",
            "QueuesEventsDeadPolicy",
        }


def test_there_is_no_bus_before_everything_that_takes_its_events(template: Template) -> None:
    takes_none = ("Webhook", "Network", "Audit", "Alert")
    needed = {
        name
        for kind in ("AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::IAM::Policy")
        for name in resources(template, kind)
        if not name.startswith(takes_none)
    }

    for bus in resources(template, "AWS::Events::EventBus").values():
        assert needed <= without_hashes(bus["DependsOn"])


def allowed_to_send(template: Template) -> dict[str, dict[str, Any]]:
    """What others than our own functions may do to a queue: the statement, by queue."""
    return {
        statement["Resource"]: statement
        for policy in resources(template, "AWS::SQS::QueuePolicy").values()
        for statement in readable(policy["Properties"]["PolicyDocument"]["Statement"])
        if statement["Effect"] == "Allow"
    }


def test_only_our_rules_in_our_account_may_send_to_the_queues(template: Template) -> None:
    allowed = allowed_to_send(template)

    assert set(allowed) == {"<QueuesEventsQueue>", "<QueuesEventsDead>"}
    rules = "arn:aws:events:eu-central-1:123456789012:rule/*/genesys-relay-production-"
    for statement in allowed.values():
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Action"] == "sqs:SendMessage"
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": [f"{rules}partner", f"{rules}relay"]}
        }


def test_each_rule_may_send_on_the_old_bus_and_on_the_new_one(template: Template) -> None:
    """While the partner source changes, both rules are live: the policy must allow both."""
    for statement in allowed_to_send(template).values():
        allowed = statement["Condition"]["ArnLike"]["aws:SourceArn"]
        for rule in rules_to_the_queue(template).values():
            for bus in (PARTNER_SOURCE, "aws.partner/genesys.com/cloud/org/new", "a-relay"):
                arn = (
                    "arn:aws:events:eu-central-1:123456789012:rule/"
                    f"{bus}/{rule['Properties']['Name']}"
                )
                assert sum(fnmatchcase(arn, pattern) for pattern in allowed) == 1


def test_a_queue_policy_waits_for_no_rule(template: Template) -> None:
    for policy in resources(template, "AWS::SQS::QueuePolicy").values():
        assert "Buses" not in json.dumps(policy)


def test_nobody_else_may_put_events_on_the_buses(template: Template) -> None:
    assert not resources(template, "AWS::Events::EventBusPolicy")
