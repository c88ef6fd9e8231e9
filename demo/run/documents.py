"""The JSON documents in a text, in any layout: one per line, pretty-printed over several lines,
directly after each other (`}{`), or separated by commas, semicolons, record separators, or
whatever joined or padded files contain between them."""

import json
import re
from dataclasses import dataclass
from typing import Any

#: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: characters
#: that are not in a message's permitted set
NOT_CARRIED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: ignored: white space of any kind (RFC 7464's separator is one), a file's padding, its end under
#: CP/M, a byte order mark in the middle
_BLANK = r"\s\x00\x1a\ufeff\u200b"
#: between documents: the same, and the commas of a list that was taken apart
_BETWEEN = re.compile(f"[{_BLANK},;]*")
#: what may follow a document: the end of its line, or another one
_AFTER = re.compile(f"[{_BLANK}]*(?:[\n,;{{\\[]|\\Z)")
_reader = json.JSONDecoder(strict=True)


class Broken(Exception):
    """A document of several lines that breaks off; the text is a sentence with the lines."""


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of text: a document, or a line that is none."""

    text: str
    #: the line on which it begins, from 1
    line: int
    is_json: bool
    #: whether it spans several lines
    is_long: bool


def split(text: str) -> list[Row]:
    """Every document, and every line outside of them, in order. Raises Broken."""
    rows: list[Row] = []
    at, line = 0, 1
    while True:
        begin = _end_of_gap(text, at)
        line += text.count("\n", at, begin)
        if begin == len(text):
            return rows
        end = _end_of_document(text, begin, line)
        if end is None and (opened := _opened_at_end(text, begin)) is not None:
            begin, end = opened
        at = _end_of_line(text, begin) if end is None else end
        piece = text[begin:at]
        rows.append(Row(piece, line, is_json=end is not None, is_long="\n" in piece))
        line += piece.count("\n")


def dumped(document: Any) -> str:
    """A document as one line that a message can carry: what it cannot carry stays an escape."""
    text = json.dumps(document, ensure_ascii=False)
    return NOT_CARRIED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _end_of_gap(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _end_of_document(text: str, begin: int, line: int) -> int | None:
    """Where the document that begins here ends; None if there is none. Raises Broken."""
    try:
        _, end = _reader.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        if _goes_on(text, begin, error.pos):
            broken_at = line + text.count("\n", begin, error.pos)
            raise Broken(
                f"the JSON document that begins on line {line} breaks off on line {broken_at} "
                f"({error.msg})"
            ) from error
        return None
    except (ValueError, RecursionError):
        return None  # a number with thousands of digits, or thousands of brackets
    return end if _AFTER.match(text, end) else None


def _opened_at_end(text: str, begin: int) -> tuple[int, int] | None:
    """Where the document of several lines begins and ends that opens at the end of this line,
    behind a logger's words (`aws logs tail --format json`); None if there is none."""
    opened = text[begin : _end_of_line(text, begin)].rstrip()
    at = begin + len(opened) - 1
    if opened[-1:] != "{" or not text[at - 1].isspace():
        return None
    try:
        _, end = _reader.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return at, end


def _goes_on(text: str, begin: int, broken_at: int) -> bool:
    """Whether a broken document continues on a further line that is not a document itself; if not,
    only one line is broken, and the others are still good."""
    second = _end_of_gap(text, _end_of_line(text, begin))
    return (
        text[begin] in "{["
        and second < min(broken_at, len(text))
        and (text[begin] == "[" or not _stands_alone(text[second : _end_of_line(text, second)]))
    )


def _stands_alone(row: str) -> bool:
    try:
        _reader.raw_decode(row)
    except (ValueError, RecursionError):
        return False
    return row[:1] in ("{", "[")
