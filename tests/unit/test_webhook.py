"""The webhook's answers: each means what it says."""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.relay.entrances import proofs
from lambdas.relay.entrances.allowance import Allowance
from lambdas.relay.entrances.arrivals import Arrival
from lambdas.relay.entrances.events import Reader, parse_event
from lambdas.relay.entrances.identities import BY_NATURE
from lambdas.relay.entrances.proofs import (
    SENDER,
    Proof,
    Request,
    signature,
    signature_v1,
    verification,
)
from lambdas.relay.functions.webhook import Deps, Reply, receive
from lambdas.relay.kernel.errors import Throttled, Transient
from lambdas.relay.kernel.limits import SQS_MESSAGE_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code
from tests.unit.batches import NOW_MS
from tests.unit.world import World

KEY, OLD_KEY = "k" * 64, "o" * 64
NOW_S = NOW_MS // 1000
WINDOW_S = 300
STEP = {
    "id": "e-1",
    "type": "cart.filled",
    "createdTime": "2026-01-09T09:00:00Z",
    "data": {"conversationId": "c-1"},
}
BUSINESS = {"id": "e-2", "type": "cart.filled", "occurredAt": "2026-01-09T09:00:00Z"}


@dataclass
class Keys:
    """The keys of the senders; `newer` is what a second look finds."""

    keys: dict[str, list[str]]
    newer: dict[str, list[str]] | None = None
    fails: Exception | None = None
    reads: list[bool] = field(default_factory=list)

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        self.reads.append(fresh)
        if self.fails is not None:
            raise self.fails
        found = self.newer if fresh and self.newer is not None else self.keys
        return found.get(sender, [])


@dataclass
class Entrance:
    """A webhook with its world."""

    verification: str = "signature"
    world: World = field(default_factory=World)
    keys: Keys = field(default_factory=lambda: Keys({"shop": [KEY]}))
    types: Mapping[str, Sequence[str]] = field(default_factory=dict)
    allowance: Allowance = field(default_factory=lambda: Allowance(1_000))
    strangers: Allowance = field(default_factory=lambda: Allowance(1_000))

    def post(self, request: Request) -> Reply:
        deps = Deps(
            events=self.world.queue("events"),
            keys=self.keys,
            clock=self.world.clock,
            entropy=self.world.entropy,
            telemetry=self.world.telemetry,
            proof=Proof(verification(self.verification), WINDOW_S),
            sender_types=self.types,
            allowance=self.allowance,
            strangers=self.strangers,
        )
        return receive(request, deps)

    @property
    def queued(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.world.bodies("events")]


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def signed(
    content: bytes, *, key: str = KEY, sender: str = "shop", at_s: int = NOW_S, **headers: str
) -> Request:
    proof = {
        "x-relay-timestamp": str(at_s),
        "x-relay-signature": signature(key, str(at_s), sender, content),
    }
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(sender, {**proof, **changed}, content)


# 200


@pytest.mark.parametrize("detail", [STEP, BUSINESS])
def test_a_signed_event_is_queued_as_an_envelope_of_its_sender(detail: dict[str, Any]) -> None:
    entrance = Entrance()

    reply = entrance.post(signed(body(detail)))

    (envelope,) = entrance.queued
    event = parse_event(json.dumps(envelope), NOW_MS)
    assert reply == Reply(200, {"status": "queued", "identity": event.identity})
    assert envelope["source"] == "shop"
    assert envelope["detail-type"] == "cart.filled"
    assert envelope["detail"] == detail
    assert event.accepted_at_ms == NOW_MS
    assert entrance.world.telemetry.counts["WebhookTaken"] == 1


def test_a_copy_is_answered_as_its_original_and_is_the_same_event() -> None:
    entrance = Entrance()

    replies = [entrance.post(signed(body(STEP), at_s=NOW_S - age)) for age in (0, 7, 200)]

    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["identity"] for reply in replies}) == 1
    assert len(entrance.queued) == 3


