"""The cut-over of docs/migration.md, followed step by step beside a tutorial's consumer."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from demo.run.lines import read_line
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup
from lambdas.relay.functions.intake import Deps as IntakeDeps
from lambdas.relay.functions.intake import intake
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import decode
from lambdas.relay.routes.configuration import Configuration
from ops.import_claims import KNOWN_BY, handled, shadows
from tests.ops.test_import_claims import CONFIGURATION, text
from tests.unit.world import World

ROOT = Path(__file__).resolve().parents[2]
IN_SHADOW = replace(
    CONFIGURATION, routes=tuple(replace(r, is_shadow=True) for r in CONFIGURATION.routes)
)


@dataclass
class Tutorial:
    """Source D's consumer: a key, then the work."""

    table: set[tuple[str, str]] = field(default_factory=set)
    written: list[int] = field(default_factory=list)

    def handle(self, envelope: str) -> None:
        detail = json.loads(envelope)["detail"]
        key = (detail["conversationId"], detail["timestamp"])
        if key not in self.table:
            self.table.add(key)
            self.written.append(detail["eventBody"]["number"])


class Moving:
    """The relay: what has arrived waits, is sealed and claimed, and shows what is written."""

    def __init__(self) -> None:
        self.world = World()
        self.held: list[str] = []

    def works(self, configuration: Configuration) -> None:
        sealing = IntakeDeps(
            self.world.consumer(),
            self.world.queue("batches"),
            configuration,
            self.world.personal_key,
        )
        intake(self.world.deliver(*self.held), sealing)
        self.held = []
        self.claims(self.world.bodies("batches"))

    def claims(self, messages: list[str]) -> None:
        world = self.world
        deps = DedupDeps(
            consumer=world.consumer(),
            ledger=world.ledger,
            writes=world.queue("writes"),
            checks=world.queue("checks"),
            destinations=("out",),
            confirmations={},
            answer_wait_s=70,
        )
        settle_each(world.deliver(*messages), lambda d: dedup(d, deps), world.consumer())

    @property
    def written(self) -> list[int]:
        batches = {b.batch_id: b for b in map(decode, self.world.bodies("writes"))}
        return [json.loads(e.item)["said"] for b in batches.values() for e in b.events]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step", ["as written", "without the import"])
def test_every_event_is_written_once_by_one_of_the_two(seed: int, step: str) -> None:
    random, other, relay = Random(seed), Tutorial(), Moving()

    def published(numbers: range, *, to_both: bool = True) -> None:
        for number in numbers:
            for _ in range(random.choice((1, 1, 2))):
                relay.held.append(text(number))
                # Between its rule's end and ours an event reaches only one of the two.
                if to_both and random.random() < 0.9:
                    other.handle(text(number))

    # 1. Beside it: both see everything, and copies.
    for number in range(20):
        relay.held.append(text(number))
        other.handle(text(number))
        if random.random() < 0.5:
            relay.works(IN_SHADOW)
    relay.works(IN_SHADOW)
    assert relay.written == []
    # 2. Hold. 3. Stop the other one.
    published(range(20, 40))
    published(range(40, 50), to_both=False)
    # 4. Import what it has handled of what is held.
    if step == "as written":
        rows = [dict(zip(KNOWN_BY.split(","), key, strict=True)) for key in other.table]
        known = handled([read_line(held) for held in relay.held], rows, KNOWN_BY.split(","))
        found = shadows([line.text for line in known], CONFIGURATION, relay.world.personal_key)
        messages = found.messages
        relay.claims([message.body for message in messages])
    # 5. Switch. Copies of everything come, as always.
    relay.works(CONFIGURATION)
    relay.held = [text(number) for number in range(50)]
    relay.works(CONFIGURATION)

    effects = Counter(other.written) + Counter(relay.written)
    assert set(effects) == set(range(50))
    assert (max(effects.values()) == 1) == (step == "as written")


def test_every_proof_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs/migration.md").read_text("utf-8")
    named = re.findall(r"`((?:tests|simulation)/[\w/]+\.py)?(?:::(test_\w+))?`", page)
    path, missing = "", []
    for stated, test in named:
        path = stated or path
        if not (stated or test):
            continue
        if not (ROOT / path).is_file():
            missing.append(path)
        elif test and f"def {test}(" not in (ROOT / path).read_text("utf-8"):
            missing.append(f"{path}::{test}")
    assert len(named) > 40
    assert missing == []
