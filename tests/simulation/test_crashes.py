"""Every single crash point of small worlds, and a share of the pairs."""

from multiprocessing.pool import Pool

from simulation.enumeration import SMALL
from simulation.work import enumerate_pairs, enumerate_singles

#: one in so many of the first crashes of a pair
STRIDE = 240


def test_no_single_crash_loses_or_doubles_an_event(processes: Pool) -> None:
    done = processes.map(enumerate_singles, range(len(SMALL)))
    assert [failed for enumerated in done for failed in enumerated.failed] == []
    assert all(enumerated.singles > 60 for enumerated in done)


def test_no_pair_of_crashes_loses_or_doubles_an_event(processes: Pool) -> None:
    parts = [(index, STRIDE, 3 + index) for index in range(len(SMALL))]
    done = processes.map(enumerate_pairs, parts)
    assert [failed for enumerated in done for failed in enumerated.failed] == []
    assert sum(enumerated.pairs for enumerated in done) > 100
