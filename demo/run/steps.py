"""The steps of a shop's customers, and attempts to register each: retries have the same content."""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from demo.day import telephone
from demo.run.lines import Line

#: the sender's name: source of its events on the bus, last part of its path at the webhook
SENDER = "shop.example"
OPENS = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
STEPS = 48
CUSTOMERS = 12
ATTEMPTS_MAX = 5
WRONG = 2
TYPES = ("cart.filled", "order.placed", "order.paid", "parcel.handed-over", "parcel.returned")

#: bus: PutEvents; webhook: POST
Entrance = Literal["bus", "webhook"]
#: the connection: the answer arrived, or it broke after the request was sent
Connection = Literal["held", "broke"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, encoded as a line: an envelope whose `resources` say how it is made."""

    line: Line
    entrance: Entrance
    connection: Connection

    @property
    def detail(self) -> dict[str, Any]:
        detail: dict[str, Any] = self.line.document["detail"]
        return detail


def attempt_of(line: Line) -> Attempt | None:
    """None if a line is no attempt of the shop."""
    match line.document:
        case {"resources": ["bus" | "webhook" as entrance, "held" | "broke" as connection]}:
            return Attempt(line, entrance, connection)
        case _:
            return None


def attempts(seed: int) -> list[Line]:
    """All attempts, in order; the last one for each step succeeds."""
    entropy = Random(seed)
    drawn: list[tuple[float, Line]] = []
    for number in range(STEPS):
        detail, entrances = _step(entropy, number)
        many = entropy.randint(1, ATTEMPTS_MAX)
        at = number + entropy.uniform(0, 8)
        for left in reversed(range(many)):
            held = left == 0 or entropy.random() < 0.4
            connection: Connection = "held" if held else "broke"
            line = _line(detail, entropy.choice(entrances), connection)
            drawn.append((at, replace(line, happening=number)))
            at += entropy.uniform(0, 12)
    for number in range(WRONG):
        detail, _ = _step(entropy, STEPS + number)
        wrong = {name: value for name, value in detail.items() if name != "type"}
        drawn.append((entropy.uniform(0, STEPS), _line({**wrong, "typ": "cart"}, "bus", "held")))
    return [line for _, line in sorted(drawn, key=lambda each: each[0])]


def _step(entropy: Random, number: int) -> tuple[dict[str, Any], list[Entrance]]:
    """A step and the entrances of its attempts: the flat form posts only to the webhook."""
    at = OPENS + timedelta(seconds=90 * number + entropy.randrange(60))
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    customer = f"C-{entropy.randrange(CUSTOMERS):04}"
    said = {"step": number, "channel": "web", "phone": telephone(Random(customer))}
    own_id = str(uuid.UUID(int=entropy.getrandbits(128), version=4))
    if number % 3 == 0:
        data = {"customerId": customer, **said}
        posted = {"id": own_id, "type": entropy.choice(TYPES), "createdTime": stamp, "data": data}
        return posted, ["webhook"]
    detail = {
        "id": own_id,
        "type": entropy.choice(TYPES),
        "occurredAt": stamp,
        "correlationId": f"checkout-{entropy.randrange(1000)}",
        "identifiers": {"customerId": customer},
        "attributes": said,
    }
    if number % 10 == 1:
        del detail["id"]  # some applications have none: then the whole content is the identity
    return detail, ["bus"] if number % 3 == 1 else ["bus", "webhook"]


def _line(detail: dict[str, Any], entrance: Entrance, connection: Connection) -> Line:
    document = {
        "source": SENDER,
        "detail-type": detail.get("type", "cart"),
        "resources": [entrance, connection],
        "detail": detail,
    }
    return Line(json.dumps(document), document)
