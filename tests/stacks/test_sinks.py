"""Destinations beside Genesys: what the writers may do and know of them, and nothing if there are
none."""

import json

import pytest

from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised, Template, as_list, readable, resources

WITH_SINKS = """
[destinations.crm]
kind = "https"
url = "https://crm.example.com/hooks/genesys"

[destinations.bus]
kind = "event-bus"
arn = "arn:aws:events:eu-central-1:123456789012:event-bus/apps"

[destinations.stream]
kind = "queue"
arn = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"

[destinations.lake]
kind = "firehose"
arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake"

[[routes]]
name = "crm"
destination = "crm"

[[routes]]
name = "bus"
destination = "bus"

[[routes]]
name = "stream"
destination = "stream"

[[routes]]
name = "lake"
destination = "lake"
"""


@pytest.fixture(scope="module")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    return synthesise(
        tmp_path_factory.mktemp("sinks"),
        beside=environment_text(rest=WITH_SINKS),
        plain=environment_text(source="aws.partner/genesys.com/cloud/org/plain"),
    )


def functions_told(template: Template, variable: str) -> list[str]:
    return [
        name
        for name, function in resources(template, "AWS::Lambda::Function").items()
        if variable in json.dumps(function["Properties"].get("Environment", {}))
    ]


def policies_of(template: Template, resource: str) -> list[str]:
    return [
        name
        for name, policy in resources(template, "AWS::IAM::Policy").items()
        if resource in json.dumps(readable(policy["Properties"]["PolicyDocument"]))
    ]


def test_if_nothing_is_signed_there_are_no_keys(synthesised: Synthesised) -> None:
    plain = synthesised.templates["plain"]
    assert functions_told(plain, "SIGNING_SECRET_ID") == []
    assert "SinksSigningKeys" not in resources(plain, "AWS::SecretsManager::Secret")
    assert "SigningSecretName" not in plain["Outputs"]


def test_the_writer_alone_reads_the_keys(synthesised: Synthesised) -> None:
    beside = synthesised.templates["beside"]
    (told,) = functions_told(beside, "SIGNING_SECRET_ID")
    assert told.startswith("Write")
    (policy,) = policies_of(beside, "<SinksSigningKeys>")
    assert policy.startswith("Write")


@pytest.mark.parametrize(
    ("arn", "actions"),
    [
        (
            "arn:aws:events:eu-central-1:123456789012:event-bus/apps",
            ["events:DescribeEventBus", "events:PutEvents"],
        ),
        (
            "arn:aws:sqs:eu-central-1:123456789012:orders.fifo",
            ["sqs:GetQueueUrl", "sqs:SendMessage"],
        ),
        (
            "arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake",
            ["firehose:PutRecordBatch"],
        ),
    ],
)
def test_the_writer_alone_may_put_records_and_only_there(
    synthesised: Synthesised, arn: str, actions: list[str]
) -> None:
    beside = synthesised.templates["beside"]
    (policy,) = policies_of(beside, arn)
    assert policy.startswith("Write")
    document = resources(beside, "AWS::IAM::Policy")[policy]["Properties"]["PolicyDocument"]
    (statement,) = [s for s in document["Statement"] if arn in json.dumps(readable(s))]
    assert as_list(statement["Action"]) == actions
    assert readable(statement["Resource"]) == arn


def test_the_first_destination_has_a_random_key_from_the_start(synthesised: Synthesised) -> None:
    beside = synthesised.templates["beside"]
    secret = resources(beside, "AWS::SecretsManager::Secret")["SinksSigningKeys"]["Properties"]
    made = secret["GenerateSecretString"]
    assert made["GenerateStringKey"] == "crm"
    # As base64, 48 bytes: Standard Webhooks want 24 to 64.
    assert (made["PasswordLength"], made["ExcludePunctuation"]) == (64, True)
    assert readable(beside["Outputs"]["SigningSecretName"]["Value"]) == "<SinksSigningKeys>"


def test_cdk_nag_finds_nothing(synthesised: Synthesised) -> None:
    assert synthesised.report["pluginReports"] == []
