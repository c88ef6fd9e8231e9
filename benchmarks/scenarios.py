"""The scenarios: what happens in each, and what is measured.

Our side consists of the relay's own use cases; see world.py for their surroundings. Unless a
scenario says otherwise, there are four writers, and Genesys permits 300 requests a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks import relay, rivals
from benchmarks.measuring import Measured, least_s, measured, requests_of
from benchmarks.world import World
from lambdas.relay.kernel.limits import BATCH_EVENTS_DEFAULT
from lambdas.relay.messages.sealing import decode
from lambdas.relay.requests.record import Record
from simulator.items import Poison
from simulator.ratelimit import ALLOWED

WRITERS = 4
TUTORIAL = "tutorial writer"
LIBRARY = "request per event"
MINUTE_S = 60
#: a run that has not finished by then is reported as it is
END_S = 6 * 3600
#: the alternative with a request per event is measured on this many: all would take hours
LIBRARY_EVENTS_MAX = 6_000
OUTAGE_BEGINS_S = 30
OUTAGE_S = 30 * MINUTE_S
#: each intake waits two seconds for more, and five of them run at once
SMALL_BATCHES_PER_S = 2.5
SMALL_BATCH_EVENTS = 2

Prepare = Callable[[World], None]


def nothing(world: World) -> None:
    return


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that wait when a run begins, and what goes wrong."""

    events: int
    prepare: Prepare = nothing
    permitted: tuple[tuple[float, int], ...] = ((0.0, ALLOWED),)
    headroom: int = 0
    writers: int = WRITERS
    latency_s: tuple[float, float] = (0.15, 0.35)
    #: our own CPU counts as time
    own_s: float = 0.0

    def ours(self) -> Measured:
        world = World(latency_s=self.latency_s, own_s=self.own_s)
        relay.start_writers(world, self.writers, headroom=self.headroom)
        made = relay.batches(world, range(self.events), BATCH_EVENTS_DEFAULT)
        relay.enqueue_claimed(world, made)
        return self._run(world)

    def tutorial(self) -> Measured:
        world = World(latency_s=self.latency_s)
        rivals.start_tutorial(world, self.writers)
        rivals.enqueue(world, relay.batches(world, range(self.events), BATCH_EVENTS_DEFAULT))
        return self._run(world)

    def library(self) -> Measured:
        world = World(latency_s=self.latency_s)
        rivals.start_library(world, self.writers)
        events = min(self.events, LIBRARY_EVENTS_MAX)
        rivals.enqueue(world, relay.batches(world, range(events), 1))
        return self._run(world)

    def _run(self, world: World) -> Measured:
        self.prepare(world)
        world.writes_before = world.table.writes
        queue = world.queue("writes")
        world.run(lambda: not queue.messages and world.scheduler.live == 0, END_S)
        return measured(world, self.permitted)


