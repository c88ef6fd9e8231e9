"""Each message is done or comes back; whatever happens to it does not affect its neighbours."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.kernel.backoff import backoff_s
from lambdas.relay.kernel.errors import Impossible, Malformed, Misplaced, Throttled, Transient
from lambdas.relay.kernel.limits import (
    BACKOFF_MAX_S,
    MESSAGE_AGE_MAX_S,
    SQS_VISIBILITY_MAX_S,
)
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Disposition, Done, Later, settle_each
from simulation.memory.clock import SeededEntropy
from simulation.memory.queues import MemoryQueue
from tests.unit.world import World

CANARY = "Jane Canary"


def act(delivery: Delivery) -> Disposition:
    """Does what the message asks for."""
    match delivery.body.split(":")[0]:
        case "done":
            return Done()
        case "later":
            return Later(Code.QUOTED("not yet"), 30)
        case "malformed":
            raise Malformed(Code.QUOTED("it says nothing"))
        case "misplaced":
            raise Misplaced(Code.QUOTED("it belongs elsewhere"))
        case "transient":
            raise Transient(Code.QUOTED("the ledger is away"))
        case "throttled":
            raise Throttled(Code.QUOTED("slow down"), 12)
        case _:
            raise ZeroDivisionError(CANARY)


def settled(world: World, *bodies: str) -> list[str]:
    """Acts on messages of these bodies and returns the bodies of those that stay."""
    deliveries = world.deliver(*bodies)
    kept = settle_each(deliveries, act, world.consumer())
    return [delivery.body for delivery in deliveries if delivery.message_id in kept]


KINDS = ["done", "later", "malformed", "transient", "throttled", "mistake"]
STAYING = {"later", "transient", "throttled", "mistake"}


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=10))
def test_every_message_has_its_own_fate_whatever_its_neighbours(kinds: list[str]) -> None:
    bodies = [f"{kind}:{number}" for number, kind in enumerate(kinds)]

    assert settled(World(), *bodies) == [b for b in bodies if b.split(":")[0] in STAYING]


@pytest.mark.parametrize("fault", ["vault refused", "vault answer lost"])
def test_a_vault_out_of_reach_keeps_the_malformed_message_and_lets_the_others_go(
    fault: str,
) -> None:
    world = World()
    world.faults.plan(fault)  # type: ignore[arg-type]

    assert settled(world, "done:1", "malformed", "done:2") == ["malformed"]


class Unwilling(MemoryQueue):
    """A queue that will never take what it is given."""

    def __init__(self) -> None:
        """Nothing else of a queue is called."""

    def send(self, messages: Sequence[Outgoing]) -> None:
        raise Impossible(Code.QUOTED("invalid message contents"))


@pytest.mark.parametrize("kind", ["misplaced", "later"])
def test_what_cannot_become_a_dead_letter_is_set_aside(kind: str) -> None:
    world = World()
    (delivery,) = world.deliver(kind)
    consumer = replace(world.consumer(), dead=Unwilling(), receives_max=2)

    assert settle_each([delivery], act, consumer) == []

    (document,) = world.documents.values()
    assert json.loads(document)["message"] == kind
    assert "invalid message contents" in json.loads(document)["reason"]


def test_an_unexpected_error_keeps_the_message_and_is_counted() -> None:
    world = World()

    assert settled(world, "mistake") == ["mistake"]
    assert world.telemetry.counts["Unexpected"] == 1


def test_an_unexpected_error_is_reported_by_its_place_never_by_its_words() -> None:
    """An error's text may quote an event."""
    world = World()
    settled(world, "mistake")

    told = str(world.telemetry.notes)
    assert "'ZeroDivisionError', 'test_consumer.py:" in told
    assert CANARY not in told


def test_malformed_messages_are_kept_whole_with_the_reason() -> None:
    world = World()
    settled(world, "malformed:\u2028 as it came")

    (document,) = world.documents.values()
    assert json.loads(document)["message"] == "malformed:\u2028 as it came"
    assert json.loads(document)["reason"] == "it says nothing"


def test_copies_of_a_malformed_message_are_kept_once_and_different_ones_each() -> None:
    world = World()
    settled(world, "malformed:1", "malformed:1", "malformed:2")

    assert len(world.documents) == 2
    assert all(key.startswith("quarantine/") for key in world.documents)


def test_a_message_comes_back_when_it_was_asked_to() -> None:
    world = World()
    later, throttled = world.deliver("later", "throttled")
    settle_each([later, throttled], act, world.consumer())

    assert world.hidden_s(later) == 30
    assert world.hidden_s(throttled) == 12


def test_without_a_time_it_comes_back_by_backoff() -> None:
    world = World()
    (delivery,) = world.deliver("transient")
    tired = replace(delivery, receives=40)
    settle_each([tired], act, world.consumer())

    assert 0 < world.hidden_s(tired) <= BACKOFF_MAX_S


