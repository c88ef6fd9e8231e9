"""The shipped environment, as it is but for the ids that `relay setup journey` gives, against the
strict simulator: every customer's steps are on one timeline, in order, and nothing is refused."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambdas.relay.destinations.journey import ATTRIBUTES
from lambdas.relay.entrances.events import parse_event
from lambdas.relay.routes.configuration import Configuration
from ops.setup_journey import Wanted, set_up
from simulator.assumptions import Assumptions
from simulator.organization import CONFIGURATION_ID
from stacks.configuration import load_environments
from stacks.schema.parsing import parse
from tests.ops.test_setup_journey import caller_of
from tests.unit.batches import NOW_MS
from tests.unit.simulated import Simulated, envelope

EXAMPLE = Path(__file__).parents[2] / "environments" / "example.toml"
EVENTS, CUSTOMERS, BATCH = 200, 20, 50


def shipped(world: Simulated) -> Configuration:
    wanted = Wanted("shop", "Customer steps", tuple(ATTRIBUTES))
    ids = {step.what: step.id for step in set_up(caller_of(world), wanted, apply=True)}
    (loaded,) = load_environments(str(EXAMPLE))
    document = loaded.document.model_dump(mode="json", include={"destinations", "routes"})
    there = document["destinations"]["journey"]
    assert there["configuration_id"] != CONFIGURATION_ID
    there |= {
        "configuration_id": ids["configuration"],
        "external_source_id": ids["external source"],
    }
    return parse(document)


def step(number: int) -> str:
    at = f"2026-01-09T08:{number // 60:02}:{number % 60:02}Z"
    detail = {
        "id": f"order-{number}",
        "type": "order.placed" if number % 2 else "parcel.sent",
        "occurredAt": at,
        "identifiers": {"customerId": f"C-{number % CUSTOMERS}"},
        "attributes": {"number": number},
    }
    document = {"id": f"b{number}", "source": "shop.example", "detail-type": detail["type"]}
    return json.dumps({**document, "time": "2026-01-09T09:00:00Z", "detail": detail})


def deliver(world: Simulated, configured: Configuration, texts: list[str]) -> None:
    """Each text through the route that takes it."""
    world.settings = replace(world.settings, configuration=configured)
    world.write = world.writer()
    for route in configured.routes:
        world.configuration = replace(configured, routes=(route,))
        events = [text for text in texts if route.lists(_event(text).detail_type)]
        most = min(BATCH, route.destination.most_items)
        for start in range(0, len(events), most):
            world.batch(events[start : start + most], f"{route.name}-{start}")
    world.write_all()


def _event(text: str) -> Any:
    return parse_event(text, NOW_MS)


def test_the_shipped_example_reaches_customers_and_conversations() -> None:
    world = Simulated()
    configured = shipped(world)
    world.platform.assumptions = Assumptions(schema_is_enforced=True, activation_before_events=True)
    steps = [step(number) for number in range(EVENTS)]
    talks = [
        envelope(number, "acd.end", queueId=f"q{number % 3}", acdOutcome="ANSWERED")
        for number in range(EVENTS)
    ]

    deliver(world, configured, steps + talks)

    timelines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    attributed = 0
    for effect in world.platform.record.effects:
        if effect.endpoint == "participant-attributes":
            attributed += 1
            continue
        [identifier] = effect.content["identifiers"]["externalIds"]
        said = json.loads(effect.content["attributes"]["details"])
        timelines[identifier["value"]].append((effect.content["dateCreated"], said["number"]))
    assert attributed == EVENTS
    assert {
        customer: [number for _, number in sorted(rows)] for customer, rows in timelines.items()
    } == {
        f"C-{customer}": list(range(customer, EVENTS, CUSTOMERS)) for customer in range(CUSTOMERS)
    }
    assert world.in_review() == []
    assert not world.platform.record.rejected
    assert not world.platform.record.violations
