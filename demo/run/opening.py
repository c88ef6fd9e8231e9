"""Opens a captured file: any Unicode encoding, compressed or not. Whatever is no text is refused
with what to do about it."""

import gzip
import io
import json
import re
import shlex
import zlib
from pathlib import Path
from typing import BinaryIO

from demo.run.lines import InputError

#: the most that is read, and that it may unpack to: some 200,000 events (bytes)
BYTES_MAX = 256 * 1024 * 1024
#: the first bytes of compressed files, and how to decompress them
PACKED = {
    b"PK\x03\x04": "unzip",
    b"BZh": "bunzip2",
    b"\xfd7zXZ": "unxz",
    b"\x28\xb5\x2f\xfd": "unzstd",
    b"7z\xbc\xaf\x27\x1c": "7z x",
    b"\x04\x22\x4d\x18": "unlz4",
    b"\xff\x06\x00\x00sNaPpY": "snunzip",
}
#: the first bytes of formats for tables, which Firehose and others can write
TABLES = {b"PAR1": "a Parquet", b"Obj\x01": "an Avro", b"ORC": "an ORC"}
#: where a tar archive names its format (POSIX.1-1988, ustar header)
TAR, TAR_AT = b"ustar", 257
GZIP = b"\x1f\x8b"
#: Firehose compresses what a log subscription has already compressed
GZIPPED_MAX = 3
#: what a terminal shows as colours; JSON can contain no escape character (ECMA-48, SGR)
_COLOURS = re.compile("\x1b\\[[0-9;]*m")


def text_of(path: Path) -> tuple[str, list[str]]:
    """A file's text, and what it was recognised as. Raises InputError."""
    content, packing = _unpacked(path, _content(path))
    text, encoding = _decoded(path, content)
    return _COLOURS.sub("", text), [packing, encoding]


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _limited(path, file)
    except OSError as error:
        raise InputError(f"EVENTS={path} cannot be read: {_trouble(path, error)}.") from error


def _trouble(path: Path, error: OSError) -> str:
    match error:
        case IsADirectoryError():
            return (
                "it is a directory: join its files with "
                f"`find {shlex.quote(str(path))} -type f -exec cat {{}} + > events.json`, and name "
                "that file"
            )
        case FileNotFoundError():
            return f"there is no such file: name one relative to {Path.cwd()}"
        case PermissionError():
            return "you may not read it: make it readable with `chmod u+r`, or copy it"
        case _:
            return f"{error.strerror or error}: name a file that can be read"


def _limited(path: Path, file: BinaryIO | gzip.GzipFile) -> bytes:
    content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise InputError(
            f"EVENTS={path} is longer than {BYTES_MAX // 2**20} MiB: name a part of it, such as "
            "that of `head -n 100000`."
        )
    return content


def _unpacked(path: Path, content: bytes) -> tuple[bytes, str]:
    packing = ""
    for _ in range(GZIPPED_MAX):
        if not content.startswith(GZIP):
            break
        try:
            content = _limited(path, gzip.GzipFile(fileobj=io.BytesIO(content)))
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"EVENTS={path} is a broken gzip file ({error}): fetch it once more."
            ) from error
        packing = "gzip"
    if remedy := _other_format(content):
        raise InputError(f"EVENTS={path} {remedy}.")
    return content, packing


def _other_format(content: bytes) -> str:
    """What it is instead of text, with what to do; "" if that is not known."""
    if content.startswith(GZIP):
        return f"is packed more than {GZIPPED_MAX} times: unpack it first, with gunzip"
    if content[TAR_AT:].startswith(TAR):
        return "is an archive of files: unpack it first, with tar, and name one of them"
    for beginning, command in PACKED.items():
        if content.startswith(beginning):
            return f"is packed: unpack it first, with {command}"
    for beginning, table in TABLES.items():
        if content.startswith(beginning):
            return f"is {table} file, which is no text: export it as JSON"
    return ""


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
