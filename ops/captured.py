"""Files that people captured, read as `make run EVENTS=` reads them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from demo.run.captured import read_file
from demo.run.lines import InputError, Line
from demo.run.opening import text_of
from ops.errors import OpsError


def lines_of(path: Path) -> Sequence[Line]:
    """Raises OpsError, with the line and what to do."""
    with _translated():
        return read_file(path).lines


def content_of(path: Path) -> str:
    """A file's text, whatever its encoding and packing. Raises OpsError."""
    with _translated():
        text, _ = text_of(path)
        return text


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise OpsError(str(error).removeprefix("EVENTS=")) from error
