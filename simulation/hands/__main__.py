"""The tables: what became of the events, for every stage and act, and for every case and decision.

`make hands` prints them; tests/simulation/test_hands.py checks them. Each cell is a world of its
own: it is brought to the stage, somebody acts, and time passes until nothing changes any more.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from lambdas.relay.kernel.limits import DAY_S, HOUR_S
from simulation.hands.acts import ACTS, PURGES
from simulation.hands.cases import CASES, DECISIONS, decided
from simulation.hands.moments import SUBJECTS, brought_to
from simulation.hands.outcomes import Outcome, outcome

#: columns without a terminal, so that tables are not wrapped in a pipe
WIDTH = 260
#: what was delivered in the hours that a restored ledger forgets takes effect again when the
#: archive is replayed: the runbook warns of it ("Restore the ledger")
DOUBLING = "ledger restored, then the archive replayed"
LEGEND = (
    "Times (where it takes half an hour or more): until nothing changes any more. listed: may have "
    "taken effect twice, and is listed as such (this destination recognises neither key nor id). "
    "archive: purged before it was claimed, which the queues' policies refuse; the bus's archive "
    "brings it back. twice: as the runbook says of a restored ledger. waits: nothing is left of "
    "it, so it cannot be delivered again; a replay of the archive can."
)


@dataclass(frozen=True, slots=True)
class Cell:
    outcome: Outcome
    #: until nothing changed any more (seconds)
    rested_s: float
    #: until the alarm for overdue requests; None: it had no reason to ring
    alarmed_s: float | None

    def __str__(self) -> str:
        if self.rested_s < HOUR_S / 2:
            return self.outcome
        if self.rested_s < DAY_S:
            return f"{self.outcome} ({self.rested_s / HOUR_S:.1f} h)"
        return f"{self.outcome} ({self.rested_s / DAY_S:.0f} days)"


def cell(subject: str, moment: str, act: str) -> Cell:
    """What became of the events of a subject on which somebody lays hands at this moment."""
    configuration, moments = SUBJECTS[subject]
    world = brought_to(configuration, moments[moment])
    ACTS[act](world, moments[moment].home)
    begun_ms = world.timeline.now_ms
    world.rest()
    alarmed_s = None if world.overdue_ms is None else (world.overdue_ms - begun_ms) / 1000
    rested_s = (world.timeline.now_ms - begun_ms) / 1000
    return Cell(outcome(world, is_purged=act in PURGES), rested_s, alarmed_s)


def is_wrong(act: str, found: str) -> bool:
    return found in ("lost", "endless") or (found == "twice" and act != DOUBLING)


def main() -> int:
    """Prints the tables; exit code 1 if something is lost, or has an unlisted duplicate effect."""
    screen = Console(width=None if sys.stdout.isatty() else WIDTH)
    wrong: list[str] = []
    for subject, (_, moments) in SUBJECTS.items():
        cells = {act: {moment: cell(subject, moment, act) for moment in moments} for act in ACTS}
        wrong += show(screen, subject, "what somebody does", cells)
    verdicts = {each: {case: decided(case, each) for case in CASES} for each in DECISIONS}
    wrong += show(screen, "cases that wait for a person", "what somebody decides", verdicts)
    screen.print(LEGEND)
    screen.print("\n".join(wrong) or "Nothing is lost, and every duplicate effect is listed.")
    return int(bool(wrong))


def show(
    screen: Console, title: str, corner: str, rows: Mapping[str, Mapping[str, object]]
) -> list[str]:
    """Prints a table; returns what is wrong in it, one line each."""
    shown = Table(corner, *next(iter(rows.values())), title=title)
    for name, row in rows.items():
        shown.add_row(name, *map(str, row.values()))
    screen.print(shown)
    return [
        f"{title}: {column}, {name}: {found}"
        for name, row in rows.items()
        for column, found in row.items()
        if is_wrong(name, str(found).partition(" (")[0])
    ]


if __name__ == "__main__":
    sys.exit(main())
