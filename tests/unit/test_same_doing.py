"""Somebody else does what a request of ours was to do, while it is under way: an event that shows
it may be ours or may be news, and only how the attempt ends can tell."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.relay.assembly.confirm import confirm_function
from lambdas.relay.assembly.consumers import Function
from lambdas.relay.assembly.dedup import dedup_function
from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.kernel.limits import LIVE
from lambdas.relay.kernel.ports import Answer, NotSent, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code
from simulator.faults import Conduct
from stacks.schema.parsing import parse
from tests.unit.batches import NOW_MS
from tests.unit.simulated import Simulated

CONVERSATION = "00000091-0000-4000-8000-00000000009a"
TOPIC = "v2.detail.events.conversation.{id}."
#: acw makes a request that sets an attribute; what attributes events say goes elsewhere
CONFIGURATION = parse(
    {
        "destinations": {
            "attributes": {
                "kind": "participant-attributes",
                "item": {"attributes": {"stage": "'billing'"}},
            },
            "elsewhere": {"kind": "generic"},
        },
        "routes": [
            {"name": "stage", "destination": "attributes", "topics": [f"{TOPIC}acw"]},
            {"name": "said", "destination": "elsewhere", "topics": [f"{TOPIC}attributes"]},
        ],
    }
)
REFUSED = b'{"status": 400, "code": "bad.request", "message": "no", "contextId": "c"}'
LIMITED = b'{"status": 429, "code": "too.many.requests", "message": "wait", "contextId": "c"}'


def event(topic: str, number: int, **body: Any) -> str:
    """One of the conversation's events, as Genesys publishes it."""
    told = {
        "eventTime": NOW_MS + 1_000 + number,
        "conversationId": CONVERSATION,
        "participantId": "p1",
        **body,
    }
    return json.dumps(
        {
            "id": f"00a0001a-0000-4000-8000-{number:012d}",
            "detail-type": TOPIC + topic,
            "source": "aws.partner/genesys.com/cloud/3f1c9a52-7d4e-4b1a-9c55-0a1b2c3d4e5f/relay",
            "time": "2026-01-09T10:00:01Z",
            "detail": {
                "topicName": TOPIC.replace("{id}", CONVERSATION) + topic,
                "timestamp": "2026-01-09T10:00:01.100Z",
                "eventBody": told,
            },
        }
    )


class Pipeline(Simulated):
    """The whole way of an event. Each attempt at the conversation's attributes is followed by an
    event that shows them, and then by the answer: the next of `answers`, or else Genesys' own."""

    def __init__(self, *answers: Answer | Unanswered, conduct: Conduct | None = None) -> None:
        super().__init__(CONFIGURATION, conduct or Conduct())
        self.answers = list(answers)
        self.shown = 0
        self.platform.org.begin_conversation(CONVERSATION, ["p1"], "")
        self.functions: Mapping[str, Function] = {
            "events": intake_function(self, self.settings),
            "batches": dedup_function(self, self.settings),
            "checks": confirm_function(self, self.settings),
        }
        self.answered = self.http.send
        self.http.send = self.send_while_an_event_comes  # type: ignore[method-assign]

    def send_while_an_event_comes(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        if method != "PATCH":
            return self.answered(method, url, headers, body)
        self.shown += 1
        self.publish(event("attributes", self.shown, attributes={"stage": "billing"}))
        self.handle()
        if self.answers:
            return self.answers.pop(0)
        return self.answered(method, url, headers, body)

    def publish(self, text: str) -> None:
        self.stored_queue("events").send(Outgoing(text))

    def handle(self) -> None:
        """Whatever is visible, until nothing is."""
        while sum(self.take(queue) for queue in self.functions):
            pass

    def take(self, name: str) -> bool:
        queue, until_ms = self.stored_queue(name), self.timeline.now_ms + 60_000
        arrived = queue.receive(10)
        kept = self.functions[name](arrived, until_ms)
        for delivery in arrived:
            if delivery.message_id not in kept:
                queue.delete(delivery)
        return bool(arrived)

    def run(self) -> None:
        """Until nothing is left in any queue."""
        names = (*self.functions, "writes")
        for _ in range(3600):
            self.handle()
            if not any(self.stored_queue(name).messages for name in names):
                return
            self.write_once()
            self.timeline.advance(1)
        raise AssertionError("it does not come to rest")

    @property
    def states(self) -> dict[str, list[str]]:
        """The states of the requests to each destination."""
        found: dict[str, list[str]] = {}
        for (_, kind), item in self.table.items.items():
            if kind == "R":
                found.setdefault(item["destination"], []).append(item["state"])
        return {name: sorted(states) for name, states in found.items()}

    def requests(self, method: str) -> int:
        return sum(request.method == method for request in self.posts())


@pytest.mark.parametrize("participant", ["p1", "P1", "p2", ""])
def test_only_events_of_the_participant_that_we_wrote_to_are_our_doing(participant: str) -> None:
    """Another one's may show the same attributes, and more."""
    world = Pipeline()
    world.http.send = world.answered  # type: ignore[method-assign]
    world.publish(event("acw", 0))
    world.run()
    said = {"participantId": participant} if participant else {"participantId": None}
    world.publish(event("attributes", 1, **said, attributes={"stage": "billing", "team": "T2"}))
    world.publish(event("attributes", 2, attributes={"stage": "billing"}))

    world.run()

    written = [b"T2" in (r.body or b"") for r in world.posts() if r.method == "POST"]
    assert written == [participant == "p2"]
    assert world.states["attributes"] == ["CONFIRMED"]


def test_an_event_that_a_refused_request_cannot_have_caused_is_news() -> None:
    world = Pipeline(Answer(400, {}, REFUSED))
    world.publish(event("acw", 0))

    world.run()

    assert world.states == {"attributes": ["REJECTED"], "elsewhere": ["DONE"]}
    assert world.telemetry.counts["Echoes"] == 0


def test_an_attempt_that_certainly_failed_is_repeated_though_somebody_did_the_same() -> None:
    """And of the two events that show it, one is news and the other is our own doing."""
    world = Pipeline(Answer(429, {"retry-after": "5"}, LIMITED))
    world.publish(event("acw", 0))

    world.run()

    assert world.requests("PATCH") == 1
    assert world.states == {"attributes": ["CONFIRMED"], "elsewhere": ["DONE", "EMPTY"]}
    assert world.telemetry.counts["Echoes"] == 1


def test_what_an_accepted_request_caused_before_its_answer_came_is_its_doing() -> None:
    world = Pipeline()
    world.publish(event("acw", 0))

    world.run()

    assert world.states == {"attributes": ["CONFIRMED"], "elsewhere": ["EMPTY"]}
    assert world.requests("POST") == 0


@pytest.mark.parametrize("answer", [Unanswered(Code.QUOTED("no answer")), Answer(504, {}, b"")])
def test_if_no_answer_comes_the_event_confirms_it_before_the_next_attempt(
    answer: Answer | Unanswered,
) -> None:
    """It waits no longer than the attempt can take effect, and confirm hears of it at once."""
    world = Pipeline(answer)
    world.publish(event("acw", 0))
    began_ms = world.timeline.now_ms

    world.run()

    assert world.states == {"attributes": ["CONFIRMED"], "elsewhere": ["EMPTY"]}
    assert (world.requests("PATCH"), world.requests("POST")) == (0, 0)
    longest_s = LIVE.function_timeout_s["write"] + LIVE.quarantine_s
    assert world.timeline.now_ms - began_ms < 2 * longest_s * 1000
