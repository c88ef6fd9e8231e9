"""The rows of the result, and how each is computed from a scenario."""

from collections.abc import Callable, Iterator, Mapping

from benchmarks import cold_start, costs, deployed, filters, lanes, scenarios
from benchmarks.measuring import Measured, least_s
from benchmarks.row import Row
from benchmarks.scenarios import LIBRARY, LIBRARY_EVENTS_MAX, TUTORIAL, Backlog
from lambdas.relay.kernel.limits import BATCH_EVENTS_DEFAULT
from ops.cost_model import MB_PER_CPU, WRITE
from simulator.ratelimit import ALLOWED
from stacks.environment_document import Relay

#: the goals: what is promised, and how far from the physical minimum a result may be
USED_SHARE_MIN = 0.98
SHARE_429_MAX = 0.005
LIMITER_WRITES_MAX = 0.34
#: with our own CPU counted: what the default number of writers achieves
OWN_TIME_SHARE_MIN = 0.975
WRITERS_DEFAULT = Relay.model_fields["writer_concurrency"].default
INVOCATIONS_MAX = 2.5
CATCH_UP_SPARE_S = 120.0
STORM_ITEMS_SHARE_MAX = 0.01


def _share(name: str, ours: float, aim: float, rivals: Mapping[str, float]) -> Row:
    return Row(f"{name}: permitted requests used", "share", "higher", ours, rivals, 1.0, aim)


def _refused(name: str, ours: float, rivals: Mapping[str, float]) -> Row:
    title = f"{name}: requests answered 429"
    return Row(title, "share", "lower", ours, rivals, 0.0, SHARE_429_MAX)