def halved(world: World) -> None:
    """Genesys halves the limit shortly after the second window began."""
    world.at_s(HALVED_AT_S, lambda: setattr(world.platform.limiter, "allowed", ALLOWED // 2))


HALVED_AT_S = 63.0
HALVED = ((0.0, ALLOWED), (HALVED_AT_S, ALLOWED // 2))


def a_third_at_once(world: World) -> None:
    """Another client uses 100 requests at the start of each window, without our knowing."""
    world.platform.limiter.other_per_minute = ALLOWED / 3
    world.platform.limiter.other_manner = "first"


def a_third_evenly(world: World) -> None:
    """Another client uses 100 requests a minute, evenly; the relay leaves them as headroom."""
    world.platform.limiter.other_per_minute = ALLOWED / 3


TWO_THIRDS = ((0.0, ALLOWED - ALLOWED // 3),)


def outage(world: World) -> None:
    """Genesys answers 503 to everything for half an hour."""
    world.at_s(OUTAGE_BEGINS_S, lambda: world.platform.outage(OUTAGE_S, "503"))


OUTAGE_ENDS_S = OUTAGE_BEGINS_S + OUTAGE_S


def left_after_outage_s(events: int, before: int) -> float:
    """The minimum time that Genesys' limit requires after the outage, after `before` requests."""
    return least_s(events // BATCH_EVENTS_DEFAULT - before)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """After an outage in which small batches trickled in."""

    after_s: float
    requests: int
    events: int


def trickle(outage_s: float) -> CaughtUp:
    """Small batches arrive throughout an outage; how long until the last one is written."""
    world = World()
    relay.start_writers(world, WRITERS)
    relay.start_dedup(world, WRITERS)
    count = int(outage_s * SMALL_BATCHES_PER_S)
    world.at_s(OUTAGE_BEGINS_S, lambda: world.platform.outage(outage_s, "503"))

    def arrive(number: int) -> None:
        numbers = range(number * SMALL_BATCH_EVENTS, (number + 1) * SMALL_BATCH_EVENTS)
        relay.enqueue_sealed(world, relay.batches(world, numbers, BATCH_EVENTS_DEFAULT))

    for number in range(count):
        at_s = OUTAGE_BEGINS_S + number / SMALL_BATCHES_PER_S
        world.at_s(at_s, lambda number=number: arrive(number))  # type: ignore[misc]
    ends_s = OUTAGE_BEGINS_S + outage_s
    world.run(
        lambda: (
            world.now_s > ends_s
            and not world.queue("batches").messages
            and not world.queue("writes").messages
        ),
        ends_s + END_S,
    )
    result = measured(world)
    after = [entry for entry in requests_of(world) if entry.at >= world.platform.outage_until]
    return CaughtUp(result.ended_s - ends_s, len(after), result.delivered)


#: a storm: messages as sealed by intake, each with some of a few events, without repeats in one
STORM_BATCHES, STORM_EVENTS = 2_000, 5


@dataclass(frozen=True, slots=True)
class Stormed:
    """What copies of the same few events cost: items read from and written to the ledger."""

    copies: int
    taken: int
    ledger_items: int


def storm(*, remembers: bool = True) -> Stormed:
    """Thousands of copies of the same few events at once."""
    world = World()
    relay.start_dedup(world, WRITERS, remembers=remembers)
    copies = _storm(world)
    world.run(lambda: not world.queue("batches").messages and world.scheduler.live == 0, END_S)
    taken = sum(len(decode(m.body).events) for m in world.queue("writes").messages.values())
    return Stormed(copies, taken, world.account.ledger_items)


def storm_tutorial() -> Stormed:
    """The same with a conditional put for each copy."""
    world = World()
    rivals.start_conditional_puts(world, WRITERS)
    copies = _storm(world)
    world.run(lambda: not world.queue("batches").messages and world.scheduler.live == 0, END_S)
    return Stormed(copies, len(world.table.items), world.account.ledger_items)


def _storm(world: World) -> int:
    random, copies = Random(world.seed), 0
    for _ in range(STORM_BATCHES):
        numbers = random.sample(range(STORM_EVENTS), random.randint(1, STORM_EVENTS))
        relay.enqueue_sealed(world, relay.batches(world, numbers, BATCH_EVENTS_DEFAULT))
        copies += len(numbers)
    return copies


@dataclass(frozen=True, slots=True)
class Poisoned:
    delivered: int
    in_review: int
    requests: int


def _poison(world: World) -> None:
    world.platform.poison = Poison(frozenset({relay.id_of(17)}), "", "batch", 400)


def poisoned() -> Poisoned:
    """50 events, one of which fails the whole request, and Genesys does not say which."""
    world = World()
    relay.start_writers(world, WRITERS)
    _poison(world)
    relay.enqueue_claimed(world, relay.batches(world, range(50), BATCH_EVENTS_DEFAULT))
    world.run(lambda: not world.queue("writes").messages and world.scheduler.live == 0, END_S)
    states = [Record.of(item).state for (pk, _), item in world.table.items.items() if pk[0] == "R"]
    return Poisoned(measured(world).delivered, states.count("REJECTED"), len(requests_of(world)))


def poisoned_tutorial() -> Poisoned:
    """The same, until the message has been delivered five times."""
    world = World()
    rivals.start_tutorial(world, WRITERS)
    _poison(world)
    queue = world.queue("writes")
    rivals.enqueue(world, relay.batches(world, range(50), BATCH_EVENTS_DEFAULT))
    world.run(lambda: any(m.receives == 5 for m in queue.messages.values()), END_S)
    return Poisoned(measured(world).delivered, 0, len(requests_of(world)))
