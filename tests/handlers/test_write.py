"""write as Lambda runs it: one message, one request, and what Genesys' answer means for it."""

import json
from typing import Any

import pytest

from lambdas.relay.messages.sealing import Batch, encode
from lambdas.relay.requests.record import record_key
from tests.handlers.conftest import Functions
from tests.handlers.genesys import Genesys
from tests.unit.batches import batch_of, said_in

BATCH = batch_of("a", "b")


def ready(functions: Functions, batch: Batch = BATCH) -> None:
    """Makes dedup put a message into the write queue."""
    functions.deployment.send("batches", encode(batch))
    functions.consume("dedup", "batches")


def record(functions: Functions, batch: Batch = BATCH) -> dict[str, Any]:
    pk, sk = record_key(batch.batch_id)
    answer = functions.deployment.dynamodb.get_item(
        TableName="LedgerTable", Key={"pk": {"S": pk}, "sk": {"S": sk}}
    )
    return {name: next(iter(value.values())) for name, value in answer["Item"].items()}


def test_a_message_is_one_request_under_its_own_id(functions: Functions, genesys: Genesys) -> None:
    ready(functions)

    assert functions.consume("write", "writes") == []

    ((headers, body),) = genesys.posts
    assert body == BATCH.body()
    assert headers["idempotency-key"] == headers["x-correlation-id"] == BATCH.batch_id
    assert record(functions)["state"] == "DONE"


def test_a_message_that_is_delivered_again_is_no_second_request(
    functions: Functions, genesys: Genesys
) -> None:
    ready(functions)
    event = functions.deployment.event("writes")

    assert functions.invoke("write", event) == {"batchItemFailures": []}
    assert functions.invoke("write", event) == {"batchItemFailures": []}

    assert len(genesys.posts) == 1


@pytest.mark.parametrize(("status", "attempts_in_doubt"), [(503, True), (429, False), (403, False)])
def test_a_message_stays_until_genesys_took_it(
    functions: Functions, genesys: Genesys, status: int, attempts_in_doubt: bool
) -> None:
    ready(functions)
    genesys.answers.append((status, {"code": "some.code", "message": "words"}))

    assert functions.consume("write", "writes") == [encode(BATCH)]

    assert record(functions)["state"] == "OPEN"
    assert ("doubt_since_ms" in record(functions)) is attempts_in_doubt


def test_a_refused_request_goes_on_in_halves(functions: Functions, genesys: Genesys) -> None:
    ready(functions)
    genesys.answers.append((400, {"code": "bad.request", "message": "no", "contextId": "c"}))

    assert functions.consume("write", "writes") == []
    assert functions.consume("write", "writes") == []

    assert [json.loads(body)["entities"] for _, body in genesys.posts[1:]] in (
        [[{"said": "a"}], [{"said": "b"}]],
        [[{"said": "b"}], [{"said": "a"}]],
    )


def test_a_refused_event_is_kept_for_a_person_with_genesys_words(
    functions: Functions, genesys: Genesys
) -> None:
    alone = batch_of("alone")
    ready(functions, alone)
    refusal: dict[str, object] = {
        "code": "bad.request",
        "message": "no such field",
        "contextId": "c",
    }
    genesys.answers.append((400, refusal))

    assert functions.consume("write", "writes") == []

    (document,) = functions.deployment.reviewed()
    assert "no such field" in document["reason"]
    assert said_in(alone) == ["alone"]
    assert document["message"] == encode(alone)
