"""Grants are enough, and none is needless.

The assembled functions run in simulated worlds full of faults, and through a few cases that those
never meet, while each call of a port records what it needs from IAM (tests/asking.py). What they
ask for is what their roles are granted: not less, or a call would be refused; and not more.
"""

from dataclasses import replace
from functools import partial
from typing import cast

import pytest

from lambdas.relay.assembly.audit import audit_function
from lambdas.relay.assembly.confirm import confirm_deps, confirm_function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.assembly.reconcile import reconcile_function
from lambdas.relay.assembly.write import write_function
from lambdas.relay.correlation.checks import event_check
from lambdas.relay.destinations.correlation import Compensation
from lambdas.relay.functions.alert import Deps, alert
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import HOUR_S, MESSAGE_AGE_MAX_S, QUEUES, REDRIVES_MAX
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import QUARANTINE
from lambdas.relay.messages.dead_letters import REASON, REDRIVES
from lambdas.relay.messages.sealing import encode, encode_unclaimed
from lambdas.relay.requests.record import record_key
from lambdas.relay.review.cases import park
from lambdas.relay.review.resolution import Decision, find, resolve
from lambdas.relay.review.waiting import KINDS
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.memory.table import Table
from simulation.scenario import draw
from simulation.trial import run_scenario, run_tracked_seed
from tests.analytics import conversation
from tests.asking import Ask, AskingNotices, AskingPorts, Grant
from tests.stacks.synthesised import Synthesised, as_list
from tests.stacks.test_permissions import statements
from tests.unit import audited
from tests.unit.test_alert import Reader, changed
from tests.unit.tracked import CONFIRMATION, Desk, caused, request
from tests.unit.world import World

#: enough runs to meet everything that the cases below leave out
SEEDS, TRACKED_SEEDS = range(1, 16), range(1, 31)
FAR_MS = 10**15

#: granted, and used by code that is not ours: the reason
BY_AWS = {
    "sqs:GetQueueAttributes": "Lambda's event source mapping watches the queue",
    "sqs:ReceiveMessage": "Lambda's event source mapping receives for the function",
    "sqs:DeleteMessage": "Lambda's event source mapping deletes what the function reports as done",
    "logs:CreateLogStream": "Lambda writes the function's log",
    "logs:PutLogEvents": "Lambda writes the function's log",
    "xray:PutTraceSegments": "Lambda's X-Ray daemon sends the segments",
    "xray:PutTelemetryRecords": "Lambda's X-Ray daemon reports its own state",
    "ec2:AssignPrivateIpAddresses": "Lambda joins the function to the VPC",
    "ec2:CreateNetworkInterface": "Lambda joins the function to the VPC",
    "ec2:DeleteNetworkInterface": "Lambda joins the function to the VPC",
    "ec2:DescribeNetworkInterfaces": "Lambda joins the function to the VPC",
    "ec2:DescribeSubnets": "Lambda joins the function to the VPC",
    "ec2:UnassignPrivateIpAddresses": "Lambda joins the function to the VPC",
}
CONSUMERS = {
    "intake": intake_function,
    "dedup": dedup_function,
    "write": write_function,
    "confirm": confirm_function,
}
VERBS = [*(verb.capitalize() for verb in FUNCTIONS), "Audit", "Alert"]
QUEUE_OF = {verb: queue for queue, verb in QUEUES.items()}


