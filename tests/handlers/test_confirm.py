"""confirm as Lambda runs it."""

from tests.handlers.conftest import Functions


def test_a_timer_of_an_unknown_request_is_over(functions: Functions) -> None:
    functions.deployment.send(
        "checks", "00000000-0000-4000-8000-000000000000", attributes={"kind": "window"}
    )

    assert functions.consume("confirm", "checks") == []


def test_what_is_no_check_is_quarantined(functions: Functions) -> None:
    functions.deployment.send("checks", "hello")

    assert functions.consume("confirm", "checks") == []

    (document,) = functions.deployment.quarantined()
    assert document["message"] == "hello"
