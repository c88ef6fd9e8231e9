"""intake as Lambda runs it: an SQS event or a bare envelope in, a partial batch answer out."""

import pytest

from lambdas.relay.messages.sealing import decode
from tests.envelopes import NAMES, envelope, republished, text
from tests.handlers.conftest import Functions


def sealed(functions: Functions) -> int:
    """How many events are in sealed batches."""
    return sum(len(decode(body).events) for body in functions.deployment.bodies("batches"))


def test_events_of_the_queue_become_sealed_batches(functions: Functions) -> None:
    functions.deployment.send("events", *(text(envelope(name)) for name in NAMES))

    assert functions.consume("intake", "events") == []

    assert sealed(functions) == len(NAMES)


def test_a_malformed_message_is_quarantined_and_answered_as_done(functions: Functions) -> None:
    functions.deployment.send("events", "no json", text(envelope()), text({"detail": 1}))

    assert functions.consume("intake", "events") == []

    assert sealed(functions) == 1
    messages = {document["message"] for document in functions.deployment.quarantined()}
    assert messages == {"no json", '{"detail": 1}'}


def test_what_could_not_be_sealed_is_named_and_the_malformed_is_not(functions: Functions) -> None:
    functions.deployment.send("events", "no json", text(envelope("acw")), text(envelope()))
    functions.deployment.lose("batches")

    kept = functions.consume("intake", "events")

    assert sorted(kept) == sorted([text(envelope("acw")), text(envelope())])


def test_the_test_button_of_the_console_works(functions: Functions) -> None:
    assert functions.invoke("intake", envelope()) == {"batchItemFailures": []}

    assert sealed(functions) == 1


def test_a_bare_event_that_could_not_be_taken_is_an_error(functions: Functions) -> None:
    """Reported as a failed message, it would count as a success."""
    functions.deployment.lose("batches")

    with pytest.raises(RuntimeError, match="could not be accepted; invoke again"):
        functions.invoke("intake", envelope())


def test_a_copy_is_sealed_with_its_original_only_once(functions: Functions) -> None:
    functions.deployment.send("events", text(envelope()), text(republished(envelope())))

    functions.consume("intake", "events")

    assert sealed(functions) == 1


def test_no_messages_are_no_work(functions: Functions) -> None:
    assert functions.invoke("intake", {"Records": []}) == {"batchItemFailures": []}
