"""Mistakes about how the functions are put together."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from lambdas.relay.assembly import dedup as assembled_dedup
from lambdas.relay.assembly import reconcile as assembled_reconcile
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.kernel.limits import QUEUES
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.memory.queues import MemoryQueue
from simulation.mutants.mutant import Mutant
from simulation.scenario import in_lanes


class _Crossed(Instance):
    """An instance for whom some queues are others."""

    crossed: Mapping[str, str] = {}

    def queue(self, name: str) -> MemoryQueue:
        return super().queue(self.crossed.get(name, name))


def _crossing(verb: str, **queues: str) -> Mapping[str, Callable[[Instance], Function]]:
    def make(instance: Instance) -> Function:
        crossed = _Crossed(instance.neighbours, 0)
        crossed.clock, crossed.crossed = instance.clock, queues
        return FUNCTIONS[verb](crossed)

    return {verb: make}


def _unconfirmed(instance: Instance) -> Function:
    told = instance.settings
    deaf = {
        name: replace(destination, confirmation=None)
        for name, destination in told.configuration.destinations.items()
    }
    configuration = replace(told.configuration, destinations=deaf)
    return dedup_function(instance, replace(told, configuration=configuration))


def _without_lanes(*, has_lanes: bool) -> Mapping[str, str]:
    return QUEUES


ASSEMBLING = (
    Mutant(
        "dedup sends every lane's batches to one queue",
        "They are claimed batches, and write takes those.",
        ((assembled_dedup, "writes_of", lambda ports, configuration: ports.queue("writes")),),
        stage=in_lanes,
    ),
    Mutant(
        "nobody looks at the dead letters of the lanes",
        "There are four queues.",
        ((assembled_reconcile, "queues", _without_lanes),),
        storm={"429 hours": 0.3},
        stage=in_lanes,
    ),
    Mutant(
        "dedup sends to the wrong queue",
        "Checks come from dedup, and so does everything else.",
        functions=_crossing("dedup", writes="checks"),
    ),
    Mutant(
        "intake sends past dedup",
        "A sealed batch is what write takes.",
        functions=_crossing("intake", batches="writes"),
    ),
    Mutant(
        "the webhook sends past intake",
        "What it takes is no Genesys event, so no rule need see it.",
        functions=_crossing("webhook", events="batches"),
    ),
    Mutant(
        "dead letters go back to a neighbour",
        "One letter of the address is another's.",
        functions=_crossing("reconcile", batches="events"),
    ),
    Mutant(
        "dedup is told of no confirmations",
        "They are confirm's business.",
        functions={"dedup": _unconfirmed},
    ),
)
