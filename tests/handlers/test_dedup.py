"""dedup as Lambda runs it."""

from lambdas.relay.messages.sealing import decode, encode
from tests.handlers.conftest import Functions
from tests.unit.batches import batch_of, said_in


def forwarded(functions: Functions) -> list[list[str]]:
    return sorted(said_in(decode(body)) for body in functions.deployment.bodies("writes"))


def test_only_what_is_new_goes_on(functions: Functions) -> None:
    functions.deployment.send("batches", encode(batch_of("a", "b")))
    assert functions.consume("dedup", "batches") == []
    assert forwarded(functions) == [["a", "b"]]

    functions.deployment.send("batches", encode(batch_of("b", "c", nonce="later")))
    assert functions.consume("dedup", "batches") == []
    assert forwarded(functions) == [["c"]]


def test_what_is_no_batch_is_quarantined_beside_its_neighbours(functions: Functions) -> None:
    functions.deployment.send("batches", "{}", encode(batch_of("a")), "no json")

    assert functions.consume("dedup", "batches") == []

    assert forwarded(functions) == [["a"]]
    assert len(functions.deployment.quarantined()) == 2


def test_a_batch_that_could_not_be_forwarded_stays_and_is_forwarded_later(
    functions: Functions,
) -> None:
    functions.deployment.send("batches", encode(batch_of("a")))
    event = functions.deployment.event("batches")
    functions.deployment.lose("writes")

    answer = functions.invoke("dedup", event)

    message_id = event["Records"][0]["messageId"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": message_id}]}


def test_without_its_ledger_every_message_stays_except_the_malformed(functions: Functions) -> None:
    batches = [encode(batch_of("a")), encode(batch_of("b"))]
    functions.deployment.send("batches", *batches, "no json")
    functions.deployment.dynamodb.delete_table(TableName="LedgerTable")

    assert sorted(functions.consume("dedup", "batches")) == sorted(batches)
