"""What rings or writes to somebody: once, whatever goes wrong, or a person is asked."""

from random import Random
from typing import Any

import pytest

from lambdas.relay.correlation.recovery import compensating
from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.messages.sealing import describe, encode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import sealed_item
from simulator.caused import FATES
from simulator.faults import FAULTS, HOSTILE, NONE, Conduct, changed
from simulator.organization import QUEUE_ID
from tests.unit.simulated import Simulated, configuration, envelope

QUEUE = f"'{QUEUE_ID}'"
TO = {"toAddress": "'+493012345'", "toAddressMessengerType": "'sms'"}
#: by the end of its path, what a request of each kind says
ITEMS: dict[str, dict[str, Any]] = {
    "calls": {"phoneNumber": "'+493012345'", "attributes": {"relayId": "id"}},
    "callbacks": {"queueId": QUEUE, "callbackNumbers": ["'+493012345'"], "data": {"relayId": "id"}},
    "emails": {"queueId": QUEUE, "provider": "'PureCloud Email'", "toAddress": "'a@example.com'"},
    "messages": {"queueId": QUEUE, **TO},
    "messages/agentless": TO,
}


ASKED = "MANUAL_REVIEW"


def world_of(what: str, conduct: Conduct) -> Simulated:
    path = f"/api/v2/conversations/{what}"
    calls = {"kind": "conversations", "path": path, "item": ITEMS[what]}
    return Simulated(configuration(calls), conduct)


def rung(world: Simulated, batch_id: str) -> tuple[int, str]:
    """How often it rang, and how the record of it ended."""
    world.platform.settle()
    effects = [e for e in world.platform.record.effects if e.correlation_id == batch_id]
    return len(effects), str(world.table.items[record_key(batch_id)]["state"])


def is_right(times: int, state: str) -> bool:
    """Accepted calls rang once; where the outcome is unknown, at most once, and a person has it."""
    return times == 1 if state in ("PENDING_EVENT", "DONE") else times <= 1 and state == ASKED


