"""What the account takes for one event of a sender, decided without the code under test."""

import json
from typing import Any

import pytest

from demo.run.account import Left, settle
from demo.run.lines import Line
from demo.run.sameness import count
from lambdas.relay.entrances.events import Reader, parse_event
from lambdas.relay.entrances.identities import BY_NATURE
from tests.unit.batches import NOW_MS

PARTNER = "aws.partner/genesys.com/cloud/org/suffix"


def line(detail: dict[str, Any], source: str = "shop") -> Line:
    document = {"id": "x", "source": source, "detail-type": "t", "detail": detail}
    return Line(json.dumps(document), document)


def effect(detail: dict[str, Any], source: str = "shop", topic: str = "t") -> dict[str, Any]:
    body = json.dumps(detail)
    attributes = {"detailType": "t", "topic": topic, "source": source, "body": body}
    return {"content": {"attributes": attributes}}


STEP = {"id": "a", "type": "t", "occurredAt": "2026-01-31T09:30:00Z", "correlationId": "one"}
RETRY = {**STEP, "correlationId": "two"}
NOTHING = Left((), (), (), ())


POSTED = {"id": "a", "type": "t", "createdTime": 1_795_168_800, "data": {"k": 1}}
FLAT = {"conversationId": "c", "timestamp": 1_795_168_800, "eventType": "e", "k": 1}
PLAIN = {"timestamp": "2026-01-31T09:30:00Z", "externalId": "C-1", "interactionType": "call"}


@pytest.mark.parametrize(
    ("first", "again", "events"),
    [
        (STEP, RETRY, 1),
        (STEP, {**STEP, "occurredAt": "2026-01-31T09:30:09Z"}, 1),
        (STEP, {**STEP, "attributes": {}}, 1),
        (STEP, {**STEP, "id": "b"}, 2),
        (STEP, {**STEP, "attributes": {"k": 1}}, 2),
        ({**STEP, "id": None}, {**STEP, "id": None, "occurredAt": "2026-01-31T09:30:09Z"}, 2),
        (POSTED, {**POSTED, "createdTime": 2, "metadata": {"try": 2}}, 1),
        (POSTED, {**POSTED, "data": {"k": 2}}, 2),
        (FLAT, {**FLAT, "metadata": {"CorrelationId": "y"}, "correlationId": "x"}, 1),
        (FLAT, {**FLAT, "metadata": None}, 1),
        (FLAT, {**FLAT, "metadata": {"messageId": "m"}}, 2),
        ({**FLAT, "id": "a"}, {**FLAT, "id": "a", "metadata": {"try": 2}}, 1),
        (FLAT, {**FLAT, "timestamp": 2}, 2),
        ({**FLAT, "id": "a"}, {**FLAT, "id": "a", "timestamp": 2}, 1),
        (PLAIN, dict(reversed(PLAIN.items())), 1),
        (PLAIN, {**PLAIN, "externalId": "C-2"}, 2),
        (PLAIN, {**PLAIN, "timestamp": "2026-01-31T09:30:01Z"}, 2),
        (PLAIN, {**PLAIN, "id": None}, 2),
        (PLAIN, {**PLAIN, "data": {}}, 2),
        (FLAT, {**FLAT, "attributes": {}}, 2),
        (POSTED, {**POSTED, "note": None}, 2),
    ],
)
def test_a_retry_may_change_some_members_and_must_repeat_others(
    first: dict[str, Any], again: dict[str, Any], events: int
) -> None:
    assert count([line(first), line(again)]) == events


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (PLAIN, {**PLAIN, "id": None}),
        (PLAIN, {**PLAIN, "data": {}}),
        (FLAT, {**FLAT, "attributes": {}}),
        (FLAT, {**FLAT, "metadata": {"messageId": "m"}}),
        (POSTED, {**POSTED, "note": None}),
    ],
)
def test_what_the_account_takes_for_two_the_relay_does_not_take_for_one(
    first: dict[str, Any], again: dict[str, Any]
) -> None:
    """The two decide independently; they must agree at least so far that nothing is lost."""
    events = [parse_event(line(detail).text, NOW_MS) for detail in (first, again)]

    assert len({(event.identity, event.payload_hash) for event in events}) == 2


NINE, TEN = "2026-01-09T09:00:00Z", "2026-01-09T10:00:00Z"
RUNNING = {"instance-id": "i-1", "state": "running"}


@pytest.mark.parametrize(
    ("detail", "source", "again", "events"),
    [
        (RUNNING, "aws.ec2", {"id": "y", "time": TEN}, 2),
        (RUNNING, "aws.ec2", {"id": "y", "resources": ["arn"]}, 2),
        (RUNNING, "aws.ec2", {"id": "y"}, 1),
        (RUNNING, "aws.ec2", {"replay-name": "r"}, 1),
        (RUNNING, "shop", {"id": "y", "time": TEN}, 1),
        ({**RUNNING, "timestamp": NINE}, "aws.ec2", {"id": "y", "time": TEN}, 1),
        ({**RUNNING, "id": "e-1"}, "aws.ec2", {"id": "y", "time": TEN}, 1),
        ({**RUNNING, "id": ""}, "aws.ec2", {"id": "y", "time": TEN}, 2),
    ],
)
def test_a_state_of_an_aws_service_has_its_envelopes_time(
    detail: dict[str, Any], source: str, again: dict[str, Any], events: int
) -> None:
    first = {**line(detail, source).document, "time": NINE}
    both = [Line(json.dumps(each), each) for each in (first, {**first, **again})]
    reader = Reader(PARTNER, BY_NATURE)

    assert count(both) == events
    assert len({parse_event(each.text, NOW_MS, reader).identity for each in both}) == events


def test_a_step_that_was_sent_twice_is_to_take_effect_once() -> None:
    account = settle([line(STEP), line(RETRY)], [effect(STEP)], NOTHING)

    assert (account.unique, account.duplicates, account.delivered) == (1, 1, 1)
    assert account.is_clean


def test_a_step_that_took_effect_twice_is_seen() -> None:
    account = settle([line(STEP), line(RETRY)], [effect(STEP), effect(RETRY)], NOTHING)

    assert account.duplicate_effects == 1


def test_a_step_that_went_nowhere_is_seen() -> None:
    assert settle([line(STEP)], [], NOTHING).lost == 1


def test_the_same_words_of_two_senders_are_two_events() -> None:
    both = [line(STEP), line(STEP, "till")]

    assert settle(both, [effect(STEP), effect(STEP, "till")], NOTHING).is_clean
    assert settle(both, [effect(STEP)], NOTHING).lost == 1


def test_a_line_that_is_nowhere_is_lost_whatever_its_shape() -> None:
    published = line({"topicName": "t"}, PARTNER)
    kept = json.dumps({"reason": "no body", "at_ms": 1, "message": published.text})

    assert settle([published], [], NOTHING).lost == 1
    assert settle([published], [], Left((kept,), (), (), ())).quarantined == 1


def test_an_event_body_that_looks_like_a_senders_event_is_genesys_own() -> None:
    body = {"conversationId": "c", "timestamp": "2026-01-31T09:30:00Z", "metadata": 1}
    published = line({"eventBody": body}, PARTNER)

    assert settle([published], [effect(body, PARTNER)], NOTHING).is_clean
