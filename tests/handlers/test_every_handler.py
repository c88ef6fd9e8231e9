"""What holds for all functions except the webhook."""

import json

import pytest

from tests.envelopes import envelope, text
from tests.handlers.conftest import Functions
from tests.handlers.deployment import VERBS, Context, handler_of
from tests.handlers.genesys import Genesys

NOTHING: dict[str, list[object]] = {"Records": []}


@pytest.mark.parametrize("verb", VERBS)
def test_a_variable_that_the_stack_did_not_set_is_named_in_one_sentence(
    functions: Functions, verb: str
) -> None:
    missed = []
    for name in functions.environment(verb):
        if name.startswith("POWERTOOLS_"):
            continue
        functions.cold_start(verb, without=name)
        try:
            handler_of(verb)(NOTHING, Context())
        except RuntimeError as error:
            missed.append((name, str(error)))

    assert missed
    for name, sentence in missed:
        assert sentence == f"the function's environment variable {name} is missing"


def test_no_line_of_any_function_holds_what_an_event_says_about_a_person(
    functions: Functions, genesys: Genesys, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = {"ani": "tel:+15555559999", "agentName": "Jane Canary", "note": "Jane Canary"}
    good, wrong = envelope("acw", **canary), envelope("acw", **canary, conversationId=["Canary"])
    functions.deployment.send("events", text(good), text(good), text(wrong), '{"Jane Canary": ')
    genesys.answers.extend(
        [
            (503, {"message": "Jane Canary is unwell"}),
            (400, {"code": "bad.request", "message": "Jane Canary +15555559999 is no name"}),
        ]
    )

    functions.consume("intake", "events")
    functions.consume("dedup", "batches")
    functions.consume("write", "writes")
    functions.deployment.send("events-dead", text(good))
    functions.deployment.send("checks", "Jane Canary")
    functions.consume("confirm", "checks")
    functions.invoke("reconcile", {})
    functions.consume("intake", "events")

    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines() if line.startswith("{")]
    assert {line["service"] for line in lines if "service" in line} >= {"intake", "write"}
    assert "Canary" not in told.out + told.err
    assert "5559999" not in told.out + told.err
