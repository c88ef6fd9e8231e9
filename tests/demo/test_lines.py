"""What a run publishes: lines, and a generated day of them."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from demo.run.lines import Line, bus_source, generate, read_line
from demo.run.sameness import count, what_it_says
from tests.envelopes import envelope, text


def test_the_bus_takes_the_name_that_most_lines_have() -> None:
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


MOMENTS: list[object] = [
    1764000000, 1764000000000, 1764000000000000, 1764000000.5, "1764000000", "1764000000000",
    "2026-11-27T10:00:00Z", "2026-11-27T11:00+01:00", "2026-11-27 10:00:00.123456789Z",
    "2026-11-27T10:00:00,5+0100",
]  # fmt: skip
NO_MOMENTS: list[object] = [
    None, True, 0, 1, 10**30, "", "soon", "PT5M", "2026-11-27", "2026-11-27T10:00:00", [], {},
    "2026-13-27T10:00:00Z", "2026-11-27T25:00:00Z", "2026-11-27T10:00:00+99:00",
    "1800-01-01T00:00Z",
]  # fmt: skip


@pytest.mark.parametrize("stated", MOMENTS + NO_MOMENTS, ids=repr)
def test_what_states_its_time_is_one_event_however_often_it_is_stamped(stated: object) -> None:
    first = json.loads(text(envelope()))
    first["detail"]["eventBody"]["eventTime"] = stated
    again = {**first, "id": "another", "detail": {**first["detail"], "timestamp": "later"}}
    lines = [read_line(json.dumps(first)), read_line(json.dumps(again))]
    assert count(lines) == (1 if any(stated is each for each in MOMENTS) else 2)
