"""Mistakes about a configuration that changes while its events are under way."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.functions import attempt, overdue, parts, reconcile, write
from lambdas.relay.kernel.limits import LOOK_AGAIN_S
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.consumer import Disposition, Done
from lambdas.relay.messages.sealing import Batch, Target
from lambdas.relay.requests.record import Record
from lambdas.relay.routes.route import Route
from simulation.deploys import Deploy
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import odd, soon
from simulation.scenario import Scenario

_prompt = overdue._prompt


def _drop(batch: Batch, deps: attempt.Deps) -> Disposition:
    deps.vault.discard(sealed_key(batch.batch_id))
    return Done()


def _wait_for_its_message(tracked: Record, deps: overdue.Deps) -> overdue.Fate:
    if tracked.destination not in deps.destinations:
        return overdue._postpone(tracked, LOOK_AGAIN_S, deps)
    return _prompt(tracked, deps)


def _by_this_name(target: Target, by_name: Mapping[str, Destination]) -> Destination | None:
    return by_name.get(target.destination)


def _under(deploy: Deploy, stage: Callable[[Scenario], Scenario]) -> Callable[[Scenario], Scenario]:
    return lambda scenario: replace(stage(scenario), deploy=deploy)


DEPLOYING = (
    Mutant(
        "a new name is a new destination",
        "Claims are the destination's, and this one has none yet.",
        (
            (Target, "names", property(lambda self: [self.destination])),
            (Route, "names", property(lambda self: (self.name,))),
        ),
        stage=_under("renamed", odd),
    ),
    Mutant(
        "a roll-back knows nothing of the new name",
        "A destination has one name, and the configuration says which.",
        tuple((place, "of_target", _by_this_name) for place in (write, parts, reconcile)),
        stage=_under("rolled back", odd),
    ),
    Mutant(
        "what nobody is configured to take is dropped",
        "Whoever removes a destination wants nothing of it any more.",
        ((write, "unconfigured", _drop),),
        stage=_under("removed", odd),
    ),
    Mutant(
        "what is left of a removed destination waits for its message",
        "The message will say that there is no such destination.",
        ((overdue, "_prompt", _wait_for_its_message),),
        storm={"purge": 1.0, "429 short": 0.3},
        stage=_under("removed", soon),
    ),
)
