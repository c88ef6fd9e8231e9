"""The table: every moment, every act, and what became of the three events.

`make hands` prints it; tests/simulation/test_hands.py holds it. Each cell is a world of its own: it
is brought to the moment, then the act, then time passes until nothing moves any more. What became
of the events is read from Genesys' record and from what is left for a person.
"""

import itertools
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table

from lambdas.relay.kernel.vault_keys import SEALED
from simulation.hands.acts import ACTS
from simulation.hands.moments import HOME, Moment, brought_to
from simulation.hands.world import EDITED, EVENTS, World, customer

#: columns where nobody looks: the table is not folded in a pipe
WIDTH = 240

#: once: each took effect once; as edited: one of them as the other event that somebody made of it;
#: person: what took none is in a person's hands; listed: one took effect twice, and is listed as
#: possibly so; archive: only the archive has them; twice: and nobody is told; lost: nowhere
Outcome = Literal["once", "as edited", "person", "listed", "archive", "twice", "lost"]
#: what was delivered in the hours that a restored ledger forgets can double when the archive is
#: replayed: the runbook says so before somebody does it ("Restore the ledger")
SAID: frozenset[tuple[Moment, str]] = frozenset(
    (moment, "ledger restored, then the archive replayed")
    for moment in ("tried, took effect, answer lost", "split, its part waits")
)
WORST: tuple[Outcome, ...] = (
    "lost", "twice", "archive", "listed", "person", "as edited", "once"
)  # fmt: skip


def outcome(world: World, is_purged: bool) -> Outcome:
    """What became of the three, the worst of them."""
    effects = Counter(
        effect.content["identifiers"]["externalIds"][0]["value"]
        for effect in world.platform.record.effects
    )
    kept = [text for key, text in world.documents.items() if not key.startswith(SEALED)]
    found = {_fate(n, effects, " ".join(kept), world, is_purged) for n in range(EVENTS)}
    return next(each for each in WORST if each in found)


def _fate(
    number: int, effects: Mapping[str, int], kept: str, world: World, is_purged: bool
) -> Outcome:
    names = [customer(number), *([EDITED] if number == 1 else [])]
    times = sum(effects.get(name, 0) for name in names)
    if times > 1:
        return "listed" if world.telemetry.counts["InDoubtReposted"] else "twice"
    if times:
        return "as edited" if effects.get(EDITED) and number == 1 else "once"
    if any(name in kept for name in names):
        return "person"
    return "archive" if is_purged else "lost"


def cell(moment: Moment, act: str) -> Outcome:
    world = brought_to(moment)
    ACTS[act](world, HOME[moment])
    world.rest()
    return outcome(world, is_purged=act in PURGES)


#: what empties a queue, and nobody replays the archive afterwards
PURGES = ("purged", "its dead letters purged")
CELLS: list[tuple[Moment, str]] = list(itertools.product(HOME, ACTS))


LEGEND = (
    "listed: may have taken effect twice, and is listed as such (this destination recognises "
    "neither key nor id). archive: purged before it was claimed; the bus's archive brings it back. "
    "twice: as the runbook says of a restored ledger."
)


def main() -> int:
    """Prints the table; exit code 1 where something is lost or took effect twice untold."""
    rows: dict[str, dict[Moment, Outcome]] = {
        act: {moment: cell(moment, act) for moment in HOME} for act in ACTS
    }
    shown = Table("what somebody does", *HOME)
    for act, row in rows.items():
        shown.add_row(act, *row.values())
    screen = Console(width=None if sys.stdout.isatty() else WIDTH)
    screen.print(shown)
    screen.print(LEGEND)
    wrong = [
        f"{moment}, {act}: {found}"
        for act, row in rows.items()
        for moment, found in row.items()
        if found == "lost" or (found == "twice" and (moment, act) not in SAID)
    ]
    screen.print("\n".join(wrong) or "Nothing is lost, and nothing took effect twice untold.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
