"""The wrappings of captured events: the answers and deliveries of the AWS services used to capture
them. Each is recognised by its members' names; its contents may be wrapped again."""

import ast
import base64
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.run.documents import Broken, dumped, split

LOGS = "CloudWatch Logs"
#: how JSON objects and lists, laid out in any way, and gzip begin in Base64
BASE64 = ("eyJ", "eyA", "ewo", "ewk", "ew0", "W3s", "WyA", "Wwo", "Ww0", "H4sI")
#: EventBridge -> SNS -> SQS -> a log: four; nothing real is deeper
DEPTH_MAX = 8
#: what Lambda itself writes into a function's log, besides the function's own output
#: (docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html)
PLATFORM_LINES = ("START ", "END ", "REPORT ", "INIT_START ", "XRAY ", "EXTENSION\t")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Something without a further wrapping."""

    text: str
    #: the wrappings around it, from the outside in
    wrappings: tuple[str, ...]

    @property
    def is_log_of_lambda(self) -> bool:
        return LOGS in self.wrappings and self.text.startswith(PLATFORM_LINES)


def is_envelope(document: Any) -> bool:
    """Whether it looks like what EventBridge delivers, well-formed or not."""
    return isinstance(document, dict) and "detail-type" in document


def unwrapped(text: str, document: Any) -> list[Found]:
    """A document's contents; the document itself, if it is no known wrapping and holds no
    events."""
    return list(_unwrapped(text, document, ()))


def _unwrapped(text: str, document: Any, around: tuple[str, ...]) -> Iterator[Found]:
    inside = None if len(around) == DEPTH_MAX else _inside(document)
    if inside is None:
        yield Found(text, around)
        return
    name, parts = inside
    for part in parts:
        for said, read in _documents(part, is_printed=name == LOGS):
            yield from _unwrapped(said, read, (*around, name))


def _inside(document: Any) -> tuple[str, Sequence[Any]] | None:
    """The name of the wrapping and its contents; None if it is none."""
    match document:
        case str() if plain := _plain(document):
            return "JSON text" if plain == document else "Base64", [plain]
        case list() if any(isinstance(row, dict) for row in document) or _are_texts(document):
            return "a JSON array", document
        case list() if found := list(_events_in(document)):
            return "a JSON array", found  # rows and their columns (`--query`)
        case dict() if not is_envelope(document):
            return next(_taken(document), None)
        case _:
            return None


def _events_in(document: Any, depth: int = DEPTH_MAX) -> Iterator[Any]:
    """Every event in a document of an unknown form, at any depth."""
    if isinstance(document, str) and (plain := _plain(printed(document))):
        try:
            document = json.loads(plain)
        except (ValueError, RecursionError):
            return
    if is_envelope(document):
        yield document
    elif depth and isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from _events_in(inner, depth - 1)


def _are_texts(rows: Sequence[Any]) -> bool:
    return all(isinstance(row, str) for row in rows) and any(map(_plain, rows))


def _plain(said: Any) -> str:
    """What may be JSON in a text: the text itself, or what it holds in Base64; "" if nothing."""
    if not isinstance(said, str):
        return ""
    if said.startswith(BASE64):
        try:
            return _decoded(said)
        except (ValueError, OSError, EOFError, zlib.error):
            return ""
    return said if said.lstrip()[:1] == "{" else ""


def _taken(document: Document) -> Iterator[tuple[str, Sequence[Any]]]:
    for name, take in WRAPPINGS:
        try:
            yield name, take(document)
        except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error):
            continue  # it is a different wrapping


def _documents(part: Any, *, is_printed: bool) -> Iterator[tuple[str, Any]]:
    """A part's contents, as text and document. Text that is not JSON throughout stays one unchanged
    piece."""
    if not isinstance(part, str):
        yield dumped(part), part
        return
    text = printed(part) if is_printed else part
    try:
        rows = split(text)
    except Broken:
        rows = []
    if rows and all(row.is_json for row in rows):
        yield from ((row.text, json.loads(row.text)) for row in rows)
    else:
        yield text, text if text.startswith(BASE64) else None


def printed(message: str) -> str:
    """The document that a function or a command printed, without what surrounds it: the time,
    level and request id of a logger, the columns of `--output text`."""
    said = message.strip()
    if said[:1] == "{":
        return _of_python(said) or said
    start = said.find("{")
    if start <= 0 or not said[start - 1].isspace():
        return said
    try:
        _, length = json.JSONDecoder().raw_decode(said[start:])
    except (ValueError, RecursionError):
        return _of_python(said[start:]) or said
    after = said[start + length :]
    # Something else that may be a document must not be left out.
    is_alone = "{" not in after and (not after or after[0].isspace())
    return said[start : start + length] if is_alone else said


def _of_python(said: str) -> str:
    """What Python's `print` makes of a document, as JSON; "" if it is none."""
    if not said.startswith("{'"):
        return ""
    try:
        read = ast.literal_eval(said)
        return dumped(read) if isinstance(read, dict) else ""
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ""


