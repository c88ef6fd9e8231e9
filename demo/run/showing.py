"""A run's output: progress while it runs, a summary at its end. Colour only on a terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.status import Status
from rich.table import Table
from rich.text import Text

from demo.run.account import Account, tone, verdict
from demo.run.watching import Sight
from ops.screen import plural

#: without a terminal, how often a line of progress is printed
LINE_EVERY_S = 5.0
BAR_WIDTH = 40
#: the colour of a run, by its tone
STYLES = {"good": "green", "doubt": "yellow", "bad": "bold red"}
#: most quarantined lines shown on a screen
SET_ASIDE_MAX = 20
#: the history of the queues, as bars of one character each
SPARKS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
SPARKS_WIDTH = 28


class Show:
    """Shows a run on a console: on a terminal a live picture, elsewhere lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._status: Status | None = None
        self._step: tuple[str, float] | None = None
        #: how long each step took (seconds), in order
        self.steps: list[tuple[str, float]] = []
        self._published = (0, 0)
        self._expected = 0
        self._sights: list[Sight] = []
        self._line_at = 0.0

    def step(self, text: str) -> None:
        """Starts a step that takes a while; the previous one ends."""
        self.end_step()
        self._step = (text, time.monotonic())
        if self._console.is_terminal:
            self._status = self._console.status(text, spinner="dots")
            self._status.start()
        else:
            self._console.print(f"{text} ...", style="dim")

    def end_step(self) -> None:
        """Ends the current step; shows and stores how long it took."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._step is None:
            return
        (text, began), self._step = self._step, None
        took = round(time.monotonic() - began, 1)
        self.steps.append((text, took))
        self._console.print(f"[green]\u2713[/] {text} [dim]{took} s[/]", soft_wrap=True)

    @contextmanager
    def progress(self, text: str) -> Iterator[None]:
        """A step with live progress on a terminal, and occasional lines elsewhere."""
        self.step(text)
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=8, transient=True) as self._live:
                yield
            self._live = None
        else:
            yield
        self.end_step()

    def expect(self, events: int) -> None:
        """The most different events that should take effect."""
        self._expected = events

    @property
    def published_lines(self) -> int:
        return self._published[0]

    def published(self, count: int, total: int) -> None:
        self._published = (count, total)
        self._draw()

    def sight(self, sight: Sight) -> None:
        self._sights.append(sight)
        self._draw()
        if self._live is None and time.monotonic() - self._line_at > LINE_EVERY_S:
            self._line_at = time.monotonic()
            self._console.print(_line(sight), soft_wrap=True)

    def tell(self, text: str) -> None:
        """A permanent line: something that a scenario does or sees."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(_picture(self._published, self._expected, self._sights))

    def summary(self, account: Account, row: dict[str, object], complaints: Sequence[str]) -> None:
        if account.published:  # otherwise the scenario has counts of its own
            self._console.print(_became(account))
        requests = plural(int(str(row["requests"])), "request")
        self._console.print(
            f"{requests} to Genesys, {row['rate_limited']} of them answered 429, "
            f"in {row['seconds']} s"
        )
        faults = row.get("faults")
        if isinstance(faults, dict) and faults:
            told = ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))
            self._console.print(f"faults that happened: {told}", style="dim")
        self._set_aside(account)
        if any(astuple(account.same_content)):
            self._console.print(str(account.same_content), style="dim", markup=False)
        for example in account.examples:
            self._console.print(example, style="red", markup=False)
        for complaint in complaints:
            self._console.print(complaint, style="red", markup=False)
        self._console.print(
            verdict(account, complaints), style=STYLES[tone(account, complaints)], soft_wrap=True
        )

    def _set_aside(self, account: Account) -> None:
        """Every line and its place, if the screen allows; the page and run.json have them."""
        for aside in account.set_aside[:SET_ASIDE_MAX]:
            self._console.print(
                f"set aside {aside.place}: {aside.reason}", markup=False, soft_wrap=True
            )
        more = len(account.set_aside) - SET_ASIDE_MAX
        if more > 0:
            self._console.print(f"... and {more} more: the page lists them", style="dim")
        for reason, count in account.waiting:
            self._console.print(
                f"waits for a person, {plural(count, 'request')}: {reason}",
                markup=False,
                soft_wrap=True,
            )


def _picture(published: tuple[int, int], expected: int, sights: Sequence[Sight]) -> RenderableType:
    """Two progress bars, and the queues with their history so far."""
    rows = Table.grid(padding=(0, 2))
    rows.add_row("published", _bar(*published), f"{published[0]} of {plural(published[1], 'line')}")
    if not sights:
        return rows
    last = sights[-1]
    effects = int(last.genesys["effects"])
    rows.add_row(
        "took effect", _bar(effects, expected), f"{effects} of {plural(expected, 'event')}"
    )
    queues = Table.grid(padding=(0, 2))
    for name in last.queues:
        waited = [sight.queues[name] for sight in sights]
        dead = last.dead[name]
        queues.add_row(
            name.lower(),
            Text(sparks(waited), style="cyan"),
            f"{waited[-1]:>5}",
            Text(f"{dead} dead", style="red") if dead else "",
        )
    genesys = last.genesys
    foot = Text(
        f"{last.seconds:.0f} s   {plural(int(genesys['requests']), 'request')} to Genesys, "
        f"{genesys['rate_limited']} answered 429",
        style="dim",
    )
    return Group(rows, "", queues, "", foot)


def _bar(count: int, total: int) -> ProgressBar:
    return ProgressBar(total=max(total, 1), completed=min(count, total), width=BAR_WIDTH)


def sparks(values: Sequence[int]) -> str:
    """The latest values as bars; the highest fills its character."""
    shown = values[-SPARKS_WIDTH:]
    highest = max(shown, default=0) or 1
    full = len(SPARKS) - 1
    drawn = "".join(SPARKS[-(-value * full // highest)] for value in shown)
    return drawn.rjust(SPARKS_WIDTH)


def _line(sight: Sight) -> str:
    waiting = ", ".join(f"{name.lower()} {depth}" for name, depth in sight.queues.items())
    return (
        f"{sight.seconds:4.0f} s  waiting: {waiting}; dead letters: {sum(sight.dead.values())}; "
        f"Genesys: {plural(int(sight.genesys['effects']), 'effect')}, "
        f"{plural(int(sight.genesys['requests']), 'request')}"
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
