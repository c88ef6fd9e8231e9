"""Answers that say less, more or something else than their endpoint's, through the writer: siblings
of those of test_answers, invented to find what is read as success or as refusal by mistake."""

from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.relay.genesys.outcomes import words
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests.record import record_key
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import Simulated, configuration, envelope
from tests.unit.test_answers import CONTEXT, document, own_error, says

GENERIC = section("generic")
#: its answer has a result for each id (SDK ConversationsApi, customattributes/bulk)
KEYED = section("generic", path="/api/v2/conversations/x/customattributes/bulk", list="")
ATTRIBUTES = section("participant-attributes")


def attempted(kind: Mapping[str, Any], answer: Answer) -> tuple[Simulated, str, int]:
    """Everything that comes of two events (one, where a request has one) in six hours."""
    topic, most = KINDS[kind["kind"]][1:]
    world = Simulated(configuration(kind))
    batch = world.batch([envelope(n, topic) for n in range(min(2, most))])
    sent = says(world, answer)
    world.write_all(most_s=6 * 3600)
    return world, world.state(batch), len(sent)


SOME_FAILED: list[Any] = [
    {"results": {"a": {"statusCode": 400, "errorMessage": "no"}, "b": {"statusCode": 200}}},
    {"results": {"a": {"statusCode": "500"}, "b": {"statusCode": "200"}}},
    {"results": [{"id": "a", "success": True}, {"id": "b", "success": False}]},
    {"results": [{"id": "a"}, {"id": "b", "error": {"code": "bad"}}]},
    {"results": [{"id": "a"}, {"id": "b", "errors": [{"code": "bad"}]}]},
    [{"id": "a"}, {"message": "no", "code": "bad"}],
    [{"id": "a", "status": 200}, {"id": "b", "status": 503}],
    {"data": {"error": {"code": "bad"}}},
    {"data": {"message": "Endpoint request timed out"}},
    {"id": "a", "Errors": ["bad"]},
]


@pytest.mark.parametrize("body", SOME_FAILED, ids=str)
@pytest.mark.parametrize("status", [200, 207])
def test_an_error_of_one_item_is_no_success_wherever_it_is_reported(body: Any, status: int) -> None:
    world, state, sends = attempted(KEYED, document(status, body))
    assert (state, sends) == ("MANUAL_REVIEW", 1)
    assert world.telemetry.counts["Delivered"] == 0
    (case,) = world.in_review()
    assert case["reason"] == str(Code.FAILS_SOMEHOW())
    assert case["answer"]


RESTATED: list[Any] = [
    {"results": {"a": {"statusCode": 200, "attributes": {"error": "E17", "success": False}}}},
    {"entities": [{"id": "a", "event": {"status": 450, "errorCode": "of the customer"}}]},
    {"results": [{"id": "a", "success": "true", "errors": [], "error": None}]},
    "OK",
    b"",
]


@pytest.mark.parametrize("body", RESTATED, ids=str)
def test_what_rows_restate_is_not_the_answers_own_word(body: Any) -> None:
    assert attempted(GENERIC, document(200, body))[1] == "DONE"


@pytest.mark.parametrize("body", [False, True, 503, 1.5])
@pytest.mark.parametrize("kind", [GENERIC, ATTRIBUTES], ids=["generic", "attributes"])
def test_a_number_or_a_truth_value_is_no_answer(kind: Any, body: Any) -> None:
    world, state, sends = attempted(kind, document(200, body))
    assert (state, sends) == ("MANUAL_REVIEW", 1)
    assert world.telemetry.counts["Delivered"] == 0


@pytest.mark.parametrize("body", ["Service Unavailable", [], [{"id": "x"}]], ids=str)
def test_attributes_are_answered_with_nothing_or_an_object(body: Any) -> None:
    assert attempted(ATTRIBUTES, document(200, body))[1] == "MANUAL_REVIEW"


