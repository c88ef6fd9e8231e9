"""Reasons: codes where programs keep them, sentences where people read them."""

from pathlib import Path

import pytest

from lambdas.relay.kernel.reasons import SEPARATOR, Code, Reason, code_of, read_reason, sentence

PAGE = Path(__file__).parents[2] / "docs/reasons.md"


def test_every_reason_is_read_back_from_its_text() -> None:
    for code in Code:
        reason = code(*(f"detail {n}" for n in range(code.places)))
        assert read_reason(str(reason)) == reason
        assert sentence(str(reason)) == code.value.format(*reason.details)


def test_a_reason_within_a_reason_is_shown_in_its_place() -> None:
    inner = Code.OUTCOME_UNKNOWN(Code.STATUS(503))
    kept = str(Code.NOT_DEAD_LETTERED(inner, Code.CALL_FAILED("SendMessage", "Throttling")))

    assert sentence(kept) == (
        "outcome unknown: status 503; not dead-lettered: SendMessage: Throttling"
    )
    assert code_of(kept) is Code.NOT_DEAD_LETTERED


@pytest.mark.parametrize("said", ["429: rate limit", "", "a | b", "Genesys shows it | twice"])
def test_what_is_no_code_is_somebodys_own_words(said: str) -> None:
    """Earlier releases wrote sentences, EventBridge writes its own."""
    assert code_of(said) is None
    assert sentence(said) == said
    assert read_reason(said).code is Code.QUOTED


@pytest.mark.parametrize("words", ["ACCEPTED", "DUPLICATE | x"])
def test_words_of_others_are_not_taken_for_codes_or_for_two_details(words: str) -> None:
    reason = Code.DECIDED("jo", "discard", words)

    assert str(reason).count(SEPARATOR) == Code.DECIDED.places
    assert sentence(reason).startswith("jo decided: discard (")


def test_a_text_that_was_cut_is_read_as_far_as_it_goes() -> None:
    kept = str(Code.REDRIVES_EXHAUSTED("writes", Code.REFUSED(Code.GENESYS_SAYS("400"))))

    for length in range(len(kept)):
        assert isinstance(sentence(kept[:length]), str)


def test_somebody_else_may_know_a_thing_by_another_name() -> None:
    told = Code.NO_MEMBER("detail", "type").with_name("detail", "the body")

    assert told == Reason(Code.NO_MEMBER, ("the body", "type"))


def test_the_page_of_reasons_is_up_to_date() -> None:
    """`python -m tests.unit.test_reasons` writes it."""
    assert page() == PAGE.read_text("utf-8")


def page() -> str:
    rows = [f"| `{code.name}` | {_shown(code)} |" for code in Code]
    return "\n".join(
        [
            "# Reasons",
            "",
            "The reason codes in records, dead letters, logs and the quarantine. `…` stands for a",
            "detail. `relay` and the demo's report show the sentence; in the logs, filter by the",
            "code: `filter reason like /^NO_SLOT/`.",
            "",
            "| code | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _shown(code: Code) -> str:
    return str(code.value).format(*("…" for _ in range(code.places))).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
