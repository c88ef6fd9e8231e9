"""What a seed draws: everything about a run that is decided before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from lambdas.relay.kernel.limits import (
    DAY_S,
    HOUR_S,
    LIVE,
    MESSAGES_PER_INVOCATION,
    MINUTE_S,
    RECEIVES_MAX,
    Timing,
)
from simulation import assumptions, deploys, endless
from simulation.deploys import Deploy
from simulation.endless import FAULTS, NEVER, Ending, Endless
from simulation.fault_plan import (
    CLOCK_RATES,
    CLOCK_SHARE,
    HAND_RATES,
    HAND_SHARE,
    HEAVY_RATES,
    HEAVY_SHARE,
    LATER_RATES,
    LATEST_RATES,
    RESTORE_RATES,
    RESTORE_SHARE,
    STRANGE_RATES,
    STRANGE_SHARE,
    Kind,
    swarm,
)
from simulation.memory.genesys import Conduct
from simulation.regimes import BY_NAME, REGIMES, Regime
from simulation.workload import PLAIN, Shares, shares_of
from simulator.assumptions import Assumptions

#: events per run
EVENTS = 40
#: few enough receives that dead letters occur and the reconciler has work
FEW_RECEIVES: Mapping[str, int] = {"events": 3, "batches": 4, "writes": 6, "checks": 6}
#: the relations of `limits.Timing` hold with it, too
SLOW_GENESYS = replace(LIVE, late_effect_s=120.0)
#: a run that is not at rest after this many steps never will be: a failure, not an end
STEPS_MAX = 250_000
#: how long faults go on; then the world must come to rest
FAULTS_S = 6 * HOUR_S
#: the share of runs in which a person decides cases
DECIDED_SHARE = 0.15
#: the share of runs in which a person orders a redelivery, among those that show its effects
REDELIVERED_SHARE = 0.3
#: deploys after which an event is still known, and still routed
KNOWN_AFTER: frozenset[Deploy] = frozenset(
    {"none", "renamed", "rolled back", "remapped", "smaller"}
)

#: the kinds of worlds that a seed can be drawn for (kinds.py)
WorldKind = Literal["full", "small", "tracked", "lanes", "sink", "endless", "wired"]


@dataclass(frozen=True, slots=True)
class Scenario:
    seed: int
    regime: Regime
    conduct: Conduct
    rates: Mapping[Kind, float]
    receives_max: Mapping[str, int]
    most_items: int
    per_minute: int
    #: concurrent instances of a function
    concurrency: int
    shares: Shares
    events: int = EVENTS
    #: events of applications, in addition to those of Genesys
    told: int = 0
    #: changes of things that change back, in addition to those (states.py)
    states: int = 0
    #: sessions with events that are genuine, made, or both (sessions.py)
    sessions: int = 0
    #: two routes take audits: both lead to one destination, and each writes its own item
    two_routes: bool = False
    #: some routes have a lane of their own
    has_lanes: bool = False
    #: conversations are known by telephone numbers
    is_personal: bool = False
    #: the second destination: an AWS service (memory/sink.py), or an endpoint (memory/endpoint.py)
    sink: Literal["genesys", "queue", "https"] = "genesys"
    #: ... which refuses a record alone, or the whole call that contains it
    sink_refuses: Literal["item", "request"] = "item"
    #: a person decides cases meanwhile (deciders.py)
    decides: bool = False
    #: a person orders a redelivery meanwhile (orders.py), if the world `shows_repetition`
    redelivers: bool = False
    #: what happens to the configuration meanwhile
    deploy: Deploy = "none"
    #: what no source says about the platform
    assumptions: Assumptions = assumptions.STRICT
    #: what never works again, and whether there is a second destination
    ending: Ending = NEVER
    timing: Timing = LIVE
    faults_s: float = FAULTS_S
    #: everything is published within this time (seconds)
    publishing_s: float = 8 * MINUTE_S
    #: invocations may take fewer messages than they could
    regroups: bool = True
    #: most messages of the events queue per invocation
    intake_most: int = 20
    write_most: int = MESSAGES_PER_INVOCATION["writes"]
    steps_max: int = STEPS_MAX
    #: numbers of the points at which the running invocation dies
    kills: frozenset[int] = frozenset()


def draw(seed: int) -> Scenario:
    """The scenario of a seed: its own regime, its own subset of faults, its own limits."""
    random, later = Random(f"scenario {seed}"), Random(f"later {seed}")
    latest, changing = Random(f"latest {seed}"), Random(f"changing {seed}")
    strange, making = Random(f"strange {seed}"), Random(f"making {seed}")
    heavy, clocks = Random(f"heavy {seed}"), Random(f"clocks {seed}")
    restoring, deciding = Random(f"restoring {seed}"), Random(f"deciding {seed}")
    meddling = Random(f"meddling {seed}")
    redelivers = Random(f"redelivering {seed}").random() < REDELIVERED_SHARE
    regime = random.choice(REGIMES)
    conduct = replace(
        regime.conduct,
        refuses="request" if random.random() < 0.5 or regime.takes_whole else "item",
        takes_whole=regime.takes_whole,
        token_life_s=random.choice((120, 3_600, 86_400)),
    )
    rates = {
        **swarm(random),
        **swarm(later, LATER_RATES),
        **swarm(latest, LATEST_RATES),
        **(swarm(strange, STRANGE_RATES) if strange.random() < STRANGE_SHARE else {}),
        **(swarm(heavy, HEAVY_RATES) if heavy.random() < HEAVY_SHARE else {}),
        **(swarm(clocks, CLOCK_RATES) if clocks.random() < CLOCK_SHARE else {}),
        **(swarm(restoring, RESTORE_RATES) if restoring.random() < RESTORE_SHARE else {}),
        **(swarm(meddling, HAND_RATES) if meddling.random() < HAND_SHARE else {}),
    }
    return Scenario(
        seed=seed,
        regime=regime,
        conduct=conduct,
        rates=rates,
        receives_max=random.choice((RECEIVES_MAX, RECEIVES_MAX, FEW_RECEIVES)),
        most_items=random.choice((4, 12, 50)),
        per_minute=random.choice((10, 300, 300, 300)),
        concurrency=random.choice((1, 2, 4)),
        shares=shares_of(random),
        told=later.choice((0, 0, 6, 12)),
        states=changing.choice((0, 0, 0, 8)),
        sessions=making.choice((0, 0, 0, 6)),
        two_routes=changing.random() < 0.3,
        decides=not rates.keys() & RESTORE_RATES and deciding.random() < DECIDED_SHARE,
        redelivers=redelivers,
        deploy=deploys.drawn(seed),
        assumptions=assumptions.drawn(seed),
        ending=endless.drawn(seed),
        timing=random.choice((LIVE, LIVE, SLOW_GENESYS)),
        faults_s=random.choice((HOUR_S, FAULTS_S, 5 * DAY_S)),
        steps_max=2 * STEPS_MAX if redelivers else STEPS_MAX,
    )


def shows_repetition(scenario: Scenario) -> bool:
    """Whether every ordered event takes effect once more: nobody forgets or purges what is on its
    way, and the destination does not know the item by its id."""
    by_hand = {*RESTORE_RATES, *HAND_RATES, "archive replayed"}
    regime = scenario.regime
    return not (
        scenario.rates.keys() & by_hand
        or scenario.decides
        or regime.late_copies
        or regime.reads_back
        or regime.conduct.ids_honoured
        or scenario.ending != NEVER
        or scenario.deploy not in KNOWN_AFTER
    )


#: events of a small world, and the share of everything else that happens in one
SMALL_EVENTS, SMALL_SHARE = 8, 3


def draw_small(seed: int) -> Scenario:
    """The scenario of a seed, made small."""
    return small(draw(seed))


def small(scenario: Scenario) -> Scenario:
    """A quarter of the events under the same faults: a quarter of the time, and four times as many
    different worlds in it."""
    return replace(
        scenario,
        events=SMALL_EVENTS,
        told=scenario.told // SMALL_SHARE,
        states=scenario.states // SMALL_SHARE,
        sessions=scenario.sessions // SMALL_SHARE,
    )


def spared(scenario: Scenario) -> Scenario:
    """The same where nobody restores or edits the ledger, for runs that test something else."""
    by_hand = RESTORE_RATES.keys() | HAND_RATES.keys()
    rates = {kind: rate for kind, rate in scenario.rates.items() if kind not in by_hand}
    return replace(scenario, rates=rates)


def draw_in_lanes(seed: int) -> Scenario:
    """The scenario of a seed, with a queue for each lane."""
    return in_lanes(draw(seed))


def in_lanes(scenario: Scenario) -> Scenario:
    return replace(scenario, has_lanes=True, two_routes=True, told=12)


#: the share of endpoints among the destinations outside Genesys, and what they make of repetitions
ENDPOINT_SHARE = 0.5
ENDPOINT_REGIMES = (
    "honoured",
    "honoured, judged first",
    "honoured for a while",
    "ignored",
    "ignored, manual",
)


def draw_with_sink(seed: int) -> Scenario:
    """The seed's scenario, with a second destination outside Genesys that is down for a while."""
    is_endpoint = Random(f"endpoint {seed}").random() < ENDPOINT_SHARE
    return with_endpoint(draw(seed)) if is_endpoint else with_sink(draw(seed))


