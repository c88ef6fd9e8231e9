"""What a run publishes: a captured file, line by line, or a generated day."""

import json
from collections import Counter
from pathlib import Path

import pytest

from local.run.account import what_it_says
from local.run.lines import InputError, Line, bus_source, generate, read_file
from tests.envelopes import envelope, text


def written(directory: Path, *rows: str) -> Path:
    path = directory / "events.ndjson"
    path.write_bytes("\n".join(rows).encode())
    return path


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    rows = [text(envelope("acw")), "", "no json", "  ", text(envelope())]

    lines = read_file(written(tmp_path, *rows))

    assert [line.text for line in lines] == [rows[0], rows[2], rows[4]]
    assert [line.is_publishable for line in lines] == [True, False, True]


def test_a_line_ends_where_the_line_ends(tmp_path: Path) -> None:
    """U+2028 and others end a line for many a function, and are ordinary characters in JSON."""
    row = text(envelope("attributes", attributes={"said": "a\u2028b\u2029c\x85d"}))

    (line,) = read_file(written(tmp_path, row))

    assert line.document["detail"]["eventBody"]["attributes"]["said"] == "a\u2028b\u2029c\x85d"


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    lines = read_file(written(tmp_path, text(envelope()) + "\r", text(envelope("acw")) + "\r"))

    assert all(line.is_publishable for line in lines)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"events.ndjson cannot be read: .*\.$"):
        read_file(tmp_path / "events.ndjson")


def test_a_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: Is a directory\.$"):
        read_file(tmp_path)


def test_a_file_without_events_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no events; it needs one envelope a line"):
        read_file(written(tmp_path, "", "   "))


def test_a_file_that_is_not_utf_8_is_one_sentence_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"a": 1}\n\xff')

    with pytest.raises(InputError, match=r"is not UTF-8 at byte 9\.$"):
        read_file(path)


@pytest.mark.parametrize("row", ["[" * 100_000, "7", "null", '"text"', "{", '{"a": NaN}'])
def test_any_line_is_a_line(tmp_path: Path, row: str) -> None:
    (line,) = read_file(written(tmp_path, row))

    assert line.text == row
    assert not line.is_publishable


def test_the_bus_takes_the_name_that_most_lines_bear(tmp_path: Path) -> None:
    rows = [{**envelope(), "source": source} for source in ("a", "b", "b")]
    lines = read_file(written(tmp_path, *map(text, rows), "no json"))

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
    copies = len(lines) - len(said)
    assert 0 < redelivered < copies, "some copies bear their original's id, others a new one"


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_what_only_python_takes_for_a_number_is_no_json(tmp_path: Path, number: str) -> None:
    row = text(envelope("acw", eventTime=7)).replace('"eventTime": 7', f'"eventTime": {number}')
    assert number in row

    (line,) = read_file(written(tmp_path, row))

    assert line.document is None
