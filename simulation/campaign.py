"""A whole campaign: seeds, crash points, lines, mutants, rivals, and the result."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any, Protocol, TypeVar

from simulation import work
from simulation.corpus import known_line_seeds
from simulation.enumeration import SMALL
from simulation.fault_plan import KINDS, Kind
from simulation.hunting import Hunt
from simulation.kinds import replayed
from simulation.lines import Line, executable
from simulation.memory.faults import WIRE_FAULTS
from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.probes import missing
from simulation.rivals.comparison import REGIMES, RIVALS, Outcome
from simulation.scenario import WorldKind
from simulation.trial import REASON, Trial, prepare_process, total

#: up to so many worlds of a campaign are full ones; of those beyond, one per this many, and the
#: others are small
FULL_FIRST, FULL_SHARE = 1_000, 5
#: one world of a kind of its own per this many, each from the campaign's first seed on: endless
#: ones are a week of virtual time, wired ones take twenty times as long
OWN_SHARES: Mapping[WorldKind, int] = {
    "tracked": 10,
    "lanes": 10,
    "sink": 50,
    "endless": 100,
    "wired": 50,
}
#: these are judged by themselves: neither their faults nor their probes count for the others.
#: Faults of the wire are counted apart
APART: frozenset[WorldKind] = frozenset({"sink", "endless", "wired"})
#: what the watcher calls them
PHASES: Mapping[WorldKind, str] = {
    "full": "runs",
    "small": "small worlds",
    "tracked": "tracked requests",
    "lanes": "lanes",
    "sink": "other sinks",
    "endless": "faults that never end",
    "wired": "real adapters",
}
#: seeds traced at a time, until every line has run. The first ones are known to run rare lines; a
#: campaign of LINE_SEEDS_MAX runs continues with its own seeds for as long as needed
LINE_SEEDS = 80
LINE_SEEDS_MAX = 4_000
LINE_SEEDS_AT_ONCE = 5
#: failing trials that are kept in full
KEPT_MAX = 20
#: a mutant that survives this many seeds counts as undetected: then a fault is missing
HUNT_SEEDS_MAX = 3_000
#: from this many runs on, every probe must occur, and each fault kind this often per event
PROBED_RUNS_MIN = 1_000
FAULT_PER_EVENT_MIN = 0.0008
#: reasons to ask a person although Genesys would have taken the event, and the highest share of
#: all events; in the campaign of 25,000 runs it was 1.5 % for all reasons together
REASONS_MAX: Mapping[str, float] = {
    "MAY_HAVE_TAKEN_EFFECT": 0.03,
    "REFUSED_IN_DOUBT": 0.03,
    # every fifth deploy removes a name
    "NOT_CONFIGURED": 0.05,
    "GONE_NOT_CONFIGURED": 0.01,
    "REDRIVES_EXHAUSTED": 0.02,
    "NOT_SENT_ON": 0.005,
    "UNREADABLE": 0.005,
    "BEYOND_HORIZON": 0.02,
    "RECORD_GONE": 0.02,
    # people purge and edit messages, and edit records
    "ABANDONED": 0.005,
    "RECORD_DAMAGED": 0.01,
    # conflicts of up to two hours, in a quarter of the worlds
    "CONFLICT_LASTS": 0.02,
    "NEVER_CONFIRMED_ABSENT": 0.02,
    "NEVER_CONFIRMED_NOT_ASKABLE": 0.02,
    "NEVER_CONFIRMED": 0.02,
    "ATTEMPTS_EXHAUSTED": 0.01,
    "ITEMS_FAIL_AGAIN": 0.005,
    # 2xx answers that say nothing, in a quarter of the worlds
    "STATUS_NOT_JSON": 0.02,
    "STATUS_ERROR": 0.02,
    "FAILS_NO_ITEM": 0.02,
    "FAILS_SOMEHOW": 0.02,
}
#: pairs of crashes are divided into this many parts; how many of these a campaign tries
PAIRS_PARTS = 64
PAIRS_TRIED: Sequence[tuple[int, int]] = ((10_000, PAIRS_PARTS), (1_000, 4), (0, 1))

T = TypeVar("T")
R = TypeVar("R")


class Watcher(Protocol):
    """Receives the progress."""

    def begin(self, phase: str, total: int) -> None: ...

    def advance(self, done: int) -> None: ...


@dataclass(slots=True)
class Result:
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    #: the same of those that strike only on the wire, and the events of the wired worlds
    on_the_wire: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)
    regimes: Counter[str] = field(default_factory=Counter)
    failed: list[Trial] = field(default_factory=list)
    failures: int = 0
    seconds: float = 0.0
    #: worlds by kind
    worlds: Counter[WorldKind] = field(default_factory=Counter)
    single_crashes: int = 0
    pair_crashes: int = 0
    crash_failures: list[str] = field(default_factory=list)
    hunts: list[Hunt] = field(default_factory=list)
    rivals: list[Outcome] = field(default_factory=list)
    unseen_lines: list[str] = field(default_factory=list)
    #: failures of the campaign itself, as sentences
    objections: list[str] = field(default_factory=list)

    @property
    def survivors(self) -> list[str]:
        return [hunted.mutant for hunted in self.hunts if hunted.seeds is None]

    @property
    def is_good(self) -> bool:
        return not (self.failures or self.crash_failures or self.survivors or self.objections)


def run(runs: int, first_seed: int, watcher: Watcher) -> Result:
    result = Result()
    with get_context("fork").Pool(os.cpu_count(), prepare_process) as pool:
        _worlds(runs, first_seed, pool, watcher, result)
        _crashes(runs, pool, watcher, result)
        _lines(runs, first_seed, pool, watcher, result)
        _mutants(first_seed, pool, watcher, result)
        _rivals(runs, first_seed, pool, watcher, result)
    judge(runs, result)
    return result


def _each(
    phase: str, function: Callable[[T], R], parts: Sequence[T], pool: Pool, watcher: Watcher
) -> Iterable[R]:
    watcher.begin(phase, len(parts))
    for done in pool.imap_unordered(function, parts):
        watcher.advance(1)
        yield done


def shared_out(runs: int, first: int) -> dict[WorldKind, range]:
    """The seeds of each kind of world in a campaign of so many runs. Full and small ones are the
    runs; those of the other kinds come in addition."""
    full = min(runs, FULL_FIRST) + max(0, runs - FULL_FIRST) // FULL_SHARE
    own = {kind: range(first, first + max(1, runs // each)) for kind, each in OWN_SHARES.items()}
    return {"full": range(first, first + full), "small": range(first + full, first + runs), **own}


def _worlds(runs: int, first: int, pool: Pool, watcher: Watcher, result: Result) -> None:
    for kind, seeds in shared_out(runs, first).items():
        parts = work.parts_of(kind, seeds)
        if not parts:
            continue
        begun = time.perf_counter()
        for trials in _each(PHASES[kind], work.run_worlds, parts, pool, watcher):
            for trial in trials:
                add(trial, result)
        if kind not in OWN_SHARES:
            result.seconds += time.perf_counter() - begun


def add(trial: Trial, result: Result) -> None:
    result.worlds[trial.kind] += 1
    if trial.kind not in OWN_SHARES:
        total(result.counts, trial)
    if trial.kind not in APART:
        result.faults.update(trial.faults)
        result.probes.update(trial.probes)
        result.regimes[trial.regime] += 1
    if trial.kind == "wired":
        result.on_the_wire["events"] += trial.account.published
        result.on_the_wire.update({fault: trial.faults.get(fault, 0) for fault in WIRE_FAULTS})
    if trial.failed:
        result.failures += 1
        result.failed = sorted([*result.failed, trial], key=_seed)[:KEPT_MAX]


def _seed(trial: Trial) -> int:
    return trial.seed


def _crashes(runs: int, pool: Pool, watcher: Watcher, result: Result) -> None:
    done: list[work.Enumerated] = list(
        _each("single crashes", work.enumerate_singles, range(len(SMALL)), pool, watcher)
    )
    # Each part takes every n-th first crash, with every possible second one.
    tried = next(parts for runs_min, parts in PAIRS_TRIED if runs >= runs_min)
    parts = [(n, PAIRS_PARTS, offset) for n in range(len(SMALL)) for offset in range(tried)]
    done += _each("pairs of crashes", work.enumerate_pairs, parts, pool, watcher)
    for enumerated in done:
        result.single_crashes += enumerated.singles
        result.pair_crashes += enumerated.pairs
        result.crash_failures += [f"{enumerated.small}: {said}" for said in enumerated.failed]


def _lines(runs: int, first: int, pool: Pool, watcher: Watcher, result: Result) -> None:
    """Tracing is slow, so it stops once every line has run."""
    own = min(runs, LINE_SEEDS_MAX if runs >= LINE_SEEDS_MAX else LINE_SEEDS)
    seeds = (*known_line_seeds(), *range(first, first + own))
    waves = [seeds[n : n + LINE_SEEDS] for n in range(0, len(seeds), LINE_SEEDS)]
    wanted: dict[Line, str] = executable()
    watcher.begin("lines of the protocol", len(waves))
    for wave in waves:
        left = frozenset(wanted)
        if not left:
            break
        begins = range(0, len(wave), LINE_SEEDS_AT_ONCE)
        parts = [(wave[n : n + LINE_SEEDS_AT_ONCE], left) for n in begins]
        for seen in pool.imap_unordered(work.seen_lines, parts):
            wanted = {line: text for line, text in wanted.items() if line not in seen}
        watcher.advance(1)
    result.unseen_lines = [
        f"{module}.py:{number}: {text}" for (module, number), text in sorted(wanted.items())
    ]


def _mutants(first: int, pool: Pool, watcher: Watcher, result: Result) -> None:
    parts = [(index, first, HUNT_SEEDS_MAX) for index in range(len(MUTANTS))]
    hunts = list(_each("mutants", work.hunt_mutant, parts, pool, watcher))
    parts = [(index, first, HUNT_SEEDS_MAX) for index in range(len(TRACKING))]
    hunts += _each("mutants of tracking", work.hunt_tracked, parts, pool, watcher)
    by_name = {hunted.mutant: hunted for hunted in hunts}
    result.hunts = [by_name[mutant.name] for mutant in (*MUTANTS, *TRACKING)]


def _rivals(runs: int, first: int, pool: Pool, watcher: Watcher, result: Result) -> None:
    seeds = range(first, first + min(runs, 1_000) // 10 or first + 1)
    parts = [(n, regime, seed) for n in range(len(RIVALS)) for regime in REGIMES for seed in seeds]
    result.rivals = list(_each("rivals", work.compare_rival, parts, pool, watcher))


def judge(runs: int, result: Result) -> None:
    """A campaign that saw nothing proves nothing; and if people get too many cases for one reason,
    what the checker allows may hide a mistake."""
    if runs < PROBED_RUNS_MIN:
        return
    for name, number in result.counts.items():
        if name.startswith(REASON):
            most = REASONS_MAX.get(name.removeprefix(REASON), 0.0) * result.counts["events"]
            if number > most:
                result.objections.append(
                    f"{number} events were given to a person for the {name}, not {most:.0f} at most"
                )
    result.objections += _rare(KINDS, result.faults, result.counts["events"])
    result.objections += _rare(WIRE_FAULTS, result.on_the_wire, result.on_the_wire["events"])
    result.objections += [f"never seen: {probe}" for probe in missing(result.probes)]
    if runs >= LINE_SEEDS_MAX:  # the rarest lines need that many; a smaller campaign lists them
        result.objections += [f"never ran: {line}" for line in result.unseen_lines]


def _rare(kinds: Sequence[Kind], struck: Mapping[str, int], events: int) -> Iterable[str]:
    """The faults that struck too rarely among so many events, or never."""
    floor = max(1, ceil(events * FAULT_PER_EVENT_MIN))
    for kind in kinds:
        if struck.get(kind, 0) < floor:
            yield f"the fault {kind!r} struck {struck.get(kind, 0)} times, not {floor}"


def rows(result: Result) -> dict[str, Any]:
    """The campaign as JSON."""
    counts = result.counts
    return {
        "runs": counts["runs"],
        "events": counts["events"],
        "lost": counts["lost"],
        "duplicate_effects": counts["doubled"],
        "undetected_duplicates": counts["undetected"],
        "renamed_duplicates": counts["renamed"],
        "forgotten_duplicates": counts["forgotten"],
        "delivered": counts["delivered"],
        "parked": counts["parked"],
        "rejected": counts["rejected"],
        "closed": counts["closed"],
        "redone_duplicates": counts["redone"],
        "quarantined": counts["quarantined"],
        "unrouted": counts["unrouted"],
        "not_taken": counts["not_taken"],
        "failures": result.failures,
        "failing": [replayed(trial) for trial in result.failed],
        "runs_per_second": round(counts["runs"] / result.seconds, 1) if result.seconds else 0,
        "worlds": dict(result.worlds),
        "steps": counts["steps"],
        "regimes": dict(sorted(result.regimes.items())),
        "faults": dict(sorted(result.faults.items())),
        "on_the_wire": dict(sorted(result.on_the_wire.items())),
        "probes": dict(sorted(result.probes.items())),
        "single_crashes": result.single_crashes,
        "pairs_of_crashes": result.pair_crashes,
        "crash_failures": result.crash_failures,
        "mutants": len(result.hunts),
        "mutants_caught": sum(hunted.seeds is not None for hunted in result.hunts),
        "hunts": {
            hunted.mutant: {"mistake": mutant.mistake, "seed": hunted.seed, "said": hunted.said}
            for hunted, mutant in zip(result.hunts, (*MUTANTS, *TRACKING), strict=True)
        },
        "rivals": _rival_rows(result.rivals),
        "objections": result.objections,
    }


def _rival_rows(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    sums: dict[tuple[str, str], Counter[str]] = {}
    for rival in RIVALS:
        for regime in REGIMES:
            sums[rival.name, regime] = Counter()
    for outcome in outcomes:
        sums[outcome.rival, outcome.regime].update(
            events=outcome.events,
            lost=outcome.lost,
            doubled=outcome.doubled,
            undetected=outcome.undetected,
            requests=outcome.requests,
        )
    return [
        {"design": rival, "regime": regime, **counted} for (rival, regime), counted in sums.items()
    ]
