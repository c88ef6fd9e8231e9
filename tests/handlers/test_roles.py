"""The judge of the roles: it refuses, and it gets the same calls as in the simulated worlds."""

import json
from collections.abc import Callable

import boto3
import pytest

from emulator.process import REGION
from lambdas import wiring
from lambdas.adapters.settings import Settings
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Change, Guard, Outgoing, Ports
from lambdas.relay.messages.sealing import encode
from tests.asking import AskingPorts
from tests.envelopes import envelope, text
from tests.handlers.conftest import Functions
from tests.handlers.deployment import posted
from tests.handlers.roles import Asked
from tests.unit.batches import NOW_MS, batch_of

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ITEM = {"pk": "p", "sk": "s"}
PERSONAL = envelope("acw", conversationId="tel:+4930901820")


def _received(ports: Ports) -> None:
    queue = ports.queue("batches-dead")
    queue.send([Outgoing("one"), Outgoing("two")])
    (first,) = queue.receive(1)
    queue.change_visibility(first, 0)
    (again,) = queue.receive(1)
    queue.delete(again)


def _fetched(ports: Ports) -> None:
    ports.vault.keep("sealed/a", "{}")
    assert ports.vault.fetch("sealed/a") == "{}"


CALLS: dict[str, Callable[[Ports], object]] = {
    "insert one": lambda ports: ports.ledger.insert([ITEM]),
    "insert several": lambda ports: ports.ledger.insert([ITEM, {"pk": "q", "sk": "s"}]),
    "insert what stands there": lambda ports: [
        ports.ledger.insert([ITEM, {"pk": "q", "sk": "s"}]) for _ in range(2)
    ],
    "change": lambda ports: ports.ledger.change("p", "s", Guard(None), Change(put={"a": 1})),
    "find": lambda ports: ports.ledger.find([("p", "s")]),
    "find nothing": lambda ports: ports.ledger.find([]),
    "of": lambda ports: ports.ledger.of("p"),
    "due": lambda ports: ports.ledger.due("overdue", 1, 1),
    "keep": lambda ports: ports.vault.keep("review/a.json", "{}"),
    "fetch": _fetched,
    "fetch what is not there": lambda ports: ports.vault.fetch("sealed/b"),
    "discard": lambda ports: ports.vault.discard("review/a.json"),
    "keys": lambda ports: ports.vault.keys("quarantine/", 1),
    "queue": _received,
    "no redrive": lambda ports: ports.resume_redrive("batches"),
    "send nothing": lambda ports: ports.queue("writes").send([]),
    "secret": lambda ports: ports.secrets.credentials(True),
    "personal key": lambda ports: ports.personal_key(),
}


def _ports(functions: Functions) -> wiring.AwsPorts:
    functions.cold_start("reconcile")
    told = {**functions.environment("intake"), **functions.environment("reconcile")}
    return wiring.AwsPorts(Settings(told, wiring.ROOT))


@pytest.mark.parametrize("name", CALLS)
def test_an_adapter_needs_what_the_simulated_worlds_say_it_needs(
    functions: Functions, name: str
) -> None:
    told: set[Asked] = set()
    roles, ports = functions.deployment.roles, _ports(functions)
    roles.grant("reconcile", EVERYTHING)

    with roles.acting_as("reconcile"):
        CALLS[name](AskingPorts(ports, lambda action, resource: told.add((action, resource))))

    assert roles.asked.get("reconcile", set()) == told


def test_so_it_does_when_it_resumes_a_redrive(functions: Functions) -> None:
    told: set[Asked] = set()
    roles, ports = functions.deployment.roles, _ports(functions)
    functions.deployment.send("batches-dead", "one")
    functions.deployment.redrive_to_source("batches-dead")

    with roles.acting_as("reconcile"):
        asking = AskingPorts(ports, lambda action, resource: told.add((action, resource)))
        assert asking.resume_redrive("batches")

    assert roles.asked["reconcile"] == told


def test_a_missing_object_looks_forbidden_to_whoever_may_not_list(functions: Functions) -> None:
    roles, ports = functions.deployment.roles, _ports(functions)
    with roles.acting_as("reconcile"):
        assert ports.vault.fetch("sealed/b") is None
    roles.grant(
        "reconcile", EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Action": "s3:ListBucket"}
    )

    with roles.acting_as("reconcile"), pytest.raises(Transient, match="AccessDenied"):
        ports.vault.fetch("sealed/b")


@pytest.mark.parametrize(
    ("verb", "queue", "bodies"),
    [
        ("intake", "events", lambda: ["no json", text(envelope()), text(PERSONAL)]),
        ("dedup", "batches", lambda: ["no json", encode(batch_of("a", "b"))]),
    ],
)
def test_without_any_one_of_the_grants_that_it_needs_its_work_is_not_done(
    functions: Functions, verb: str, queue: str, bodies: Callable[[], list[str]]
) -> None:
    roles = functions.deployment.roles
    functions.deployment.send(queue, *bodies())
    event = functions.deployment.event(queue)
    assert functions.invoke(verb, event) == {"batchItemFailures": []}

    for action, resource in sorted(roles.asked[verb]):
        deny = {"Effect": "Deny", "Action": action, "Resource": resource}
        roles.grant(verb, EVERYTHING, deny)
        assert functions.invoke(verb, event)["batchItemFailures"], json.dumps(deny)


def test_the_webhook_does_its_work_under_its_role_and_needs_each_of_its_grants(
    functions: Functions,
) -> None:
    key, body = "k" * 64, '{"id": "e-1", "type": "cart.filled", "data": {}}'
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.put_secret_value(SecretId="WebhookKeys", SecretString=json.dumps({"shop": key}))
    roles, event = (
        functions.deployment.roles,
        posted(body, sender="shop", key=key, at_s=NOW_MS // 1000),
    )

    def answer() -> tuple[int, bool]:
        said = functions.invoke("webhook", event)
        return said["statusCode"], "duplicate" in json.loads(said["body"])

    assert answer() == (200, False)
    functions.consume("intake", "events")
    functions.consume("dedup", "batches")
    assert answer() == (200, True)
    assert roles.asked["webhook"] == {
        ("secretsmanager:GetSecretValue", "<WebhookKeys>"),
        ("sqs:SendMessage", "<QueuesEventsQueue>"),
        ("dynamodb:Query", "<LedgerTable>"),
    }

    for action, expected in {
        "secretsmanager:GetSecretValue": (503, False),
        "sqs:SendMessage": (503, False),
        "dynamodb:Query": (200, False),
    }.items():
        roles.grant("webhook", EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Action": action})
        assert answer() == expected, action
