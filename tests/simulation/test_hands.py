"""Whatever people do by hand ends in work, with a person, or as the runbook says; `make hands`."""

import pytest

from simulation.hands.__main__ import CELLS, PURGES, SAID, Outcome, cell, main
from simulation.hands.acts import ACTS
from simulation.hands.moments import HOME, Moment, brought_to

#: moments at which no ledger knows of the events yet, or not of all
UNCLAIMED = ("published", "sealed", "recorded, not claimed")
IN_DOUBT = "tried, took effect, answer lost"


def due(moment: Moment, act: str) -> set[Outcome]:
    """What is right in a cell."""
    if (moment, act) in SAID:
        return {"twice", "person"}
    if act.startswith("ledger restored"):
        return {"once", "person"}
    if act in PURGES and moment in UNCLAIMED:
        return {"archive"}
    if act == "body edited" and moment in UNCLAIMED:
        # An envelope is whatever its sender says; what intake has sealed bears a checksum.
        return {"as edited"} if moment == "published" else {"person"}
    # This destination recognises neither key nor id: sent again, it is listed before it can double.
    return {"listed"} if moment == IN_DOUBT else {"once"}


@pytest.mark.parametrize(("moment", "act"), CELLS)
def test_every_cell_is_right(moment: Moment, act: str) -> None:
    assert cell(moment, act) in due(moment, act)


def test_a_moment_is_what_it_is_called() -> None:
    """Its message waits in its queue, and in no other."""
    for moment, home in HOME.items():
        waiting = [name for name, queue in brought_to(moment).stored.items() if queue.messages]
        assert waiting == [home], moment


def test_a_relay_that_forgets_what_it_could_not_send_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The table can fail: without the kept payloads a purge loses what was claimed."""
    monkeypatch.setattr("simulation.memory.vault.MemoryVault.keep", lambda *_: None)

    assert cell("claimed", "purged") not in due("claimed", "purged")


def test_it_is_printed_and_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    said = capsys.readouterr().out
    assert all(act in said for act in ACTS)
    assert "Nothing is lost" in said