def test_the_backoff_begins_with_the_first_receive() -> None:
    world = World()
    (delivery,) = world.deliver("transient")
    settle_each([delivery], act, replace(world.consumer(), entropy=SeededEntropy(Random(1))))

    assert world.hidden_s(delivery) == pytest.approx(backoff_s(0, Random(1).random()), abs=0.01)


def test_no_wait_is_longer_than_sqs_allows() -> None:
    world = World()
    (delivery,) = world.deliver("x")
    settle_each(
        [delivery], lambda _: Later(Code.QUOTED("until midnight"), 86_400), world.consumer()
    )

    assert world.hidden_s(delivery) == SQS_VISIBILITY_MAX_S - 120


def test_a_message_that_cannot_be_hidden_stays_all_the_same() -> None:
    world = World()
    world.faults.plan("hide refused")

    assert settled(world, "later", "done") == ["later"]


def test_what_the_invocation_has_no_time_for_comes_back_at_once() -> None:
    """An invocation that Lambda ends has done nothing, however many of its messages it finished."""
    world = World()
    deliveries = world.deliver(*(f"done:{number}" for number in range(10)))
    acted: list[str] = []

    def slowly(delivery: Delivery) -> Disposition:
        world.timeline.advance(seconds=1)
        acted.append(delivery.message_id)
        return Done()

    deadline_ms = world.clock.now_ms() + 6_500
    kept = settle_each(deliveries, slowly, world.consumer(), deadline_ms)

    assert world.clock.now_ms() < deadline_ms
    assert len(acted) == 5, "a sixth could take twice as long as there is time"
    assert acted + kept == [delivery.message_id for delivery in deliveries]
    assert {world.hidden_s(d) for d in deliveries if d.message_id in kept} == {0}


def test_the_first_message_is_begun_however_little_time_is_left() -> None:
    """Nobody knows yet how long it takes; if it were put off for ever, it would never be done."""
    world = World()
    (delivery,) = world.deliver("done")

    assert settle_each([delivery], act, world.consumer(), world.clock.now_ms() + 1) == []


# Old messages


def aged(delivery: Delivery, seconds: int) -> Delivery:
    return replace(delivery, sent_at_ms=delivery.sent_at_ms - seconds * 1000)


def nobody(delivery: Delivery) -> Disposition:
    raise AssertionError("an old message is not acted on")


def test_an_old_message_is_dead_lettered_before_sqs_drops_it() -> None:
    world = World()
    (delivery,) = world.deliver("done")

    kept = settle_each([aged(delivery, MESSAGE_AGE_MAX_S + 1)], nobody, world.consumer())

    assert kept == []
    (dead_letter,) = world.stored_queue("source-dead").messages.values()
    assert dead_letter.body == "done"
    assert dead_letter.attributes["reason"] == str(Code.TOO_OLD())


def test_a_message_of_exactly_the_allowed_age_is_acted_on() -> None:
    world = World()
    (delivery,) = world.deliver("done")

    assert settle_each([aged(delivery, MESSAGE_AGE_MAX_S)], act, world.consumer()) == []
    assert not world.bodies("source-dead")


@pytest.mark.parametrize("fault", ["send refused", "send answer lost"])
def test_an_old_message_stays_while_the_dead_letter_queue_is_out_of_reach(fault: str) -> None:
    world = World()
    world.faults.plan(fault)  # type: ignore[arg-type]
    old, young = world.deliver("done:old", "done:young")

    kept = settle_each([aged(old, MESSAGE_AGE_MAX_S + 1), young], act, world.consumer())

    assert kept == [old.message_id]


def test_the_dead_letter_keeps_the_attributes_of_the_message() -> None:
    world = World()
    (delivery,) = world.deliver("done")
    old = replace(aged(delivery, MESSAGE_AGE_MAX_S + 1), attributes={"batch": "b1"}, receives=7)

    settle_each([old], nobody, world.consumer())

    (dead_letter,) = world.stored_queue("source-dead").messages.values()
    assert dead_letter.attributes["batch"] == "b1"


# The last receive but one


def given_up(act: Callable[[Delivery], Disposition], receives: int) -> tuple[World, list[str]]:
    world = World()
    (delivery,) = world.deliver("x")
    consumer = replace(world.consumer(), receives_max=10)
    return world, settle_each([replace(delivery, receives=receives)], act, consumer)


def test_before_sqs_gives_a_message_up_it_is_dead_lettered_with_the_reason() -> None:
    world, kept = given_up(lambda _: Later(Code.QUOTED("the ledger is away")), receives=9)

    assert kept == []
    (dead_letter,) = world.stored_queue("source-dead").messages.values()
    assert dead_letter.attributes["reason"] == "the ledger is away"


def test_a_message_with_receives_left_stays_in_its_queue() -> None:
    world, kept = given_up(lambda _: Later(Code.QUOTED("the ledger is away")), receives=8)

    assert len(kept) == 1
    assert not world.bodies("source-dead")
