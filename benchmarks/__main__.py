"""make bench: the relay compared with the usual alternatives, in virtual time.

Writes out/bench.json and prints it as a table.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.row import Row
from benchmarks.rows import parts, rows_of

RESULT = Path(__file__).parent.parent / "out" / "bench.json"
WIDTH_IN_FILES = 150


def main() -> int:
    console = Console(width=None if sys.stdout.isatty() else WIDTH_IN_FILES)
    with console.status("measuring"), ProcessPoolExecutor() as pool:
        running = [pool.submit(rows_of, part, arguments) for part, arguments in parts(1.0)]
        rows = [row for future in running for row in future.result()]
    RESULT.parent.mkdir(exist_ok=True)
    documents = [{**asdict(row), "met": row.met} for row in rows]
    RESULT.write_text(json.dumps(documents, indent=2) + "\n", "utf-8")
    console.print(_table(rows))
    missed = [row.name for row in rows if row.met is False]
    for name in missed:
        console.print(f"[red]missed its aim:[/] {name}")
    console.print(f"The figures are in {RESULT.relative_to(RESULT.parent.parent)}.")
    return 1 if missed else 0


def _table(rows: list[Row]) -> Table:
    table = Table(title="Virtual time, four writers, 300 requests a minute unless said otherwise")
    for title in ("", "unit", "ours", "rivals", "limit of the possible", "aim"):
        table.add_column(title, justify="left" if title in ("", "rivals") else "right")
    for row in rows:
        rivals = "\n".join(f"{name}: {_number(value, row)}" for name, value in row.rivals.items())
        colour = {True: "green", False: "red", None: "default"}[row.met]
        ours = f"[{colour}]{_number(row.ours, row)}[/]"
        table.add_row(
            row.name, row.unit, ours, rivals, _number(row.floor, row), _number(row.aim, row)
        )
    return table


def _number(value: float | None, row: Row) -> str:
    if value is None:
        return ""
    if row.unit == "share":
        return f"{value:.2%}"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
