"""Senders: applications that put events onto the relay's own bus or post them to its webhook, in
the accepted shapes, and send them again until they know that the relay has them.

They use their own randomness, so that what Genesys publishes in a run is the same without them.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from lambdas.relay.entrances.proofs import SIGNATURE, TIMESTAMP, signature
from lambdas.relay.kernel.limits import CLAIM_TTL_S, DAY_S, HORIZON_S, HOUR_S, MINUTE_S
from lambdas.relay.kernel.ports import Delivery
from simulation.fault_plan import FaultPlan
from simulation.memory.bus import Bus
from simulation.memory.timeline import Timeline
from simulation.scheduler import Ending, Returned
from simulation.workload import START_MS, Fact, Kind, Shares, delivered, item_of, marker, moment

#: two applications with one name space: the same id from both means two events
KEYS: Mapping[str, str] = {"shop.orders": "a key of the shop " * 3, "bank.orders": "another " * 6}
FORGED = "a key that nobody was given " * 2
#: the detail-types of business events, of posted ones and of flat ones
ORDER, STEP, FLAT = "order.placed", "step.taken", "call.step"
#: ... and of details with no agreed shape: flat events without an id
PLAIN_DETAIL = "interaction.seen"
#: seconds after which a sender stops waiting for an answer
PATIENCE_S = 10.0
PAUSE_MAX_S = 10 * MINUTE_S
#: the latest copy that is recognised however long the queues hold it: see docs/guarantees.md
LATEST_COPY_S = CLAIM_TTL_S - HORIZON_S - HOUR_S
FLAT_MEMBERS = ("conversationId", "timestamp", "eventType")
#: members that say when it happened
MOMENTS = ("occurredAt", "createdTime", "timestamp")
#: attempts of a sender that does not retry until it knows
ATTEMPTS_FEW = 2

Way = Literal["bus", "webhook"]
#: `accepted` is the bus's answer, a number is the webhook's status
Answers = Mapping[int, list[str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """An event of an application, and how it is sent."""

    number: int
    kind: Kind
    sender: str
    detail_type: str
    detail: Mapping[str, Any]
    #: each attempt uses one of them
    ways: tuple[Way, ...]
    key: str
    #: each attempt has a correlation id of its own
    renames: bool
    #: each attempt has a time of its own, which is allowed for senders whose events have ids
    restamps: bool
    #: None: it sends until it knows
    attempts_max: int | None

    @property
    def time_s(self) -> float:
        """The error of `Time` in PutEvents, which the sender sets: weeks late, days ahead, mostly
        none. Uses its own randomness, so that the rest of a run is the same without it."""
        random = Random(f"time of {self.number} {self.detail}")
        return random.choice((0, 0, 0, 0, -60 * DAY_S, -3 * DAY_S, 10 * DAY_S))


def tell(random: Random, number: int, shares: Shares) -> Sent:
    """Draws an event and its sender."""
    sender = random.choice(tuple(KEYS))
    kind: Kind = "poison" if random.random() < shares.poison else "plain"
    own_id = f"order-{number}"
    if random.random() < shares.odd:
        # Few ids for several events: collisions, and all must arrive.
        own_id = f"order-{random.randrange(3)}"
    said = {**item_of(number), **({"poison": True} if kind == "poison" else {})}
    detail_type, detail, ways = random.choice((_business, _business, _posted, _flat))(
        random, own_id, said
    )
    key = KEYS[sender]
    if random.random() < shares.odd:
        kind, detail, key = _wrong(random, detail, ways, key)
        ways = ways[-1:]
    elif detail_type == FLAT and "id" not in detail:
        detail_type, detail = _plainly(detail)
    return Sent(
        number=number,
        kind=kind,
        sender=sender,
        detail_type=detail_type,
        detail=detail,
        ways=ways,
        key=key,
        renames=detail_type not in (FLAT, PLAIN_DETAIL) and random.random() < 0.3,
        restamps="id" in detail and random.random() < 0.3,
        attempts_max=random.choice((None, None, ATTEMPTS_FEW)),
    )


def _business(
    random: Random, own_id: str, said: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any], tuple[Way, ...]]:
    detail = {
        "type": ORDER,
        "occurredAt": moment(START_MS + random.randrange(3) * 1000),
        "identifiers": {"conversationId": f"c-{random.randrange(6)}"},
        "attributes": said,
        **({"id": own_id} if random.random() < 0.7 else {}),
    }
    return ORDER, detail, random.choice((("bus",), ("webhook",), ("bus", "webhook")))


def _posted(
    random: Random, own_id: str, said: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any], tuple[Way, ...]]:
    created = moment(START_MS + random.randrange(3) * 1000)
    return STEP, {"id": own_id, "type": STEP, "createdTime": created, "data": said}, ("webhook",)


def _flat(
    random: Random, own_id: str, said: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any], tuple[Way, ...]]:
    detail = {
        "conversationId": f"c-{random.randrange(6)}",
        "timestamp": START_MS + random.randrange(3) * 1000,
        "eventType": FLAT,
        **said,
        **({"id": own_id} if random.random() < 0.5 else {}),
    }
    return FLAT, detail, ("bus",)


def _plainly(flat: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Like an application that is unaware of Genesys: one customer and few moments, so that events
    differ only in the rest of their contents."""
    rest = {name: value for name, value in flat.items() if name not in FLAT_MEMBERS}
    return PLAIN_DETAIL, {"timestamp": flat["timestamp"], "externalId": "A-1", **rest}


