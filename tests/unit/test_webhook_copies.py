"""Where it is switched on, the webhook's answer says that an event was known: the answer follows
the ledger's claims, and decides nothing."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.assembly.webhook import webhook_function
from lambdas.relay.entrances.proofs import Request, signature
from lambdas.relay.functions.webhook import Reply
from lambdas.relay.kernel.personal import impersonal
from simulation.memory.credentials import MemorySenderKeys
from simulation.memory.settings import MemorySettings
from tests.unit.batches import NOW_MS
from tests.unit.simulated import configuration
from tests.unit.world import World

KEY = "k" * 64
STEP = {
    "id": "e-1",
    "type": "cart.filled",
    "createdTime": "2026-01-09T09:00:00Z",
    "data": {"conversationId": "0b0e8b3c-0000-4000-8000-000000000001"},
}
BUSINESS = {"id": "e-2", "type": "cart.filled", "occurredAt": "2026-01-09T09:00:00Z"}
PLAIN = {"door": "open", "which": 7}


class Shop:
    """A sender, and the relay behind the webhook as far as dedup."""

    def __init__(self, *, answers_copies: bool = True) -> None:
        self.world = World()
        self.world.sender_keys = MemorySenderKeys({"shop": KEY}, self.world.gate, self.world.faults)
        configured = configuration({"kind": "generic", "path": "/there"})
        self.settings = replace(MemorySettings(configured), answers_copies=answers_copies)
        self._webhook = webhook_function(self.world, self.settings)

    def posts(self, detail: Mapping[str, Any]) -> Reply:
        body, now_s = json.dumps(detail).encode(), str(self.world.timeline.now_ms // 1000)
        proof = {
            "x-relay-timestamp": now_s,
            "x-relay-signature": signature(KEY, now_s, "shop", body),
        }
        return self._webhook(Request("shop", proof, body))

    def claims_what_came(self) -> None:
        for queue, assemble in (("events", intake_function), ("batches", dedup_function)):
            stored = self.world.stored_queue(queue)
            function = assemble(self.world, self.settings)
            arrived = stored.receive(10)
            assert function(arrived, NOW_MS + 60_000) == []
            for delivery in arrived:
                stored.delete(delivery)


@pytest.mark.parametrize("detail", [STEP, BUSINESS, PLAIN])
def test_a_copy_of_what_was_claimed_is_called_one_and_queued_all_the_same(
    detail: dict[str, Any],
) -> None:
    shop = Shop()

    first = shop.posts(detail)
    under_way = shop.posts(detail)
    shop.claims_what_came()
    copy = shop.posts(detail)

    assert (first.status, first.body.get("duplicate")) == (200, None)
    assert (under_way.status, under_way.body.get("duplicate")) == (200, None)
    assert (copy.status, copy.body.get("duplicate")) == (200, True)
    assert copy.body["identity"] == first.body["identity"]
    assert len(shop.world.bodies("events")) == 1


CALL = {**STEP, "data": {"conversationId": "tel:+4930901820"}}


def test_so_is_one_of_a_conversation_with_a_personal_name() -> None:
    shop = Shop()

    shop.posts(CALL)
    shop.claims_what_came()

    assert shop.posts(CALL).body.get("duplicate") is True
    assert "4930901820" not in str(shop.world.table.items)
    assert impersonal("tel:+4930901820") not in str(shop.world.table.items)


def test_so_is_one_that_the_previous_release_claimed() -> None:
    shop = Shop()
    shop.posts(CALL)
    shop.claims_what_came()
    for key, item in list(shop.world.table.items.items()):
        shop.world.table.remove(key)
        shop.world.table.insert({**item, "pk": f"C#{impersonal('tel:+4930901820')}"})

    assert shop.posts(CALL).body.get("duplicate") is True


def test_a_key_that_cannot_be_read_costs_no_event() -> None:
    shop = Shop()
    shop.posts(STEP)  # the senders' keys are known now
    shop.world.faults.plan("secret unreadable")

    assert (shop.posts(CALL).status, len(shop.world.bodies("events"))) == (200, 2)


def test_another_event_under_a_known_id_is_no_copy() -> None:
    shop = Shop()
    shop.posts(BUSINESS)
    shop.claims_what_came()

    other = shop.posts({**BUSINESS, "attributes": {"sum": 7}})

    assert (other.status, other.body.get("duplicate")) == (200, None)


def test_another_event_of_the_same_conversation_is_no_copy() -> None:
    shop = Shop()
    shop.posts(STEP)
    shop.claims_what_came()

    assert "duplicate" not in shop.posts({**STEP, "id": "e-9"}).body


def test_a_ledger_that_does_not_answer_costs_no_event() -> None:
    shop = Shop()
    shop.posts(BUSINESS)
    shop.claims_what_came()
    shop.world.faults.plan("ledger unreadable")

    copy = shop.posts(BUSINESS)

    assert (copy.status, copy.body.get("duplicate")) == (200, None)
    assert len(shop.world.bodies("events")) == 1
    assert [said for said, _ in shop.world.telemetry.notes if "copy" in said] == ["copy unknown"]


def test_where_it_is_off_the_ledger_is_not_asked() -> None:
    shop = Shop(answers_copies=False)
    shop.posts(BUSINESS)
    shop.claims_what_came()
    shop.world.faults.plan("ledger unreadable")

    assert "duplicate" not in shop.posts(BUSINESS).body
    assert shop.world.faults.left["ledger unreadable"] == 1
