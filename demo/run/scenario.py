"""A scenario: what is configured, what happens on the stage, and what must be true at the end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.run.lines import Line
from demo.run.publishing import publish
from demo.run.showing import Show
from demo.run.stage import Stage, nothing_to_prepare
from demo.run.watching import Watch


@dataclass(frozen=True, slots=True)
class Act:
    """What a scenario works with."""

    lines: Sequence[Line]
    source: str
    stage: Stage
    watch: Watch
    show: Show


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scenario's own result, in addition to the account of every run. `rows` go to run.json;
    `complaints` are what is wrong, one sentence each: any of them fails the run."""

    rows: Mapping[str, Any] = field(default_factory=dict)
    complaints: Sequence[str] = ()


def publish_all(act: Act) -> Verdict:
    """Publishes every line and waits until nothing is left to do."""
    total = len(act.lines)
    publish(act.lines, act.source, act.stage, lambda count: act.show.published(count, total))
    act.watch.until_quiet(act.show.sight)
    return Verdict()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`lines` draws the events from a seed; `configuration` is additional TOML for the deployed
    environment (destinations, routes); `prepare` sets up the simulated Genesys Cloud at a URL and
    returns yet more TOML; `play` runs the scenario and ends when all is quiet."""

    lines: Callable[[int], list[Line]]
    configuration: str = ""
    prepare: Callable[[str], str] = nothing_to_prepare
    play: Callable[[Act], Verdict] = publish_all
    #: False: only the scenario's own events, and no destination that takes all others
    everything: bool = True
    #: additional keys of the table [relay]
    relay: str = ""
