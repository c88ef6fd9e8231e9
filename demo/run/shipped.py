"""`make run SCENARIO=shipped`: environments/example.toml exactly as shipped.

A person runs `relay setup journey --apply` on the simulated Genesys Cloud and puts the two ids that
it prints into the file; every unproven assumption has its strictest setting. Then 200 business
events and 200 of Genesys' own come in any order. At the end every customer's timeline has the
customer's steps in order, every conversation has its queue, and nothing was refused or quarantined.
"""

import json
import tomllib
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from threading import Thread
from typing import Any

from demo.day import telephone
from demo.run.journey import set_up
from demo.run.lines import Line
from demo.run.publishing import publish
from demo.run.remains import read_remains
from demo.run.scenario import Act, Scenario, Verdict
from demo.run.stage import Genesys
from demo.run.tracked import Partner
from emulator.toolchain import ROOT
from examples import put_business_event
from lambdas.relay.destinations.journey import ATTRIBUTES
from ops.screen import plural
from ops.setup_journey import Wanted, lines_of

EXAMPLE = ROOT / "environments" / "example.toml"
EVENTS, CUSTOMERS = 200, 17
SENDER = "shop.example"
ENDED = "v2.detail.events.conversation.{id}.acd.end"
JOURNEY = "[destinations.journey]"


def prepare(genesys_url: str) -> str:
    """The shipped destinations and routes, with the two ids."""
    strict = {"schema_is_enforced": True, "activation_before_events": True}
    Genesys(genesys_url).post("assumptions", **strict)
    wanted = Wanted("Customers", "Customer steps", tuple(ATTRIBUTES))
    printed = tomllib.loads(lines_of(set_up(genesys_url, wanted)))["destinations"]["journey"]
    text = EXAMPLE.read_text("utf-8")
    shipped = tomllib.loads(text)["destinations"]["journey"]
    for name in ("configuration_id", "external_source_id"):
        text = text.replace(shipped[name], printed[name])
    return f"\n{JOURNEY}{text.partition(JOURNEY)[2]}"


def steps() -> list[dict[str, Any]]:
    """The events that a shop puts onto the relay's bus."""
    return [
        {
            "id": f"step-{number}",
            "type": "parcel.sent" if number % 2 else "order.placed",
            "occurredAt": f"2026-01-09T09:{number // 60:02}:{number % 60:02}Z",
            "identifiers": {"customerId": f"customer-{number % CUSTOMERS}"},
            "attributes": {"step": number, "phone": telephone(Random(number))},
        }
        for number in range(EVENTS)
    ]


def talks(source: str) -> list[Line]:
    """Genesys' events about conversations."""
    return [_talk(source, number) for number in range(EVENTS)]


def _talk(source: str, number: int) -> Line:
    conversation, participant = (f"0b0e8b3c-0000-4000-{n}000-{number:012d}" for n in (8, 9))
    document = {
        "id": str(uuid.UUID(int=number, version=4)),
        "source": source,
        "detail-type": ENDED,
        "detail": {
            "topicName": ENDED.replace("{id}", conversation),
            "version": "2",
            "timestamp": "2026-01-09T10:00:00.000Z",
            "metadata": {},
            "eventBody": {
                "eventTime": 1_767_952_800_000 + number,
                "conversationId": conversation,
                "participantId": participant,
                "queueId": f"queue-{number % 3}",
                "acdOutcome": "ANSWERED",
                "ani": f"tel:{telephone(Random(number))}",
            },
        },
    }
    return Line(json.dumps(document), document)


def play(act: Act) -> Verdict:
    """Both kinds at once; the results are read from Genesys."""
    partner = Partner(act.stage, act.source)
    pump = Thread(target=partner.run, daemon=True)
    pump.start()
    try:
        _put_steps(act)
        publish(
            Random(1).sample(talks(act.source), EVENTS), act.source, act.stage, lambda count: None
        )
        played = -1
        while played != partner.published:
            played = partner.published
            act.watch.until_quiet(act.show.sight)
            act.watch.until(partner.is_done, act.show.sight)
    finally:
        partner.stop.set()
        pump.join()
    record = act.stage.genesys.get("record")
    remains = read_remains(act.stage)
    aside = sum(map(len, (remains.quarantine, remains.review, remains.dead_letters)))
    aside += len(remains.in_flight)
    complaints = list(complaints_of(record["effects"], record["requests"], aside))
    effects = Counter(str(effect["endpoint"]) for effect in record["effects"])
    for endpoint, count in sorted(effects.items()):
        act.show.tell(f"{count} took effect at {endpoint}")
    return Verdict({"shipped": dict(sorted(effects.items()))}, complaints)


def _put_steps(act: Act) -> None:
    events = act.stage.aws.client("events")
    for detail in Random(1).sample(steps(), EVENTS):
        put_business_event.put(events, act.stage.outputs["RelayBusName"], SENDER, detail)


def complaints_of(
    effects: Sequence[Mapping[str, Any]], requests: Sequence[Mapping[str, Any]], aside: int
) -> Iterator[str]:
    """What is wrong. `aside`: the number of messages and documents left, which must be 0."""
    timelines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    queues: Counter[str] = Counter()
    for effect in effects:
        content = effect["content"]
        if effect["endpoint"] == "participant-attributes":
            queues[content["lastQueueId"]] += 1
            continue
        customer = content["identifiers"]["externalIds"][0]["value"]
        step = json.loads(content["attributes"]["details"])["step"]
        timelines[customer].append((content["dateCreated"], step))
    for number in range(CUSTOMERS):
        told = [step for _, step in sorted(timelines[f"customer-{number}"])]
        if told != list(range(number, EVENTS, CUSTOMERS)):
            yield f"The timeline of customer-{number} has the steps {told}."
    if queues != Counter(f"queue-{number % 3}" for number in range(EVENTS)):
        yield f"Conversations bear these queues: {dict(queues)}."
    refused = Counter(r["status"] for r in requests if r["status"] >= 400 and r["status"] != 429)
    if refused:
        yield f"Requests were refused: {dict(refused)}."
    if aside:
        yield f"{plural(aside, 'event was', 'events were')} set aside."


SCENARIO = Scenario(lines=lambda seed: [], prepare=prepare, play=play, everything=False)
