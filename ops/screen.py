"""What the commands print: tables and sentences for people, one JSON document for programs."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.errors import OpsError

#: columns of names that are copied and searched for: they are not wrapped
NAMES = ("id", "message", "event", "request", "batch", "conversation")
#: in a pipe no line is wrapped: it is searched, not looked at (characters)
PIPE_WIDTH = 100_000


class Screen:
    """Standard output, in one of two formats. Rich omits colour where there is no terminal."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        is_pipe = not sys.stdout.isatty()
        is_wide = is_pipe and "COLUMNS" not in os.environ
        self.console = Console(
            highlight=False, soft_wrap=is_pipe, width=PIPE_WIDTH if is_wide else None
        )

    def clear(self) -> None:
        """Clears a terminal; does nothing elsewhere."""
        if not self.as_json:
            self.console.clear()

    def document(self, document: Any) -> None:
        """Prints the answer for programs; nothing for people."""
        if self.as_json:
            print(json.dumps(document, indent=2, ensure_ascii=False))

    def say(self, text: str, style: str | None = None) -> None:
        if not self.as_json:
            self.console.print(escape(text), style=style)

    def note(self, text: str) -> None:
        """An addition to the answer, for people; programs find it in their document."""
        if self.as_json:
            print(json.dumps({"note": text}, ensure_ascii=False), file=sys.stderr)
        self.say(text, "yellow")

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        title: str = "",
        right: Sequence[str] = (),
        styles: Sequence[str | None] = (),
    ) -> None:
        """`right` names the columns of numbers; `styles` has one style per row, None for plain."""
        if self.as_json:
            return
        table = Table(title=title or None, title_justify="left", title_style="bold", box=None)
        for column in columns:
            table.add_column(
                column,
                justify="right" if column in right else "left",
                overflow="fold",
                no_wrap=column in NAMES,
            )
        for number, row in enumerate(rows):
            style = styles[number] if number < len(styles) else None
            table.add_row(*(escape(str(value)) for value in row), style=style)
        self.console.print(table)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Raises OpsError unless the person agrees; `yes` was given on the command line."""
        if yes:
            return
        if self.as_json or not sys.stdin.isatty():
            raise OpsError(
                f"{question} There is no terminal to answer on: repeat the command with --yes."
            )
        answer = self.console.input(f"{escape(question)} [bold]yes[/] or no: ")
        if answer.strip().lower() not in ("y", "yes"):
            raise OpsError("Nothing was changed.")


def age(seconds: float | None) -> str:
    """A duration for people: 42 s, 7 min, 3 h, 2 d."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def plural(count: int, one: str, others: str = "") -> str:
    """1 event, 2 events; with `others`, 1 copy is, 2 copies are."""
    return f"{number(count)} {one if count == 1 else others or one + 's'}"


def number(count: float) -> str:
    return f"{count:,.0f}".replace(",", " ")