def test_the_bus_and_the_webhook_know_a_senders_event_as_one() -> None:
    entrance = Entrance()
    entrance.post(signed(body(BUSINESS)))
    on_bus = {"source": "shop", "detail-type": "cart.filled", "detail": BUSINESS, "id": "x"}

    posted = parse_event(json.dumps(entrance.queued[0]), NOW_MS)
    put = parse_event(json.dumps(on_bus), NOW_MS)

    assert (posted.identity, posted.payload_hash) == (put.identity, put.payload_hash)


def test_a_senders_correlation_id_goes_along_into_message_and_log() -> None:
    entrance = Entrance()

    entrance.post(signed(body({**BUSINESS, "correlationId": "order-7"})))

    (message,) = entrance.world.stored_queue("events").messages.values()
    assert message.attributes["correlation"] == "order-7"
    assert entrance.queued[0]["detail"]["correlationId"] == "order-7"
    assert ("webhook", "order-7") in [
        (name, fields.get("correlation")) for name, fields in entrance.world.telemetry.notes
    ]


def test_any_of_a_senders_keys_is_good_so_that_they_can_be_changed() -> None:
    entrance = Entrance(keys=Keys({"shop": [OLD_KEY, KEY]}))

    assert entrance.post(signed(body(STEP), key=OLD_KEY)).status == 200
    assert entrance.post(signed(body(STEP), key=KEY)).status == 200


def test_a_key_that_was_added_just_now_is_looked_up() -> None:
    entrance = Entrance(keys=Keys({"shop": [OLD_KEY]}, newer={"shop": [KEY]}))

    assert entrance.post(signed(body(STEP))).status == 200
    assert entrance.keys.reads == [False, True]


def test_a_token_is_enough_where_tokens_are_configured() -> None:
    entrance = Entrance("token")

    assert (
        entrance.post(Request("shop", {"authorization": f"Bearer {KEY}"}, body(STEP))).status == 200
    )
    in_lower_case = Request("shop", {"authorization": f"bearer {KEY}"}, body(STEP))
    assert entrance.post(in_lower_case).status == 200
    for wrong in (f"Bearer {KEY}x", f"Bearer {KEY.upper()}", KEY, "Bearer ", ""):
        assert entrance.post(Request("shop", {"authorization": wrong}, body(STEP))).status == 401
    assert entrance.post(signed(body(STEP))).status == 401


def test_a_signatures_digits_may_be_in_either_case() -> None:
    request = signed(body(STEP))
    loud = request.headers["x-relay-signature"].upper()

    assert Entrance().post(signed(body(STEP), x_relay_signature=loud)).status == 200


def test_a_signature_without_the_path_is_accepted_for_now_and_reported_as_old() -> None:
    old = signed(body(STEP), x_relay_signature=signature_v1(KEY, str(NOW_S), body(STEP)))

    reply = Entrance().post(old)

    assert reply.status == 200
    assert "until release 2.0" in reply.body["notice"]
    assert "notice" not in Entrance().post(signed(body(STEP))).body


# 401


def test_what_was_signed_for_one_sender_is_no_proof_for_another_with_the_same_key() -> None:
    entrance = Entrance(keys=Keys({"shop": [KEY], "till": [KEY]}))

    assert entrance.post(replace(signed(body(STEP)), sender="till")).status == 401


def test_a_refusal_in_a_known_senders_name_is_counted_and_every_one_is_named() -> None:
    entrance = Entrance()

    for sender in ("shop", "stranger", "No Sender 4915112345678"):
        assert entrance.post(signed(body(STEP), key=OLD_KEY, sender=sender)).status == 401

    counts = entrance.world.telemetry.counts
    assert (counts["WebhookRefused"], counts["WebhookSenderUnproven"]) == (3, 1)
    named = [fields["sender"] for _, fields in entrance.world.telemetry.notes]
    assert named == ["shop", "stranger", "no sender"]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (signed(body(STEP), key=OLD_KEY), "does not match"),
        (signed(body(STEP), sender="till"), "does not match"),
        (signed(body(STEP), x_relay_signature=""), "does not match"),
        (signed(body(STEP), x_relay_signature="v1="), "does not match"),
        (signed(body(STEP), x_relay_signature="\udcff"), "does not match"),
        (signed(body(STEP), x_relay_timestamp=str(NOW_S + 1)), "does not match"),
        (signed(body(STEP), x_relay_timestamp=""), "whole seconds since 1970"),
        (signed(body(STEP), x_relay_timestamp="-1"), "whole seconds since 1970"),
        (signed(body(STEP), x_relay_timestamp="\uff11"), "whole seconds since 1970"),
        (signed(body(STEP), at_s=NOW_S - WINDOW_S - 1), "signed 301 s ago"),
        (signed(body(STEP), at_s=NOW_S + WINDOW_S + 1), "signed 301 s in the future"),
        (Request("shop", {}, body(STEP)), "whole seconds since 1970"),
    ],
)
def test_whoever_cannot_prove_to_be_the_sender_is_refused(request_: Request, sentence: str) -> None:
    entrance = Entrance()

    reply = entrance.post(request_)

    assert reply.status == 401
    assert sentence in reply.body["error"]
    assert entrance.queued == []