def _wrong(
    random: Random, detail: Mapping[str, Any], ways: tuple[Way, ...], key: str
) -> tuple[Kind, Mapping[str, Any], str]:
    """Not acceptable: the webhook refuses it; what comes by the bus is quarantined."""
    if ways[-1] == "webhook" and random.random() < 0.5:
        return "refused", detail, FORGED
    unreadable = {**detail, "type": 7, "conversationId": 7}
    return ("refused" if ways[-1] == "webhook" else "malformed"), unreadable, key


class Senders:
    """All senders of one run; `answers` holds what each event's sender could have received."""

    def __init__(
        self,
        random: Random,
        *,
        bus: Bus,
        post: Callable[[list[Delivery], Callable[[Ending], None]], None],
        timeline: Timeline,
        fault_plan: FaultPlan,
    ) -> None:
        self.answers: dict[int, list[str]] = defaultdict(list)
        self._random = random
        self._bus = bus
        self._invoke = post
        self._timeline = timeline
        self._weather = fault_plan

    def plan(self, first: int, count: int, *, within_s: float, shares: Shares) -> list[Fact]:
        """`count` events from number `first` on, some of them sent again hours or days later."""
        random, facts = self._random, []
        for number in range(first, first + count):
            told = tell(random, number, shares)
            times = [random.random() * within_s]
            while random.random() < shares.copies:
                delay_s = random.choice((1.0, 20 * MINUTE_S, 30 * HOUR_S, LATEST_COPY_S))
                times.append(times[0] + delay_s * random.random())
            for seconds in times:
                self._timeline.after(seconds, lambda told=told: self._attempt(told, 1))  # type: ignore[misc]
            self.answers[number] = []
            persists = told.attempts_max is None
            facts.append(Fact(number, told.kind, len(times), persists, item_of(number)))
        return facts

    def _attempt(self, told: Sent, attempt: int) -> None:
        detail = dict(told.detail)
        if told.restamps:
            name = next(name for name in MOMENTS if name in detail)
            detail[name] = moment(self._timeline.now_ms)
        if told.renames:
            detail["correlationId"] = f"attempt-{self._random.getrandbits(32):x}"
        if self._random.choice(told.ways) == "bus":
            self._put(told, detail, attempt)
        else:
            self._post(told, detail, attempt)

    def _again(self, told: Sent, attempt: int) -> None:
        if told.attempts_max is None or attempt < told.attempts_max:
            pause_s = min(2.0**attempt, PAUSE_MAX_S) * (0.5 + self._random.random())
            self._timeline.after(pause_s, lambda: self._attempt(told, attempt + 1))

    def _put(self, told: Sent, detail: Mapping[str, Any], attempt: int) -> None:
        """PutEvents: each accepted attempt is an envelope of its own."""
        if self._weather.strikes("put refused"):
            self._again(told, attempt)
            return
        envelope_id, now_ms = self._random.getrandbits(128), self._timeline.now_ms
        time_ms = now_ms + int(told.time_s * 1000)
        self._bus.put(delivered(envelope_id, time_ms, told.sender, told.detail_type, detail))
        self.answers[told.number].append("accepted")
        if self._weather.strikes("put answer lost"):
            self._again(told, attempt)

    def _post(self, told: Sent, detail: Mapping[str, Any], attempt: int) -> None:
        """A request to the webhook; one that is not answered in time may still be accepted."""
        body = json.dumps(detail)
        now_s = str(self._timeline.now_ms // 1000)
        request = Delivery(
            message_id=f"{marker(told.number)}-{attempt}",
            receipt=told.sender,
            body=body,
            receives=attempt,
            sent_at_ms=self._timeline.now_ms,
            attributes={
                TIMESTAMP: now_s,
                SIGNATURE: signature(told.key, now_s, told.sender, body.encode()),
            },
        )
        is_waiting = True

        def given_up() -> None:
            nonlocal is_waiting
            if is_waiting:
                is_waiting = False
                self._again(told, attempt)

        def ended(ending: Ending) -> None:
            nonlocal is_waiting
            status = ending.value[0] if isinstance(ending, Returned) else "502"
            self.answers[told.number].append(status)
            if not is_waiting or self._weather.strikes("post answer lost"):
                return
            is_waiting = False
            if status in ("429", "502", "503"):
                self._again(told, attempt)

        self._timeline.after(PATIENCE_S, given_up)
        self._invoke([request], ended)
