"""What is published in a run: events, and everything that looks like one.

Each event has a number in its payload. The checker identifies events only by it, so that it shares
no notion of identity with the code under test.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal

from lambdas.relay.kernel.limits import (
    CLAIM_TTL_S,
    DAY_S,
    HORIZON_S,
    HOUR_S,
    MINUTE_S,
    SOURCE_REPUBLISH_S,
)
from lambdas.relay.kernel.ports import Outgoing

#: a Thursday in January 2026; every run begins here
START_MS = 1_767_877_200_000
SOURCE = "aws.partner/genesys.com/cloud/simulated/events"
UNROUTED = "v2.users.presence"
#: listed by a route whose condition excludes events with the member `unwanted`
UNWANTED = "v2.simulated.unwanted"
#: the detail-type of the event that a request causes
ECHO = "v2.simulated.echo"
#: after these times an event may no longer be recognised, and its claim expires
HORIZON_DAYS = HORIZON_S // DAY_S
CLAIM_DAYS = CLAIM_TTL_S // DAY_S
#: Genesys itself publishes again within this many days
REPUBLISH_DAYS = SOURCE_REPUBLISH_S // DAY_S
#: how late copies come: just before and after each of these limits
LATE_DAYS = (
    REPUBLISH_DAYS - 0.1,
    HORIZON_DAYS - 0.1,
    HORIZON_DAYS + 0.1,
    CLAIM_DAYS - 2,
    CLAIM_DAYS + 4,
    CLAIM_DAYS + 15,
)

#: plain: taken once; poison: Genesys will refuse it; malformed: unreadable;
#: unrouted: no route takes it, because of its type or a condition;
#: echo: caused by a request of ours, must never be written;
#: refused: a webhook must refuse it
Kind = Literal["plain", "poison", "malformed", "unrouted", "echo", "refused"]


@dataclass(frozen=True, slots=True)
class Published:
    """A message at a time: on the bus, or directly in the events queue."""

    at_ms: int
    text: str
    on_bus: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """What the generator knows about a number."""

    number: int
    kind: Kind
    #: how often it was published, copies included
    copies: int
    #: if it has a sender: whether that sends it until it knows
    persists: bool = False
    #: the expected effect, without the id; None: whatever carries its number
    item: Mapping[str, Any] | None = None
    #: it belongs to the second destination
    elsewhere: bool = False
    #: expected effects: events that cannot be told apart share a number
    times: int = 1


#: one in this many events belongs to the second destination
SECOND_EVERY = 3
#: what a second route makes of an event is another effect, so it has its own number
SECOND = 50_000


def marker(number: int) -> str:
    """The text by which a number is found in anything that holds the event."""
    return f"evt-{number:05d}"


_MARKER = re.compile(r"evt-(\d{5})")


def numbers_of(text: str) -> set[int]:
    """The numbers of the events that a text holds."""
    return {int(number) for number in _MARKER.findall(text)}


def said(number: int) -> dict[str, Any]:
    """An event's contents besides its number: every JSON type, and values that are easily lost."""
    return {
        "text": f'Gr\u00fc\u00dfe \u2116\u2028 "{number}" \\ \U0001f4de',
        "amount": number + 0.1,
        "large": 9_007_199_254_740_993,
        "none": [0, False, "", None, {}],
        "text of a number": "1.0",
    }


def item_of(number: int) -> dict[str, Any]:
    """The item that an event becomes, without its id."""
    return {"marker": marker(number), "said": said(number)}