def _all(rows: Any, name: str) -> list[Any]:
    """That member of every row. Raises KeyError, TypeError if it is a different wrapping."""
    return [row[name] for row in rows]


def _texts(values: Sequence[Any]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise TypeError("not text")
    return list(values)


def _decoded(data: str) -> str:
    """Base64, possibly with gzip inside (what a log subscription sends through Firehose)."""
    content = base64.b64decode(data, validate=True)
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    return content.decode("utf-8")


def _logged(document: Document) -> list[str]:
    """A subscription's document; its control messages contain nothing."""
    if document["messageType"] == "CONTROL_MESSAGE":
        return []
    return _texts(_all(document["logEvents"], "message"))


def _of_query(document: Document) -> list[str]:
    rows = [{cell["field"]: cell["value"] for cell in row} for row in document["results"]]
    return _texts(_all(rows, "@message"))


def _entry(document: Document) -> list[Any]:
    """An entry of PutEvents or PutPartnerEvents, as the envelope that it becomes."""
    detail = json.loads(document["Detail"])
    made = {"source": document["Source"], "detail-type": document["DetailType"], "detail": detail}
    return [made]


def _of_any_form(document: Document) -> list[Any]:
    found = list(_events_in(document))
    if not found:
        raise KeyError("detail-type")
    return found


def _message(document: Document, name: str, beside: Sequence[str]) -> list[str]:
    """One row of a listing that was taken apart; recognised by the members beside its content."""
    if not document.keys() & set(beside):
        raise KeyError(name)
    return _texts([document[name]])


Take = Callable[[Document], Sequence[Any]]

#: every wrapping, by its service; the first that matches
WRAPPINGS: Sequence[tuple[str, Take]] = (
    # aws sqs receive-message; Lambda's event of an SQS queue; one message of either
    ("SQS messages", lambda d: _texts(_all(d["Messages"], "Body"))),
    ("SQS messages", lambda d: _texts(_all(d["Records"], "body"))),
    ("SQS messages", lambda d: _message(d, "Body", ("MessageId", "ReceiptHandle", "MD5OfBody"))),
    ("SQS messages", lambda d: _message(d, "body", ("messageId", "receiptHandle", "md5OfBody"))),
    # SNS -> HTTPS, SQS; SNS -> Lambda
    ("SNS notifications", lambda d: _message(d, "Message", ("TopicArn",))),
    ("SNS notifications", lambda d: _texts(_all(_all(d["Records"], "Sns"), "Message"))),
    # a subscription to Lambda, to a stream; filter-log-events, get-log-events; Insights
    (LOGS, lambda d: [_decoded(d["awslogs"]["data"])]),
    (LOGS, _logged),
    (LOGS, lambda d: _texts(_all(d["events"], "message"))),
    (LOGS, lambda d: _message(d, "message", ("ingestionTime", "eventId"))),
    (LOGS, _of_query),
    # Lambda's event of a stream; a Firehose transformation or HTTP delivery; get-records
    ("Kinesis records", lambda d: [_decoded(row["data"]) for row in _all(d["Records"], "kinesis")]),
    ("Firehose records", lambda d: [_decoded(data) for data in _all(d["records"], "data")]),
    ("Firehose records", lambda d: [_decoded(_message(d, "data", ("recordId",))[0])]),
    ("Kinesis records", lambda d: [_decoded(data) for data in _all(d["Records"], "Data")]),
    # aws events put-events --entries, --cli-input-json
    ("PutEvents entries", _entry),
    ("PutEvents entries", lambda d: [made for entry in d["Entries"] for made in _entry(entry)]),
    # a failed invocation's record, a workflow's history, a custom one
    ("documents of another form", _of_any_form),
)
