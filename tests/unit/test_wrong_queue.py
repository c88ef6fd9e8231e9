"""Whatever the console shows is safe to click: every message in every queue, at every state.

The table: message kind x record state x wrong queue. Each cell ends in work (the message is in the
queue that it belongs in), in a person's hands (a document that holds it), or it was done before.
"""

import itertools
from dataclasses import dataclass, field

import pytest

from lambdas.relay.correlation.checks import timer
from lambdas.relay.entrances.events import parse_event
from lambdas.relay.functions.confirm import confirm
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup
from lambdas.relay.functions.intake import Deps as IntakeDeps
from lambdas.relay.functions.intake import intake
from lambdas.relay.functions.parts import on_record, part
from lambdas.relay.functions.write import write
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.limits import HOUR_S, QUEUES
from lambdas.relay.kernel.message_kinds import kind_of_text
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.consumer import Disposition, settle_each
from lambdas.relay.messages.sealing import Batch, decode, encode, encode_unclaimed
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import SETTLED, STATES
from simulation.memory.table import Table
from tests.unit.batches import NOW_MS, sealed, sealed_event
from tests.unit.simulated import JOURNEY, configuration, envelope
from tests.unit.test_reconcile import Office
from tests.unit.world import World

KINDS = ("envelope", "sealed", "claimed", "a part", "check")
HOME = {
    "envelope": "events",
    "sealed": "batches",
    "claimed": "writes",
    "a part": "writes",
    "check": "checks",
}
CELLS = [
    (kind, state, queue, place)
    for kind, state, queue, place in itertools.product(
        KINDS, sorted(STATES), QUEUES, ("queue", "dead letters")
    )
    if queue != HOME[kind]
]


@dataclass
class Console(Office):
    """All functions behind their queues, and somebody who redrives any message into any of them."""

    #: records in every state, as they would be after a history that does not matter here
    world: World = field(default_factory=lambda: World(table=Table()))

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.whole,) = sealed([sealed_event("a"), sealed_event("b")])
        self.claimed = self.whole.only(frozenset({self.whole.events[0].identity}))
        self.part = self.claimed.part([0])

    def stands(self, kind: str, state: str) -> str:
        """What is on record, and the message."""
        batch = self.part if kind == "a part" else self.claimed
        if kind == "envelope":
            return envelope(1)
        other = sealed([self.whole.events[1]], nonce="other")[0]
        claim(other, self.world.ledger, NOW_MS)
        claim(self.whole, self.world.ledger, NOW_MS)
        item = {**sealed_item(self.whole if kind != "a part" else batch, NOW_MS), "state": state}
        if state == "SPLIT":
            item["parts"] = on_record(batch, [part([0], "again", Code.QUOTED("503"))])
        if state in ("REJECTED", "MANUAL_REVIEW"):
            self.world.documents[f"review/{batch.batch_id}.json"] = encode(batch)
        self.world.table.insert(item)
        match kind:
            case "sealed":
                return encode_unclaimed(self.whole)
            case "check":
                return timer("window", batch.batch_id, 0).body
            case _:
                return encode(batch)

    def invoke(self, queue: str) -> None:
        """One invocation for each message that is there."""
        world, arrived = self.world, self.world.stored_queue(queue).receive(10)
        kept = self._work(queue, arrived)
        for delivery in arrived:
            if delivery.message_id not in kept:
                world.stored_queue(queue).delete(delivery)

    def _work(self, queue: str, arrived: list[Delivery]) -> list[str]:
        world, consumer = self.world, self.world.consumer(queue)
        match queue:
            case "events":
                deps = IntakeDeps(
                    consumer, world.queue("batches"), configuration(JOURNEY), world.personal_key
                )
                return intake(arrived, deps)
            case "batches":
                dedups = DedupDeps(
                    consumer,
                    world.ledger,
                    world.queue("writes"),
                    world.queue("checks"),
                    ("journey",),
                    {},
                    0,
                )
                return settle_each(arrived, lambda d: dedup(d, dedups), consumer)
            case "checks":
                return settle_each(arrived, lambda d: confirm(d, self.deps, 10**15), consumer)
            case _:
                return settle_each(arrived, self._write, consumer)

    def _write(self, delivery: Delivery) -> Disposition:
        return write(delivery, None, 10**15)  # type: ignore[arg-type]  # it never gets to them

    def is_at_work(self, kind: str) -> bool:
        """In its own queue; or its events travel in another batch."""
        homes = (HOME[kind], "batches")
        return any(_is(kind, body) for home in homes for body in self.world.bodies(home))

    def is_with_a_person(self, body: str, batch: Batch) -> bool:
        """The document holds the message, or is the review's."""
        held = any(canonical(body) in text for text in self.world.documents.values())
        return held or f"review/{batch.batch_id}.json" in self.world.documents


def _is(kind: str, body: str) -> bool:
    if kind in ("envelope", "check"):
        return kind_of_text(body) == kind
    return kind_of_text(body) == "batch"


@pytest.mark.parametrize(("kind", "state", "queue", "place"), CELLS)
def test_every_message_in_every_wrong_queue_ends_in_work_or_with_a_person(
    kind: str, state: str, queue: str, place: str
) -> None:
    console = Console()
    body = console.stands(kind, state)
    to = queue if place == "queue" else f"{queue}-dead"
    console.world.stored_queue(to).send(Outgoing(body))

    if place == "queue":
        console.invoke(queue)
    console.run()
    if queue == "batches" and place == "dead letters":
        # dedup takes a claimed batch as well, so reconcile leaves it in this line.
        console.world.timeline.advance(HOUR_S)
        console.invoke(queue)

    assert console.result.failed == 0
    assert not console.world.bodies(f"{queue}-dead")
    batch = console.part if kind == "a part" else console.claimed
    record = console.world.table.items.get(record_key(batch.batch_id), {})
    is_done = kind != "envelope" and record.get("state") in SETTLED
    has_no_work = kind == "check" and state not in ("PENDING_EVENT", "TIMEOUT_RECOVERY")
    is_cared_for = console.is_at_work(kind) or console.is_with_a_person(body, batch)
    assert is_cared_for or is_done or has_no_work


def test_the_losing_cell() -> None:
    """`writes-dead` redriven into `batches` with its record OPEN: nothing was left of it."""
    console = Console()
    body = console.stands("claimed", "OPEN")
    console.world.stored_queue("batches").send(Outgoing(body))

    console.invoke("batches")

    assert console.world.bodies("writes") == [body], "the same bytes: only what it owns"


def test_a_batch_that_claimed_nothing_yet_never_gets_to_genesys() -> None:
    console = Console()
    body = console.stands("sealed", "SEALED")
    console.world.stored_queue("writes").send(Outgoing(body))

    console.invoke("writes")
    console.run()

    assert [decode(text) for text in console.world.bodies("batches")] == [console.whole]


def test_an_envelope_in_a_wrong_queue_is_the_event_that_it_was() -> None:
    console = Console()
    console.world.stored_queue("writes").send(Outgoing(envelope(7)))
    console.invoke("writes")
    console.run()

    (body,) = console.world.bodies("events")
    assert parse_event(body, NOW_MS) == parse_event(envelope(7), NOW_MS)


def test_no_event_can_declare_itself_unclaimed() -> None:
    said = canonical({"a": '"stage":"sealed"', "stage": "sealed"})
    (batch,) = sealed([sealed_event(said, item=said)])
    assert '"stage":"sealed"' not in encode(batch)
    assert decode(encode_unclaimed(batch)) == batch
