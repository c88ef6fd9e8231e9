"""`python -m simulation.seeds`: finds anew, for each mistake, the first seed that shows it.

To be run when the worlds are drawn anew, or the code has changed so much that known seeds show
nothing any more. A mistake whose known seed still shows it keeps it.
"""

import json
import os
from collections.abc import Mapping
from itertools import chain
from multiprocessing import get_context

from simulation import work
from simulation.corpus import SEEDS, known_seeds
from simulation.mutants import MUTANTS
from simulation.mutants.tracking import TRACKING
from simulation.trial import prepare_process

#: a mistake that so many worlds hide needs a stage of its own (mutants/stages.py)
SEEDS_MAX = 400


def main() -> None:
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
                _write(seeds)


def _write(seeds: Mapping[str, int]) -> None:
    names = [mutant.name for mutant in (*MUTANTS, *TRACKING)]
    rows = [{"mistake": name, "seed": seeds[name]} for name in names if name in seeds]
    SEEDS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