def test_a_changed_body_is_not_what_was_signed() -> None:
    entrance = Entrance()
    request = signed(body(STEP))

    reply = entrance.post(Request("shop", request.headers, request.body + b" "))

    assert reply.status == 401


@pytest.mark.parametrize("age_s", [-WINDOW_S, 0, WINDOW_S])
def test_within_the_window_no_clock_matters(age_s: int) -> None:
    assert Entrance().post(signed(body(STEP), at_s=NOW_S - age_s)).status == 200


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_proof_is_valid_for_a_sender_without_a_key(said: str) -> None:
    for entrance in (Entrance(keys=Keys({})), Entrance("token", keys=Keys({}))):
        headers = {
            "x-relay-timestamp": str(NOW_S),
            "x-relay-signature": said,
            "authorization": said,
        }
        assert entrance.post(Request("shop", headers, body(STEP))).status == 401


def test_what_is_answered_200_is_an_event_to_intake_as_well() -> None:
    """The envelope around a body is one level deeper than the body."""
    entrance = Entrance()

    for levels in range(58, 68):
        data: Any = "deep"
        for _ in range(levels):
            data = [data]
        before = len(entrance.queued)
        reply = entrance.post(signed(body({**STEP, "id": f"e-{levels}", "data": data})))
        assert reply.status == (200 if len(entrance.queued) > before else 400)

    assert 0 < len(entrance.queued) < 10
    for envelope in entrance.queued:
        parse_event(json.dumps(envelope), NOW_MS)


# Plain bodies, and what a sender may send


def test_a_body_of_any_shape_is_an_event() -> None:
    entrance = Entrance()

    first = entrance.post(signed(body({"ref": "K-7", "at": "2026-01-31T09:30:00Z"})))
    again = entrance.post(signed(body({"at": "2026-01-31T09:30:00Z", "ref": "K-7"})))

    assert (first.status, again.status) == (200, 200)
    assert first.body["identity"] == again.body["identity"]
    assert {envelope["detail-type"] for envelope in entrance.queued} == {"shop"}


def test_its_type_is_the_one_that_it_names() -> None:
    entrance = Entrance()

    assert entrance.post(signed(body({"type": "cart.left", "ref": 7}))).status == 200

    assert entrance.queued[0]["detail-type"] == "cart.left"


@pytest.mark.parametrize(
    ("sender_types", "status"),
    [
        ({}, 200),
        ({"bank": ["x"]}, 200),
        ({"shop": ["cart.*"]}, 200),
        ({"shop": ["order.*", "cart.filled"]}, 200),
        ({"shop": ["order.*"]}, 403),
        ({"shop": []}, 403),
    ],
)
def test_a_sender_may_be_limited_to_types(sender_types: dict[str, list[str]], status: int) -> None:
    entrance = Entrance(types=sender_types)

    reply = entrance.post(signed(body(STEP)))

    assert reply.status == status
    assert len(entrance.queued) == (status == 200)


