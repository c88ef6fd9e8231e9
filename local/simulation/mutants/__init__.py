"""Mutants: mistakes that a good engineer could make, one at a time, in the production code.

The simulation has to catch every one; a mutant that survives means that a fault is missing.
Each is a patch that is applied for one run and taken back.
"""

from local.simulation.mutants.assembling import ASSEMBLING
from local.simulation.mutants.attempts import ATTEMPTS
from local.simulation.mutants.claiming import CLAIMING
from local.simulation.mutants.consolidating import CONSOLIDATING
from local.simulation.mutants.entering import ENTERING
from local.simulation.mutants.identity import IDENTITY
from local.simulation.mutants.mutant import Mutant
from local.simulation.mutants.outcomes import OUTCOMES
from local.simulation.mutants.queueing import QUEUEING
from local.simulation.mutants.settling import SETTLING
from local.simulation.mutants.transitions import TRANSITIONS

MUTANTS: tuple[Mutant, ...] = (
    *IDENTITY,
    *CLAIMING,
    *ATTEMPTS,
    *OUTCOMES,
    *SETTLING,
    *TRANSITIONS,
    *QUEUEING,
    *CONSOLIDATING,
    *ENTERING,
    *ASSEMBLING,
)