@pytest.fixture(scope="module")
def asked() -> dict[str, set[Grant]]:
    """By function: the actions that it asks for, and the resources, objects by their prefix."""
    asked: dict[str, set[Grant]] = {verb: set() for verb in VERBS}

    def ask_as(verb: str) -> Ask:
        return lambda action, resource: asked[verb.capitalize()].add((action, _whole(resource)))

    def make(verb: str, instance: Instance) -> Function:
        asking = AskingPorts(instance, ask_as(verb))
        asking.settings = instance.settings  # type: ignore[attr-defined]
        return FUNCTIONS[verb](cast("Instance", asking))

    functions = {verb: partial(make, verb) for verb in FUNCTIONS}
    for seed in SEEDS:
        run_scenario(replace(draw(seed), is_personal=seed % 2 == 0), functions)
    for seed in TRACKED_SEEDS:
        run_tracked_seed(seed, functions)
    for verb in CONSUMERS:
        _what_nobody_can_read(verb, ask_as(verb))
        _what_waited_too_long(verb, ask_as(verb))
    for verb in ("dedup", "write"):
        _a_copy_of_a_case_without_its_document(verb, ask_as(verb))
    _a_record_without_a_state(ask_as("dedup"))
    _dead_letters_for_a_person(ask_as("reconcile"))
    _a_check_among_the_dead_letters(ask_as("reconcile"))
    _a_decision_half_carried_out(ask_as("reconcile"))
    _a_compensation(ask_as("confirm"))
    _an_audit(ask_as("audit"))
    _an_alarm(ask_as("alert"))
    _what_differs_and_is_no_longer_kept(ask_as("confirm"))
    return asked


def _whole(resource: str) -> str:
    """An object's key up to its prefix, as grants name it."""
    bucket, _, key = resource.partition(">/")
    is_object = bucket == "<VaultBucket" and key
    return f"{bucket}>/{key.split('/')[0]}/*" if is_object else resource


def _what_nobody_can_read(verb: str, ask: Ask) -> None:
    desk = Desk()
    arrived = desk.world.deliver("no json", to=QUEUE_OF[verb])
    assert CONSUMERS[verb](AskingPorts(desk.world, ask), desk.settings)(arrived, FAR_MS) == []
    assert any(key.startswith(QUARANTINE) for key in desk.world.documents)


def _what_waited_too_long(verb: str, ask: Ask) -> None:
    desk, queue = Desk(), QUEUE_OF[verb]
    arrived = desk.world.deliver("no json", to=queue)
    desk.world.timeline.advance(MESSAGE_AGE_MAX_S + 1)
    assert CONSUMERS[verb](AskingPorts(desk.world, ask), desk.settings)(arrived, FAR_MS) == []
    assert desk.world.bodies(f"{queue}-dead")


def _a_copy_of_a_case_without_its_document(verb: str, ask: Ask) -> None:
    desk, batch = Desk(), request()
    ledger, vault, why = desk.world.ledger, desk.world.vault, Code.QUOTED("400")
    park(batch, "REJECTED", why, ledger=ledger, vault=vault, now_ms=desk.now_ms)
    desk.world.documents.clear()
    text = encode_unclaimed(batch) if verb == "dedup" else encode(batch)
    arrived = desk.world.deliver(text, to=QUEUE_OF[verb])
    assert CONSUMERS[verb](AskingPorts(desk.world, ask), desk.settings)(arrived, FAR_MS) == []
    assert desk.world.documents


def _a_record_without_a_state(ask: Ask) -> None:
    desk, batch = Desk(world=World(table=Table())), request()
    item = desk.item(desk.seal(batch))
    desk.world.table.items[record_key(batch.batch_id)] = {**item, "state": "nonsense"}
    arrived = desk.world.deliver(encode_unclaimed(batch), to="batches")
    assert len(dedup_function(AskingPorts(desk.world, ask), desk.settings)(arrived, FAR_MS)) == 1
    assert desk.item(batch)["state"] == "MANUAL_REVIEW"


def _dead_letters_for_a_person(ask: Ask) -> None:
    """One that nobody can read, and a request without a record that failed too often."""
    desk = Desk()
    for queue in QUEUES:
        desk.world.stored_queue(f"{queue}-dead").send(Outgoing("no json"))
        desk.world.stored_queue(f"{queue}-dead").redrive_to_source()
    reconcile_function(AskingPorts(desk.world, ask), desk.settings)(FAR_MS)
    assert all(desk.world.bodies(queue) == ["no json"] for queue in QUEUES)
    desk.world.stored_queue("events-dead").send(Outgoing("no json"))
    spent = {REDRIVES: str(REDRIVES_MAX), REASON: "Genesys was out of reach"}
    desk.world.stored_queue("writes-dead").send(Outgoing(encode(request()), spent))
    reconcile_function(AskingPorts(desk.world, ask), desk.settings)(FAR_MS)
    assert len(desk.world.documents) == 2


