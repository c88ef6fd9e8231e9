"""Start ministack with its gaps filled: `python -m emulator.shims`, configured by the environment.

EMULATOR_WITHOUT  names of gaps to leave open, separated by commas (the contract tests)
EMULATOR_FAULTS   JSON of emulator.shims.faults.Faults; absent means none
EMULATOR_FAULT_LOG  file that gets one line for each injected fault
"""

import os
import random
from pathlib import Path

from ministack.app import main

from emulator.shims import injection, patches
from emulator.shims.faults import Faults

patches.fill(without=frozenset(filter(None, os.environ.get("EMULATOR_WITHOUT", "").split(","))))
if "EMULATOR_FAULTS" in os.environ:
    wanted = Faults.from_json(os.environ["EMULATOR_FAULTS"])
    log = injection.FaultLog(Path(os.environ["EMULATOR_FAULT_LOG"]))
    injection.inject(wanted, random.Random(f"faults {wanted.seed}"), log)
main()