def backlog(events: int) -> Iterator[Row]:
    scenario, name = Backlog(events), f"backlog of {events:,}"
    ours, tutorial, library = scenario.ours(), scenario.tutorial(), scenario.library()
    scale = events / min(events, LIBRARY_EVENTS_MAX)
    rivals = {TUTORIAL: tutorial, LIBRARY: library}
    yield _share(name, ours.used_share, USED_SHARE_MIN, _each(rivals, lambda m: m.used_share))
    yield _refused(name, ours.share_429, _each(rivals, lambda m: m.share_429))
    yield Row(
        f"{name}: Lambda time spent waiting",
        "s",
        "lower",
        ours.waited_s,
        {TUTORIAL: tutorial.waited_s, LIBRARY: library.waited_s * scale},
        0.0,
    )
    least = least_s(events // BATCH_EVENTS_DEFAULT)
    yield Row(
        f"{name}: until it is through",
        "s",
        "lower",
        ours.ended_s,
        {TUTORIAL: tutorial.ended_s, LIBRARY: library.ended_s * scale},
        least,
        least + CATCH_UP_SPARE_S,
    )
    writes = ours.limiter_writes
    yield _invocations(name, ours, tutorial)
    title = f"{name}: ledger writes of limiter and breaker"
    yield Row(title, "per request", "lower", writes, {}, 0.0, LIMITER_WRITES_MAX)


def _invocations(name: str, ours: Measured, tutorial: Measured | None) -> Row:
    return Row(
        f"{name}: invocations of the writer",
        "per request",
        "lower",
        ours.invocations / ours.requests,
        {} if tutorial is None else {TUTORIAL: tutorial.invocations / tutorial.requests},
        1.0,
        INVOCATIONS_MAX,
    )


def large_backlog(events: int) -> Iterator[Row]:
    """Twice as large as `backlog`, at nearly the same cost per request."""
    ours, name = Backlog(events).ours(), f"backlog of {events:,}"
    yield _share(name, ours.used_share, USED_SHARE_MIN, {})
    yield _invocations(name, ours, None)


def own_time(events: int) -> Iterator[Row]:
    """The default number of writers, with our own code's CPU time counted, too."""
    seconds = WRITE.cpu_s + BATCH_EVENTS_DEFAULT * WRITE.cpu_event_s
    own_s = seconds * MB_PER_CPU / WRITE.memory_mb
    for writers in (4, WRITERS_DEFAULT):
        result = Backlog(events, writers=writers, latency_s=(0.45, 1.05), own_s=own_s).ours()
        yield Row(
            f"{writers} writers, answers after 0.75 s, our own CPU counted: requests used",
            "share",
            "higher",
            result.used_share,
            {},
            1.0,
            OWN_TIME_SHARE_MIN if writers == WRITERS_DEFAULT else None,
        )


def _each(
    rivals: Mapping[str, Measured], value: Callable[[Measured], float]
) -> Mapping[str, float]:
    return {name: value(result) for name, result in rivals.items()}


def limit_halved(events: int) -> Iterator[Row]:
    yield from _compared("limit halved midway", Backlog(events, scenarios.halved, scenarios.HALVED))


def other_client(events: int) -> Iterator[Row]:
    yield from _compared(
        "another client takes a third",
        Backlog(events, scenarios.a_third_at_once, scenarios.TWO_THIRDS),
    )
    yield from _compared(
        "a third left as headroom, used evenly",
        Backlog(events, scenarios.a_third_evenly, scenarios.TWO_THIRDS, headroom=ALLOWED // 3),
        with_rivals=False,
    )


def _compared(name: str, scenario: Backlog, *, with_rivals: bool = True) -> Iterator[Row]:
    ours = scenario.ours()
    rivals = {TUTORIAL: scenario.tutorial(), LIBRARY: scenario.library()} if with_rivals else {}
    yield _share(name, ours.used_share, USED_SHARE_MIN, _each(rivals, lambda m: m.used_share))
    yield _refused(name, ours.share_429, _each(rivals, lambda m: m.share_429))


def outage(events: int) -> Iterator[Row]:
    scenario = Backlog(events, scenarios.outage)
    ours, tutorial = scenario.ours(), scenario.tutorial()
    least = scenarios.left_after_outage_s(events, ours.before_outage)
    yield Row(
        "30-minute outage in a backlog: caught up after",
        "s",
        "lower",
        ours.ended_s - scenarios.OUTAGE_ENDS_S,
        {TUTORIAL: tutorial.ended_s - scenarios.OUTAGE_ENDS_S},
        least,
        least + CATCH_UP_SPARE_S,
    )
    yield Row(
        "30-minute outage in a backlog: requests in vain",
        "requests",
        "lower",
        ours.in_vain,
        {TUTORIAL: tutorial.in_vain},
        0,
    )
    yield Row(
        "30-minute outage in a backlog: Lambda time spent waiting",
        "s",
        "lower",
        ours.waited_s,
        {TUTORIAL: tutorial.waited_s},
        0,
    )


def trickle(outage_s: float) -> Iterator[Row]:
    ours = scenarios.trickle(outage_s)
    sealed = int(outage_s * scenarios.SMALL_BATCHES_PER_S)
    least = least_s(ours.events // BATCH_EVENTS_DEFAULT)
    name = f"{sealed:,} batches of {scenarios.SMALL_BATCH_EVENTS} during a 30-minute outage"
    as_sealed = {"each as it was sealed, at best": least_s(sealed)}
    aim = least + CATCH_UP_SPARE_S
    yield Row(f"{name}: caught up after", "s", "lower", ours.after_s, as_sealed, least, aim)
    yield Row(
        f"{name}: requests after it",
        "requests",
        "lower",
        ours.requests,
        {"each as it was sealed, at best": sealed},
        ours.events // BATCH_EVENTS_DEFAULT,
    )


def poison() -> Iterator[Row]:
    ours, tutorial = scenarios.poisoned(), scenarios.poisoned_tutorial()
    name = "one poison event among 50"
    taken = {TUTORIAL: tutorial.delivered}
    yield Row(f"{name}: delivered", "events", "higher", ours.delivered, taken, 49, 49)
    yield Row(f"{name}: in review", "events", "lower", ours.in_review, {}, 1, 1)
    spent = {TUTORIAL: tutorial.requests}
    yield Row(f"{name}: requests used", "requests", "lower", ours.requests, spent, None, 13)


def storm() -> Iterator[Row]:
    ours, forgetful = scenarios.storm(), scenarios.storm(remembers=False)
    tutorial = scenarios.storm_tutorial()
    name = f"{ours.copies:,} copies of {scenarios.STORM_EVENTS} events"
    rivals = {
        "a conditional put per copy": tutorial.ledger_items,
        "the relay without a memory": forgetful.ledger_items,
    }
    yield Row(
        f"{name}: items asked of the ledger",
        "items",
        "lower",
        ours.ledger_items,
        rivals,
        scenarios.STORM_EVENTS,
        STORM_ITEMS_SHARE_MAX * ours.copies,
    )
    taken = {"a conditional put per copy": tutorial.taken}
    most = scenarios.STORM_EVENTS
    yield Row(f"{name}: events taken on", "events", "lower", ours.taken, taken, most, most)


def concurrency(events: int) -> Iterator[Row]:
    """Why four writers: the share used, by number of writers and Genesys' latency."""
    for latency_s in (0.25, 0.5, 0.75):
        around = (latency_s * 0.6, latency_s * 1.4)
        for writers in (2, 4, 8):
            result = Backlog(events, writers=writers, latency_s=around).ours()
            title = f"{writers} writers, answers after {latency_s} s: permitted requests used"
            aim = USED_SHARE_MIN if writers == 4 else None
            yield Row(title, "share", "higher", result.used_share, {}, 1.0, aim)


def parts(scale: float) -> list[tuple[Callable[..., Iterator[Row]], tuple[float, ...]]]:
    """The benchmark in independent parts; `scale` 1 is the full one, less is for testing it."""
    events = int(50_000 * scale)
    return [
        (backlog, (events,)),
        (outage, (events,)),
        (trickle, (scenarios.OUTAGE_S * scale,)),
        (limit_halved, (events,)),
        (other_client, (events,)),
        (poison, ()),
        (storm, ()),
        (lanes.rows, (int(lanes.FLOOD_BATCHES * scale),)),
        (filters.rows, ()),
        (concurrency, (events,)),
        (large_backlog, (2 * events,)),
        (own_time, (int(40_000 * scale),)),
        (deployed.used, ()),
        (deployed.posts, ()),
        (costs.costs, ()),
        (cold_start.cold_starts, ()),
    ]


def rows_of(part: Callable[..., Iterator[Row]], arguments: tuple[float, ...]) -> list[Row]:
    return list(part(*arguments))
