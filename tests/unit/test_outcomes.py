"""Outcomes: an answer is judged by status and body."""

import pytest

from lambdas.relay.genesys.outcomes import (
    Accepted,
    Deferred,
    Refused,
    Unclear,
    Unsure,
    judge,
    words,
)
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from tests.unit.batches import NOW_MS
from tests.unit.simulated import Simulated, envelope

WORLD = Simulated()
BATCH = WORLD.batch([envelope(1), envelope(2)])
DESTINATION = WORLD.configuration.destinations["there"]
ERROR = b'{"status": 400, "code": "bad.request", "message": "no good", "contextId": "ctx"}'
UNPROCESSABLE = ERROR.replace(b"400", b"422")
ANOTHERS = b'{"status": 400, "code": "bad.request", "message": "no good"}'


def outcome(answer: Answer | NotSent | Unanswered) -> object:
    return judge(answer, BATCH, DESTINATION, NOW_MS)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, {}, b'{"unprocessedEntities": []}'), Accepted),
        (Answer(202, {}, b"{}"), Accepted),
        (Answer(200, {}, b'{"unprocessedEntities": null}'), Accepted),
        (Answer(204, {}, b""), Unclear),  # success, and nothing to read
        (Answer(202, {}, b""), Unclear),
        (Answer(200, {}, b"  "), Unsure),
        (Answer(200, {}, b'{"message": "Endpoint request timed out"}'), Unsure),
        (Answer(200, {}, b'{"errorMessage": "Task timed out", "errorType": "x"}'), Unsure),
        (Answer(200, {}, ERROR), Unsure),
        (Answer(200, {}, b'{"entities": []}'), Unclear),
        (Answer(200, {}, b'{"failedEntities": [{"originalRequestIndex": 0}]}'), Unclear),
        (Answer(200, {}, b'"OK"'), Unclear),
        (Answer(200, {}, b"null"), Unsure),
        (Answer(200, {}, b"[" * 100_000), Unsure),
        (Answer(200, {}, b"<html>Please wait</html>"), Unsure),
        (Answer(200, {}, b"[]"), Unclear),
        (Answer(200, {}, b'{"unprocessedEntities": [{"originalRequestIndex": 2}]}'), Unclear),
        (Answer(200, {}, b'{"unprocessedEntities": ['), Unsure),
        (Answer(400, {}, ERROR), Refused),
        (Answer(400, {}, ANOTHERS), Deferred),
        (Answer(400, {"inin-correlation-id": "ctx"}, ANOTHERS), Refused),
        (Answer(400, {"inin-correlation-id": "ctx"}, b"<html></html>"), Deferred),
        (Answer(400, {}, b'{"message": "Forbidden"}'), Deferred),
        (Answer(413, {}, b""), Refused),  # of two items: whoever says it, halves are smaller
        (Answer(422, {}, UNPROCESSABLE), Refused),
        (Answer(422, {}, ERROR), Deferred),  # its own status is another
        (Answer(404, {}, ERROR.replace(b"400", b"404")), Deferred),  # the path is the set-up's
        (Answer(401, {}, b""), Deferred),
        (Answer(403, {}, b""), Deferred),
        (Answer(404, {}, b""), Deferred),
        (Answer(307, {}, b""), Deferred),
        (Answer(429, {"Retry-After": "9"}, b""), Deferred),
        (Answer(408, {}, b""), Unsure),
        (Answer(499, {}, b""), Unsure),
        (Answer(460, {}, b""), Unsure),
        (Answer(500, {}, ERROR), Unsure),
        (Answer(503, {}, b""), Unsure),
        (Answer(503, {"Retry-After": "soon"}, b""), Unsure),
        (Answer(503, {"Retry-After": "60"}, b"<html></html>"), Deferred),
        (NotSent(Code.QUOTED("no connection")), Deferred),
        (Unanswered(Code.QUOTED("ReadTimeout")), Unsure),
    ],
)
def test_what_an_answer_means(answer: Answer | NotSent | Unanswered, kind: type) -> None:
    assert isinstance(outcome(answer), kind)


def test_a_429_is_nobodys_fault_and_carries_its_wait() -> None:
    deferred = outcome(Answer(429, {"retry-after": "9"}, b""))
    assert deferred == Deferred(Code.RATE_LIMIT(), 9, 429, is_fault=False)


def test_genesys_words_are_kept() -> None:
    refused = outcome(Answer(400, {"ININ-Correlation-Id": "ctx"}, ERROR))
    assert refused == Refused(400, Code.GENESYS_SAYS("400 bad.request no good"), "ctx")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"__type": "Throttled", "Message": "slow down"}', "400 Throttled slow down"),
        (b'{"title": "Bad Request", "detail": "no id", "status": 400}', "400 Bad Request no id"),
        (b'{"errorType": "Timeout", "errorMessage": "after 29 s"}', "400 Timeout after 29 s"),
        (b'{"error": {"code": "E1", "message": "broken"}}', "400 E1 broken"),
        (b'{"error": "Bad Request", "path": "/x", "message": "no"}', "400 Bad Request: no"),
        (b'{"error": "invalid_client", "description": "unknown"}', "400 invalid_client: unknown"),
        (b'{"error": null, "message": "no"}', "400 no"),
        (b"<html></html>", "400"),
    ],
)
def test_an_error_is_reported_in_the_words_of_whoever_sent_it(body: bytes, said: str) -> None:
    assert words(Answer(400, {}, body)) == said
