"""The same workload, the same faults, the same fakes: what each design loses and doubles."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

from simulation.checker import check
from simulation.endless import NEVER
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.history import History
from simulation.memory.genesys import Conduct
from simulation.regimes import BY_NAME
from simulation.rivals.powertools import on_our_clock, powertools
from simulation.rivals.tutorials import (
    per_attempt_key,
    process_then_put,
    put_then_process,
    timestamp_key,
)
from simulation.scenario import draw, spared
from simulation.world import World

_MARKER = re.compile(r"evt-(\d{5})")
OURS = "genesys-relay"
REGIMES = ("honoured", "ignored")


@dataclass(frozen=True, slots=True)
class Rival:
    name: str
    function: Callable[[Instance], Function] | None


RIVALS: tuple[Rival, ...] = (
    Rival("put the key, then process", put_then_process),
    Rival("process, then put the key", process_then_put),
    Rival("key of conversation and timestamp", timestamp_key),
    Rival("a key per attempt", per_attempt_key),
    Rival("Powertools idempotency and batch", powertools),
    Rival(OURS, None),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The number of plain events, of those lost, and of second effects that nothing lists."""

    rival: str
    regime: str
    events: int
    lost: int
    doubled: int
    undetected: int
    requests: int


def compare(rival: Rival, regime: str, seed: int) -> Outcome:
    drawn = replace(
        spared(draw(seed)), told=0, states=0, sessions=0, two_routes=False, deploy="none"
    )
    drawn = replace(drawn, ending=NEVER)  # nor a second destination, which the rivals do not know
    scenario = replace(drawn, regime=BY_NAME[regime], conduct=_conduct(seed, regime))
    functions: Mapping[str, Callable[[Instance], Function]] = (
        FUNCTIONS if rival.function is None else {"intake": rival.function}
    )
    world = World(scenario, functions=functions)
    is_powertools = rival.function is powertools
    with on_our_clock(world.timeline) if is_powertools else nullcontext():
        history = world.run()
    lost, doubled = account(history)
    undetected = doubled
    if rival.function is None:
        undetected = check(history, scenario.regime).undetected
    events = sum(fact.kind == "plain" for fact in history.facts)
    return Outcome(rival.name, regime, events, lost, doubled, undetected, len(history.calls))


def _conduct(seed: int, regime: str) -> Conduct:
    return replace(BY_NAME[regime].conduct, refuses=draw(seed).conduct.refuses)


def account(history: History) -> tuple[int, int]:
    """An event is lost if it took no effect and is in no queue, no vault and no dead letter."""
    effects = Counter(
        int(_MARKER.search(str(effect.item["marker"]))[1])  # type: ignore[index]
        for effect in history.effects
        if _MARKER.search(str(effect.item["marker"]))
    )
    left = {
        int(number)
        for messages in history.queued.values()
        for message in messages
        for number in _MARKER.findall(message.body)
    } | {
        int(number)
        for document in history.documents.values()
        for number in _MARKER.findall(document)
    }
    plain = [fact.number for fact in history.facts if fact.kind == "plain"]
    lost = sum(not effects[number] and number not in left for number in plain)
    doubled = sum(max(0, effects[number] - 1) for number in plain)
    return lost, doubled
