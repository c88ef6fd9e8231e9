"""What is logged correlates, and says nothing about a customer."""

import ast
import time
from pathlib import Path

import pytest

from lambdas.adapters.telemetry import TEXT_CHARS_MAX, TEXTS, presentable
from lambdas.relay.kernel.personal import masked

LAMBDAS = Path(__file__).parents[2] / "lambdas"
#: fields of notes that are numbers or truths, and so pass under any name
NUMBERS = {"seconds", "events", "receives", "took_ms", "status", "since_ms", "until_ms"}


def test_numbers_pass_texts_pass_by_name_and_the_rest_is_withheld() -> None:
    noted = presentable({"seconds": 1.5, "batch": "b1", "customer": "Jo", "body": {"ani": "1"}})

    assert noted == {"seconds": 1.5, "batch": "b1", "withheld": ["customer", "body"]}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("400 bad.request tel:+15555550123 is no name", "400 bad.request tel:<number> is no name"),
        ("unknown caller (555) 555-0123", "unknown caller (<number>"),
        ("jo.doe@example.com is taken", "<address> is taken"),
        ("429: rate limit, 42 seconds", "429: rate limit, 42 seconds"),
        ("waited more than 259200 s in its queue", "waited more than 259200 s in its queue"),
        (
            "request 3f1d8a52-7c1e-4b0e-9a61-5b2f0c9d7e10 is open",
            "request 3f1d8a52-7c1e-4b0e-9a61-5b2f0c9d7e10 is open",
        ),
    ],
)
def test_a_reason_that_quotes_a_customer_is_masked(said: str, shown: str) -> None:
    assert masked(said) == shown


def test_a_long_text_is_cut_in_its_line() -> None:
    assert presentable({"reason": "x" * 9_000})["reason"] == "x" * 8_000


def test_no_note_in_the_code_would_be_withheld() -> None:
    noted = {
        (path.name, keyword.arg)
        for path in LAMBDAS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "note"
        for keyword in node.keywords
        if keyword.arg is not None
    }

    assert ("consumer.py", "reason") in noted
    assert {(name, field) for name, field in noted if field not in TEXTS | NUMBERS} == set()


@pytest.mark.parametrize(
    "unit", ["a", "a.", "+", "1 ", "1-(", "1234567x", "a@", "a@b.", "(1", "-", "1234567 "]
)
def test_the_mask_takes_time_in_proportion_to_the_text(unit: str) -> None:
    """It once took 17 to 54 s for such texts. In processor time, which other processes do not
    affect."""
    text = unit * (80_000 // len(unit))
    before = time.process_time()

    masked(text)
    shown = presentable({"reason": text})["reason"]

    assert time.process_time() - before < 4
    assert len(str(shown)) <= TEXT_CHARS_MAX
