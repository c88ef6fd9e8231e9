"""Sessions: events that Genesys publishes, and events that a person makes from Genesys' own record
because those never came, or seemed not to. Both describe one moment, in different words.

A session's genuine event may come before, with or after the made one, or never. Some sessions have
two genuine events in one millisecond, and both must take effect, with or without a made event.
Nobody can tell which of three effects belongs to which of two events, so a number's expected
effects are counted.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from lambdas.relay.kernel.limits import HOUR_S, MINUTE_S
from simulation.scenario import Scenario
from simulation.workload import (
    SOURCE,
    START_MS,
    Fact,
    Published,
    Workload,
    delivered,
    marker,
    moment,
)

SESSION = "v2.sessions.{id}.begun"
#: the names of backfill orders
BACKFILLS = ("backfill-first", "backfill-second")
DELAYS_S = (0, 1, 30, 20 * MINUTE_S, 2 * HOUR_S, 30 * HOUR_S)


def added(workload: Workload, scenario: Scenario) -> Workload:
    """The workload with the scenario's sessions, numbered after everything else in it. They use
    their own randomness, so that the rest of a run is the same without them."""
    random = Random(f"sessions {scenario.seed}")
    first = scenario.events + scenario.told + scenario.states
    for number in range(first, first + scenario.sessions):
        begun_ms = START_MS + int(random.random() * scenario.publishing_s * 1000)
        are_two = random.random() < 0.4
        came = ("one", "another") if are_two else random.choice((("one",), ("one",), ()))
        made = BACKFILLS[: random.choice((0, 1, 1, 2) if came else (1, 2))]
        rows = [
            Published(at_ms, text, on_bus)
            for said in came
            for at_ms, text, on_bus in _genuine(random, number, begun_ms, said)
        ]
        rows += [
            Published(at_ms, text, on_bus)
            for order in made
            for at_ms, text, on_bus in _made(random, number, begun_ms, order)
        ]
        item = {"marker": marker(number)}
        workload.facts.append(
            Fact(number, "plain", len(rows), item=item, times=2 if are_two else 1)
        )
        workload.published += rows
    return workload


def _genuine(
    random: Random, number: int, begun_ms: int, said: str
) -> Iterator[tuple[int, str, bool]]:
    for at_ms in _moments(random, begun_ms):
        body = {**_body(number, begun_ms), "said": said, "mediaType": "VOICE"}
        yield at_ms, _envelope(random, at_ms, body), True


def _made(
    random: Random, number: int, begun_ms: int, order: str
) -> Iterator[tuple[int, str, bool]]:
    """A person's tool puts it into the queue, like a replay."""
    for at_ms in _moments(random, begun_ms):
        body = {**_body(number, begun_ms), "direction": order}
        text = _envelope(random, begun_ms, body)
        yield at_ms, f'{text[:-1]}, "replay-name": "{order}"}}', False


def _moments(random: Random, begun_ms: int) -> Iterator[int]:
    """When it comes, and when its copies do."""
    while True:
        yield begun_ms + int(random.choice(DELAYS_S) * random.random() * 1000)
        if random.random() > 0.3:
            return


def _body(number: int, begun_ms: int) -> dict[str, Any]:
    return {"marker": marker(number), "sessionId": f"s-{number}", "eventTime": begun_ms}


def _envelope(random: Random, at_ms: int, body: dict[str, Any]) -> str:
    detail = {
        "topicName": SESSION.replace("{id}", body["sessionId"]),
        "version": "2",
        "timestamp": moment(at_ms),
        "metadata": {"CorrelationId": f"{random.getrandbits(64):x}"},
        "eventBody": body,
    }
    return delivered(random.getrandbits(128), at_ms, SOURCE, SESSION, detail)
