"""What AWS would refuse for its size gives one sentence, and our stacks are far from it."""

from typing import Any

import pytest

from stacks.quotas import complaints
from tests.stacks.synthesised import Synthesised


def test_our_stacks_are_within_every_limit(production: Synthesised) -> None:
    for name, template in production.templates.items():
        assert list(complaints(name, template)) == []


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ({"Resources": {str(n): {} for n in range(501)}}, "s has 501 resources, but Cloud"),
        ({"Outputs": {str(n): {} for n in range(201)}}, "s has 201 outputs, but Cloud"),
        ({"Description": "x" * 1_000_000}, "s has 1000022 bytes of template, but Cloud"),
        (
            {"Resources": {"F": {"Properties": {"Environment": {"Variables": {"A": "é" * 4096}}}}}},
            "s: the variables of F take ",
        ),
    ],
)
def test_what_exceeds_a_limit_gives_one_sentence(template: dict[str, Any], sentence: str) -> None:
    (said,) = complaints("s", template)

    assert said.startswith(sentence)
