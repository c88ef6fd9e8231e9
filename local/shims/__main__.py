"""Start ministack with its gaps filled: `python -m local.shims`, configured by the environment.

EMULATOR_WITHOUT  names of gaps to leave open, separated by commas (the contract tests)
EMULATOR_FAULTS   JSON of local.shims.wishes.Faults; absent means none
EMULATOR_FAULT_LOG  file that gets one line for each injected fault
"""

import os
import random
from pathlib import Path

from ministack.app import main

from local.shims import faults, gaps
from local.shims.wishes import Faults

gaps.fill(without=frozenset(filter(None, os.environ.get("EMULATOR_WITHOUT", "").split(","))))
if "EMULATOR_FAULTS" in os.environ:
    wanted = Faults.from_json(os.environ["EMULATOR_FAULTS"])
    log = faults.FaultLog(Path(os.environ["EMULATOR_FAULT_LOG"]))
    faults.inject(wanted, random.Random(f"faults {wanted.seed}"), log)
main()
