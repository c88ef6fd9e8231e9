"""A captured file, as people have them: one event in it is one event, whatever is around it."""

import base64
import gzip
import json
import os
import re
import subprocess
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.run.captured import Capture, read_file
from demo.run.lines import InputError
from tests.envelopes import Envelope, envelope, text

EVENTS = [
    envelope("acw"),
    envelope("attributes", attributes={"said": "a\u2028b\u2029c\x85d ¿qué? \U0001f600 }{"}),
    envelope("audit"),
]


def read(directory: Path, content: str | bytes) -> Capture:
    path = directory / "events.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path)


def documents(capture: Capture) -> list[Any]:
    return [line.document for line in capture.lines]


def rows(events: list[Envelope]) -> str:
    return "".join(f"{text(event)}\n" for event in events)


def pretty(events: Any) -> str:
    return json.dumps(events, indent=2, ensure_ascii=False)


def encoded(content: str) -> str:
    return base64.b64encode(content.encode()).decode()


# Layouts

LAYOUTS: dict[str, Callable[[list[Envelope]], str]] = {
    "a line each": rows,
    "a line each, none at the end": lambda events: rows(events).rstrip(),
    "blank lines": lambda events: "\n\n" + rows(events).replace("\n", "\n \n\n"),
    "ends of lines as on Windows": lambda events: rows(events).replace("\n", "\r\n"),
    "pretty": lambda events: "\n".join(map(pretty, events)),
    "an array": json.dumps,
    "a pretty array": pretty,
    "an array, a line each": lambda events: "[\n" + ",\n".join(map(text, events)) + "\n]\n",
    "an array without its brackets": lambda events: ",\n".join(map(text, events)) + ",\n",
    "in a row": lambda events: "".join(map(text, events)),
    "pretty and in a row": lambda events: "".join(map(pretty, events)),
    "some pretty": lambda events: rows(events[:1]) + pretty(events[1]) + "\n" + rows(events[2:]),
    "a sequence of RFC 7464": lambda events: "".join(f"\x1e{text(event)}\n" for event in events),
    "text within JSON": lambda events: "\n".join(json.dumps(text(event)) for event in events),
    "joined files with byte order marks": lambda events: "".join(
        f"\ufeff{text(event)}\n" for event in events
    ),
    "with semicolons": lambda events: ";\n".join(map(text, events)),
    "padded": lambda events: rows(events) + "\x00" * 100,
    "padded between": lambda events: "\x00\n".join(map(text, events)) + "\x1a",
    "with Unicode's ends of lines": lambda events: "\u2028".join(map(text, events)) + "\x85",
    "with a log's times": lambda events: "".join(
        f"2026-01-09T09:00:00.000Z {text(event)}\n" for event in events
    ),
    "aws logs tail": lambda events: "".join(
        f"2026-01-09T09:00:00+00:00 2026/01/09/[$LATEST]8f5 {text(event)}\n" for event in events
    ),
    "server-sent": lambda events: "".join(f"data: {text(event)}\n\n" for event in events),
    "an array of texts": lambda events: json.dumps([text(event) for event in events]),
    "an array of rows": lambda events: json.dumps([[1, "i", text(event)] for event in events]),
    "aws logs tail --format json": lambda events: "".join(
        f"2026-01-09T09:00:00+00:00 [$LATEST]8f5 {pretty(event)}\n" for event in events
    ),
    "--output text": lambda events: "".join(
        f"EVENTS\t372\t1767949200000\tstream\t{text(event)}\t1767949200000\n" for event in events
    ),
    "--output text, side by side": lambda events: "\t".join(map(text, events)) + "\n",
    "Base64": lambda events: "".join(f"{encoded(text(event))}\n" for event in events),
    "Base64, side by side": lambda events: "\t".join(encoded(pretty(event)) for event in events),
    "an array of Base64": lambda events: json.dumps([encoded(text(event)) for event in events]),
    "Python's print": lambda events: "".join(f"{event!r}\n" for event in events),
    "Python's print in a log": lambda events: "".join(
        f"2026-01-09T09:00:00.000Z {event!r}\n" for event in events
    ),
    "in colours": lambda events: "".join(
        f"\x1b[1;39m{text(event)[:1]}\x1b[0m{text(event)[1:]}\x1b[0m\n" for event in events
    ),
}


