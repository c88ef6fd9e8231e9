"""What no source says about the platform (docs/assumptions.md), drawn for each world.

An event with a flaw ("poison") is about one of the assumptions FLAWS: if that is true, Genesys
refuses its item, else it takes it. And until external events are activated, Genesys may refuse
everything. In most worlds Genesys refuses every flaw, and nothing waits for an activation.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from lambdas.relay.kernel.limits import MINUTE_S
from simulation.memory.genesys import GenesysServer
from simulation.workload import START_MS, Fact, numbers_of
from simulator.assumptions import Assumptions

#: what an item's flaw can be about
FLAWS = (
    "unknown_members_are_refused",
    "required_members_are_checked",
    "external_sources_must_exist",
    "named_ids_must_exist",
    "schema_is_enforced",
)
ACTIVATION = "activation_before_events"
STRICT = Assumptions(schema_is_enforced=True)
#: the share of worlds in which each of them is true or false
SHARE = 1 / 16
#: somebody activates the events within this time
ACTIVATED_WITHIN_S = 10 * MINUTE_S


def drawn(seed: int) -> Assumptions:
    """With its own randomness, so that the rest of a world stays as it is."""
    random = Random(f"assumptions {seed}")
    return flipped(seed) if random.random() < SHARE else STRICT


def flipped(seed: int) -> Assumptions:
    random = Random(f"flipped assumptions {seed}")
    return replace(STRICT, **{name: random.random() < 0.5 for name in (*FLAWS, ACTIVATION)})


def assumed(server: GenesysServer, assumptions: Assumptions, seed: int) -> GenesysServer:
    """The server, for which these are true or false."""
    server.refuses = refusing(assumptions)
    if assumptions.activation_before_events:
        early_s = Random(f"activated {seed}").random() * ACTIVATED_WITHIN_S
        server.activated_at_ms = START_MS + int(early_s * 1000)
    return server


def refusing(assumptions: Assumptions) -> Callable[[Mapping[str, Any]], bool]:
    """Whether Genesys refuses an item for what it is."""

    def refuses(item: Mapping[str, Any]) -> bool:
        return bool(item.get("poison")) and all(
            _is_refused(number, assumptions) for number in numbers_of(str(item.get("marker")))
        )

    return refuses


def judged(facts: Iterable[Fact], assumptions: Assumptions) -> list[Fact]:
    """An event whose flaw Genesys takes must take effect like any other, flaw included."""
    return [
        replace(fact, kind="plain", item={**(fact.item or {}), "poison": True})
        if fact.kind == "poison" and not _is_refused(fact.number, assumptions)
        else fact
        for fact in facts
    ]


def _is_refused(number: int, assumptions: Assumptions) -> bool:
    return bool(getattr(assumptions, FLAWS[number % len(FLAWS)]))