@pytest.mark.parametrize("said", [{"errorCount": 1}, {"errorIndexes": [1]}], ids=str)
def test_a_count_of_errors_that_no_result_shows_contradicts_the_answer(said: Any) -> None:
    world = Simulated(configuration(section("external-contacts-enrich")))
    batch = world.batch([envelope(1), envelope(2)])
    rows = [{"id": event.members["id"], "success": True} for event in batch.events]
    says(world, document(200, {"results": rows, **said}))
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert world.telemetry.counts["Delivered"] == 0


OWN: list[dict[str, Any]] = [
    {"code": "bad.request", "message": "no", "status": "400"},
    {"code": "bad.request", "message": "no", "status": None},
    {"message": "no"},
    {"errors": [{"code": "bad.request", "message": "no"}]},
]


@pytest.mark.parametrize("body", OWN, ids=str)
def test_genesys_refuses_in_its_own_words_however_few(body: dict[str, Any]) -> None:
    """A refusal that is not recognised would be asked for again and hold up everybody."""
    world, state, _ = attempted(GENERIC, document(400, {**body, "contextId": CONTEXT}))
    assert state == "SPLIT"
    assert [case["reason"].endswith("no") for case in world.in_review()] == [True, True]
    assert world.telemetry.counts["BreakerOpened"] == 0


FOREIGN: list[Any] = [
    {"message": "no", "status": 403, "contextId": CONTEXT},
    {"message": "no", "contextId": ""},
    {"message": "no", "contextId": 7},
    [{"code": "bad", "message": "no", "contextId": CONTEXT}],
    {"fault": {"faultstring": "no"}, "contextId": CONTEXT},
    "no",
]


@pytest.mark.parametrize("body", FOREIGN, ids=str)
def test_what_a_proxy_says_refuses_nothing_and_is_reported_as_the_proxys(body: Any) -> None:
    world, state, _ = attempted(GENERIC, document(400, body))
    assert (state, world.in_review()) == ("OPEN", [])
    (batch_key,) = [key for key, item in world.table.items.items() if item.get("state") == "OPEN"]
    assert Code.SAID_ON_THE_WAY.name in str(world.table.items[batch_key]["history"])


@pytest.mark.parametrize(
    ("status", "may_have_happened"),
    [(301, False), (302, False), (303, True), (307, False), (308, False), (304, False),
     (402, False), (405, False), (412, False), (421, False), (423, False), (424, False),
     (425, False), (431, False), (451, False), (408, True), (460, True), (499, True),
     (100, True), (500, True), (501, True), (504, True), (999, True)],
)  # fmt: skip
def test_the_status_shows_whether_it_may_have_happened(
    status: int, may_have_happened: bool
) -> None:
    """RFC 9110: a redirect asks for the same request elsewhere, but 303 for its result."""
    world = Simulated(configuration(GENERIC))
    batch = world.batch([envelope(1)])
    says(world, document(status, b"", location="https://elsewhere.example/"))
    world.write_once()
    assert world.state(batch) == "OPEN"
    doubted = "doubt_since_ms" in world.table.items[record_key(batch.batch_id)]
    assert doubted == may_have_happened


ENCODED = [
    '{"unprocessedEntities": []}'.encode("utf-16"),
    '{"unprocessedEntities": [], "note": "größe"}'.encode("latin-1"),
    b'{"unprocessedEntities": []}{"message": "late"}',
    b'{"unprocessedEntities": [],}',
    b"[" * 5_000,
    b'{"unprocessedEntities": NaN}',
    b"\x00",
]


@pytest.mark.parametrize("body", ENCODED, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("kind", ["journey-external-events", "generic", "conversations"])
def test_what_is_no_document_proves_nothing(kind: str, body: bytes) -> None:
    world, state, sends = attempted(section(kind), document(200, body))
    assert state == "MANUAL_REVIEW"
    assert sends <= (1 if kind == "conversations" else 2)
    assert world.telemetry.counts["Delivered"] == 0


def test_words_are_found_among_the_errors_of_a_list() -> None:
    said = own_error(400, "")
    assert words(said) == "400 some.code"
    listed = document(400, {"errors": [{"code": "bad", "message": "no such queue"}, "more"]})
    assert words(listed) == "400 bad no such queue"
    assert words(document(400, {"errors": []})) == "400"
    assert words(document(400, {"errors": "x"})) == "400"