@pytest.mark.parametrize("lay_out", LAYOUTS.values(), ids=LAYOUTS)
def test_events_are_read_in_every_layout(
    tmp_path: Path, lay_out: Callable[[list[Envelope]], str]
) -> None:
    capture = read(tmp_path, lay_out(EVENTS))

    assert documents(capture) == EVENTS
    assert all("\n" not in line.text for line in capture.lines)
    assert all(json.loads(line.text) == line.document for line in capture.lines)


# Encodings and packings


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", ""),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_events_are_read_in_every_encoding_of_unicode(
    tmp_path: Path, encoding: str, told: str
) -> None:
    capture = read(tmp_path, rows(EVENTS).encode(encoding))

    assert documents(capture) == EVENTS
    assert told in capture.recognised


def test_gzip_is_read_also_in_several_parts_and_twice(tmp_path: Path) -> None:
    parts = b"".join(gzip.compress(rows([event]).encode("utf-16")[2:]) for event in EVENTS)

    assert documents(read(tmp_path, gzip.compress(rows(EVENTS).encode()))) == EVENTS
    assert documents(read(tmp_path, gzip.compress(parts))) == EVENTS
    assert "gzip" in read(tmp_path, parts).recognised


# Wrappings


def subscription(messages: list[str]) -> dict[str, Any]:
    logged = [{"id": str(n), "timestamp": 1, "message": m} for n, m in enumerate(messages)]
    return {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logEvents": logged}


def packed(document: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()


def sns(message: str) -> dict[str, str]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": message}


WRAPPINGS: dict[str, Callable[[list[str]], Any]] = {
    "aws sqs receive-message": lambda said: {
        "Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": body} for body in said]
    },
    "a message of aws sqs": lambda said: [{"MessageId": "m", "Body": body} for body in said],
    "Lambda's event of a queue": lambda said: {
        "Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body} for body in said]
    },
    "Lambda's event of a topic": lambda said: {"Records": [{"Sns": sns(body)} for body in said]},
    "SNS in SQS": lambda said: {"Messages": [{"Body": json.dumps(sns(body))} for body in said]},
    "aws logs filter-log-events": lambda said: {
        "events": [{"eventId": "e", "timestamp": 1, "message": body} for body in said],
        "searchedLogStreams": [],
    },
    "aws logs get-log-events": lambda said: {
        "events": [{"timestamp": 1, "message": f"{body}\n", "ingestionTime": 2} for body in said],
        "nextForwardToken": "f/1",
    },
    "aws logs get-query-results --query results": lambda said: [
        [{"field": "@timestamp", "value": "t"}, {"field": "@message", "value": body}]
        for body in said
    ],
    "printed by a logger": lambda said: {
        "events": [
            {"timestamp": 1, "message": m}
            for m in (
                "INIT_START Runtime Version: python:3.14.v1",
                "START RequestId: 1",
                *(f"[INFO]\t2026-01-09T09:00:00.000Z\t8f5\t{body}\n" for body in said),
                "END RequestId: 1",
                "REPORT RequestId: 1\tDuration: 2 ms",
            )
        ]
    },
    "aws logs get-query-results": lambda said: {
        "results": [
            [{"field": "@ptr", "value": "p"}, {"field": "@message", "value": body}] for body in said
        ],
        "status": "Complete",
    },
    "a log subscription to Lambda": lambda said: {"awslogs": {"data": packed(subscription(said))}},
    "a log subscription in a row": lambda said: [
        {"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "checking"}]},
        subscription(said),
    ],
    "Firehose's records": lambda said: {
        "deliveryStreamArn": "a",
        "records": [{"recordId": "r", "data": encoded(body)} for body in said],
    },
    "Firehose's records of several": lambda said: {
        "records": [{"data": encoded("".join(said))}]
    },
    "Firehose's records of a log": lambda said: {
        "records": [{"recordId": "r", "data": packed(subscription([body]))} for body in said]
    },
    "Lambda's event of a stream": lambda said: {
        "Records": [{"kinesis": {"data": encoded(body)}} for body in said]
    },
    "aws kinesis get-records": lambda said: {"Records": [{"Data": encoded(b)} for b in said]},
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("inside", [text, pretty])
@pytest.mark.parametrize("around", [json.dumps, pretty])
def test_events_are_taken_out_of_what_people_capture_with(
    tmp_path: Path,
    wrap: Callable[[list[str]], Any],
    inside: Callable[[Envelope], str],
    around: Callable[[Any], str],
) -> None:
    capture = read(tmp_path, around(wrap([inside(event) for event in EVENTS])))

    assert documents(capture) == EVENTS
    assert "taken out of" in capture.recognised
    assert f"{len(EVENTS)} events;" in capture.recognised


def test_wrappings_may_be_mixed_and_nested(tmp_path: Path) -> None:
    every = "\n".join(
        json.dumps(sns(json.dumps(wrap([text(event) for event in EVENTS]))))
        for wrap in WRAPPINGS.values()
    )

    assert documents(read(tmp_path, every)) == EVENTS * len(WRAPPINGS)


UNKNOWN: dict[str, Callable[[list[str]], Any]] = {
    "a failed invocation": lambda said: [
        {"version": "1.0", "requestContext": {}, "requestPayload": json.loads(body)}
        for body in said
    ],
    "a workflow's history": lambda said: {
        "events": [{"id": 1, "executionStartedEventDetails": {"input": body}} for body in said]
    },
    "by id": lambda said: {str(number): json.loads(body) for number, body in enumerate(said)},
    "a list under any name": lambda said: {"Items": [json.loads(body) for body in said], "n": 3},
    "a table's rows": lambda said: {"Items": [{"body": {"S": body}} for body in said]},
    "a logger of JSON": lambda said: [
        {"level": "INFO", "message": f"Received event: {body}", "requestId": "r"} for body in said
    ],
    "Lambda's event of Kafka": lambda said: {
        "eventSource": "aws:kafka",
        "records": {"t-0": [{"value": encoded(body)} for body in said]},
    },
    "a queue's bodies as documents": lambda said: {
        "Messages": [{"MessageId": "m", "Body": json.loads(body)} for body in said]
    },
}


@pytest.mark.parametrize("wrap", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("around", [json.dumps, pretty])
def test_events_are_found_in_documents_of_another_form(
    tmp_path: Path, wrap: Callable[[list[str]], Any], around: Callable[[Any], str]
) -> None:
    assert documents(read(tmp_path, around(wrap([text(event) for event in EVENTS])))) == EVENTS


def test_entries_of_put_events_become_the_envelopes_that_they_were_to_be(tmp_path: Path) -> None:
    entry = {"Source": "shop", "DetailType": "t", "Detail": '{"id": "a"}', "EventBusName": "b"}
    made = {"source": "shop", "detail-type": "t", "detail": {"id": "a"}}

    assert documents(read(tmp_path, json.dumps([entry]))) == [made]
    assert documents(read(tmp_path, json.dumps({"Entries": [entry]}))) == [made]


def test_an_envelope_is_never_taken_for_a_wrapping(tmp_path: Path) -> None:
    tricky = {**envelope(), "Messages": [{"Body": "x"}], "events": [{"message": "x"}]}
    tricky["detail"]["eventBody"]["records"] = [{"data": "e30="}]

    assert documents(read(tmp_path, json.dumps(tricky))) == [tricky]


def test_what_was_recognised_is_reported_in_one_sentence(tmp_path: Path) -> None:
    wrapped = WRAPPINGS["printed by a logger"]([text(event) for event in EVENTS])
    content = gzip.compress(pretty(wrapped).encode("utf-16"))

    assert read(tmp_path, content).recognised == (
        f"{tmp_path}/events.json: 3 events; gzip, UTF-16, JSON over several lines, taken out of "
        "CloudWatch Logs, without 4 lines of Lambda's own log."
    )


def test_every_line_names_its_place(tmp_path: Path) -> None:
    wrapped = pretty(WRAPPINGS["aws sqs receive-message"]([text(event) for event in EVENTS]))
    capture = read(tmp_path, f"\n{text(EVENTS[0])}\n{wrapped}\nno json\n")

    assert [line.place for line in capture.lines] == [
        "line 2", "line 3, number 1", "line 3, number 2", "line 3, number 3", "line 22"
    ]  # fmt: skip


# Lines that are no events stay among those that are


@pytest.mark.parametrize(
    "row",
    [
        "no json", "[" * 100_000, "7", "null", '"text"', "{", '{"a": NaN}', "{}", "[]",
        text(envelope())[:-20], text(envelope()) + " x", text(envelope())[:12], "9" * 5000,
        '{"detail-type":', '{"a": 1,', "]", "{'a': 1", "{'a': {1}}", "eyJhIjog", "eyJhIjogMX0=",
        f"2026-01-09 {text(envelope())} {text(envelope())}", f"2026-01-09 {text(envelope())}x",
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_stays_as_it_is_and_harms_no_other(
    tmp_path: Path, row: str
) -> None:
    capture = read(tmp_path, f"{text(EVENTS[0])}\n{row}\n{text(EVENTS[1])}\n{text(EVENTS[2])}\n")

    assert [line.text for line in capture.lines] == [text(EVENTS[0]), row, *map(text, EVENTS[1:])]
    assert [line.is_publishable for line in capture.lines] == [True, False, True, True]
    assert "3 events and 1 that is none" in capture.recognised


def test_what_no_message_carries_stays_the_escape_that_it_was(tmp_path: Path) -> None:
    """Also if the document is printed again: out of its wrapping, or on one line."""
    event = envelope(attributes={"said": "half \ud83d, none \uffff"})
    content = json.dumps({"Items": [event]}) + json.dumps(event, indent=2)

    capture = read(tmp_path, content)

    assert documents(capture) == [event, event]
    assert all("half \\ud83d, none \\uffff" in line.text for line in capture.lines)


# What cannot be read gives one sentence


def refused(directory: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as error:
        read(directory, content)
    said = str(error.value)
    assert said.startswith(f"EVENTS={directory}/events.json")
    assert said.endswith(".")
    assert "\n" not in said
    return said.removeprefix(f"EVENTS={directory}/events.json")


def test_what_is_packed_too_often_says_so(tmp_path: Path) -> None:
    content = rows(EVENTS).encode()
    for _ in range(4):
        content = gzip.compress(content)
    assert refused(tmp_path, content) == (
        " is packed more than 3 times: unpack it first, with gunzip."
    )


def test_a_document_that_breaks_off_is_named_by_its_lines(tmp_path: Path) -> None:
    whole = pretty(EVENTS[0])

    assert refused(tmp_path, f"{text(EVENTS[1])}\n{whole[:-40]}").startswith(
        ": the JSON document that begins on line 2 breaks off on line "
    )
    assert "begins on line 1" in refused(tmp_path, json.dumps(EVENTS, indent=2)[:-9])
    assert "begins on line 1" in refused(tmp_path, "[\n" + ",\n".join(map(text, EVENTS)))
    assert "line 4 (Expecting" in refused(tmp_path, whole.replace('"detail-type"', "type"))


@pytest.mark.parametrize("content", ["no json", "{", "[" * 100_000, "a,b\n1,2\n"])
def test_what_is_no_json_at_all_is_refused_with_the_line(tmp_path: Path, content: str) -> None:
    assert refused(tmp_path, content).startswith(", line 1, is not JSON")


@pytest.mark.parametrize("content", ["{}", "7", '{"a": 1}\n' * 88, '{"detail": {}}', "[]"])
def test_json_without_any_event_is_refused_with_what_is_missing(
    tmp_path: Path, content: str
) -> None:
    assert 'line 1 has no "detail-type"' in refused(tmp_path, content)


@pytest.mark.parametrize("content", ["", "\n  \n", b"\xef\xbb\xbf", '{"Messages": []}'])
def test_a_file_without_events_gives_one_sentence(tmp_path: Path, content: str | bytes) -> None:
    assert "holds no events: capture with" in refused(tmp_path, content)


def test_what_is_no_unicode_gives_one_sentence_with_the_place(tmp_path: Path) -> None:
    assert "is not UTF-8 at byte 9, line 2" in refused(tmp_path, b'{"a": 1}\n\xff')


def test_what_is_packed_in_another_way_names_what_unpacks_it(tmp_path: Path) -> None:
    assert "unpack it first, with unzip" in refused(tmp_path, b"PK\x03\x04...")
    assert "broken gzip" in refused(tmp_path, gzip.compress(rows(EVENTS).encode())[:-9])


def test_a_character_that_no_message_carries_gives_one_sentence(tmp_path: Path) -> None:
    assert "line 2, holds a control character (U+0001)" in refused(
        tmp_path, f"{text(EVENTS[0])}\nno \x01 json\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"7z\xbc\xaf\x27\x1c\0\4", "is packed: unpack it first, with 7z x."),
        (b"\xff\x06\x00\x00sNaPpY", "is packed: unpack it first, with snunzip."),
        (b"PAR1\x15\x04", "is a Parquet file, which is no text: export it as JSON."),
        (b"Obj\x01\x04", "is an Avro file, which is no text: export it as JSON."),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_another_format_is_named_with_how_to_convert_it(
    tmp_path: Path, content: bytes, said: str, pack: Callable[[bytes], bytes]
) -> None:
    assert refused(tmp_path, pack(content)).strip() == said


def test_an_archive_of_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(rows(EVENTS))
    with tarfile.open(tmp_path / "events.json", "w:gz") as archive:
        archive.add(tmp_path / "one.json", "one.json")

    with pytest.raises(InputError, match=r"is an archive of files: unpack it first, with tar"):
        read_file(tmp_path / "events.json")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_more_than_fits_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr("demo.run.opening.BYTES_MAX", 2**20)
    content = rows(EVENTS).encode() * (2**20 // len(rows(EVENTS)) + 1)

    assert refused(tmp_path, pack(content)).startswith(" is longer than 1 MiB: name a part of it")


@pytest.mark.parametrize("said", ["x" * 1_048_000, "\u00fc" * 180_000])
def test_an_event_that_no_message_carries_is_refused_with_its_line(
    tmp_path: Path, said: str
) -> None:
    """A run would end in the middle, at the call that sends it."""
    content = rows([EVENTS[0], envelope(attributes={"said": said})])

    assert refused(tmp_path, content).startswith(", line 2, is 1,0")


def test_a_file_that_is_not_there_gives_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"events.ndjson cannot be read: there is no such file"):
        read_file(tmp_path / "events.ndjson")


def test_a_folder_gives_one_sentence_with_how_to_join_its_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it is a directory: join its files with `(.*)`, and"):
        read_file(tmp_path)


def test_the_files_of_a_folder_are_read_when_joined_as_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "it's 2026"
    (folder / "01").mkdir(parents=True)
    (folder / "a.gz").write_bytes(gzip.compress(text(EVENTS[0]).encode()))
    (folder / "01" / "b.gz").write_bytes(gzip.compress(text(EVENTS[1]).encode()))
    with pytest.raises(InputError) as told:
        read_file(folder)
    (command,) = re.findall("`(.*)`", str(told.value))

    subprocess.run(command, shell=True, cwd=tmp_path, check=True)

    assert len(read_file(tmp_path / "events.json").lines) == 2


def test_an_unreadable_file_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"you may not read it: make it readable with `chmod u\+r"):
        read_file(tmp_path / "events.json")


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(rows(EVENTS),))
    writer.start()

    assert documents(read_file(pipe)) == EVENTS
    writer.join()
