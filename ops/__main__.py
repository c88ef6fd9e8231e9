"""`python -m ops`, `bin/relay`."""

import io
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from itertools import pairwise

#: options of the whole program that may also follow the command; True: with a value
EVERYWHERE = {
    "--json": False,
    "--local": False,
    "--environment": True,
    "-e": True,
    "--profile": True,
    "--region": True,
    "--endpoint-file": True,
}

MISSING = "Missing command: --help lists them."


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 something needs attention, 2 the command failed."""
    from ops.app import app
    from ops.errors import EXPECTED, sentence

    given = hoisted(sys.argv[1:] if arguments is None else arguments)
    if empty := _empty(given):
        said = f"{empty} is empty: give it a value, or leave it out."
        print(_told(said, given), file=sys.stderr)
        return 2
    try:
        with _usage_errors_as_json() if "--json" in given else nullcontext():
            app(args=given, prog_name="relay")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except EXPECTED as error:
        print(_told(sentence(error), given), file=sys.stderr)
        return 2
    return 0


@contextmanager
def _usage_errors_as_json() -> Iterator[None]:
    """Print the parser's usage errors as JSON. Its own format is usage, an empty line and
    `Error: ...`, or only the last; or the whole help, where a command of a group is missing."""
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            yield
    finally:
        text = said.getvalue()
        if text.startswith(("Usage: ", "Error: ")):
            _, _, error = f"\n{text}".rpartition("\nError: ")
            is_help = error.lstrip().startswith("Usage: ")
            text = json.dumps({"error": MISSING if is_help else error.strip()}) + "\n"
        sys.stderr.write(text)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The same arguments with the program's own options first, where the parser expects them."""
    first: list[str] = []
    rest: list[str] = []
    pending = list(arguments)
    while pending:
        argument = pending.pop(0)
        if argument == "--":
            rest += [argument, *pending]
            break
        name, has_value, _ = argument.partition("=")
        if name not in EVERYWHERE:
            rest.append(argument)
            continue
        first.append(argument)
        if EVERYWHERE[name] and not has_value and pending:
            first.append(pending.pop(0))
    return first + rest


def _empty(given: Sequence[str]) -> str | None:
    """The option whose value is empty, as from an unset shell variable: an empty filter would
    select everything."""
    for before, argument in pairwise(["", *given]):
        if argument == "--":
            return None
        name, has_value, value = argument.partition("=")
        if name.startswith("--") and has_value and not value.strip():
            return name
        if before.startswith("-") and "=" not in before and not argument.strip():
            return before
    return None


def _told(message: str, given: Sequence[str]) -> str:
    return json.dumps({"error": message}) if "--json" in given else message


def _program() -> int:
    """`main`, where Ctrl-C never prints a traceback.

    The imports take a second. During them, and while Python shuts down, Ctrl-C ends the process
    by the system's default: in the middle of an import Python may print an exception, swallow it
    and go on.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # bin/relay ignores it until here
    import ops.app  # noqa: F401

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _written()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _written() -> int:
    """`main`, where a standard output that is full or closed is at most a sentence."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:
        print(error, file=sys.stderr)
        with suppress(OSError):
            sys.stdout.flush()
        # What could not be written Python would write once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return code


if __name__ == "__main__":
    sys.exit(_program())
