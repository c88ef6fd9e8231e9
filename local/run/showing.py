"""What a run shows: progress while it goes on, a summary at its end. Colour on a terminal only."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.run.account import Account
from local.run.watching import Sight

#: without a terminal, a line of progress this often
LINE_EVERY_S = 5.0


class Show:
    """Shows a run on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._published = (0, 0)
        self._line_at = 0.0

    def step(self, text: str) -> None:
        self._console.print(f"{text} ...", style="dim")

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Live progress on a terminal, now and then a line elsewhere."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=4, transient=True) as self._live:
            yield

    def published(self, count: int, total: int) -> None:
        self._published = (count, total)
        if self._live is not None:
            self._live.update(Text(f"published {count} of {total}"))

    def sight(self, sight: Sight) -> None:
        if self._live is not None:
            self._live.update(_flow(sight, self._published))
        elif time.monotonic() - self._line_at > LINE_EVERY_S:
            self._line_at = time.monotonic()
            self._console.print(_line(sight))

    def summary(self, account: Account, row: dict[str, object], complaints: Sequence[str]) -> None:
        self._console.print(_became(account))
        self._console.print(
            f"{row['requests']} requests to Genesys, {row['rate_limited']} of them answered 429, "
            f"in {row['seconds']} s"
        )
        faults = row.get("faults")
        if isinstance(faults, dict) and faults:
            told = ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))
            self._console.print(f"faults that happened: {told}", style="dim")
        for reason, count in account.reasons:
            self._console.print(f"set aside {count}: {reason}", style="dim", markup=False)
        for example in account.examples:
            self._console.print(example, style="red", markup=False)
        for complaint in complaints:
            self._console.print(complaint, style="red", markup=False)
        if account.is_clean and not complaints:
            self._console.print("Every event took effect once; nothing is lost.", style="green")
        else:
            self._console.print("Not every event took effect once: see above.", style="bold red")


def _flow(sight: Sight, published: tuple[int, int]) -> Table:
    table = Table(title=f"{sight.seconds:.0f} s, {published[0]} of {published[1]} published")
    table.add_column("queue")
    table.add_column("waiting", justify="right")
    table.add_column("dead", justify="right")
    for name, depth in sight.queues.items():
        table.add_row(name.lower(), str(depth), str(sight.dead[name]))
    genesys = sight.genesys
    table.caption = (
        f"Genesys: {genesys['effects']} effects, {genesys['requests']} requests, "
        f"{genesys['rate_limited']} answered 429"
    )
    return table


def _line(sight: Sight) -> str:
    waiting = ", ".join(f"{name.lower()} {depth}" for name, depth in sight.queues.items())
    return (
        f"{sight.seconds:4.0f} s  waiting: {waiting}; dead letters: {sum(sight.dead.values())}; "
        f"Genesys: {sight.genesys['effects']} effects, {sight.genesys['requests']} requests"
    )


def _became(account: Account) -> Table:
    table = Table(title="What became of the events")
    table.add_column("")
    table.add_column("count", justify="right")
    table.add_column("")
    for name, count, what in (
        ("published", account.published, "lines, copies included"),
        ("unique", account.unique, "different events among them"),
        ("duplicates", account.duplicates, "copies that changed nothing"),
        ("delivered", account.delivered, "took effect at Genesys"),
        ("rejected", account.rejected, "refused or undecidable: kept for a person"),
        ("quarantined", account.quarantined, "no event at all: kept with the reason"),
        ("dead-lettered", account.dead_lettered, "left in a dead-letter queue"),
        ("in flight", account.in_flight, "still on their way"),
        ("lost", account.lost, "nowhere"),
        ("doubled", account.duplicate_effects, "effects too many"),
    ):
        bad = count and name in ("dead-lettered", "in flight", "lost", "doubled")
        table.add_row(name, str(count), what, style="bold red" if bad else None)
    return table
