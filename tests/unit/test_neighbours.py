"""Neighbours never pay: whatever is wrong with a message, dead letter or record, the others go
on."""

import json
from typing import Any

import pytest

from lambdas.relay.entrances.events import ANY_PARTNER
from lambdas.relay.functions import reconcile
from lambdas.relay.kernel.errors import Impossible
from lambdas.relay.kernel.limits import SQS_MESSAGE_BYTES_MAX
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Disposition, Done, settle, settle_each
from lambdas.relay.messages.dead_letters import ATTEMPTS, REDRIVES, dead_letter
from lambdas.relay.messages.sealing import Batch, describe, encode
from simulation.memory.sizes import refuse_message
from tests.unit.batches import NOW_MS, batch_of
from tests.unit.test_consolidation import Pressed
from tests.unit.test_reconcile import Office
from tests.unit.world import World

NONSENSE = ("9" * 5000, "-1", "one", "²", "1e9", "")


def test_what_a_neighbour_will_never_take_is_set_aside_with_the_reason_and_not_retried() -> None:
    world = World()
    first, bad, last = world.deliver("first", "bad", "last")
    done: list[str] = []

    def act(delivery: Delivery) -> Disposition:
        if delivery is bad:
            raise Impossible(Code.QUOTED("PutItem: ValidationException"))
        done.append(delivery.body)
        return Done()

    assert settle_each([first, bad, last], act, world.consumer()) == []
    assert done == ["first", "last"]
    (kept,) = (json.loads(text) for text in world.documents.values())
    assert (kept["message"], "ValidationException" in kept["reason"]) == ("bad", True)


def test_a_dead_letter_never_grows_past_what_sqs_takes() -> None:
    for left in range(0, 400, 7):
        body = "x" * (SQS_MESSAGE_BYTES_MAX - left)
        delivery = Delivery("m", "r", body, 9, NOW_MS, {"batch": "b", "topic": "é" * 30})

        refuse_message(dead_letter(delivery, Code.QUOTED("why"), NOW_MS, ANY_PARTNER))


def test_a_message_without_room_for_a_reason_is_a_dead_letter_all_the_same() -> None:
    world = World()
    (delivery,) = world.deliver("x" * SQS_MESSAGE_BYTES_MAX)
    world.timeline.advance(86_400 * 3.5)

    assert settle(delivery, lambda: pytest.fail("too old"), world.consumer())
    assert world.bodies("source-dead") == [delivery.body]


def test_a_dead_letter_without_room_for_a_count_ends_with_a_person_and_no_run() -> None:
    """What cannot be counted would be redriven for ever."""
    office = Office()
    envelope = json.dumps({"detail-type": "t", "source": "s", "detail": {"eventBody": {}}})
    office.world.stored_queue("events-dead").send(Outgoing(envelope.ljust(SQS_MESSAGE_BYTES_MAX)))
    office.bury("events", envelope)

    office.run()

    assert (office.result.redriven, office.result.parked, office.result.failed) == (1, 1, 0)
    assert office.left("events") == 0


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_count_that_is_nonsense_ends_no_run_and_no_invocation(nonsense: str) -> None:
    office = Office()
    batch = batch_of("a")
    office.bury("batches", encode(batch), said={REDRIVES: nonsense, ATTEMPTS: nonsense})
    office.bury("batches", encode(batch_of("b")))

    office.run()

    assert (office.result.redriven, office.result.failed) == (2, 0)


def test_what_fails_is_left_and_named_and_what_comes_after_it_is_attended_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office, bad = Office(), batch_of("bad")
    for batch in (bad, batch_of("good")):
        office.bury("batches", encode(batch), said=dict(describe(batch)))
    judge = reconcile._judge_batch

    def mistaken(batch: Batch, *rest: Any) -> object:
        if batch == bad:
            raise KeyError("missing")
        return judge(batch, *rest)

    monkeypatch.setattr(reconcile, "_judge_batch", mistaken)
    office.run()

    assert (office.result.redriven, office.result.failed, office.left("batches")) == (1, 1, 1)
    (note,) = (f for said, f in office.world.telemetry.notes if said == "left as it was")
    assert (note["batch"], note["queue"]) == (bad.batch_id, "batches")


@pytest.mark.parametrize("nonsense", [n for n in NONSENSE if n])
def test_an_attribute_that_is_nonsense_fails_no_neighbour_in_dedup(nonsense: str) -> None:
    world = Pressed()
    for said in ("a", "b"):
        described = {**describe(batch_of(said)), "events": nonsense, "consolidations": nonsense}
        world.stored_queue("batches").send(Outgoing(encode(batch_of(said)), described))

    assert world.invoke(world.receive()) == []
    assert sorted(world.written()) == [["a"], ["b"]]