def _a_check_among_the_dead_letters(ask: Ask) -> None:
    desk = Desk()
    check = event_check(caused(), desk.accept(request()).batch_id)
    letter = replace(check, attributes={**check.attributes, REASON: "Genesys was out of reach"})
    desk.world.stored_queue("checks-dead").send(letter)
    reconcile_function(AskingPorts(desk.world, ask), desk.settings)(FAR_MS)
    assert desk.world.bodies("checks")


def _a_decision_half_carried_out(ask: Ask) -> None:
    """A person resolved it as again, and the queue was out of reach."""
    desk, batch = Desk(), request(items=2)
    world, ledger, vault = desk.world, desk.world.ledger, desk.world.vault
    park(batch, "REJECTED", Code.QUOTED("400"), ledger=ledger, vault=vault, now_ms=desk.now_ms)
    world.faults.plan("send refused")
    decision = Decision("again", "jo", "looked it up")
    with pytest.raises(Transient):
        resolve(
            find(batch.batch_id, ledger, vault),
            decision,
            ledger=ledger,
            vault=vault,
            writes=world.queue("writes"),
            now_ms=desk.now_ms,
        )
    world.timeline.advance(HOUR_S)
    reconcile_function(AskingPorts(world, ask), desk.settings)(FAR_MS)
    assert world.bodies("writes")


def _what_differs_and_is_no_longer_kept(ask: Ask) -> None:
    """A person is to compare what Genesys shows with a request that the vault has lost."""
    desk = Desk()
    deps = confirm_deps(AskingPorts(desk.world, ask), desk.settings)
    desk.deps = replace(deps, genesys=desk.genesys)
    batch = desk.accept(request(), genesys_id="c-1")
    desk.world.documents.clear()
    desk.genesys.says("differs")
    desk.end_window(batch)
    assert desk.state(batch) == "MANUAL_REVIEW"


def _a_compensation(ask: Ask) -> None:
    desk = Desk(replace(CONFIRMATION, compensation=Compensation("DELETE", "/{key}", {})))
    deps = confirm_deps(AskingPorts(desk.world, ask), desk.settings)
    desk.deps = replace(deps, genesys=desk.genesys)
    batch = desk.accept(request(), genesys_id="c-1")
    desk.genesys.says("differs")
    desk.end_window(batch)
    assert desk.world.bodies("writes")


def _an_audit(ask: Ask) -> None:
    world = audited.World(audited.configured())
    world.hold(conversation("gone", audited.MORNING))
    assert audit_function(AskingPorts(world, ask), world.settings)(FAR_MS).missing == 6


def _an_alarm(ask: Ask) -> None:
    ports, reader = AskingPorts(World(), ask), Reader()
    for kind in KINDS:
        notices = AskingNotices(reader, ask)
        alert(changed(kind.alarm), Deps(ports.ledger, ports.vault, ports.clock, notices))
    assert len(reader.heard) == len(KINDS)


def granted(production: Synthesised, verb: str) -> set[Grant]:
    return {
        (action, resource)
        for statement in statements(production.templates["production"])[verb]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_function_asks_for_it_is_granted(
    production: Synthesised, asked: dict[str, set[Grant]], verb: str
) -> None:
    assert asked[verb] - granted(production, verb) == set()


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_function_is_granted_it_asks_for(
    production: Synthesised, asked: dict[str, set[Grant]], verb: str
) -> None:
    needless = granted(production, verb) - asked[verb]

    assert {
        (action, resource)
        for action, resource in needless
        if action not in BY_AWS or (action.startswith("sqs:") and verb.lower() not in CONSUMERS)
    } == set()
