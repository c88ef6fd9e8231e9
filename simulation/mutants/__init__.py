"""Mutants: mistakes that a good engineer could make, one at a time, in the production code.

The simulation has to catch every one; a mutant that survives means that a fault is missing.
Each is a patch that is applied for one run and taken back.
"""

from simulation.mutants.assembling import ASSEMBLING
from simulation.mutants.attempts import ATTEMPTS
from simulation.mutants.claiming import CLAIMING
from simulation.mutants.consolidating import CONSOLIDATING
from simulation.mutants.deciding import DECIDING
from simulation.mutants.deploying import DEPLOYING
from simulation.mutants.enduring import ENDURING
from simulation.mutants.entering import ENTERING
from simulation.mutants.handling import HANDLING
from simulation.mutants.identity import IDENTITY
from simulation.mutants.mutant import Mutant
from simulation.mutants.outcomes import OUTCOMES
from simulation.mutants.queueing import QUEUEING
from simulation.mutants.settling import SETTLING
from simulation.mutants.sinking import SINKING
from simulation.mutants.transitions import TRANSITIONS

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
    *DEPLOYING,
    *ENDURING,
    *SINKING,
    *DECIDING,
    *HANDLING,
)


def mutant_of(name: str) -> Mutant:
    """The mutant of this name."""
    (found,) = [mutant for mutant in MUTANTS if mutant.name == name]
    return found
