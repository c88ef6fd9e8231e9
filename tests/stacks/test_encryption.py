"""With a key of the customer's, everything that can rest under it does, and everything that works
with it may use it. CloudFormation's own schemas say what can be encrypted (cfn-lint has them)."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from stacks.encryption import USES
from stacks.key_policy import statements
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised, as_list, resources
from tests.stacks.test_lint import lint, written

ACCOUNT, REGION = "123456789012", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-0000-4000-8000-000000000000"
#: properties that name a key, or contain one that does
NAMES_A_KEY = re.compile(r"^Kms\w*Key\w*$|^BucketEncryption$|^SSESpecification$|^EncryptionConfig")
#: properties that say how to encrypt, not with which key
SAY_HOW = {"KmsDataKeyReusePeriodSeconds"}
#: what each service needs of the key, according to AWS's pages: EventBridge for buses, archives and
#: queues, CloudWatch for the topic, its logs for log groups (the pages are named in key_policy.py)
NEEDED = {
    "events.amazonaws.com": ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"),
    "cloudwatch.amazonaws.com": ("kms:GenerateDataKey", "kms:Decrypt"),
    "logs.{region}.amazonaws.com": (
        *("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
        *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"),
    ),
}
#: a function's variables are addresses and settings: the secrets are in Secrets Manager
EXEMPT = {"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    text = environment_text(
        f'account = "{ACCOUNT}"',
        f'region = "{REGION}"',
        f'kms_key_arn = "{KEY}"',
        "fixed_egress = true",
        'elastic_ip = { allocation = "eipalloc-0a1b2c3d", address = "203.0.113.7" }',
        rest=DESTINATIONS_AND_ROUTES + '[webhook]\nverification = "signature"\n[audit]\n',
    )
    return synthesise(tmp_path_factory.mktemp("encryption"), keyed=text)


def test_everything_that_can_rest_under_a_key_rests_under_it(made: Synthesised) -> None:
    found = {
        (name, resource["Type"], KEY in json.dumps(resource["Properties"].get(keyed, "")))
        for name, resource in made.templates["keyed"]["Resources"].items()
        for keyed in _keyed(resource["Type"]) - SAY_HOW
    }

    assert len(found) > 20
    assert {kind for _, kind, has_it in found if not has_it} == EXEMPT & {k for _, k, _ in found}


def _keyed(kind: str) -> set[str]:
    schema: Any = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return {name for name in schema["properties"] if NAMES_A_KEY.match(name)}


def test_no_queue_rests_under_two_keys(made: Synthesised) -> None:
    for queue in resources(made.templates["keyed"], "AWS::SQS::Queue").values():
        assert "SqsManagedSseEnabled" not in queue["Properties"]


def test_every_function_and_the_operator_may_use_the_key_and_no_other(made: Synthesised) -> None:
    template = made.templates["keyed"]
    policies = {
        **resources(template, "AWS::IAM::Policy"),
        **resources(template, "AWS::IAM::ManagedPolicy"),
    }
    using = {
        name: {
            (action, statement["Resource"])
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            for action in as_list(statement["Action"])
            if action.startswith("kms:")
        }
        for name, policy in policies.items()
    }
    uses = {(use, KEY) for use in USES}

    verbs = ("Intake", "Dedup", "Write", "Confirm", "Reconcile", "Webhook", "Audit", "Alert")
    assert {name: using[f"{name}RoleDefaultPolicy"] for name in verbs} == dict.fromkeys(verbs, uses)
    assert using["OperatorPolicy"] == uses | {("kms:GetKeyPolicy", KEY)}


def test_both_linters_find_nothing_in_the_template(made: Synthesised, tmp_path: Path) -> None:
    assert made.report["pluginReports"] == []
    assert lint(written(tmp_path, "keyed", made.templates["keyed"])) == []


def test_the_keys_policy_lets_in_the_services_that_work_without_a_caller(made: Synthesised) -> None:
    """Those that the stack's own resource policies let in, and the one that writes logs."""
    let_in = set(
        re.findall(r'"Service": "([a-z.]+\.amazonaws\.com)"', json.dumps(made.templates["keyed"]))
    )
    in_policy = {s["Principal"].get("Service") for s in statements(KEY)} - {None}

    # Roles are assumed by these; their own policies give them their rights to the key.
    assumed = {"lambda.amazonaws.com", "apigateway.amazonaws.com", "vpc-flow-logs.amazonaws.com"}
    assert let_in - assumed <= in_policy
    assert in_policy == {name.format(region=REGION) for name in NEEDED}


def test_the_keys_policy_lets_each_service_do_what_aws_says_it_needs() -> None:
    for service, actions in NEEDED.items():
        (allowed,) = [
            as_list(statement["Action"])
            for statement in statements(KEY)
            if statement["Principal"].get("Service") == service.format(region=REGION)
        ]
        lacking = [a for a in actions if not any(fnmatchcase(a, pattern) for pattern in allowed)]
        assert lacking == [], service


def test_an_existing_address_stays_its_owners(made: Synthesised) -> None:
    template = made.templates["keyed"]

    assert not resources(template, "AWS::EC2::EIP")
    (gateway,) = resources(template, "AWS::EC2::NatGateway").values()
    assert gateway["Properties"]["AllocationId"] == "eipalloc-0a1b2c3d"
    assert template["Outputs"]["EgressAddress"]["Value"] == "203.0.113.7"
