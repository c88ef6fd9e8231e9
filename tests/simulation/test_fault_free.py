"""Without faults the cost is known to the last write: a harness that does nothing fails here."""

from collections import Counter

from simulation.scenario import calm
from simulation.world import World

EVENTS = 2_000


def test_2000_unique_events_are_40_requests_and_an_exact_number_of_ledger_writes() -> None:
    world = World(calm(1, "honoured", EVENTS))
    history = world.run()
    assert len(history.effects) == EVENTS
    assert len(history.calls) == EVENTS // 50
    kinds = Counter(pk.split("#")[0] for pk, _ in history.items)
    # A claim for each event; for each request a record, its opening and its settling.
    assert kinds == {"C": EVENTS, "R": 40, "L": 1}
    protocol_writes = EVENTS + 3 * 40
    assert world.table.writes - world.shared_writes == protocol_writes
    # The rate limiter that all writers share costs what its leases cost.
    assert world.shared_writes == PACE_WRITES
    assert [world.queues[name].messages for name in ("events", "batches", "writes")] == [{}] * 3


#: 40 slots, in leases of 2, 4, 8, 16 and 16
PACE_WRITES = 5
