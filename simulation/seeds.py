"""`python -m simulation.seeds`: finds the first seed that reveals each mistake; with `lines`, the
seeds that together run every line of the protocol.

Run it if the worlds are drawn differently, or if the code has changed so much that known seeds
reveal nothing any more. A mistake whose known seed still reveals it keeps that seed.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from multiprocessing import get_context

from simulation import work
from simulation.corpus import SEEDS, known_line_seeds, known_seeds
from simulation.lines import executable
from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.trial import prepare_process

#: a mistake that survives this many worlds needs a stage of its own (mutants/stages.py)
SEEDS_MAX = 400
#: a line that this many worlds do not run is a guard against the impossible, or a fault is missing
LINE_SEEDS_MAX = 4_000


def main() -> None:
    if sys.argv[1:] == ["lines"]:
        find_lines()
    else:
        find_mistakes()


def find_lines() -> None:
    """Each seed that runs a line that none before it ran; the known ones are tried first."""
    wanted, found = executable(), list[int]()
    with get_context("fork").Pool(os.cpu_count(), prepare_process) as pool:
        seeds = iter(dict.fromkeys((*known_line_seeds(), *range(1, LINE_SEEDS_MAX))))
        while wanted and (wave := list(islice(seeds, os.cpu_count()))):
            parts = [([seed], frozenset(wanted)) for seed in wave]
            for seed, seen in zip(wave, pool.imap(work.seen_lines, parts), strict=True):
                if seen & wanted.keys():
                    found.append(seed)
                    wanted = {line: text for line, text in wanted.items() if line not in seen}
                    print(f"seed {seed}: {len(wanted)} lines left", flush=True)
    for (module, number), text in sorted(wanted.items()):
        print(f"no seed runs {module}.py:{number}: {text}")
    _write(known_seeds(), found)


def find_mistakes() -> None:
    seeds = dict(known_seeds())
    with get_context("fork").Pool(os.cpu_count(), prepare_process) as pool:
        hunts = chain(
            pool.imap_unordered(work.hunt_mutant, [(n, 1, SEEDS_MAX) for n in range(len(MUTANTS))]),
            pool.imap_unordered(
                work.hunt_tracked, [(n, 1, SEEDS_MAX) for n in range(len(TRACKING))]
            ),
        )
        for hunted in hunts:
            if hunted.seeds is None:
                print(f"no seed up to {SEEDS_MAX} shows the mistake: {hunted.mutant}", flush=True)
            elif seeds.get(hunted.mutant) != hunted.seed:
                seeds[hunted.mutant] = hunted.seed
                print(f"{hunted.mutant}: {hunted.seed}", flush=True)
                _write(seeds, known_line_seeds())


def _write(seeds: Mapping[str, int], lines: Sequence[int]) -> None:
    names = [mutant.name for mutant in (*MUTANTS, *TRACKING)]
    rows = [{"mistake": name, "seed": seeds[name]} for name in names if name in seeds]
    corpus = {"mistakes": rows, "lines": list(lines)}
    SEEDS.write_text(json.dumps(corpus, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
