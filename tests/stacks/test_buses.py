"""Events reach the events queue from two buses, and nobody else may put anything there."""

import pytest

from lambdas.relay import limits
from tests.stacks.synthesised import Resource, Synthesised, Template, readable, resources

PARTNER_SOURCE = "aws.partner/genesys.com/cloud/org/production"


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


def rules_to_the_queue(template: Template) -> dict[str, Resource]:
    rules = resources(template, "AWS::Events::Rule")
    return {name: rule for name, rule in rules.items() if "EventPattern" in rule["Properties"]}


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
        assert archive["DeletionPolicy"] == "Retain"


def test_only_our_rules_in_our_account_may_send_to_the_queues(template: Template) -> None:
    policies = resources(template, "AWS::SQS::QueuePolicy").values()
    allowing = [
        statement
        for policy in policies
        for statement in readable(policy["Properties"]["PolicyDocument"]["Statement"])
        if statement["Effect"] == "Allow"
    ]

    assert {statement["Resource"] for statement in allowing} == {
        "<QueuesEventsQueue>",
        "<QueuesEventsDead>",
    }
    for statement in allowing:
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Action"] == "sqs:SendMessage"
        assert statement["Condition"] == {
            "ArnEquals": {"aws:SourceArn": ["<BusesPartnerRule>", "<BusesRelayRule>"]},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        }


def test_nobody_else_may_put_events_on_the_buses(template: Template) -> None:
    assert not resources(template, "AWS::Events::EventBusPolicy")
