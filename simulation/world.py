"""One run: the neighbours, the functions, and what AWS and the engineers do between them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.lanes import queues, without_lane
from lambdas.relay.kernel.limits import (
    DAY_S,
    DEAD_RETENTION_S,
    HOUR_S,
    MESSAGES_PER_INVOCATION,
    MINUTE_S,
    SOURCE_RETENTION_S,
)
from lambdas.relay.kernel.ports import Item
from lambdas.relay.requests.record import record_key
from lambdas.relay.routes.configuration import Configuration
from simulation import assumptions, deploys, endless, sessions, states, workload
from simulation.configuration import configuration_of
from simulation.deploys import Deploy
from simulation.fault_plan import ASTRAY, FaultPlan
from simulation.functions import FUNCTIONS, WRITERS_OF_LANES, Function, Instance, Neighbours
from simulation.history import History
from simulation.incidents import PAUSE_END_BESIDE_H, PAUSE_END_H, Incidents
from simulation.listing import Listing
from simulation.mappings import Mapping as EventSourceMapping
from simulation.mappings import Pool
from simulation.meddling import Meddling
from simulation.memory.bus import Bus, Rule
from simulation.memory.credentials import StoredSecret
from simulation.memory.genesys import Conduct, GenesysServer
from simulation.memory.queues import StoredQueue
from simulation.memory.settings import MemorySettings
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.post import is_astray, request_of
from simulation.probes import Probes
from simulation.reconciliation import Reconciliation
from simulation.releases import Release
from simulation.restores import Forgotten, Restores
from simulation.scenario import Scenario
from simulation.scheduler import Scheduler
from simulation.senders import KEYS, Answers, Senders
from simulation.slips import Harm
from simulation.trace import Trace
from simulation.whereabouts import FINISHED, WITH_A_PERSON
from simulation.workload import SOURCE, START_MS, Fact
from simulation.world_paths import PATH, SECOND_PATH

#: the visibility timeout of a dead-letter queue, which only the reconciler and engineers read
DEAD_VISIBILITY_S = 5 * MINUTE_S
#: a run that is not at rest by then never will be: a failure, not an end
LATEST_MS = START_MS + 400 * DAY_S * 1000


class World:
    """Everything in one run. `functions` are the real ones, or a rival's, or a mutant's."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        trace: Trace | None = None,
        functions: Mapping[str, Callable[[Instance], Function]] = FUNCTIONS,
    ) -> None:
        self.scenario = scenario
        self.trace = trace or Trace()
        self.random = Random(f"run {scenario.seed}")
        self.timeline = Timeline(START_MS)
        self.fault_plan = FaultPlan(self.random, scenario.rates)
        self.probes = Probes()
        self.table = Table(self._record_changed)
        self.listing = Listing()
        #: when a record was last finished, or reached a person
        self.verdict_ms = START_MS
        self.parents: dict[str, str] = {}
        self.names: dict[str, str] = {}
        #: writes to the items that all instances of a function share: rate limiter, breaker
        self.shared_writes = 0
        self.documents: dict[str, str] = {}
        self.secret = StoredSecret()
        self.verbs = queues(has_lanes=scenario.has_lanes)
        self.server = assumptions.assumed(self.make_server(), scenario.assumptions, scenario.seed)
        self.scheduler = Scheduler(self.timeline, self.fault_plan, self.trace, scenario.kills)
        self.queues = self._queues()
        self.bus = Bus(
            tuple(
                Rule(source, self.queues["events"], self.queues["events-dead"])
                for source in (SOURCE, *KEYS)
            ),
            self.timeline,
            self.fault_plan,
        )
        self.neighbours = Neighbours(
            timeline=self.timeline,
            gate=self.scheduler,
            faults=self.fault_plan,
            random=self.random,
            table=self.table,
            queues=self.queues,
            documents=self.documents,
            server=self.server,
            secret=self.secret,
            sender_keys=KEYS,
            telemetry=self.probes,
            settings=MemorySettings(
                self.configure(),
                timing=scenario.timing,
                receives=scenario.receives_max,
                requests_per_minute=scenario.per_minute,
            ),
            release=self._release("before"),
        )
        self.pools = {verb: self._pool(verb, make) for verb, make in functions.items()}
        if scenario.has_lanes:
            self.pools |= {q: self._pool(q, make) for q, make in WRITERS_OF_LANES.items()}
        self.mappings = {
            queue: self._mapping(queue, queue if queue in self.pools else verb)
            for queue, verb in self.verbs.items()
            if verb in self.pools
        }
        self.strays: list[str] = []  # messages that functions sent to a queue of another kind
        self.sealed: set[int] = set()
        self.harm, self.forgotten = Harm(), Forgotten()
        self.requests: dict[str, set[int]] = {}  # numbers of the events of each
        self.reconciliation = self._reconciliation()
        self.facts: list[Fact] = []
        self.answers: Answers = {}

    def make_server(self) -> GenesysServer:
        return GenesysServer(
            timeline=self.timeline,
            secret=self.secret,
            conducts={PATH: self.scenario.conduct, SECOND_PATH: self._conduct_elsewhere},
            state_of=self._state_of,
            cause=self._cause,
        )

    @property
    def _conduct_elsewhere(self) -> Conduct:
        """An AWS service takes records one by one or refuses the call; an endpoint takes all."""
        scenario, conduct = self.scenario, self.scenario.conduct
        if scenario.sink == "genesys":
            return conduct
        is_whole = scenario.sink == "https"
        return replace(conduct, refuses=scenario.sink_refuses, takes_whole=is_whole)

    def configure(self) -> Configuration:
        return configuration_of(self.scenario)

    def run(self) -> History:
        """Runs until nothing is left to happen."""
        scenario = self.scenario
        work = workload.generate(
            self.random,
            scenario.events,
            within_s=scenario.publishing_s,
            late_copies=scenario.regime.late_copies,
            shares=scenario.shares,
            two_routes=scenario.two_routes,
            second=scenario.ending.second,
        )
        work = workload.personal(work) if scenario.is_personal else work
        added = sessions.added(states.added(work, scenario), scenario)
        self.facts = assumptions.judged(added.facts + self._plan_senders(), scenario.assumptions)
        for row in work.published:
            self.timeline.at(row.at_ms, lambda row=row: self._publish(row))  # type: ignore[misc]
        self.timeline.after(scenario.faults_s, self.fault_plan.clear_up)
        if scenario.deploy != "none":
            there = partial(self._deploy, scenario.deploy, self._release("next"))
            back = partial(self._deploy, "none", self._release("before"))
            is_undone = deploys.is_undone(scenario.deploy, scenario.seed)
            changes = (there, back) if is_undone else (there,)
            deploys.plan(scenario.seed, self.pools, changes, self.timeline.after)
        Incidents(
            self.random,
            self.timeline,
            self.fault_plan,
            self.queues,
            self.mappings,
            self.bus,
            self.table,
            self.server,
            self.secret,
            self.harm,
            scenario.faults_s,
            PAUSE_END_BESIDE_H.get(scenario.ending.stumble, PAUSE_END_H),
        ).plan(late=scenario.regime.late_copies)
        self._plan_hands()
        endless.plan(scenario.ending, scenario.seed, self.facts, self.server.ceased, self.timeline)
        while self.timeline.step():
            if self.trace.steps > scenario.steps_max or self.timeline.now_ms > LATEST_MS:
                return self._history(at_rest=False)
        return self._history(at_rest=True)

    def _plan_hands(self) -> None:
        Meddling(
            Random(f"meddled {self.scenario.seed}"),
            self.timeline,
            self.fault_plan,
            self.queues,
            tuple(self.mappings),
            self.bus,
            self.table,
            self.probes.edited,
            self.requests,
            self.harm,
            self.scenario.faults_s,
        ).plan()
        if self.fault_plan.strikes("ledger restored"):
            Restores(
                Random(f"restored {self.scenario.seed}"),
                self.timeline,
                self.table,
                self.documents,
                self.queues,
                self.mappings,
                self.reconciliation,
                self.bus,
                self.requests,
                self.forgotten,
                Random(f"marked {self.scenario.seed}"),
            ).plan()

    def _release(self, release: Release) -> Release:
        return release if self.scenario.deploy == "released" else "here"

    def _deploy(self, deploy: Deploy, release: Release, pool: Pool) -> None:
        settings = self.neighbours.settings
        configuration = deploys.after(deploy, settings.configuration)
        pool.deploy(replace(settings, configuration=configuration), release)

    def _publish(self, row: workload.Published) -> None:
        if row.on_bus:
            self.bus.put(row.text)
        else:
            self.queues["events"].send(workload.by_hand(row.text))

    def _plan_senders(self) -> list[Fact]:
        scenario = self.scenario
        if not scenario.told:
            return []
        senders = Senders(
            Random(f"senders' fates {scenario.seed}"),
            bus=self.bus,
            post=self.pools["webhook"].invoke,
            timeline=self.timeline,
            fault_plan=self.fault_plan,
        )
        self.answers = senders.answers
        return senders.plan(
            scenario.events,
            scenario.told,
            within_s=scenario.publishing_s,
            shares=scenario.shares,
        )

    # --- what Genesys does by itself

    def _state_of(self, correlation_id: str) -> str:
        item = self.table.items.get(record_key(correlation_id))
        return "none" if item is None else str(item.get("state", "OPEN"))  # edited meanwhile

    def _cause(self, correlation_id: str) -> None:
        fault_plan = self.fault_plan
        if fault_plan.strikes("echo lost"):
            return
        delay_s = 0.5 + fault_plan.fraction() * 5
        if fault_plan.strikes("echo before answer"):
            delay_s = 0.0
        elif fault_plan.strikes("echo late"):
            delay_s = fault_plan.fraction() * 2 * HOUR_S
        for number in range(2 if fault_plan.strikes("echo repeated") else 1):
            self.timeline.after(
                delay_s + number * fault_plan.fraction() * 600, lambda: self._echo(correlation_id)
            )

    def _echo(self, correlation_id: str) -> None:
        self.bus.put(workload.echo(correlation_id, self.timeline.now_ms, self.random))

    def _record_changed(self, old: Item | None, new: Item | None) -> None:
        self.probes.transition(old, new, self.timeline.now_ms)
        if new is not None and new["pk"].startswith("L#"):
            self.shared_writes += 1
        if new is not None:
            self.listing.changed(old or {}, new)
        if new is not None and "parent" in new:
            self.parents[new["pk"]] = str(new["parent"])
        if new is not None and "destination" in new:
            self.names[new["pk"]] = str(new["destination"])
        if new is not None:
            self.reconciliation.record_changed(new)
        state = "" if new is None else str(new.get("state"))
        if state in FINISHED | WITH_A_PERSON and (old is None or old.get("state") != state):
            self.verdict_ms = self.timeline.now_ms

    def _sent(self, queue: str, text: str) -> None:
        if queue == "batches" and self.scenario.deploy == "removed":
            self.sealed |= workload.numbers_of(text)
        if (request := request_of(text)) is not None:
            self.requests.setdefault(request, set()).update(workload.numbers_of(text))
        if is_astray(queue, text):
            self.strays.append(f"a message that belongs elsewhere was sent to {queue}")

    # --- construction

    def _queues(self) -> dict[str, StoredQueue]:
        queues: dict[str, StoredQueue] = {}
        for name in self.verbs:
            dead = StoredQueue(
                f"{name}-dead",
                self.timeline,
                self.random,
                visibility_s=DEAD_VISIBILITY_S,
                retention_s=DEAD_RETENTION_S,
            )
            queues[f"{name}-dead"] = dead
            queues[name] = StoredQueue(
                name,
                self.timeline,
                self.random,
                visibility_s=self.scenario.timing.visibility_s[without_lane(name)],
                retention_s=SOURCE_RETENTION_S,
                receives_max=self.scenario.receives_max[without_lane(name)],
                dead=dead,
            )
        return queues

    def _pool(self, verb: str, make: Callable[[Instance], Function]) -> Pool:
        return Pool(
            verb=verb,
            timeout_s=self.scenario.timing.function_timeout_s[
                "write" if verb in WRITERS_OF_LANES else verb
            ],
            make=make,
            neighbours=self.neighbours,
            scheduler=self.scheduler,
            fault_plan=self.fault_plan,
            random=self.random,
        )

    def _mapping(self, queue: str, verb: str) -> EventSourceMapping:
        return EventSourceMapping(
            self.queues[queue],
            self.pools[verb],
            most=self._most(queue),
            regroups=self.scenario.regroups,
            concurrency=self.scenario.concurrency,
            timeline=self.timeline,
            fault_plan=self.fault_plan,
            random=self.random,
        )

    def _most(self, queue: str) -> int:
        """The most messages per invocation."""
        own = {"events": self.scenario.intake_most, "writes": self.scenario.write_most}
        kind = without_lane(queue)
        return own.get(kind, MESSAGES_PER_INVOCATION[kind])

    def _reconciliation(self) -> Reconciliation:
        reconciliation = Reconciliation(
            self.timeline,
            self.fault_plan,
            self.queues,
            self.table,
            self.pools.get("reconcile"),
            tuple(self.mappings),
        )
        for name in self.verbs:
            self.queues[name].on_sent = partial(self._sent, name)
            self.queues[f"{name}-dead"].on_visible = reconciliation.expect_dead_letter
        return reconciliation

    def _history(self, *, at_rest: bool) -> History:
        return History(
            facts=self.facts,
            answers=self.answers,
            calls=self.server.calls,
            effects=self.server.effects,
            unread=self.server.unread,
            unclear=self.server.unclear,
            conflicts=self.server.conflicts,
            unactivated=workload.numbers_of(b" ".join(self.server.unactivated).decode()),
            queued={name: list(q.messages.values()) for name, q in self.queues.items()},
            dropped=[message for q in self.queues.values() for message in q.dropped],
            dead_lettered={name: self.queues[f"{name}-dead"].taken for name in self.verbs},
            documents=self.documents,
            items=self.table.items,
            reposts=self.listing.reposts,
            sendings=self.listing.sendings,
            parents=self.parents,
            unsound=self.probes.unsound + self.server.forged,
            strays=[] if self.fault_plan.counts.keys() & ASTRAY else self.strays,
            sealed=self.sealed,
            harm=self.harm,
            forgotten=self.forgotten,
            deploy=self.scenario.deploy,
            names=self.names,
            errors=[
                f"{verb} raised {type(error).__name__}: {error}"
                for verb, pool in self.pools.items()
                for error in pool.errors
                # The reconciler may abandon a run: the next one comes in 15 minutes.
                if verb != "reconcile" or not isinstance(error, Transient)
            ]
            + self.probes.unexpected,
            at_rest=at_rest,
            ending=self.scenario.ending,
            stuck=self._stuck(),
            redriven=self.probes.counts["metric Redriven"],
            invocations=sum(pool.invocations for pool in self.pools.values()),
            lines=self.probes.lines,
            verdict_days=(self.verdict_ms - START_MS) / (DAY_S * 1000),
            days=(self.timeline.now_ms - START_MS) / (DAY_S * 1000),
        )

    def _stuck(self) -> frozenset[int]:
        """The numbers of the events that nothing ever works for."""
        ending = self.scenario.ending
        if ending.silence is not None and ending.lasts_s is None:
            return frozenset(fact.number for fact in self.facts if fact.elsewhere)
        return frozenset(workload.numbers_of(" ".join(self.server.ceased.markers)))
