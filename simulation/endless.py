"""Faults that never end: what becomes of an event if something never works again.

Either one of two destinations stops answering at a drawn moment, or gives the same answer to every
request. Or an event makes Genesys fail every request that holds it, or kills a function. The other
destination and the other events are not affected.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args

from lambdas.relay.kernel.limits import MINUTE_S
from lambdas.relay.kernel.ports import Answer, NotSent
from lambdas.relay.kernel.reasons import Code
from simulation.memory.timeline import Timeline
from simulation.workload import Fact, some
from simulation.world_paths import SECOND_PATH

#: how a destination that never works again treats every request
Silence = Literal[
    "unreachable",  # no connection
    "silent",  # no answer
    "fails",  # 500
    "forbids",  # 403
    "limits",  # 429: come back in an hour
    "refuses",  # 400, in Genesys' own format
    "vanished",  # 404, in Genesys' own format
    "page",  # 200, with a page from elsewhere
]
#: what always happens to an event
Stumble = Literal[
    "answered 500",  # every request that holds it
    "never answered",
    "kills intake",  # every invocation that receives it
    "kills dedup",
    "kills write",
]
Endless = Silence | Stumble
SILENCES: tuple[Silence, ...] = get_args(Silence)
STUMBLES: tuple[Stumble, ...] = get_args(Stumble)
FAULTS: tuple[Endless, ...] = (*SILENCES, *STUMBLES)
#: faults that may end without a person: the others end requests
PASSING: tuple[Silence, ...] = ("unreachable", "silent", "forbids", "limits")
#: the share of runs of all events with a second destination, and of these, those in which it is out
#: for a while
SECOND_SHARE, OUT_SHARE = 0.1, 0.5
#: a destination stops within this time; how long a temporary outage lasts (s)
WITHIN_S = 300
OUT_S = (10 * MINUTE_S, 40 * MINUTE_S)
#: events per run that nothing works for
STUMBLING_EVENTS = 2


class Doomed(Exception):
    """The function's instance is gone: it ran out of memory over one event."""


@dataclass(slots=True)
class Ceased:
    """What has stopped working, and since when."""

    #: by path: what it does now
    paths: dict[str, Silence] = field(default_factory=dict)
    #: markers of events that nothing works for, and what happens to requests and messages with one
    markers: frozenset[str] = frozenset()
    stumble: Stumble | None = None

    def of(self, path: str, body: bytes) -> Endless | None:
        """What happens to a request."""
        silence = self.paths.get(path)
        if silence is None and self.stumble in ("answered 500", "never answered"):
            return self.stumble if self._holds(body.decode()) else None
        return silence

    def kills(self, verb: str, texts: list[str]) -> bool:
        return self.stumble == f"kills {verb}" and any(map(self._holds, texts))

    def _holds(self, text: str) -> bool:
        return any(marker in text for marker in self.markers)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a seed draws of this."""

    silence: Silence | None = None
    stumble: Stumble | None = None
    #: whether there is a second destination, and its share of the events
    second: bool = False
    #: how long the second destination is out; None: for ever
    lasts_s: float | None = None

    @property
    def is_one(self) -> bool:
        has_ceased = self.silence is not None and self.lasts_s is None
        return has_ceased or self.stumble is not None


NEVER = Ending()


def drawn(seed: int) -> Ending:
    """A second destination that may be out for a while. Uses its own randomness, so that the rest
    of a run is the same without it."""
    random = Random(f"second {seed}")
    if random.random() >= SECOND_SHARE:
        return NEVER
    if random.random() >= OUT_SHARE:
        return Ending(second=True)
    return Ending(silence=random.choice(PASSING), second=True, lasts_s=random.choice(OUT_S))


def ending_of(fault: Endless) -> Ending:
    """The ending in which this fault lasts for ever."""
    for silence in SILENCES:
        if silence == fault:
            return Ending(silence=silence, second=True)
    for stumble in STUMBLES:
        if stumble == fault:
            return Ending(stumble=stumble)
    raise AssertionError(f"there is no {fault}")


def answer(endless: Endless) -> Answer | NotSent | None:
    """None: no answer."""
    ours = {"ININ-Correlation-Id": "00000000-0000-4000-8000-000000000000"}
    match endless:
        case "unreachable":
            return NotSent(Code.NO_CONNECTION())
        case "silent" | "never answered":
            return None
        case "fails" | "answered 500":
            return Answer(500, ours, b'{"code":"internal.server.error","message":"it failed"}')
        case "forbids":
            return Answer(403, ours, b'{"code":"missing.permission","message":"not allowed"}')
        case "limits":
            return Answer(429, {**ours, "Retry-After": "3600"}, b'{"code":"too.many.requests"}')
        case "refuses":
            return Answer(400, ours, b'{"code":"bad.request","message":"an item is not valid"}')
        case "vanished":
            return Answer(404, ours, b'{"code":"not.found","message":"no such path"}')
        case "page":
            page = b"<!DOCTYPE html><html><body>Please wait</body></html>"
            return Answer(200, {"Content-Type": "text/html"}, page)
        case _:
            raise AssertionError(f"{endless} happens to a function, not to a request")


def plan(ending: Ending, seed: int, facts: list[Fact], ceased: Ceased, timeline: Timeline) -> None:
    """Makes it happen."""
    if ending.stumble is not None:
        ceased.stumble, ceased.markers = ending.stumble, some(facts, STUMBLING_EVENTS, seed)
    if ending.silence is not None:
        gone = {SECOND_PATH: ending.silence}
        begins_s = Random(f"ceases {seed}").random() * WITHIN_S
        timeline.after(begins_s, lambda: ceased.paths.update(gone))
        if ending.lasts_s is not None:
            timeline.after(begins_s + ending.lasts_s, ceased.paths.clear)