def test_whatever_it_calls_itself_a_webhooks_event_is_never_genesys_own() -> None:
    entrance = Entrance()
    topic = "v2.detail.events.conversation.{id}.attributes"
    forged = {"type": topic, "conversationId": "c", "participantId": "p", "sessionId": "s"}

    assert entrance.post(signed(body(forged))).status == 200

    (message,) = entrance.world.stored_queue("events").messages.values()
    delivery = Delivery("m", "r", message.body, 1, NOW_MS, message.attributes)
    reader = Reader("shop", BY_NATURE)  # even where a run has that name for its partner
    event = parse_event(message.body, NOW_MS, reader, Arrival.of(delivery, NOW_MS))
    assert (event.entrance, event.source, event.detail_type) == ("webhook", "shop", topic)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + body({"ref": "K-7"}),
        body({"ref": "K-7", "type": None}),
        body({"ref": "K-7", "eventBody": None}),
    ],
    ids=["byte order mark", "no type", "no eventBody"],
)
def test_a_mark_before_a_body_and_a_null_in_it_say_nothing(content: bytes) -> None:
    entrance = Entrance()

    assert entrance.post(signed(content)).status == 200

    (queued,) = entrance.queued
    assert queued["detail-type"] == "shop"


# 400 and 413


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the body is not JSON"),
        (b"\xff", "the body is not UTF-8 at byte 0"),
        (b"[]", "the body is a list, not an object"),
        (b'{"id": NaN}', "the body holds NaN"),
        (body({**STEP, "id": 7}), "in the body, id is a number"),
        (body({**STEP, "type": ""}), "the body has no type"),
        (body({**STEP, "type": "t" * 129}), "in the body, type has 129 characters"),
        (body({**BUSINESS, "occurredAt": "now"}), "not a date and time"),
        (body({"eventBody": {}, "topicName": "v2"}), "which only Genesys' own events may have"),
        (
            body({"conversationId": "c", "timestamp": 1}),
            "timestamp is a number that is not a valid time",
        ),
        (body({}), "the body is empty"),
        (b"[" * 500 + b"]" * 500, "the body is nested more than"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(content: bytes, sentence: str) -> None:
    entrance = Entrance()

    reply = entrance.post(signed(content))

    assert reply.status == 400
    assert sentence in reply.body["error"]
    assert entrance.queued == []
    assert entrance.world.telemetry.counts["WebhookRefused"] == 1


def test_what_is_too_large_is_refused_before_anything_is_looked_at() -> None:
    entrance = Entrance()
    content = b" " * (WEBHOOK_BODY_BYTES_MAX + 1)

    reply = entrance.post(Request("shop", {}, content))

    assert reply.status == 413
    assert str(WEBHOOK_BODY_BYTES_MAX) in reply.body["error"]
    assert entrance.keys.reads == []


def test_the_largest_event_fits_into_a_message_whatever_its_letters() -> None:
    entrance = Entrance()
    room = WEBHOOK_BODY_BYTES_MAX - len(body({**STEP, "data": ""}))
    content = json.dumps({**STEP, "data": "\u00e9" * (room // 2)}, ensure_ascii=False).encode()
    assert len(content) > WEBHOOK_BODY_BYTES_MAX - 10

    assert entrance.post(signed(content)).status == 200

    assert len(entrance.world.bodies("events")[0]) + 1000 < SQS_MESSAGE_BYTES_MAX


def test_a_stranger_learns_nothing_about_what_is_wrong_with_the_body() -> None:
    assert Entrance().post(signed(b"{", key=OLD_KEY)).status == 401


@pytest.mark.parametrize("name", ["aws.partner", "Shop", "a/b", "", "-a", "a" * 65, "shop\n"])
def test_some_names_are_no_senders(name: str) -> None:
    assert not SENDER.fullmatch(name)


# 429 and 503


def test_a_sender_that_used_up_its_allowance_takes_nothing_from_another() -> None:
    keys = Keys({"shop": [KEY], "till": [OLD_KEY]})
    entrance = Entrance(keys=keys, allowance=Allowance(2))

    replies = [entrance.post(signed(body(STEP))) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[-1].headers["retry-after"] == "5"
    assert entrance.post(signed(body(STEP), key=OLD_KEY, sender="till")).status == 200
    entrance.world.timeline.advance(31)
    assert entrance.post(signed(body(STEP))).status == 200


def test_strangers_use_up_what_is_theirs_and_no_sender_notices() -> None:
    entrance = Entrance(strangers=Allowance(2))

    for _ in range(2):
        assert entrance.post(signed(body(STEP), key=OLD_KEY)).status == 401
    read = len(entrance.keys.reads)
    assert entrance.post(signed(body(STEP), key=OLD_KEY)).status == 429
    assert entrance.keys.reads[read:] == [False], "the secret is not read for them any more"

    assert entrance.post(signed(body(STEP))).status == 200


def test_an_event_that_cannot_be_queued_is_to_be_sent_again() -> None:
    entrance = Entrance()
    entrance.world.faults.plan("send refused")

    reply = entrance.post(signed(body(STEP)))

    assert reply.status == 503
    assert reply.headers["retry-after"] == "5"
    assert entrance.queued == []
    assert entrance.world.telemetry.counts["WebhookPutOff"] == 1
    assert entrance.post(signed(body(STEP))).status == 200


def test_an_event_whose_queueing_is_unknown_is_to_be_sent_again_and_is_then_a_copy() -> None:
    entrance = Entrance()
    entrance.world.faults.plan("send answer lost")

    assert entrance.post(signed(body(STEP))).status == 503
    assert entrance.post(signed(body(STEP))).status == 200

    events = [parse_event(json.dumps(envelope), NOW_MS) for envelope in entrance.queued]
    assert len(events) == 2
    assert len({(event.identity, event.payload_hash) for event in events}) == 1


@pytest.mark.parametrize("verification", ["signature", "token"])
@pytest.mark.parametrize("stated", ["v1=00", "v2=00", ""])
def test_whoever_is_refused_is_refused_after_the_same_work(
    verification: str, stated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, compared = Mock(wraps=hmac.new), Mock(wraps=hmac.compare_digest)
    monkeypatch.setattr(hmac, "new", made)
    monkeypatch.setattr(hmac, "compare_digest", compared)
    keys = Keys({"shop": [KEY], "till": [KEY, OLD_KEY]})
    entrance = Entrance(verification, keys=keys)
    request = signed(body(STEP), x_relay_signature=stated, authorization="Bearer wrong")

    costs = []
    for sender in ("shop", "till", "stranger"):
        made.reset_mock()
        compared.reset_mock()
        keys.reads.clear()
        assert entrance.post(replace(request, sender=sender)).status == 401
        costs.append((made.call_count, compared.call_count, keys.reads.count(True)))

    assert len(set(costs)) == 1
    assert costs[0][1] > 0


@pytest.mark.parametrize("verification", ["signature", "token"])
def test_what_an_unknown_senders_proof_is_compared_with_proves_nothing(verification: str) -> None:
    key = proofs.NOBODYS
    for sender in ("stranger", "shop"):
        request = signed(body(STEP), key=key, sender=sender, authorization=f"Bearer {key}")
        assert Entrance(verification=verification).post(request).status == 401


def test_keys_that_cannot_be_read_let_nobody_in_and_refuse_nobody() -> None:
    entrance = Entrance(keys=Keys({}, fails=Transient(Code.QUOTED("GetSecretValue: AccessDenied"))))

    reply = entrance.post(signed(body(STEP)))

    assert reply.status == 503
    assert "AccessDenied" not in reply.body["error"]


def test_a_neighbour_that_asks_to_slow_down_slows_down_the_sender() -> None:
    class Busy:
        def send(self, messages: Sequence[Outgoing]) -> None:
            raise Throttled(Code.QUOTED("SendMessage: RequestThrottled"))

    entrance = Entrance()
    deps = Deps(
        events=Busy(),  # type: ignore[arg-type]
        keys=entrance.keys,
        clock=entrance.world.clock,
        entropy=entrance.world.entropy,
        telemetry=entrance.world.telemetry,
        proof=Proof("signature", WINDOW_S),
        sender_types={},
        allowance=entrance.allowance,
        strangers=entrance.strangers,
    )

    reply = receive(signed(body(STEP)), deps)

    assert (reply.status, reply.headers["retry-after"]) == (429, "5")


def test_the_verification_is_one_of_two() -> None:
    with pytest.raises(ValueError, match="'none', not signature or token"):
        verification("none")
