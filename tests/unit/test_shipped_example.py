"""The configuration that is shipped, and nothing but it, against the strict simulator: `relay setup
journey` as a person runs it, 200 events of an application and 200 of Genesys, through the assembled
functions."""

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from lambdas.relay.assembly.consumers import Function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.assembly.write import write_function
from lambdas.relay.destinations import journey
from lambdas.relay.kernel.limits import MESSAGES_PER_INVOCATION
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.kernel.vault_keys import SEALED
from lambdas.relay.routes.configuration import Configuration
from ops.setup_journey import Wanted, lines_of, set_up
from simulation.memory.settings import MemorySettings
from simulator.assumptions import Assumptions
from stacks.schema.parsing import parse
from tests.ops.test_setup_journey import caller_of
from tests.unit.batches import NOW_MS
from tests.unit.simulated import Simulated

EXAMPLE = Path(__file__).parents[2] / "environments" / "example.toml"
EVENTS = 200
CUSTOMERS = 17
SOURCE = "aws.partner/genesys.com/cloud/00000000-0000-4000-8000-000000000000/relay"
ENDED = "v2.detail.events.conversation.{id}.acd.end"


def shipped(world: Simulated) -> Configuration:
    """The example with the two ids that `relay setup journey` prints."""
    wanted = Wanted("Customers", "Customer steps", tuple(journey.ATTRIBUTES))
    steps = list(set_up(caller_of(world), wanted, apply=True))
    ids = tomllib.loads(lines_of(steps))["destinations"]["journey"]
    document = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    document["destinations"]["journey"] |= ids
    return parse({name: document[name] for name in ("destinations", "routes")})


def order(number: int) -> dict[str, Any]:
    """One step of a customer, in the form that examples/ posts."""
    return envelope(
        "shop.example",
        "order.placed" if number % 2 else "parcel.sent",
        {
            "type": "order.placed" if number % 2 else "parcel.sent",
            "occurredAt": iso(NOW_MS - (EVENTS - number) * 1000),
            "identifiers": {"customerId": f"customer-{number % CUSTOMERS}"},
            "attributes": {"step": number, "carrier": "bicycle"},
        },
    )


def call(number: int) -> dict[str, Any]:
    conversation = f"0b0e8b3c-0000-4000-8000-{number:012d}"
    return envelope(
        SOURCE,
        ENDED,
        {
            "topicName": ENDED.replace("{id}", conversation),
            "version": "2",
            "timestamp": iso(NOW_MS),
            "metadata": {},
            "eventBody": {
                "eventTime": NOW_MS - number,
                "conversationId": conversation,
                "participantId": f"0b0e8b3c-0000-4000-9000-{number:012d}",
                "queueId": f"0b0e8b3c-0000-4000-a000-{number % 3:012d}",
                "acdOutcome": "ANSWERED",
            },
        },
    )


def envelope(source: str, detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"e-{detail_type}-{json.dumps(detail)[-40:]}",
        "source": source,
        "detail-type": detail_type,
        "time": iso(NOW_MS),
        "detail": detail,
    }


def run(world: Simulated, queue: str, function: Function) -> None:
    """Until the queue is empty."""
    stored = world.stored_queue(queue)
    while stored.messages:
        deliveries = stored.receive(MESSAGES_PER_INVOCATION[queue])
        if not deliveries:
            world.timeline.advance(1)
            continue
        kept = function(deliveries, world.timeline.now_ms + 60_000)
        for delivery in deliveries:
            if delivery.message_id not in kept:
                stored.delete(delivery)


def test_every_customer_has_their_steps_in_order_and_nothing_is_refused() -> None:
    # Given an organisation with nothing in it but the conversations of its events
    world = Simulated()
    world.platform.assumptions = Assumptions(schema_is_enforced=True, activation_before_events=True)
    settings = MemorySettings(shipped(world))
    arrived = [order(n) for n in range(EVENTS)] + [call(n) for n in range(EVENTS)]
    for event in arrived[EVENTS:]:
        body = event["detail"]["eventBody"]
        world.platform.org.begin_conversation(body["conversationId"], [body["participantId"]], "")
    Random(1).shuffle(arrived)
    # When they arrive in any order
    for event in arrived:
        world.stored_queue("events").send(Outgoing(json.dumps(event)))
    run(world, "events", intake_function(world, settings))
    run(world, "batches", dedup_function(world, settings))
    run(world, "writes", write_function(world, settings))
    # Then every customer's timeline has every step once, in the order in which they happened
    timelines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    noted: list[str] = []
    for effect in world.platform.record.effects:
        if "identifiers" not in effect.content:
            noted.append(effect.content["lastQueueId"])
            continue
        customer = effect.content["identifiers"]["externalIds"][0]["value"]
        step = json.loads(effect.content["attributes"]["details"])["step"]
        timelines[customer].append((effect.content["dateCreated"], step))
    steps = {customer: [step for _, step in sorted(each)] for customer, each in timelines.items()}
    assert steps == {
        f"customer-{number}": list(range(number, EVENTS, CUSTOMERS)) for number in range(CUSTOMERS)
    }
    # And every conversation has its queue, and nothing was refused or set aside
    assert Counter(noted) == Counter(
        f"0b0e8b3c-0000-4000-a000-{number % 3:012d}" for number in range(EVENTS)
    )
    refused = [r.status for r in world.platform.record.requests if r.status >= 400]
    assert refused == []
    assert not [key for key in world.documents if not key.startswith(SEALED)]
