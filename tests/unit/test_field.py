"""Situations from real use, from the events queue to Genesys: through the functions as
they are assembled, judged by what Genesys' simulator was asked to do."""

from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.relay.assembly.confirm import confirm_function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.kernel.limits import HOUR_S, LIVE, MINUTE_S
from lambdas.relay.kernel.ports import Outgoing
from stacks.schema.parsing import parse
from tests.envelopes import Envelope, envelope, text
from tests.unit.simulated import Simulated

WRAPUP = {
    "name": "wrap-ups",
    "destination": "attributes",
    "topics": ["v2.detail.events.conversation.{id}.wrapup"],
    "item": {"attributes": {"wrapUp": "body.wrapupCode"}},
}


class Pipeline(Simulated):
    """One instance of each function between the events queue and Genesys."""

    def __init__(self, *routes: Mapping[str, Any]) -> None:
        destinations = {"attributes": {"kind": "participant-attributes"}}
        super().__init__(parse({"destinations": destinations, "routes": list(routes)}))
        self.functions = {
            ("events", "intake"): intake_function(self, self.settings),
            ("batches", "dedup"): dedup_function(self, self.settings),
            ("writes", "write"): self.write,
            ("checks", "confirm"): confirm_function(self, self.settings),
        }

    def happens(self, told: Envelope, *, is_known: bool = True) -> None:
        """Genesys publishes an event, and has its conversation, or no longer has it."""
        body = told["detail"]["eventBody"]
        if is_known:
            self.platform.org.begin_conversation(
                body["conversationId"], [body["participantId"]], ""
            )
        self.stored_queue("events").send(Outgoing(text(told)))

    def passes(self, seconds: float) -> None:
        until_ms = self.timeline.now_ms + seconds * 1000
        while self.timeline.now_ms < until_ms:
            for (queue, verb), function in self.functions.items():
                arrived = self.stored_queue(queue).receive(1)
                timeout_ms = LIVE.function_timeout_s[verb] * 1000
                kept = function(arrived, self.timeline.now_ms + timeout_ms) if arrived else []
                for delivery in arrived:
                    if delivery.message_id not in kept:
                        self.stored_queue(queue).delete(delivery)
            self.timeline.advance(1)

    def written(self) -> dict[str, float]:
        """The conversations that something was written to, and when (seconds)."""
        return {e.scope.split("/")[0]: e.at for e in self.platform.record.effects}

    def paths(self) -> set[str]:
        return {"/".join(request.path.split("/")[:4]) for request in self.http.sent}


def conversation_of(told: Envelope) -> str:
    return str(told["detail"]["eventBody"]["conversationId"])


def wrapups(first: int, last: int) -> list[Envelope]:
    return [
        envelope("wrapup", conversationId=f"{number:08x}-0000-4000-8000-000000000060")
        for number in range(first, last)
    ]


def test_two_routes_write_both_of_their_items() -> None:
    """A `user.end` event is taken by both; Genesys shows what each of them wrote."""
    why = {
        **WRAPUP,
        "name": "why-it-ended",
        "topics": ["v2.detail.events.conversation.{id}.user.end"],
        "item": {"attributes": {"disposition": "body.disconnectType"}},
    }
    who = {
        **WRAPUP,
        "name": "who-answered",
        "topics": ["v2.detail.events.conversation.{id}.user.*"],
        "item": {"attributes": {"agent": "body.userId"}},
    }
    relay = Pipeline(why, who)
    relay.happens(envelope("user-end"))
    relay.happens(envelope("user-end"))

    relay.passes(60)

    shown = [set(effect.content) for effect in relay.platform.record.effects]
    assert sorted(shown, key=min) == [{"agent"}, {"disposition"}]


@pytest.mark.parametrize("segment", ["..", ".", "a/../b", "%2e%2e", "..;x", "a/b", " ", "..\\x"])
@pytest.mark.parametrize("member", ["conversationId", "participantId"])
def test_an_id_that_is_a_segment_of_a_path_calls_no_other_endpoint(
    member: str, segment: str
) -> None:
    relay, good = Pipeline(WRAPUP), envelope("wrapup")
    relay.happens(envelope("wrapup", **{member: segment}), is_known=False)
    relay.happens(good)

    relay.passes(60)

    assert set(relay.written()) == {conversation_of(good)}
    assert relay.paths() <= {"/oauth/token", "/api/v2/conversations"}
    assert len(relay.documents) == 1, "the other one is with a person"


def test_conversations_that_are_gone_cost_the_others_nothing() -> None:
    gone, there = wrapups(0x60, 0x68), wrapups(0x70, 0x90)
    alone, beside = Pipeline(WRAPUP), Pipeline(WRAPUP)
    for number, told in enumerate(there):
        alone.happens(told)
        beside.happens(told)
        if number < len(gone):
            beside.happens(gone[number], is_known=False)

    alone.passes(5 * MINUTE_S)
    beside.passes(5 * MINUTE_S)

    good = {conversation_of(told) for told in there}
    assert set(alone.written()) == set(beside.written()) == good
    with_a_person = list(map(str, beside.in_review()))
    assert len(with_a_person) == len(gone)
    for told in gone:
        assert any(conversation_of(told) in document for document in with_a_person)
    late_s = max(beside.written().values()) - max(alone.written().values())
    assert late_s < 2 * len(gone), "each costs the time of one request"


@pytest.mark.parametrize("others", [0, 70, 500])
def test_our_own_attributes_are_no_news_whatever_others_the_event_shows(others: int) -> None:
    attributes = {
        "name": "as-shown",
        "destination": "attributes",
        "topics": ["v2.detail.events.conversation.{id}.attributes"],
        "item": {"attributes": {"orderId": "'4711'"}},
    }
    relay = Pipeline(attributes)
    shown = {f"field{n:03}": "x" * 25 for n in range(others)}
    told = envelope("attributes", attributes=shown)
    relay.happens(told)
    relay.passes(MINUTE_S)
    assert len(relay.posts()) == 1

    for number in range(1, 6):
        moment = told["detail"]["eventBody"]["eventTime"] + number * 1_000
        echo = envelope("attributes", attributes={**shown, "orderId": "4711"}, eventTime=moment)
        relay.happens(echo)
        relay.passes(MINUTE_S)
    relay.passes(HOUR_S)

    assert len(relay.posts()) == 1
