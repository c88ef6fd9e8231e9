"""What a run publishes: lines, and a generated day of them."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from demo.run.lines import Line, bus_source, generate, read_line
from demo.run.sameness import count, what_it_says
from tests.envelopes import envelope, text


def test_the_bus_takes_the_name_that_most_lines_bear() -> None:
    rows = [{**envelope(), "source": source} for source in ("a", "b", "b")]
    lines = [read_line(row) for row in (*map(text, rows), "no json")]

    assert bus_source(lines) == "b"


def test_without_any_source_there_is_a_bus_all_the_same() -> None:
    assert bus_source([Line("no json", None)])


@pytest.mark.parametrize(
    ("given", "is_publishable"),
    [
        ({"source": "s", "detail-type": "t", "detail": {}}, True),
        ({"source": "", "detail-type": "t", "detail": {}}, False),
        ({"source": "s", "detail-type": 7, "detail": {}}, False),
        ({"source": "s", "detail-type": "t", "detail": "text"}, False),
        ({"source": "s", "detail-type": "t"}, False),
    ],
)
def test_eventbridge_takes_a_source_a_type_and_an_object(
    given: dict[str, object], is_publishable: bool
) -> None:
    assert Line(json.dumps(given), given).is_publishable is is_publishable


# The generated day


def test_a_seed_is_a_day() -> None:
    assert generate(3) == generate(3)
    assert generate(3) != generate(4)


def test_a_day_has_several_hundred_events_of_every_topic_and_both_kinds_of_copies() -> None:
    lines = generate(1)
    types = {line.document["detail-type"] for line in lines}
    said = Counter(what_it_says(line.document) for line in lines)
    ids = Counter(line.envelope_id for line in lines)

    assert len(said) > 500
    assert None not in said
    assert len([t for t in types if t.startswith("v2.detail.events.conversation.{id}.")]) == 16
    assert {"v2.users.{id}.presence", "v2.audits.entitytype.{id}.entityid.{id}"} <= types
    redelivered = sum(count - 1 for count in ids.values())
    happened = {line.happening for line in lines}
    copies = len(lines) - len(happened)
    assert 0 < redelivered < copies, "some copies bear their original's id, others a new one"
    assert len(happened) == count([replace(line, happening=None) for line in lines]) == count(lines)
    assert len(said) < len(happened), "a state comes back in the same words"


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_what_only_python_takes_for_a_number_is_no_json(number: str) -> None:
    row = text(envelope("acw", eventTime=7)).replace('"eventTime": 7', f'"eventTime": {number}')
    assert number in row

    assert read_line(row).document is None
