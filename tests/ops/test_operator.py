"""The operator's policy is enough for every command, and none of it is needless.

What moto can carry out is carried out, and each call is judged by the policy as the template has it
(tests/handlers/roles.py). What moto lacks, which is most of what the doctor and the console's
redrive ask of AWS, is read off the source: each call that `ops` makes is an action of the policy.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.limits import QUEUES
from lambdas.relay.messages.sealing import encode
from ops.__main__ import main
from ops.connection import CLOCK
from stacks.encryption import USES
from tests.handlers.roles import Roles
from tests.ops.conftest import LOG_GROUP, Deployed, dead_letter_in
from tests.ops.test_redeliver import NOTE, shop, times
from tests.ops.test_runbook import BATCH, in_trouble
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Template, as_list, readable, resources

__all__ = ["in_trouble", "shop"]

OPERATOR = "operatorpolicy"
OPS = Path(__file__).resolve().parents[2] / "ops"
#: what is not part of operating: deploying, erasing, the run in an account of its own
OTHERS = ("acceptance", "deploy.py", "forgetting.py", "audit.py")
#: ops/genesys_probe.py reads the OAuth client with the functions' own adapter
BY_ADAPTERS = {"secretsmanager:GetSecretValue"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
UNREADABLE = "k" * 26
Grant = tuple[str, str]
#: services as ops.connection.Relay names its clients, where IAM has another name
PREFIXES = {"functions": "lambda"}
#: actions whose names are not those of the calls
SAID_OTHERWISE = {
    "get_object": "s3:GetObject",
    "list_objects_v2": "s3:ListBucket",
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of the environment that the relay of these tests is named after."""
    text = environment_text('removal = "destroy"', f'kms_key_arn = "{KEY}"')
    return synthesise(tmp_path_factory.mktemp("operator"), test=text).templates["test"]


@pytest.fixture
def roles(template: Template, relay: Deployed) -> Roles:
    names = {"ledger": "LedgerTable", "vault": "VaultBucket", LOG_GROUP: "ReconcileLogs"}
    names |= {"relay-bus": "BusesRelay", relay.made["PersonalKeySecretName"]: "PersonalKeySecret"}
    for name in QUEUES:
        names[relay.made[f"{name.capitalize()}QueueUrl"]] = f"Queues{name.capitalize()}Queue"
        names[relay.made[f"{name.capitalize()}DeadQueueUrl"]] = f"Queues{name.capitalize()}Dead"
    judge = Roles(template, names)
    for service in ("sqs", "dynamodb", "s3", "logs", "events", "cloudwatch", "secrets"):
        judge.watch(getattr(relay, service).meta)
    return judge


def granted(template: Template) -> set[Grant]:
    policy = resources(template, "AWS::IAM::ManagedPolicy")["OperatorPolicy"]
    return {
        (action, resource)
        for statement in readable(policy["Properties"]["PolicyDocument"])["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def night(relay: Deployed) -> Iterator[tuple[list[str], int]]:
    """Every command, with its exit code."""
    name = BATCH.batch_id
    quarantined = canonical({"reason": "not JSON", "at_ms": CLOCK.now_ms(), "message": "hello"})
    relay.vault.keep(f"quarantine/{UNREADABLE}.json", quarantined)
    yield ["status"], 1
    yield ["list"], 0
    yield ["trace", name, "--thorough"], 0
    yield ["trace", "7f3b8c1e"], 0
    yield ["trace", "nobody-knows-this"], 2
    yield ["trace", "tel:+4930901820"], 2
    yield ["dead-letters", "list"], 0
    yield ["dead-letters", "redrive", "--queue", "writes", "--yes"], 0
    yield ["review", "list"], 0
    yield ["review", "show", name], 0
    yield ["review", "resolve", name, "--did-not-happen", "--yes", *NOTE], 0
    yield ["review", "resolve", UNREADABLE, "--discard", "--yes", *NOTE], 0
    for queue in QUEUES:
        dead_letter_in(relay, queue, encode(BATCH), reason="out of reach")
    yield ["dead-letters", "discard", "--reason", "reach", "--yes", *NOTE], 0
    yield ["redeliver", "--bus", "relay", *times(), *NOTE, "--yes"], 0
    yield ["replay-archive", "--bus", "relay", *times(), "--yes"], 0


@pytest.fixture
def asked(
    in_trouble: Deployed, shop: Deployed, roles: Roles, capsys: pytest.CaptureFixture[str]
) -> set[Grant]:
    for arguments, code in night(in_trouble):
        with roles.acting_as(OPERATOR):
            ended = main(arguments)
        assert ended == code, (arguments, capsys.readouterr())
    return roles.asked[OPERATOR]


def called() -> set[str]:
    """The actions of every call that a command makes itself, read from the source."""
    found = set()
    for path in sorted(OPS.rglob("*.py")):
        if not set(path.relative_to(OPS).parts) & set(OTHERS):
            found |= calls_in(path)
    return found


def calls_in(path: Path) -> set[str]:
    """The actions of the calls to AWS that a module makes."""
    return set(_calls(ast.parse(path.read_text("utf-8"))))


def _calls(tree: ast.Module) -> Iterator[str]:
    """`relay.sqs.receive_message(...)`, `relay.s3.get_paginator("...")`, and the same of
    `relay.client("sqs")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=client, attr=method), args=given):
                match client:
                    case ast.Attribute(attr=service) if service in CLIENTS and method != "values":
                        pass
                    case ast.Call(
                        func=ast.Attribute(attr="client") | ast.Name("client"),
                        args=[ast.Constant(value=str(service))],
                    ):
                        pass
                    case _:
                        continue
                match method, given:
                    case "get_paginator", [ast.Constant(value=str(paged))]:
                        yield _action(service, paged)
                    case _:
                        yield _action(service, method)


CLIENTS = ("sqs", "dynamodb", "events", "functions", "cloudwatch", "logs", "secrets", "s3")


def _action(service: str, method: str) -> str:
    words = "".join(word.capitalize() for word in method.split("_"))
    return SAID_OTHERWISE.get(method, f"{PREFIXES.get(service, service)}:{words}")


def test_each_command_does_its_work_under_the_operators_policy_and_none_of_it_is_needless(
    template: Template, asked: set[Grant]
) -> None:
    """Needless: each granted action is one that some command asks for."""
    actions = {action for action, _ in asked} | called() | BY_ADAPTERS | set(USES)
    assert {action for action, _ in granted(template)} - actions == set()


def test_what_a_command_asks_for_is_granted(template: Template) -> None:
    assert called() - {action for action, _ in granted(template)} == set()
