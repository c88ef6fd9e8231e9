"""A captured file: any Unicode encoding, compressed or not, JSON documents in any layout, bare or
wrapped by the service that they were captured with.

An unreadable file is reported before anything is deployed. A line that is no event stays if others
are good: the user wants to see what the relay makes of it.
"""

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from demo.run.documents import Broken, Row, split
from demo.run.lines import InputError, Line, read_line
from demo.run.wrappings import LOGS, Found, is_envelope, printed, unwrapped

#: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: characters
#: that are not in a message's permitted set
_NOT_CARRIED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: the first bytes of common compression formats, and how to decompress them
PACKED = {
    b"PK\x03\x04": "unzip",
    b"BZh": "bunzip2",
    b"\xfd7zXZ": "unxz",
    b"\x28\xb5\x2f\xfd": "unzstd",
}
GZIP = b"\x1f\x8b"
#: Firehose compresses what a log subscription has already compressed
GZIPPED_MAX = 3
#: the default source of captured events
REMEDY = (
    "capture with an EventBridge rule whose target is a queue or a log group, and name the file "
    "that `aws sqs receive-message` or `aws logs filter-log-events` writes"
)


@dataclass(frozen=True, slots=True)
class Capture:
    """A file's lines, and a sentence that says what it was recognised as."""

    lines: list[Line]
    recognised: str


def read_file(path: Path) -> Capture:
    """Raises InputError, with the line and what to do."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"EVENTS={path} cannot be read: {error.strerror}.") from error
    content, packing = _unpacked(path, content)
    text, encoding = _decoded(path, content)
    try:
        rows = split(text)
    except Broken as broken:
        raise InputError(
            f"EVENTS={path}: {broken}: complete it, or cut it out of the file."
        ) from broken
    found = [(row, _found(row)) for row in rows]
    lines = [line for row, inside in found for line in _lines(path, row, inside)]
    _check(path, lines)
    every = [one for _, inside in found for one in inside]
    how = [packing, encoding, _layout(rows), _wrapping(every)]
    if left_out := sum(one.is_log_of_lambda for one in every):
        how.append(f"without {left_out} lines of Lambda's own log")
    events = sum(is_envelope(line.document) for line in lines)
    others = f" and {len(lines) - events} that are none" if events < len(lines) else ""
    return Capture(lines, f"{path}: {events} events{others}; {', '.join(filter(None, how))}.")


def _unpacked(path: Path, content: bytes) -> tuple[bytes, str]:
    for beginning, command in PACKED.items():
        if content.startswith(beginning):
            raise InputError(f"EVENTS={path} is packed: unpack it first, with {command}.")
    packing = ""
    for _ in range(GZIPPED_MAX):
        if not content.startswith(GZIP):
            break
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"EVENTS={path} is a broken gzip file ({error}): fetch it once more."
            ) from error
        packing = "gzip"
    if content.startswith(GZIP):
        raise InputError(
            f"EVENTS={path} is packed more than {GZIPPED_MAX} times: unpack it first, with gunzip."
        )
    return content, packing


def _decoded(path: Path, content: bytes) -> tuple[str, str]:
    """The encoding is recognised by a byte order mark, or by the positions of the zero bytes in
    ASCII characters (RFC 4627, section 3)."""
    encoding = json.detect_encoding(content)
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"EVENTS={path} is not {encoding.upper()} at byte {error.start}, line {line}: save it "
            "as UTF-8."
        ) from error
    names = {"utf-8": "", "utf-8-sig": "UTF-8 with a byte order mark"}
    return text, names.get(encoding, encoding.upper().removesuffix("-LE").removesuffix("-BE"))


def _found(row: Row) -> list[Found]:
    read = read_line(row.text)
    if read.document is not None:
        return unwrapped(row.text, read.document)
    logged = read_line(printed(row.text))
    said = unwrapped(logged.text, logged.document) if logged.document is not None else []
    if any(is_envelope(read_line(one.text).document) for one in said):
        return [replace(one, wrappings=(LOGS, *one.wrappings)) for one in said]
    return [Found(row.text, ())]


def _lines(path: Path, row: Row, inside: Sequence[Found]) -> Iterator[Line]:
    """The lines of a row, without Lambda's own log lines."""
    said = [one.text for one in inside if not one.is_log_of_lambda]
    for number, text in enumerate(said, 1):
        yield _line(path, text, f"line {row.line}" + f", number {number}" * (len(said) > 1))


def _line(path: Path, text: str, place: str) -> Line:
    if found_at := _NOT_CARRIED.search(text):
        raise InputError(
            f"EVENTS={path}, {place}, holds a control character (U+{ord(found_at[0]):04X}) that no "
            "AWS message can carry: write it as a JSON escape."
        )
    line = read_line(text, place)
    if "\n" not in text or line.document is None:
        return line
    return read_line(json.dumps(line.document, ensure_ascii=False), place)


def _check(path: Path, lines: Sequence[Line]) -> None:
    """Raises InputError if nothing is worth deploying for."""
    if not lines:
        raise InputError(f"EVENTS={path} holds no events: {REMEDY}.")
    if any(is_envelope(line.document) for line in lines):
        return
    first = lines[0]
    if first.document is None:
        raise InputError(
            f"EVENTS={path}, {first.place}, is not JSON, and nothing else in the file is an event: "
            f"{REMEDY}."
        )
    raise InputError(
        f"EVENTS={path} holds no event as EventBridge delivers it: {first.place} has no "
        f'"detail-type" with a "detail" beside it; {REMEDY}.'
    )


def _layout(rows: Sequence[Row]) -> str:
    documents = [row for row in rows if row.is_json]
    if any(row.is_long for row in documents):
        return "JSON over several lines"
    if len({row.line for row in documents}) < len(documents):
        return "several JSON documents on a line"
    return "one JSON document per line" if len(rows) > 1 else "one JSON document"


def _wrapping(found: Sequence[Found]) -> str:
    """The ways in which events were wrapped, each from the outside in, most frequent first."""
    chains = Counter(tuple(dict.fromkeys(one.wrappings)) for one in found)
    told = [" > ".join(chain) for chain, _ in chains.most_common() if chain]
    return f"taken out of {' and '.join(told)}" if told else ""