@dataclass(slots=True)
class Workload:
    published: list[Published]
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of published events that are not plain."""

    poison: float
    odd: float
    copies: float


PLAIN = Shares(0.0, 0.0, 0.0)


def shares_of(random: Random) -> Shares:
    return Shares(
        poison=random.choice((0.0, 0.05, 0.15)),
        odd=random.choice((0.0, 0.05, 0.15)),
        copies=random.choice((0.0, 0.2, 0.5)),
    )


def generate(
    random: Random,
    events: int,
    *,
    within_s: float,
    late_copies: bool,
    shares: Shares,
    two_routes: bool = False,
    second: bool = False,
) -> Workload:
    """`count` events, with their copies, at random times within the first `within_s` seconds. With
    `two_routes` an audit has two numbers, one for what each route makes of it. With `second` every
    third event belongs to the second destination."""
    workload = Workload([], [])
    for number in range(events):
        at_ms = START_MS + int(random.random() * within_s * 1000)
        is_elsewhere = second and number % SECOND_EVERY == 0
        if random.random() < shares.odd and random.random() < 0.5:
            kind: Kind = random.choice(("malformed", "unrouted"))
        else:
            kind = "poison" if random.random() < shares.poison else "plain"
        if kind == "malformed":
            rows, numbers = [Published(at_ms, _malformed(random, number), False)], [number]
        else:
            body, numbers = _body(random, number, kind), [number]
            topic = UNROUTED if kind == "unrouted" else _topic(random, body)
            if is_elsewhere:
                body["elsewhere"] = True
            if kind == "unrouted" and number % 2:
                topic, body["unwanted"] = UNWANTED, True
            if kind == "plain" and random.random() < shares.odd:
                # Several audits share few ids: collisions, and all must arrive.
                topic, body["id"] = "v2.audits.entitytype.queue", f"audit-{random.randrange(3)}"
                if two_routes:
                    numbers.append(SECOND + number)
                    body["second"] = marker(SECOND + number)
            rows = list(_copies(random, at_ms, topic, body, shares.copies, late_copies))
        workload.published += rows
        items = [item_of(number), *({"marker": marker(each)} for each in numbers[1:])]
        facts = [
            Fact(each, kind, len(rows), item=item, elsewhere=is_elsewhere and each == number)
            for each, item in zip(numbers, items, strict=True)
        ]
        workload.facts += facts
    workload.published.sort(key=lambda row: row.at_ms)
    return workload


_CONVERSATION = re.compile(r'(?<="conversationId": ")c-(\d)(?=")')


def personal(workload: Workload) -> Workload:
    """The same, with conversations that are known by telephone numbers."""
    published = [
        replace(row, text=_CONVERSATION.sub(r"tel:+4930901820\1", row.text))
        for row in workload.published
    ]
    return Workload(published, workload.facts)


def some(facts: list[Fact], count: int, seed: int) -> frozenset[str]:
    """The markers of `count` plain events; drawn with their own randomness."""
    plain = [fact.number for fact in facts if fact.kind == "plain"]
    return frozenset(map(marker, Random(f"some {seed}").sample(plain, count)))


def echo(correlation_id: str, now_ms: int, random: Random) -> str:
    """The event that a request caused, as Genesys publishes it."""
    body = {"marker": f"echo-{correlation_id}", "conversationId": "c-echo"}
    return envelope(random, now_ms, ECHO, body, correlation_id)


def _copies(
    random: Random,
    at_ms: int,
    topic: str,
    body: Mapping[str, Any],
    share: float,
    late_copies: bool,
) -> Iterator[Published]:
    text = envelope(random, at_ms, topic, body, None)
    yield Published(at_ms, text, True)
    while random.random() < share:
        delay_s = random.choice((0, 1, 30, 20 * MINUTE_S, 2 * HOUR_S, 30 * HOUR_S))
        copy_ms = at_ms + int(delay_s * random.random() * 1000)
        if random.random() < 0.5:  # published again: Genesys sets a new id and time
            yield Published(copy_ms, envelope(random, copy_ms, topic, body, None), True)
        else:  # delivered again, or replayed from the archive: the same envelope
            yield Published(copy_ms, text, True)
    if late_copies:
        while random.random() < 0.3:
            days = random.choice(LATE_DAYS)
            late_ms = at_ms + int(days * DAY_S * 1000)
            again = days < REPUBLISH_DAYS and random.random() < 0.5
            new = envelope(random, late_ms, topic, body, None) if again else text
            yield Published(late_ms, new, True)


def _body(random: Random, number: int, kind: Kind) -> dict[str, Any]:
    # Few conversations and moments: legitimate repeats share both, and differ only by number.
    return {
        **item_of(number),
        "conversationId": f"c-{random.randrange(6)}",
        "eventTime": START_MS + random.randrange(3) * 1000,
        **({"poison": True} if kind == "poison" else {}),
    }


def _topic(random: Random, body: Mapping[str, Any]) -> str:
    step = random.choice(("start", "acd.start", "acd.start", "attributes", "acw", "end"))
    return f"v2.detail.events.conversation.{body['conversationId']}.{step}"


def envelope(
    random: Random, at_ms: int, topic: str, body: Mapping[str, Any], correlation_id: str | None
) -> str:
    """What Genesys publishes, as its partner bus delivers it."""
    envelope_id = random.getrandbits(128)
    detail = {
        "topicName": topic,
        "version": "2",
        "timestamp": moment(at_ms),
        "metadata": {"CorrelationId": correlation_id or f"{random.getrandbits(64):x}"},
        "eventBody": body,
    }
    return delivered(envelope_id, at_ms, SOURCE, topic, detail)


def delivered(
    envelope_id: int, at_ms: int, source: str, detail_type: str, detail: Mapping[str, Any]
) -> str:
    """An envelope as EventBridge makes it from any source's event."""
    return delivered_as(f"{envelope_id:032x}", at_ms, source, detail_type, detail)


def delivered_as(
    envelope_id: str, at_ms: int, source: str, detail_type: str, detail: Mapping[str, Any]
) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": envelope_id,
            "detail-type": detail_type,
            "source": source,
            "account": "111122223333",
            "time": moment(at_ms),
            "region": "eu-central-1",
            "resources": [],
            "detail": detail,
        }
    )


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def _malformed(random: Random, number: int) -> str:
    name = marker(number)
    return random.choice(
        (
            f"{{not json {name}",
            f'["{name}"]',
            f'{{"source": "{SOURCE}", "detail": {{"eventBody": {{"marker": "{name}"}}}}}}',
            f'{{"source": "{SOURCE}", "detail-type": "x", "detail": {{"marker": "{name}"}}}}',
            f'{{"source": "aws.events", "detail-type": "Encrypted Events", "detail": "{name}"}}',
            f'{{"source": "{SOURCE}", "detail-type": "x", "detail": '
            f'{{"eventBody": {{"marker": "{name}", "n": NaN}}}}}}',
            f'{{"source": "{SOURCE}", "detail-type": "x", "detail": '
            f'{{"eventBody": {{"marker": "{name}", "n": {"[" * 70}{"]" * 70}}}}}}}',
        )
    )


def by_hand(text: str) -> Outgoing:
    """A message that a person puts into the events queue."""
    return Outgoing(text)


def read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
