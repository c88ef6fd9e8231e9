"""States: what Genesys publishes of things that change and change back, without saying when.

A member joins a queue, leaves it, joins it again. The contents are the same each time; only the
time of publishing differs. So the event's number cannot be in the contents: it is in the envelope's
id, which the relay ignores, and is added to the item.
"""

from collections.abc import Iterator
from random import Random

from lambdas.relay.kernel.limits import HOUR_S, MINUTE_S
from simulation.scenario import Scenario
from simulation.workload import (
    SOURCE,
    START_MS,
    Fact,
    Published,
    Workload,
    delivered_as,
    marker,
    moment,
)

MEMBERSHIP = "v2.routing.queues.{id}.users"
MEMBERS = ("u-1", "u-2")
QUEUE = "q-1"


def added(workload: Workload, scenario: Scenario) -> Workload:
    """The workload with the scenario's changes, numbered after everything else in it, each with its
    copies: redeliveries and replays, which keep the time of publishing. They use their own
    randomness, so that the rest of a run is the same without them."""
    random = Random(f"states {scenario.seed}")
    joined = dict.fromkeys(MEMBERS, False)
    times = sorted(
        int(random.random() * scenario.publishing_s * 1000) for _ in range(scenario.states)
    )
    for number, after_ms in enumerate(times, scenario.events + scenario.told):
        member = random.choice(MEMBERS)
        joined[member] = not joined[member]
        # Two changes in one millisecond would be two events, too; here no two share one.
        at_ms = START_MS + after_ms + number
        detail = {
            "topicName": MEMBERSHIP.replace("{id}", QUEUE),
            "version": "2",
            "timestamp": moment(at_ms),
            "metadata": {"CorrelationId": f"{random.getrandbits(64):x}"},
            "eventBody": {"id": member, "queueId": QUEUE, "joined": joined[member]},
        }
        rows = []
        for copy_ms in (at_ms, *_copies(random, at_ms)):
            envelope_id = f"{marker(number)}-{random.getrandbits(32):08x}"
            text = delivered_as(envelope_id, at_ms, SOURCE, MEMBERSHIP, detail)
            rows.append(Published(copy_ms, text, True))
        workload.facts.append(Fact(number, "plain", len(rows)))
        workload.published += rows
    return workload


def _copies(random: Random, at_ms: int) -> Iterator[int]:
    while random.random() < 0.4:
        delay_s = random.choice((0, 1, 20 * MINUTE_S, 30 * HOUR_S))
        yield at_ms + int(delay_s * random.random() * 1000)
