"""What each function may do, word for word. A change here changes the security review."""

import re
from typing import Any

import pytest

from tests.stacks.synthesised import Synthesised, Template, as_list, readable, resources

CONSUME = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
]
SECRET: dict[tuple[str, ...], list[str]] = {
    ("<CredentialsSecret>",): ["secretsmanager:GetSecretValue"]
}
TRACE = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
NETWORK = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
QUARANTINE, REVIEW, SEALED = (
    f"<VaultBucket>/{prefix}/*" for prefix in ("quarantine", "review", "sealed")
)


def logs(verb: str) -> dict[tuple[str, ...], list[str]]:
    return {(f"<{verb}Logs>",): ["logs:CreateLogStream", "logs:PutLogEvents"]}


#: resources -> actions, for each function without a fixed address
EXPECTED: dict[str, dict[tuple[str, ...], list[str]]] = {
    "Intake": {
        **logs("Intake"),
        ("*",): TRACE,
        ("<QueuesEventsQueue>",): CONSUME,
        ("<QueuesBatchesQueue>", "<QueuesEventsDead>"): ["sqs:SendMessage"],
        (QUARANTINE,): ["s3:PutObject"],
        ("<PersonalKeySecret>",): ["secretsmanager:GetSecretValue"],
    },
    "Dedup": {
        **logs("Dedup"),
        ("*",): TRACE,
        ("<QueuesBatchesQueue>",): [*CONSUME, "sqs:SendMessage"],
        ("<QueuesBatchesDead>", "<QueuesChecksQueue>", "<QueuesWritesQueue>"): ["sqs:SendMessage"],
        ("<LedgerTable>",): [
            "dynamodb:BatchGetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
        ("<VaultBucket>",): ["s3:ListBucket"],
        (QUARANTINE,): ["s3:PutObject"],
        (REVIEW,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        (SEALED,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
    },
    "Write": {
        **logs("Write"),
        ("*",): TRACE,
        ("<QueuesWritesQueue>",): [*CONSUME, "sqs:SendMessage"],
        ("<QueuesChecksQueue>", "<QueuesWritesDead>"): ["sqs:SendMessage"],
        ("<LedgerTable>",): [
            "dynamodb:BatchGetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        ("<VaultBucket>",): ["s3:ListBucket"],
        (QUARANTINE,): ["s3:PutObject"],
        (REVIEW,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        (SEALED,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        **SECRET,
    },
    "Confirm": {
        **logs("Confirm"),
        ("*",): TRACE,
        ("<QueuesChecksQueue>",): [*CONSUME, "sqs:SendMessage"],
        ("<QueuesChecksDead>", "<QueuesWritesQueue>"): ["sqs:SendMessage"],
        ("<LedgerTable>",): [
            "dynamodb:BatchGetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        ("<VaultBucket>",): ["s3:ListBucket"],
        (QUARANTINE,): ["s3:PutObject"],
        (REVIEW,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        (SEALED,): ["s3:DeleteObject", "s3:GetObject"],
        **SECRET,
    },
    "Reconcile": {
        **logs("Reconcile"),
        ("*",): TRACE,
        ("<QueuesBatchesDead>", "<QueuesChecksDead>", "<QueuesEventsDead>", "<QueuesWritesDead>"): [
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ListMessageMoveTasks",
            "sqs:ReceiveMessage",
            "sqs:StartMessageMoveTask",
        ],
        (
            "<QueuesBatchesQueue>",
            "<QueuesChecksQueue>",
            "<QueuesEventsQueue>",
            "<QueuesWritesQueue>",
        ): ["sqs:SendMessage"],
        ("<LedgerTable>",): [
            "dynamodb:BatchGetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        ("<LedgerTable>/index/attention",): ["dynamodb:Query"],
        ("<VaultBucket>",): ["s3:ListBucket"],
        (QUARANTINE,): ["s3:PutObject"],
        (REVIEW,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        (SEALED,): ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        **SECRET,
    },
    "Alert": {
        **logs("Alert"),
        ("*",): TRACE,
        ("<AlertTopic>",): ["sns:Publish"],
        ("<LedgerTable>/index/attention",): ["dynamodb:Query"],
        ("<VaultBucket>",): ["s3:ListBucket"],
    },
}
#: where it is configured, behind a fixed address
AUDIT: dict[tuple[str, ...], list[str]] = {
    **logs("Audit"),
    ("*",): [*TRACE, *NETWORK],
    ("<LedgerTable>",): [
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    ],
    **SECRET,
}


def statements(template: Template) -> dict[str, list[dict[str, Any]]]:
    """Every statement of every identity policy, by the role's construct."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, policy in resources(template, "AWS::IAM::Policy").items():
        document = readable(policy["Properties"]["PolicyDocument"])
        found[name.removesuffix("RoleDefaultPolicy")] = document["Statement"]
    return found


def permissions(policy: list[dict[str, Any]]) -> dict[tuple[str, ...], list[str]]:
    """resources -> actions, however CDK happened to group them."""
    by_resource: dict[str, set[str]] = {}
    for statement in policy:
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            by_resource.setdefault(resource, set()).update(as_list(statement["Action"]))
    grouped: dict[tuple[str, ...], list[str]] = {}
    for actions in {frozenset(actions) for actions in by_resource.values()}:
        same = sorted(resource for resource, own in by_resource.items() if own == actions)
        grouped[tuple(same)] = sorted(actions)
    return grouped


def ungrouped(grouped: dict[tuple[str, ...], list[str]]) -> dict[str, list[str]]:
    return {resource: sorted(actions) for group, actions in grouped.items() for resource in group}


@pytest.mark.parametrize("function", EXPECTED)
def test_a_function_may_do_exactly_this(production: Synthesised, function: str) -> None:
    staging = statements(production.templates["staging"])

    assert ungrouped(permissions(staging[function])) == ungrouped(EXPECTED[function])


@pytest.mark.parametrize("function", ["Write", "Confirm", "Reconcile"])
def test_behind_a_fixed_address_a_function_may_also_join_the_network(
    production: Synthesised, function: str
) -> None:
    fixed = statements(production.templates["production"])
    expected = {**EXPECTED[function], ("*",): [*TRACE, *NETWORK]}

    assert ungrouped(permissions(fixed[function])) == ungrouped(expected)


def test_the_daily_audit_reads_claims_takes_slots_and_may_do_nothing_else(
    production: Synthesised,
) -> None:
    fixed = statements(production.templates["production"])

    assert ungrouped(permissions(fixed["Audit"])) == ungrouped(AUDIT)


def test_alert_may_list_the_quarantine_and_no_other_documents(production: Synthesised) -> None:
    (listing,) = [
        statement
        for statement in statements(production.templates["staging"])["Alert"]
        if statement["Action"] == "s3:ListBucket"
    ]

    assert listing["Condition"] == {"StringEquals": {"s3:prefix": "quarantine/"}}


def test_nobody_else_has_a_policy(production: Synthesised) -> None:
    assert set(statements(production.templates["staging"])) == set(EXPECTED)


def test_a_functions_role_carries_no_managed_policy_and_only_its_service_assumes_it(
    production: Synthesised,
) -> None:
    roles = resources(production.templates["staging"], "AWS::IAM::Role")

    assert set(roles) == {*(f"{verb}Role" for verb in EXPECTED), "OperatorRole"}
    for role in (readable(roles[f"{verb}Role"]["Properties"]) for verb in EXPECTED):
        assert "ManagedPolicyArns" not in role
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_the_operators_role_has_the_operators_policy_and_belongs_to_the_account(
    production: Synthesised,
) -> None:
    template = production.templates["production"]
    role = readable(resources(template, "AWS::IAM::Role")["OperatorRole"]["Properties"])

    assert role["ManagedPolicyArns"] == ["<OperatorPolicy>"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    policy = resources(template, "AWS::IAM::ManagedPolicy")["OperatorPolicy"]
    actions = [
        action
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    ]
    assert not [a for a in actions if "*" in a or (re.search(r"Version|Table$|Bucket$|Purge", a)
                and not a.startswith(("dynamodb:Describe", "s3:List")))]  # fmt: skip


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_no_action_is_a_wildcard_nor_one_that_destroys(
    production: Synthesised, environment: str
) -> None:
    granted = {
        action
        for policy in statements(production.templates[environment]).values()
        for statement in policy
        for action in as_list(statement["Action"])
    }

    assert not {action for action in granted if "*" in action}
    assert not granted & {
        "dynamodb:Scan",
        "dynamodb:DeleteItem",
        "dynamodb:DeleteTable",
        "sqs:PurgeQueue",
        "s3:DeleteObjectVersion",
        "secretsmanager:PutSecretValue",
    }