@pytest.mark.parametrize("what", ITEMS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_request_rings_once_or_a_person_is_asked(what: str, fault: str) -> None:
    world = world_of(what, changed(NONE, {fault: 1.0}))
    batch = world.batch([envelope(1)])
    world.write_once()
    world.timeline.advance(10)
    world.platform.conduct = NONE
    world.write_all(6 * 3600)

    assert is_right(*rung(world, batch.batch_id))
    assert len(world.in_review()) == (rung(world, batch.batch_id)[1] == ASKED)
    assert world.telemetry.counts["InDoubtReposted"] == 0


@pytest.mark.parametrize("fault", [None, "lost_answer", "error", "rate_limited", "redirect"])
def test_one_that_was_made_too_often_is_ended_whatever_goes_wrong(fault: str | None) -> None:
    """Repeating the request that ends it rings nobody, so no person is asked."""
    calls = {"kind": "conversations", "item": ITEMS["calls"]}
    calls["confirmation"] = {"duplicates": "cancel"}
    world = Simulated(configuration(calls), NONE)
    batches = [world.batch([envelope(1)], nonce) for nonce in ("first", "second")]
    world.write_all()
    made = [Record.of(world.table.items[record_key(batch.batch_id)]) for batch in batches]
    one, other = (record.genesys_id for record in made)
    confirmation = world.configuration.destinations["there"].confirmation
    assert confirmation is not None
    assert confirmation.cancel is not None
    ending = compensating(made[0], other, confirmation.cancel, f"cancel {other}")
    world.table.insert(sealed_item(ending, world.timeline.now_ms))
    world.stored_queue("writes").send(Outgoing(encode(ending), describe(ending)))
    if fault is not None:
        world.platform.conduct = changed(NONE, {fault: 1.0})
        world.write_once()
        world.platform.conduct = NONE

    world.write_all(6 * 3600)

    states = {key: each.get("state") for key, each in world.platform.org.conversations.items()}
    assert (states[one], states[other]) == (states[one], "disconnected")
    assert states[one] != "disconnected"
    assert world.state(ending) == "DONE"
    assert world.in_review() == []


@pytest.mark.parametrize("what", ITEMS)
def test_in_a_bad_hour_nobody_is_rung_twice(what: str) -> None:
    """Faults of every kind, the events' fates too, and whatever becomes of a repeated key. What was
    accepted and never done is found out later, by asking (test_confirm.py)."""
    times_rung: set[int] = set()
    for seed in range(4):
        rng = Random(seed)
        keys = rng.choice(("ignored", "honoured", "conflict"))
        world = world_of(what, changed(HOSTILE, {"keys": keys}))
        world.platform.rng.seed(seed)
        world.platform.caused.next_fates.extend(rng.choices(FATES[:-1], k=20))
        batches = [world.batch([envelope(number)], str(number)) for number in range(20)]
        world.write_all(6 * 3600)
        for batch in batches:
            times, state = rung(world, batch.batch_id)
            assert is_right(times, state), (seed, times, state)
            times_rung.add(times)
    assert times_rung == {0, 1}


@pytest.mark.parametrize(
    ("confirmation", "seconds"), [({}, 30), ({"window_s": 10}, 10), ({"window_s": 900}, 900)]
)
def test_the_configured_window_is_the_one_that_is_waited(
    confirmation: dict[str, int], seconds: int
) -> None:
    """One published text has 10 s for calls and 30 s for what is routed."""
    calls = {"kind": "conversations", "item": ITEMS["calls"], "confirmation": confirmation}
    world = Simulated(configuration(calls), NONE)
    batch = world.batch([envelope(1)])

    world.write_all()

    (timer,) = world.stored_queue("checks").messages.values()
    assert timer.visible_at_ms - timer.sent_at_ms == seconds * 1000
    record = Record.of(world.table.items[record_key(batch.batch_id)])
    assert record.window_until_ms - record.accepted_at_ms == seconds * 1000


def test_by_default_what_is_routed_is_waited_for_30_seconds_and_the_rest_10() -> None:
    windows = {
        name: kind.confirmation.window_s
        for name, kind in KINDS.items()
        if kind.confirmation is not None
    }

    assert {name for name, seconds in windows.items() if seconds == 30} == {
        "conversation-events",
        "conversations",
    }
    assert set(windows.values()) == {10, 30}
    asked = {"match": "entity", "topics": ["t"], "key": "orderId"}
    orders = {"kind": "generic", "path": "/api/v2/orders", "item": {"orderId": "body.order"}}
    (made,) = configuration({**orders, "confirmation": asked}).confirmations.values()
    assert made.window_s == 10


@pytest.mark.parametrize("what", ["calls", "callbacks", "emails", "messages"])
def test_a_queue_that_is_gone_refuses_what_names_it_and_keeps_nobody_waiting(what: str) -> None:
    """The queue is that event's own: the refusal says nothing about the others."""
    member = "callQueueId" if what == "calls" else "queueId"
    path = f"/api/v2/conversations/{what}"
    item = {**ITEMS[what], member: "body.queueId"}
    world = Simulated(configuration({"kind": "conversations", "path": path, "item": item}), NONE)
    gone = "0b0e8b3c-0000-4000-8000-00000000000a"
    for number in range(60):
        queue = gone if number % 2 else QUEUE_ID
        world.batch([envelope(number, queueId=queue)], str(number))
    world.write_all(most_s=120)

    assert not world.stored_queue("writes").messages
    assert (len(world.taken()), len(world.in_review())) == (30, 30)
    assert all(gone in case["reason"] for case in world.in_review())
    assert world.telemetry.counts["BreakerOpened"] == 0


@pytest.mark.parametrize("path", ["/api/v2/%63onversations/calls", "/API/v2/Conversations/calls"])
def test_what_rings_people_is_known_however_its_path_is_spelled(path: str) -> None:
    destination = {"kind": "generic", "path": path, "item": {"phoneNumber": "'+493012345'"}}

    told = configuration({**destination, "single": True}).destinations["there"]

    assert told.reaches_people
    assert told.unknown == "manual"
