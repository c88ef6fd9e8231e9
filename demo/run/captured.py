"""A captured file: any Unicode encoding, compressed or not, JSON documents in any layout, bare or
wrapped by the service that they were captured with.

An unreadable file is reported before anything is deployed. A line that is no event stays if others
are good: the user wants to see what the relay makes of it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from demo.run.documents import NOT_CARRIED, Broken, Row, dumped, split
from demo.run.lines import InputError, Line, read_line
from demo.run.opening import text_of
from demo.run.wrappings import BASE64, LOGS, Found, is_envelope, printed, unwrapped
from lambdas.relay.kernel.limits import SQS_MESSAGE_BYTES_MAX
from ops.screen import plural

#: the default source of captured events
REMEDY = (
    "capture with an EventBridge rule whose target is a queue or a log group, and name the file "
    "that `aws sqs receive-message` or `aws logs filter-log-events` writes"
)


#: the longest line that a run can send (bytes): publishing gives an envelope an id and a time
SENT_BYTES_MAX = SQS_MESSAGE_BYTES_MAX - 1_000


@dataclass(frozen=True, slots=True)
class Capture:
    """A file's lines, and a sentence that says what it was recognised as."""

    lines: list[Line]
    recognised: str


def read_file(path: Path) -> Capture:
    """Raises InputError, with the line and what to do."""
    text, opened = text_of(path)
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
    how = [*opened, _layout(rows), _wrapping(every)]
    if left_out := sum(one.is_log_of_lambda for one in every):
        how.append(f"without {plural(left_out, 'line')} of Lambda's own log")
    events = sum(is_envelope(line.document) for line in lines)
    others = (
        f" and {plural(len(lines) - events, 'that is none', 'that are none')}"
        if events < len(lines)
        else ""
    )
    return Capture(
        lines, f"{path}: {plural(events, 'event')}{others}; {', '.join(filter(None, how))}."
    )


def _found(row: Row) -> list[Found]:
    read = read_line(row.text)
    if read.document is not None:
        return unwrapped(row.text, read.document)
    said = printed(row.text)
    logged = read_line(said).document
    around = (LOGS,) if said != row.text.strip() else ()
    # `--output text` prints what it found side by side.
    parts = said.split() if said.startswith(BASE64) else [said]
    inside = [one for part in parts for one in unwrapped(part, part if logged is None else logged)]
    if any(is_envelope(read_line(one.text).document) for one in inside):
        return [replace(one, wrappings=(*around, *one.wrappings)) for one in inside]
    return [Found(row.text, ())]


def _lines(path: Path, row: Row, inside: Sequence[Found]) -> Iterator[Line]:
    """The lines of a row, without Lambda's own log lines."""
    said = [one.text for one in inside if not one.is_log_of_lambda]
    for number, text in enumerate(said, 1):
        yield _line(path, text, f"line {row.line}" + f", number {number}" * (len(said) > 1))


def _line(path: Path, text: str, place: str) -> Line:
    if found_at := NOT_CARRIED.search(text):
        raise InputError(
            f"EVENTS={path}, {place}, holds a control character (U+{ord(found_at[0]):04X}) that no "
            "AWS message can carry: write it as a JSON escape."
        )
    line = read_line(text, place)
    size = len(text.encode()) if line.document is None else len(json.dumps(line.document))
    if size > SENT_BYTES_MAX:
        raise InputError(
            f"EVENTS={path}, {place}, is {size:,} bytes long, and an AWS message carries at most "
            f"{SQS_MESSAGE_BYTES_MAX:,}: cut it out of the file."
        )
    if "\n" not in text or line.document is None:
        return line
    return read_line(dumped(line.document), place)


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
