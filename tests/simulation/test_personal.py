"""Worlds whose conversations are known by telephone numbers: nothing is lost or doubled, and the
ledger holds no number."""

from dataclasses import replace

import pytest

from lambdas.relay.kernel.ports import Item
from simulation.checker import check
from simulation.scenario import draw_small
from simulation.world import World

SEEDS = range(1, 13)


class Watched(World):
    """Remembers everything that ever was in the ledger."""

    def _record_changed(self, old: Item | None, new: Item | None) -> None:
        super()._record_changed(old, new)
        self.written = [*getattr(self, "written", []), str(new)]


@pytest.mark.parametrize("seed", SEEDS)
def test_personal_names_are_in_no_key_and_change_no_promise(seed: int) -> None:
    scenario = replace(draw_small(seed), is_personal=True)
    world = Watched(scenario)

    history = world.run()

    assert check(history, scenario.regime).violations == []
    assert any("'C#" in item for item in world.written)
    assert not [item for item in world.written if "4930901820" in item]
