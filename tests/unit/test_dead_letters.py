"""A dead letter tells a human why it is there, and keeps what the function needs."""

import json
from typing import Any

import pytest

from lambdas.relay.correlation.checks import timer
from lambdas.relay.entrances.events import ANY_PARTNER
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import SQS_MESSAGE_BYTES_MAX
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.dead_letters import count, dead_letter, fitting
from lambdas.relay.messages.sealing import describe, encode
from tests.unit.batches import sealed, sealed_event

NOW_MS = 1_800_000_000_000


def received(body: str, /, receives: int = 9, **attributes: str) -> Delivery:
    return Delivery("m", "r", body, receives, NOW_MS - 60_000, attributes)


def test_the_dead_letter_of_a_batch_says_why_how_often_since_when_and_whose() -> None:
    (batch,) = sealed([sealed_event("a", conversation="c1")])

    written = dead_letter(
        received(encode(batch)), Code.QUOTED("429: rate limit"), NOW_MS, ANY_PARTNER
    )

    assert written.body == encode(batch)
    assert written.attributes["reason"] == "429: rate limit"
    assert written.attributes["attempts"] == "9"
    assert written.attributes["first_seen"] == "2027-01-15T07:59:00Z"
    assert written.attributes["batch"] == batch.batch_id
    assert written.attributes["identity"] == batch.events[0].identity
    assert written.attributes["conversation"] == "c1"


def test_the_dead_letter_of_an_envelope_names_its_event() -> None:
    envelope = {
        "id": "e1",
        "source": "s",
        "detail-type": "v2.x",
        "detail": {"topicName": "v2.x.c1", "eventBody": {"conversationId": "c1"}},
    }

    attributes = dead_letter(
        received(json.dumps(envelope)), Code.QUOTED("no queue"), NOW_MS, ANY_PARTNER
    ).attributes

    assert attributes["conversation"] == "c1"
    assert attributes["envelope"] == "e1"
    assert len(attributes["identity"]) == 26


def test_the_dead_letter_of_a_check_names_the_batch_and_stays_a_check() -> None:
    check = timer("window", "b1", 10)

    attributes = dead_letter(
        received(check.body, 9, **check.attributes), Code.QUOTED("why"), NOW_MS, ANY_PARTNER
    ).attributes

    assert (attributes["kind"], attributes["batch"]) == ("window", "b1")
    assert "content" not in attributes


def test_a_redriven_message_keeps_its_first_day_and_counts_on() -> None:
    again = received("x", 3, attempts="9", first_seen="2027-01-01T00:00:00Z", reason="before")

    attributes = dead_letter(again, Code.QUOTED("now"), NOW_MS, ANY_PARTNER).attributes

    assert attributes["attempts"] == "12"
    assert attributes["first_seen"] == "2027-01-01T00:00:00Z"
    assert attributes["reason"] == "now"


def test_attributes_that_a_function_depends_on_are_never_displaced() -> None:
    had = {f"n{number}": "v" for number in range(6)}
    (batch,) = sealed([sealed_event("a", conversation="c1")])

    attributes = dead_letter(
        received(encode(batch), 9, **had), Code.QUOTED("why"), NOW_MS, ANY_PARTNER
    ).attributes

    assert len(attributes) == 10
    assert had.items() <= attributes.items()


def test_every_attribute_of_a_redriven_batch_has_room() -> None:
    (batch,) = sealed([sealed_event("a", conversation="c1")])
    had = {**describe(batch), "redrives": "2"}

    attributes = dead_letter(
        received(encode(batch), 9, **had), Code.QUOTED("why"), NOW_MS, ANY_PARTNER
    ).attributes

    assert attributes.keys() == had.keys() | {"reason", "attempts"}


def test_a_count_has_at_most_nine_digits() -> None:
    counts = [count({"redrives": "9" * digits}, "redrives") for digits in (9, 10)]

    assert counts == [999_999_999, 0]


def test_an_attribute_is_kept_if_it_fits_to_the_byte() -> None:
    body = "x" * (SQS_MESSAGE_BYTES_MAX - len("reason" + "why" + "String"))

    assert fitting(body, {"reason": "why"}) == {"reason": "why"}
    assert fitting(body + "x", {"reason": "why"}) == {}


@pytest.mark.parametrize("body", ["", "not JSON", "[]", '{"v":1,"sum":"x"}', "\x00\ud800"])
def test_what_nobody_can_read_has_a_dead_letter_all_the_same(body: str) -> None:
    assert (
        dead_letter(received(body), Code.QUOTED("why"), NOW_MS, ANY_PARTNER).attributes["reason"]
        == "why"
    )


def test_control_characters_do_not_keep_sqs_from_taking_a_dead_letter() -> None:
    said: Any = Transient(Code.QUOTED("400 bad\x00 request\n"))

    assert (
        dead_letter(received("x"), said.reason, NOW_MS, ANY_PARTNER).attributes["reason"]
        == "400 bad  request "
    )
