"""In every world: what an event says is only where docs/data.md has payload. Each drawn event has a
marker in its body, by which it is found."""

import json

import pytest

from lambdas.adapters.telemetry import presentable
from lambdas.relay.kernel.ports import Item
from simulation.probes import Probes
from simulation.scenario import draw
from simulation.tracked import TrackedWorld, draw_tracked
from simulation.workload import numbers_of
from simulation.world import World

#: a world with most of what can go wrong
SEED = 2
#: places with payload
WITH_PAYLOAD = {"queues", "vault"}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Everything that ever was in the functions' logs and in the ledger."""
    written: list[tuple[str, str]] = []
    note, transition = Probes.note, Probes.transition

    def noted(self: Probes, message: str, **fields: object) -> None:
        written.append(("logs", json.dumps([message, presentable(fields)])))
        note(self, message, **fields)

    def changed(self: Probes, old: Item | None, new: Item | None, now_ms: int) -> None:
        # Some worlds find an event by its envelope's id, which is no payload.
        attributes = {k: v for k, v in (new or {}).items() if k != "envelope_id"}
        written.append(("ledger", json.dumps(attributes)))
        transition(self, old, new, now_ms)

    monkeypatch.setattr(Probes, "note", noted)
    monkeypatch.setattr(Probes, "transition", changed)
    return written


@pytest.mark.parametrize("is_tracked", [False, True], ids=["plain", "tracked"])
def test_what_an_event_says_is_in_queues_and_vault_only(
    is_tracked: bool, written: list[tuple[str, str]]
) -> None:
    world = TrackedWorld(*draw_tracked(SEED)) if is_tracked else World(draw(SEED))

    history = world.run()

    for key, document in history.documents.items():
        written += [("names of documents", key), ("vault", document)]
    for messages in history.queued.values():
        for message in messages:
            written.append(("queues", message.body))
            written.append(("queues' attributes", json.dumps(dict(message.attributes))))
    places = {place for place, _ in written}
    assert {"logs", "ledger", "vault"} <= places
    assert {place for place, text in written if numbers_of(text)} <= WITH_PAYLOAD