def with_sink(scenario: Scenario) -> Scenario:
    """An AWS service: none of them recognises a repetition."""
    random = Random(f"sink {scenario.seed}")
    beside = _beside(scenario, "ignored", random)
    return replace(beside, sink="queue", sink_refuses=random.choice(("item", "request")))


def with_endpoint(scenario: Scenario) -> Scenario:
    """An HTTPS endpoint, which may recognise a repetition by its `webhook-id`."""
    random = Random(f"endpoint's {scenario.seed}")
    beside = _beside(scenario, random.choice(ENDPOINT_REGIMES), random)
    return replace(beside, sink="https", sink_refuses="request")


def _beside(scenario: Scenario, regime_name: str, random: Random) -> Scenario:
    """With a second destination that is down for a while."""
    regime = BY_NAME[regime_name]
    return replace(
        scenario,
        regime=regime,
        conduct=replace(regime.conduct, token_life_s=scenario.conduct.token_life_s),
        ending=Ending(
            silence=random.choice(endless.PASSING),
            second=True,
            lasts_s=random.choice(endless.OUT_S),
        ),
        deploy="none",
    )


def calm(seed: int, regime: str, events: int) -> Scenario:
    """A run without faults."""
    chosen = BY_NAME[regime]
    return Scenario(
        seed=seed,
        regime=chosen,
        conduct=chosen.conduct,
        rates={},
        receives_max=RECEIVES_MAX,
        most_items=50,
        per_minute=300,
        concurrency=1,
        events=events,
        shares=PLAIN,
        publishing_s=0,
        regroups=False,
        intake_most=500,
    )


#: a run of an endless fault: few events, and room for more than a week of them
ENDLESS_EVENTS, ENDLESS_STEPS_MAX = 6, 900_000


def draw_endless(seed: int, fault: Endless | None = None) -> Scenario:
    """A seed in which something never works again: `fault`, or one that it draws."""
    random = Random(f"endless {seed}")
    chosen: Endless = random.choice(FAULTS) if fault is None else fault
    drawn = spared(draw(seed))
    while drawn.regime.late_copies:
        drawn = spared(draw(random.randrange(2**30)))
    return replace(
        drawn,
        seed=seed,
        ending=endless.ending_of(chosen),
        events=ENDLESS_EVENTS,
        told=0,
        states=0,
        sessions=0,
        decides=False,
        deploy="none",
        faults_s=HOUR_S,
        steps_max=ENDLESS_STEPS_MAX,
    )
