"""A purge by mistake is noted with its effect on the events."""

from random import Random

from lambdas.relay.kernel.ports import Outgoing
from simulation.fault_plan import FaultPlan
from simulation.scenario import draw_small
from simulation.slips import Harm, Slips
from simulation.workload import marker
from simulation.world import World


def test_a_purge_of_claimed_batches_is_final_for_those_without_a_record() -> None:
    world, harm = World(draw_small(1)), Harm()
    writes = world.queues["writes"]
    for batch_id, number in (("recorded", 1), ("forgotten by a restore", 2)):
        writes.send(Outgoing(f'{{"batch_id": "{batch_id}", "events": ["{marker(number)}"]}}', {}))
    world.table.items["R#recorded", "R"] = {"pk": "R#recorded", "sk": "R", "state": "SEALED"}

    Slips(
        Random(1),
        world.timeline,
        FaultPlan(Random(1), {"purge": 1.0}),
        world.queues,
        tuple(world.mappings),
        world.bus,
        world.table,
        harm,
    ).plan(lambda act: act())

    assert not writes.messages
    assert (harm.emptied, harm.purged) == ({1}, {2})
