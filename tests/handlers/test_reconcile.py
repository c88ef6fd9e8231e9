"""reconcile as Lambda runs it: by its schedule, with one line of result."""

import json

from lambdas.relay.messages.sealing import encode
from tests.handlers.conftest import Functions
from tests.unit.batches import batch_of

SCHEDULE = {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}


def test_dead_letters_go_back_to_work_now_or_later(functions: Functions) -> None:
    functions.deployment.send("batches-dead", encode(batch_of("a")))

    result = functions.invoke("reconcile", SCHEDULE)

    assert functions.deployment.waiting("batches") == 1
    assert functions.deployment.waiting("batches-dead") == 0
    assert result["redriven"] == 1
    json.dumps(result)


def test_a_dead_letter_that_was_sent_back_often_enough_goes_to_a_person(
    functions: Functions,
) -> None:
    batch = batch_of("a")
    functions.deployment.send("writes-dead", encode(batch), attributes={"redrives": "3"})

    functions.invoke("reconcile", SCHEDULE)

    (document,) = functions.deployment.reviewed()
    assert document["message"] == encode(batch)
    assert functions.deployment.bodies("writes-dead") == []


def test_the_consoles_default_redrive_is_resumed_where_sqs_stopped_it(
    functions: Functions,
) -> None:
    """Reconcile itself would wait 15 minutes and more with a dead letter that came back."""
    letter = encode(batch_of("a"))
    functions.deployment.send("writes-dead", letter, attributes={"redrives": "2"})
    functions.deployment.redrive_to_source("writes-dead")

    functions.invoke("reconcile", SCHEDULE)
    functions.invoke("reconcile", SCHEDULE)

    assert functions.deployment.bodies("writes") == [letter], "at once, and once"
    assert functions.deployment.waiting("writes-dead") == 0


def test_nothing_to_do_is_nothing_done(functions: Functions) -> None:
    assert functions.invoke("reconcile", SCHEDULE)["redriven"] == 0
