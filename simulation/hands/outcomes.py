"""What became of the three events, read from Genesys' record and from what is left for a person."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from lambdas.relay.kernel.vault_keys import SEALED
from simulation.hands.world import EDITED, EVENTS, World, customer

#: once: each took effect once; as edited: one of them as the event that somebody changed it into;
#: person: what took no effect is in review; listed: one took effect twice, and is listed as
#: possibly so; archive: only the archive has them; twice: and it is not listed; endless: something
#: still changes, or waits for nobody; lost: nowhere
Outcome = Literal[
    "once", "as edited", "person", "listed", "archive", "twice", "endless", "lost"
]  # fmt: skip
WORST: tuple[Outcome, ...] = (
    "lost", "endless", "twice", "archive", "listed", "person", "as edited", "once"
)  # fmt: skip


def outcome(world: World, is_purged: bool) -> Outcome:
    """The worst of what became of the three."""
    effects = effects_of(world)
    kept = [text for key, text in world.documents.items() if not key.startswith(SEALED)]
    found = {_fate(n, effects, " ".join(kept), world, is_purged) for n in range(EVENTS)}
    if not world.is_at_rest():
        found.add("endless")
    return next(each for each in WORST if each in found)


def effects_of(world: World) -> Mapping[str, int]:
    """How often each customer's event took effect."""
    contents = [json.dumps(effect.content) for effect in world.platform.record.effects]
    names = [*map(customer, range(EVENTS)), EDITED]
    return Counter(name for content in contents for name in names if name in content)


def _fate(
    number: int, effects: Mapping[str, int], kept: str, world: World, is_purged: bool
) -> Outcome:
    names = [customer(number), *([EDITED] if number == 1 else [])]
    times = sum(effects.get(name, 0) for name in names)
    if times > 1:
        return "listed" if world.telemetry.counts["InDoubtReposted"] else "twice"
    if times:
        return "as edited" if effects.get(EDITED) and number == 1 else "once"
    if any(name in kept for name in names) and _is_alarmed(world):
        return "person"
    return "archive" if is_purged else "lost"


def _is_alarmed(world: World) -> bool:
    """The alarm *WaitingForPerson* rings."""
    counts = world.telemetry.counts
    return bool(counts["InReview"] or counts["InQuarantine"] or counts["Quarantined"])
