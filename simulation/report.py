"""The simulation's output: progress while it runs, the account at the end, the last steps of a
failure. Colour only on a terminal."""

import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table as Rows

from ops.screen import age, plural
from simulation.campaign import Result, rows
from simulation.kinds import replayed
from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.trace import Step
from simulation.trial import Trial

CONSOLE = Console(highlight=False, soft_wrap=True)
VIOLATIONS_SHOWN = 8
#: measured with RUNS=20, November 2026
EVERY_CAMPAIGN = "four to five minutes"


class Progress:
    """Implements campaign.Watcher: bars on a terminal, elsewhere a line for each tenth. Both say
    how long the phase has taken, and how long it will take at this speed."""

    def __init__(self) -> None:
        self._phase, self._total, self._done, self._begun = "", 0, 0, time.monotonic()
        self._bars = Bars(
            TextColumn("{task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=CONSOLE,
            transient=True,
            disable=not CONSOLE.is_terminal,
        )
        self._bars.start()
        self._task: TaskID | None = None

    def begin(self, phase: str, total: int) -> None:
        self._phase, self._total, self._done, self._begun = phase, total, 0, time.monotonic()
        if not CONSOLE.is_terminal:
            CONSOLE.print(f"{phase} ...")
        self._task = self._bars.add_task(phase, total=total)

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, done)
        before, self._done = self._done, self._done + done
        tenth = 10 * self._done // self._total
        if not CONSOLE.is_terminal and tenth > 10 * before // self._total:
            took_s = time.monotonic() - self._begun
            left_s = took_s * (self._total - self._done) / self._done
            left = f", about {age(left_s)} left" if self._done < self._total else ""
            CONSOLE.print(f"{self._phase}: {10 * tenth} % after {age(took_s)}{left}")

    def stop(self) -> None:
        self._bars.stop()


def tell_plan(runs: int) -> None:
    """What a campaign does, and which parts take time however few runs there are."""
    mutants = plural(len(MUTANTS) + len(TRACKING), "mutant")
    CONSOLE.print(
        f"{plural(runs, 'run')}, then what every campaign does: crash points, lines of the "
        f"protocol, {mutants}, rivals. That alone takes {EVERY_CAMPAIGN} of processor time, "
        "shared by all cores. One run by itself, step by step: make sim RUNS=1"
    )


def show_step(step: Step) -> None:
    CONSOLE.print(escape(line_of(step)))


def line_of(step: Step) -> str:
    now_ms, who, what = step
    moment = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]
    return f"{moment}  {who:14} {what}"


def tell_trial(trial: Trial) -> None:
    account = trial.account
    CONSOLE.print(
        f"Seed {trial.seed}, regime {trial.regime}: {trial.steps} steps, trace hash "
        f"{trial.trace_hash:08x}, {plural(account.published, 'event')}, {account.delivered} "
        f"delivered, {account.lost} lost, {plural(account.doubled, 'second effect')}."
    )
    for violation in account.violations:
        CONSOLE.print(f"[red]{escape(violation)}[/red]")
    if not account.violations:
        CONSOLE.print("Every event is accounted for.")


def tell(result: Result, out: Path) -> None:
    """The account of a whole campaign."""
    told = rows(result)
    CONSOLE.print(
        f"{told['runs']:,} runs, {told['events']:,} events, {sum(result.faults.values()):,} faults "
        f"of {len(result.faults)} kinds, {told['runs_per_second']} runs/s: {told['lost']} lost, "
        f"{told['duplicate_effects']:,} second effects, of them {told['undetected_duplicates']} "
        f"undetected, {plural(told['failures'], 'run')} failed."
    )
    CONSOLE.print(
        f"Crash points: {result.single_crashes:,} single, {result.pair_crashes:,} pairs, "
        f"{len(result.crash_failures)} failed."
    )
    CONSOLE.print(f"Mutants: {told['mutants_caught']} of {told['mutants']} caught.")
    _tell_hunts(result)
    _tell_rivals(result)
    for trial in result.failed[:1]:
        _tell_failure(trial)
    for trial in result.failed[1:VIOLATIONS_SHOWN]:
        CONSOLE.print(f"[red]{replayed(trial)}: {escape(trial.account.violations[0])}[/red]")
    for failed in result.crash_failures[:VIOLATIONS_SHOWN]:
        CONSOLE.print(f"[red]crash point, {escape(failed)}[/red]")
    for name in result.survivors:
        CONSOLE.print(f"[red]The mutant survived: {escape(name)}[/red]")
    for objection in result.objections:
        CONSOLE.print(f"[red]{escape(objection)}[/red]")
    verdict = "[green]All is accounted for.[/green]" if result.is_good else "[red]Failed.[/red]"
    CONSOLE.print(f"{verdict} Figures: {out}")


def _tell_failure(trial: Trial) -> None:
    where = f"{trial.kind} world, regime {escape(trial.regime)}"
    CONSOLE.print(f"[red]Seed {trial.seed} failed: {where}[/red]")
    for step in trial.last_steps:
        CONSOLE.print(f"  {escape(line_of(step))}")
    for violation in trial.account.violations[:VIOLATIONS_SHOWN]:
        CONSOLE.print(f"[red]{escape(violation)}[/red]")
    CONSOLE.print(f"Replay it step by step: {replayed(trial)}")


def _tell_hunts(result: Result) -> None:
    table = Rows("mutant", "seed that shows it", "by", box=None, pad_edge=False)
    for hunted in result.hunts:
        seed = "none" if hunted.seeds is None else str(hunted.seed)
        table.add_row(hunted.mutant, seed, escape(hunted.said[:70]))
    CONSOLE.print(table)


def _tell_rivals(result: Result) -> None:
    table = Rows("design", "keys", "events", "lost", "doubled", "undetected", box=None)
    for row in rows(result)["rivals"]:
        table.add_row(
            row["design"], row["regime"], *(f"{row.get(n, 0):,}" for n in
            ("events", "lost", "doubled", "undetected")),
        )  # fmt: skip
    CONSOLE.print(table)
